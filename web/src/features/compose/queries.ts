import { keepPreviousData, useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from 'react-router';
import { answer, api, taggedAnswer, type Schema } from '../../api/client';
import { draftOf, type Audience, type Campaign, type DraftFields } from './draft_fields';

export type AudiencePreview = Schema<'AudiencePreview'>;
export type AudienceRecipient = Schema<'AudienceRecipient'>;
export type Finding = Schema<'Finding'>;
export type Sender = Schema<'Sender'>;
type Fields = Schema<'CampaignFields'>;

export function useLoadedDraft(id: string) {
  return useQuery({
    queryKey: ['compose', id],
    queryFn: ({ signal }) => taggedAnswer(api.GET('/campaigns/{id}', {
      params: { path: { id } }, signal, cache: 'no-store',
    })),
    // The keeper has it from here on.
    staleTime: Infinity, gcTime: 0,
  });
}

/** Begins a draft and opens it. */
export function useNewDraft() {
  const navigate = useNavigate();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (fields: Fields) => answer(api.POST('/campaigns', { body: fields })),
    onSuccess: ({ id }) => {
      void queries.invalidateQueries({ queryKey: ['send-outs'] });
      void navigate(`/compose/${id}`);
    },
  });
}

export function useDeletion(id: string) {
  const navigate = useNavigate();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: () => answer(api.DELETE('/campaigns/{id}', { params: { path: { id } } })),
    onSuccess: () => {
      void queries.invalidateQueries({ queryKey: ['send-outs'] });
      void navigate('/communications');
    },
  });
}

/** Nothing to choose from is no trouble: an audience of nobody yet. */
export function addressesNobody({ everybody, groups, segments, contacts, addresses, campaigns }: Audience): boolean {
  return !everybody && [groups, segments, contacts, addresses, campaigns].every((list) => !list?.length);
}

export function useAudience(fields: DraftFields, campaign: Campaign) {
  const { audience, subject, html, text, topic_id } = fields;
  const content = {
    subject, html, text, ...(topic_id ? { topic_id } : {}),
    ...(campaign.draft.locale ? { locale: campaign.draft.locale } : {}),
    ...(campaign.variants.length > 0 ? { variants: campaign.variants } : {}),
  };
  return useQuery({
    queryKey: ['audience', audience, content],
    enabled: !addressesNobody(audience),
    queryFn: async ({ signal }) => {
      const ask = (body: { audience: Audience; content?: typeof content }) =>
        answer(api.POST('/audience/preview', { body, signal }));
      if (html === '' && text === '') return ask({ audience });
      try {
        return await ask({ audience, content });
      } catch (error) {
        // Content with a mistake in it tells nothing of who shares a copy; the people are the same.
        if (signal.aborted) throw error;
        return ask({ audience });
      }
    },
    placeholderData: keepPreviousData,
  });
}

export function useSenders() {
  return useQuery({
    queryKey: ['senders'],
    queryFn: ({ signal }) => answer(api.GET('/senders', { params: { query: { limit: 200 } }, signal })),
    staleTime: 30_000,
  });
}

export function useSegments() {
  return useQuery({
    queryKey: ['segments', 'names'],
    queryFn: ({ signal }) => answer(api.GET('/segments', { params: { query: { limit: 200 } }, signal })),
    staleTime: 30_000,
  });
}

export function useTopics() {
  return useQuery({
    queryKey: ['topics', 'names'],
    queryFn: ({ signal }) => answer(api.GET('/topics', { signal })),
    staleTime: 30_000,
  });
}

export function usePeople(search: string, wanted = true) {
  return useQuery({
    queryKey: ['people', search],
    enabled: wanted,
    queryFn: ({ signal }) => answer(api.GET('/contacts', {
      params: { query: { limit: 20, sort: 'name', ...(search ? { search } : {}) } }, signal,
    })),
    placeholderData: keepPreviousData,
  });
}

/** The send-outs that went to somebody, the last first. */
export function useEarlier(wanted: boolean) {
  return useInfiniteQuery({
    queryKey: ['earlier-send-outs'],
    enabled: wanted,
    queryFn: ({ pageParam, signal }) => answer(api.GET('/send-outs', {
      params: { query: { type: 'mailing', limit: 100, ...(pageParam ? { cursor: pageParam } : {}) } }, signal,
    })),
    initialPageParam: '',
    getNextPageParam: (page) => page.next_cursor,
  });
}

export function useTags() {
  return useQuery({
    queryKey: ['tags'],
    queryFn: ({ signal }) => answer(api.GET('/tags', { signal })),
    staleTime: 60_000,
  });
}

export function useTemplates(wanted: boolean) {
  return useQuery({
    queryKey: ['templates', 'to begin with'],
    enabled: wanted,
    queryFn: ({ signal }) => answer(api.GET('/templates', {
      params: { query: { channel: 'email', kind: 'campaign', limit: 200 } }, signal,
    })),
  });
}

export function usePreview(fields: DraftFields, campaign: Campaign, contact: string | null, wanted = true) {
  const body = {
    draft: draftOf(fields, campaign), variants: campaign.variants, ...(contact ? { contact_id: contact } : {}),
  };
  return useQuery({
    queryKey: ['preview', body],
    enabled: wanted,
    queryFn: ({ signal }) => answer(api.POST('/previews', { body, signal })),
    placeholderData: keepPreviousData,
  });
}

export function usePreflight(fields: DraftFields, campaign: Campaign) {
  const body = {
    draft: draftOf(fields, campaign), variants: campaign.variants,
    ...(addressesNobody(fields.audience) ? {} : { audience: fields.audience }),
  };
  return useQuery({
    queryKey: ['preflight', body],
    queryFn: ({ signal }) => answer(api.POST('/preflights', { body, signal })),
    placeholderData: keepPreviousData,
  });
}
