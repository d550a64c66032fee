import { keepPreviousData, useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { answer, api, textAnswer, type Schema } from '../../api/client';
import type { paths } from '../../api/generated';

export type AddressProblem = Schema<'AddressProblem'>;
export type Suppression = Schema<'Suppression'>;
export type QueueLine = Schema<'QueueLine'>;
export type ReturnedMail = Schema<'ReturnedMail'>;
type SuppressionQuery = NonNullable<paths['/suppressions']['get']['parameters']['query']>;
type ReturnedMailQuery = NonNullable<paths['/returned-mail']['get']['parameters']['query']>;

const kSourceMost = 2_000_000;

/** How much needs a person; beside the area's name in the menu. */
export function useProblemCounts(enabled: boolean) {
  return useQuery({
    queryKey: ['problem-counts'],
    queryFn: ({ signal }) => answer(api.GET('/problems/counts', { signal })),
    refetchInterval: 60_000,
    enabled,
  });
}

export function useAddressProblems(settled: boolean) {
  return useInfiniteQuery({
    queryKey: ['address-problems', settled],
    queryFn: ({ pageParam, signal }) => answer(api.GET('/problems/addresses', {
      params: { query: { settled, limit: 50, ...(pageParam ? { cursor: pageParam } : {}) } }, signal,
    })),
    initialPageParam: '',
    getNextPageParam: (page) => page.next_cursor,
    placeholderData: keepPreviousData,
  });
}

export function useAddressProblem(id: string) {
  return useQuery({
    queryKey: ['address-problem', id],
    queryFn: ({ signal }) =>
      answer(api.GET('/problems/addresses/{problem_id}', { params: { path: { problem_id: id } }, signal })),
  });
}

/** What was done about an address is seen in every list it stands in. */
function useProblemsChanged() {
  const queries = useQueryClient();
  return () => {
    for (const key of ['address-problems', 'address-problem', 'problem-counts', 'suppressions', 'contact']) {
      void queries.invalidateQueries({ queryKey: [key] });
    }
  };
}

export function useFix(id: string) {
  return useMutation({
    mutationFn: (body: Schema<'AddressFix'>) =>
      answer(api.POST('/problems/addresses/{problem_id}/fix', { params: { path: { problem_id: id } }, body })),
    onSuccess: useProblemsChanged(),
  });
}

export function useSettle(id: string) {
  return useMutation({
    mutationFn: (note: string) => answer(api.POST('/problems/addresses/{problem_id}/settle', {
      params: { path: { problem_id: id } }, body: { note },
    })),
    onSuccess: useProblemsChanged(),
  });
}

export function useCampaignProblems() {
  return useQuery({
    queryKey: ['campaign-problems'],
    queryFn: ({ signal }) => answer(api.GET('/problems/campaigns', { signal })),
  });
}

export function useSuppressions(params: URLSearchParams) {
  const query: Record<string, string | number | boolean> = { limit: 50 };
  for (const name of ['search', 'reason', 'channel']) {
    const value = params.get(name);
    if (value) query[name] = value;
  }
  if (params.get('released')) query['released'] = true;
  return useInfiniteQuery({
    queryKey: ['suppressions', query],
    queryFn: ({ pageParam, signal }) => answer(api.GET('/suppressions', {
      params: { query: { ...query, ...(pageParam ? { cursor: pageParam } : {}) } as SuppressionQuery }, signal,
    })),
    initialPageParam: '',
    getNextPageParam: (page) => page.next_cursor,
    placeholderData: keepPreviousData,
  });
}

export function useSuppress() {
  return useMutation({
    mutationFn: (body: Schema<'SuppressionCreation'>) => answer(api.POST('/suppressions', { body })),
    onSuccess: useProblemsChanged(),
  });
}

export function useRelease() {
  return useMutation({
    mutationFn: ({ id, note }: { id: string; note: string }) => answer(api.POST(
      '/suppressions/{suppression_id}/release', { params: { path: { suppression_id: id } }, body: { note } })),
    onSuccess: useProblemsChanged(),
  });
}

export function useQueue() {
  return useQuery({
    queryKey: ['queue'],
    queryFn: ({ signal }) => answer(api.GET('/queue', { signal })),
    refetchInterval: 10_000,
  });
}

export function useSites() {
  return useQuery({
    queryKey: ['sites'],
    queryFn: ({ signal }) => answer(api.GET('/sites', { signal })),
    refetchInterval: 10_000,
  });
}

export function useSteer() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (body: Schema<'QueueSteering'>) => answer(api.POST('/queue/steer', { body })),
    onSettled: () => queries.invalidateQueries({ queryKey: ['queue'] }),
  });
}

export function useSuspension() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ name, reason, resumes }: { name: string; reason?: string; resumes?: boolean }) =>
      answer<unknown>(resumes
        ? api.POST('/sites/resume', { body: { name } })
        : api.POST('/sites/suspend', { body: { name, ...(reason ? { reason } : {}) } })),
    onSettled: () => {
      void queries.invalidateQueries({ queryKey: ['sites'] });
      void queries.invalidateQueries({ queryKey: ['queue'] });
    },
  });
}

export function useReturnedMail(params: URLSearchParams) {
  const query: Record<string, string | number> = { limit: 50 };
  for (const name of ['kind', 'outcome']) {
    const value = params.get(name);
    if (value) query[name] = value;
  }
  return useInfiniteQuery({
    queryKey: ['returned-mail', query],
    queryFn: ({ pageParam, signal }) => answer(api.GET('/returned-mail', {
      params: { query: { ...query, ...(pageParam ? { cursor: pageParam } : {}) } as ReturnedMailQuery }, signal,
    })),
    initialPageParam: '',
    getNextPageParam: (page) => page.next_cursor,
    placeholderData: keepPreviousData,
  });
}

export function useReturned(id: string) {
  return useQuery({
    queryKey: ['returned', id],
    queryFn: ({ signal }) =>
      answer(api.GET('/returned-mail/{returned_mail_id}', { params: { path: { returned_mail_id: id } }, signal })),
  });
}

export function useReturnedSource(id: string, enabled: boolean) {
  return useQuery({
    queryKey: ['returned-source', id],
    queryFn: () => textAnswer(`/api/v1/returned-mail/${id}/eml`, kSourceMost),
    enabled,
    staleTime: Infinity,
  });
}
