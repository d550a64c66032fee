// The log as the API gives it, page by page, for what the address says.
import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';
import { answer, api, type Schema } from '../../api/client';
import type { paths } from '../../api/generated';
import { periodQuery } from '../../lib/period';

export type SendOut = Schema<'SendOut'>;
export type Message = Schema<'Communication'>;
type SendOutQuery = NonNullable<paths['/send-outs']['get']['parameters']['query']>;
type MessageQuery = NonNullable<paths['/messages']['get']['parameters']['query']>;

export const kFilterNames = ['type', 'kind', 'status', 'channel', 'sender', 'has_attachments', 'text'];

function plain(params: URLSearchParams, names: readonly string[]): Record<string, string> {
  const out: Record<string, string> = {};
  for (const name of names) {
    const value = params.get(name);
    if (value) out[name] = value;
  }
  return out;
}

/** What is asked of the API for a view's address. Pure but for `now`. */
export function logQuery(params: URLSearchParams, names: readonly string[], now: Date) {
  const { has_attachments, ...rest } = plain(params, [...names, 'sort']);
  return {
    ...rest,
    ...(has_attachments ? { has_attachments: has_attachments === 'true' } : {}),
    ...periodQuery(params, now),
    limit: 50,
  };
}

export function useSendOuts(params: URLSearchParams) {
  const query = logQuery(params, ['type', 'status', 'channel', 'sender', 'has_attachments', 'text'], new Date());
  return useInfiniteQuery({
    queryKey: ['send-outs', query],
    queryFn: ({ pageParam, signal }) => answer(api.GET('/send-outs', {
      params: { query: { ...query, ...(pageParam ? { cursor: pageParam } : {}) } as SendOutQuery }, signal,
    })),
    initialPageParam: '',
    getNextPageParam: (page) => page.next_cursor,
    placeholderData: keepPreviousData,
  });
}

export function useMessages(params: URLSearchParams) {
  const query = logQuery(params, ['kind', 'status', 'channel', 'sender', 'has_attachments', 'text'], new Date());
  return useInfiniteQuery({
    queryKey: ['messages', query],
    queryFn: ({ pageParam, signal }) => answer(api.GET('/messages', {
      params: { query: { ...query, ...(pageParam ? { cursor: pageParam } : {}) } as MessageQuery }, signal,
    })),
    initialPageParam: '',
    getNextPageParam: (page) => page.next_cursor,
    placeholderData: keepPreviousData,
  });
}
