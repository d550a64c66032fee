import { keepPreviousData, useInfiniteQuery, useMutation } from '@tanstack/react-query';
import { answer, api, type Schema } from '../../api/client';
import type { paths } from '../../api/generated';
import { daysBefore, periodOf, periodQuery, type PeriodQuery } from '../../lib/period';

export type AuditEntry = Schema<'AuditEntry'>;
type AuditQuery = NonNullable<paths['/audit-log']['get']['parameters']['query']>;

/** What is asked of the API for a view's address. Pure. */
export function auditQuery(params: URLSearchParams, now: Date): AuditQuery {
  // The usual seven days have to be said: the API has no usual period here.
  const { from, until }: PeriodQuery = periodOf(params) === '7d' ? { from: daysBefore(now, 7) } : periodQuery(params, now);
  const user = params.get('user');
  const about = params.get('about');
  return {
    limit: 50,
    ...(user ? { user_id: user } : {}),
    ...(about ? { action: `${about}.` } : {}),
    ...(from ? { from } : {}),
    ...(until ? { until } : {}),
  };
}

export function useAuditLog(params: URLSearchParams) {
  const query = auditQuery(params, new Date());
  return useInfiniteQuery({
    queryKey: ['audit-log', query],
    queryFn: ({ pageParam, signal }) => answer(api.GET('/audit-log', {
      params: { query: { ...query, ...(pageParam ? { cursor: pageParam } : {}) } }, signal,
    })),
    initialPageParam: '',
    getNextPageParam: (page) => page.next_cursor,
    placeholderData: keepPreviousData,
  });
}

export function useVerification() {
  return useMutation({ mutationFn: () => answer(api.GET('/audit-log/verification')) });
}
