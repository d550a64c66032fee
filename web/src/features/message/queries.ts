import { useQuery } from '@tanstack/react-query';
import { answer, api, textAnswer, type Schema } from '../../api/client';
import { isTrouble } from '../../api/trouble';

export type MessageDetails = Schema<'MessageDetails'>;
export type MessageContent = Schema<'MessageContent'>;
export type MessageEvent = Schema<'MessageEvent'>;

const kSourceMost = 200_000; // characters shown; the whole can be downloaded
const kMoving: readonly string[] = ['queued', 'sending', 'deferred'];

export function useMessage(id: string) {
  return useQuery({
    queryKey: ['message', id],
    queryFn: ({ signal }) => answer(api.GET('/messages/{id}', { params: { path: { id } }, signal })),
    // What is on its way is looked at again.
    refetchInterval: (query) => (query.state.data && kMoving.includes(query.state.data.status) ? 5000 : false),
  });
}

/** Null: nothing was handed over. */
export function useMessageContent(id: string, sha256: string | null | undefined) {
  return useQuery({
    queryKey: ['message-content', id, sha256],
    enabled: Boolean(sha256),
    staleTime: Infinity,
    queryFn: async ({ signal }): Promise<MessageContent | null> => {
      try {
        return await answer(api.GET('/messages/{id}/content', { params: { path: { id } }, signal }));
      } catch (error) {
        if (isTrouble(error) && error.status === 404) return null;
        throw error;
      }
    },
  });
}

export function useMessageSource(id: string, wanted: boolean) {
  return useQuery({
    queryKey: ['message-source', id],
    enabled: wanted,
    staleTime: Infinity,
    queryFn: () => textAnswer(`/api/v1/messages/${id}/eml`, kSourceMost),
  });
}

/** The people a message went to or is about, for their names. */
export function useContactName(id: string, wanted: boolean) {
  return useQuery({
    queryKey: ['contact', id, 'name'],
    enabled: wanted,
    queryFn: ({ signal }) =>
      answer(api.GET('/contacts/{contact_id}', { params: { path: { contact_id: id } }, signal })),
  });
}
