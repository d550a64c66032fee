import { keepPreviousData, useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { answer, api, type Schema } from '../../api/client';
import type { paths } from '../../api/generated';
import { viewerZone } from '../../lib/time';
import { useMay } from '../session/session';
import { spansTooLong } from './bars';

export type Campaign = Schema<'Campaign'>;
export type Progress = Schema<'CampaignProgress'>;
export type Recipient = Schema<'Recipient'>;
export type Statistics = Schema<'Statistics'>;
type RecipientQuery = NonNullable<paths['/campaigns/{id}/recipients']['get']['parameters']['query']>;

export function useCampaign(id: string) {
  return useQuery({
    queryKey: ['campaign', id],
    queryFn: ({ signal }) => answer(api.GET('/campaigns/{id}', { params: { path: { id } }, signal })),
    refetchInterval: (query) => (query.state.data?.state === 'scheduled' ? 10_000 : false),
  });
}

/** How far it is, told by the server as it goes on; what was asked first until then. */
export function useProgress(campaign: Campaign): Progress {
  const queries = useQueryClient();
  const key = ['progress', campaign.id];
  const mayRead = useMay('record:read');
  const moving = campaign.state === 'running';
  const { data } = useQuery({ queryKey: key, queryFn: () => campaign.progress, enabled: false });
  useEffect(() => {
    if (!moving) return undefined;
    const source = new EventSource(
      `/api/v1/campaigns/${campaign.id}/events${mayRead ? '?statistics=true' : ''}`);
    source.addEventListener('statistics', (event: MessageEvent<string>) => {
      queries.setQueryData(['statistics', campaign.id], JSON.parse(event.data) as Statistics);
    });
    source.addEventListener('progress', (event: MessageEvent<string>) => {
      const progress = JSON.parse(event.data) as Progress;
      queries.setQueryData(['progress', campaign.id], progress);
      if (progress.state === campaign.state) return;
      for (const each of ['campaign', 'statistics', 'recipients']) {
        void queries.invalidateQueries({ queryKey: [each, campaign.id] });
      }
    });
    // It ends with the campaign, whose own word is the last; else the browser asks again by itself.
    source.addEventListener('error', () => {
      void queries.invalidateQueries({ queryKey: ['campaign', campaign.id] });
    });
    return () => source.close();
  }, [campaign.id, campaign.state, mayRead, moving, queries]);
  return moving && data ? data : campaign.progress;
}

/** Opens and clicks come long after the campaign has ended: looked at again while it is looked at. */
export function useStatistics(id: string) {
  return useQuery({
    refetchInterval: 15_000,
    queryKey: ['statistics', id],
    queryFn: ({ signal }) => answer(api.GET('/campaigns/{id}/statistics', { params: { path: { id } }, signal })),
  });
}

export function useRecipients(id: string, params: URLSearchParams) {
  const query: Record<string, string | number> = { limit: 50 };
  for (const name of ['status', 'text', 'sort']) {
    const value = params.get(name);
    if (value) query[name] = value;
  }
  return useInfiniteQuery({
    queryKey: ['recipients', id, query],
    queryFn: ({ pageParam, signal }) => answer(api.GET('/campaigns/{id}/recipients', {
      params: { path: { id }, query: { ...query, ...(pageParam ? { cursor: pageParam } : {}) } as RecipientQuery },
      signal,
    })),
    initialPageParam: '',
    getNextPageParam: (page) => page.next_cursor,
    placeholderData: keepPreviousData,
  });
}

export function useLinks(id: string) {
  return useQuery({
    queryKey: ['links', id],
    queryFn: ({ signal }) => answer(api.GET('/campaigns/{id}/links', { params: { path: { id } }, signal })),
  });
}

/** When it was opened and clicked: by the hour while that fits one answer, else by the day. */
export function useActivity(id: string) {
  return useQuery({
    queryKey: ['activity', id],
    queryFn: async ({ signal }) => {
      const ask = (by: 'hour' | 'day') => answer(api.GET('/campaigns/{id}/statistics/activity', {
        params: { path: { id }, query: { by, time_zone: viewerZone, limit: 200 } }, signal,
      }));
      const hours = await ask('hour');
      const by = spansTooLong(hours.items) || hours.next_cursor ? 'day' as const : 'hour' as const;
      return { by, items: by === 'hour' ? hours.items : (await ask('day')).items };
    },
  });
}

/** What was written, as somebody of whom nothing is known would read it. */
export function useDraftText(campaign: Campaign, wanted: boolean) {
  return useQuery({
    queryKey: ['draft-text', campaign.id, campaign.changed_at],
    enabled: wanted,
    queryFn: async ({ signal }) => {
      const body = { draft: campaign.draft, variants: campaign.variants };
      return (await answer(api.POST('/previews', { body, signal }))).text;
    },
  });
}

/** One whom it reached, to show the message as they got it; null while it reached nobody. */
export function useExample(id: string) {
  return useQuery({
    queryKey: ['example', id],
    queryFn: async ({ signal }) => {
      const page = await answer(api.GET('/campaigns/{id}/recipients', {
        params: { path: { id }, query: { limit: 1, status: 'sent,delivered,opened,clicked,unsubscribed' } }, signal,
      }));
      return page.items[0] ?? null;
    },
  });
}
