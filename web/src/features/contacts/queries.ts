import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { answer, api, type Schema } from '../../api/client';
import type { paths } from '../../api/generated';
import { periodQuery } from '../../lib/period';

export type Contact = Schema<'Contact'>;
export type Activity = Schema<'Activity'>;
type ContactQuery = NonNullable<paths['/contacts']['get']['parameters']['query']>;
type HistoryQuery = NonNullable<paths['/contacts/{id}/history']['get']['parameters']['query']>;

export const kContactFilters = ['search', 'group_id', 'state', 'has_address'];

export function useContacts(params: URLSearchParams) {
  const query: Record<string, string | number> = { limit: 50 };
  for (const name of [...kContactFilters, 'sort']) {
    const value = params.get(name);
    if (value) query[name] = value;
  }
  // A list of people is by name until somebody wants it otherwise.
  query['sort'] ??= 'name';
  return useInfiniteQuery({
    queryKey: ['contacts', query],
    queryFn: ({ pageParam, signal }) => answer(api.GET('/contacts', {
      params: { query: { ...query, ...(pageParam ? { cursor: pageParam } : {}) } as ContactQuery }, signal,
    })),
    initialPageParam: '',
    getNextPageParam: (page) => page.next_cursor,
    placeholderData: keepPreviousData,
  });
}

export function useGroups() {
  return useQuery({
    queryKey: ['groups'],
    queryFn: ({ signal }) => answer(api.GET('/groups', { params: { query: { limit: 200 } }, signal })),
    staleTime: 60_000,
  });
}

export function useContact(id: string) {
  return useQuery({
    queryKey: ['contact', id],
    queryFn: ({ signal }) =>
      answer(api.GET('/contacts/{contact_id}', { params: { path: { contact_id: id } }, signal })),
  });
}

export function useRelations(id: string) {
  return useQuery({
    queryKey: ['relations', id],
    queryFn: ({ signal }) =>
      answer(api.GET('/contacts/{contact_id}/relations', { params: { path: { contact_id: id } }, signal })),
  });
}

export function useCustomFields() {
  return useQuery({
    queryKey: ['custom-fields'],
    queryFn: ({ signal }) => answer(api.GET('/custom-fields', { signal })),
    staleTime: 60_000,
  });
}

export function useHistory(id: string, params: URLSearchParams) {
  const query: Record<string, string | number | boolean> = { limit: 50, ...historyPeriod(params) };
  for (const name of ['kind', 'status', 'channel', 'sender', 'text', 'sort']) {
    const value = params.get(name);
    if (value) query[name] = value;
  }
  const attachments = params.get('has_attachments');
  if (attachments) query['has_attachments'] = attachments === 'true';
  return useInfiniteQuery({
    queryKey: ['history', id, query],
    queryFn: ({ pageParam, signal }) => answer(api.GET('/contacts/{id}/history', {
      params: { path: { id }, query: { ...query, ...(pageParam ? { cursor: pageParam } : {}) } as HistoryQuery },
      signal,
    })),
    initialPageParam: '',
    getNextPageParam: (page) => page.next_cursor,
    placeholderData: keepPreviousData,
  });
}

/** A person's history is of any age until a period is chosen. */
export function historyPeriod(params: URLSearchParams): { from?: string; until?: string } {
  if (!params.has('period') && !params.has('from') && !params.has('until')) return {};
  const { from, until } = periodQuery(params, new Date());
  return { ...(from ? { from } : {}), ...(until ? { until } : {}) };
}

export function useActivities(id: string) {
  return useInfiniteQuery({
    queryKey: ['activities', id],
    queryFn: ({ pageParam, signal }) => answer(api.GET('/contacts/{contact_id}/activities', {
      params: { path: { contact_id: id }, query: { limit: 50, ...(pageParam ? { cursor: pageParam } : {}) } },
      signal,
    })),
    initialPageParam: '',
    getNextPageParam: (page) => page.next_cursor,
  });
}
