import { useQuery } from '@tanstack/react-query';
import { answer, api, type Schema } from '../../api/client';

export type Recipient = Schema<'MessageRecipients'>['items'][number];
export type Sender = Schema<'Sender'>;

export function useRecipients(id: string) {
  return useQuery({
    queryKey: ['recipients', id],
    queryFn: ({ signal }) => answer(api.GET('/contacts/{contact_id}/recipients', {
      params: { path: { contact_id: id }, query: { channel: 'email' } }, signal,
    })),
  });
}

export function useSenders() {
  return useQuery({
    queryKey: ['senders'],
    queryFn: ({ signal }) => answer(api.GET('/senders', { params: { query: { limit: 200 } }, signal })),
  });
}

export function useSavedMessages() {
  return useQuery({
    queryKey: ['templates', 'email'],
    queryFn: ({ signal }) =>
      answer(api.GET('/templates', { params: { query: { channel: 'email', sort: 'name', limit: 200 } }, signal })),
  });
}

/** A saved message as this person would read it. */
export function useSavedMessage(template: string | null, contact: string) {
  return useQuery({
    queryKey: ['templates', 'read-by', template, contact],
    enabled: template !== null,
    queryFn: async ({ signal }) => {
      const saved = await answer(api.GET('/templates/{id}', { params: { path: { id: template ?? '' } }, signal }));
      return answer(api.POST('/previews', {
        body: { draft: saved.draft, variants: saved.variants, kind: 'individual', contact_id: contact }, signal,
      }));
    },
  });
}
