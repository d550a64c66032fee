import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { answer, api, taggedAnswer, type Schema } from '../../api/client';
import { isWhole, type Rule } from './rule';

export type Segment = Schema<'Segment'>;

export function useSegments() {
  return useInfiniteQuery({
    queryKey: ['segments'],
    queryFn: ({ pageParam, signal }) => answer(api.GET('/segments', {
      params: { query: { limit: 200, ...(pageParam ? { cursor: pageParam } : {}) } }, signal,
    })),
    initialPageParam: '',
    getNextPageParam: (page) => page.next_cursor,
  });
}

export function useSegment(id: string) {
  return useQuery({
    queryKey: ['segment', id],
    queryFn: ({ signal }) =>
      taggedAnswer(api.GET('/segments/{segment_id}', { params: { path: { segment_id: id } }, signal })),
  });
}

/** Whom the rule matches now; nothing is asked while a row is empty. */
export function useMatches(rule: Rule) {
  return useQuery({
    queryKey: ['contacts', 'matches', rule],
    queryFn: ({ signal }) => answer(api.POST('/segments/preview', { body: { rule }, signal })),
    enabled: isWhole(rule),
    placeholderData: keepPreviousData,
    retry: false,
  });
}

export function useCampaigns() {
  return useQuery({
    queryKey: ['campaigns', 'named'],
    queryFn: ({ signal }) => answer(api.GET('/campaigns', { params: { query: { limit: 200 } }, signal })),
    staleTime: 60_000,
  });
}
