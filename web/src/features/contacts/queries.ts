import { keepPreviousData, useInfiniteQuery, useQuery, type QueryClient } from '@tanstack/react-query';
import { answer, api, taggedAnswer, type Schema } from '../../api/client';
import type { paths } from '../../api/generated';
import { periodQuery } from '../../lib/period';

export type Contact = Schema<'Contact'>;
export type Activity = Schema<'Activity'>;
type ContactQuery = NonNullable<paths['/contacts']['get']['parameters']['query']>;
type HistoryQuery = NonNullable<paths['/contacts/{id}/history']['get']['parameters']['query']>;

export const kContactFilters = ['search', 'group_id', 'state', 'has_address'];

/** What of an address of the list says whom it shows, as the API has it. */
export function contactFilter(params: URLSearchParams): Record<string, string> {
  const set = kContactFilters.map((name) => [name, params.get(name) ?? ''] as const);
  return Object.fromEntries(set.filter(([, value]) => value !== ''));
}

export function useContacts(params: URLSearchParams) {
  // A list of people is by name until somebody wants it otherwise.
  const query = { limit: 50, ...contactFilter(params), sort: params.get('sort') ?? 'name' };
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

/** A contact with what a change of it is based on. */
export function useTaggedContact(id: string, enabled = true) {
  return useQuery({
    queryKey: ['contact', id],
    enabled,
    queryFn: ({ signal }) =>
      taggedAnswer(api.GET('/contacts/{contact_id}', { params: { path: { contact_id: id } }, signal })),
  });
}

export function useContact(id: string, enabled = true) {
  const { data, ...rest } = useTaggedContact(id, enabled);
  return { ...rest, data: data?.value };
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

/** What any view may still show of a contact that was changed. */
export function refreshContact(queries: QueryClient, id: string): void {
  for (const key of ['contact', 'activities', 'history', 'preferences', 'relations', 'suppressions', 'recipients']) {
    void queries.invalidateQueries({ queryKey: [key, id] });
  }
  for (const key of ['contacts', 'groups', 'group']) void queries.invalidateQueries({ queryKey: [key] });
}
