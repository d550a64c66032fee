import { useMutation, useQuery, useQueryClient, type QueryKey } from '@tanstack/react-query';
import { answer, api, type Schema } from '../../api/client';

export type Organisation = Schema<'Organisation'>;
export type Sender = Schema<'Sender'>;
export type MailServer = Schema<'Transport'>;
export type Mailbox = Schema<'Mailbox'>;
export type ProviderWebhook = Schema<'ProviderWebhook'>;
export type User = Schema<'User'>;
export type Role = Schema<'Role'>;
export type Token = Schema<'Token'>;
export type Topic = Schema<'Topic'>;

/** A change after which what is kept under `keys` is asked for again. */
function useChange<Wish, Made>(call: (wish: Wish) => Promise<Made>, ...keys: QueryKey) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: call,
    onSuccess: () => {
      for (const key of keys) void queries.invalidateQueries({ queryKey: [key] });
    },
  });
}

export function useOrganisation() {
  return useQuery({
    queryKey: ['organisation'],
    queryFn: ({ signal }) => answer(api.GET('/organisation', { signal })),
  });
}

export function useChangeOrganisation() {
  return useChange(
    (body: Schema<'OrganisationChange'>) => answer(api.PATCH('/organisation', { body })),
    'organisation', 'session', 'organisations');
}

export function useSenders() {
  return useQuery({
    queryKey: ['senders'],
    queryFn: ({ signal }) => answer(api.GET('/senders', { params: { query: { limit: 200 } }, signal })),
  });
}

export function useSaveSender() {
  return useChange(({ id, ...body }: Schema<'SenderFields'> & { id?: string }) => answer<Sender>(id
    ? api.PATCH('/senders/{id}', { params: { path: { id } }, body })
    : api.POST('/senders', { body })), 'senders');
}

export function useVerifySender() {
  return useChange(
    (id: string) => answer(api.POST('/senders/{id}/verification', { params: { path: { id } } })), 'senders');
}

export function useDeleteSender() {
  return useChange((id: string) => answer<unknown>(api.DELETE('/senders/{id}', { params: { path: { id } } })), 'senders');
}

export function useMailServers() {
  return useQuery({
    queryKey: ['transports'],
    queryFn: ({ signal }) => answer(api.GET('/transports', { params: { query: { limit: 200 } }, signal })),
  });
}

export function useSaveMailServer() {
  return useChange(({ id, ...body }: Schema<'TransportFields'> & { id?: string }) => answer<MailServer>(id
    ? api.PATCH('/transports/{id}', { params: { path: { id } }, body })
    : api.POST('/transports', { body })), 'transports');
}

export function useMakeDefault() {
  return useChange((id: string) => answer(api.PATCH('/transports/{id}', {
    params: { path: { id } }, body: { is_default: true },
  })), 'transports');
}

export function useDeleteMailServer() {
  return useChange(
    (id: string) => answer<unknown>(api.DELETE('/transports/{id}', { params: { path: { id } } })), 'transports');
}

export function useTestMailServer() {
  return useMutation({
    mutationFn: (body: Schema<'TransportTest'>) => answer(api.POST('/transport-tests', { body })),
    gcTime: 0,
  });
}

export function useMailboxes() {
  return useQuery({
    queryKey: ['mailboxes'],
    queryFn: ({ signal }) => answer(api.GET('/mailboxes', { signal })),
  });
}

export function useAddMailbox() {
  return useChange(
    (body: Schema<'MailboxCreation'>) => answer(api.POST('/mailboxes', { body })), 'mailboxes', 'problem-counts');
}

export function useTestMailbox() {
  return useMutation({
    mutationFn: (body: Schema<'MailboxTest'>) => answer(api.POST('/mailboxes/test', { body })),
    gcTime: 0,
  });
}

export function useVisitMailbox() {
  return useChange(
    (id: string) => answer(api.POST('/mailboxes/{id}/poll', { params: { path: { id } } })),
    'mailboxes', 'problem-counts', 'returned-mail');
}

export function useDeleteMailbox() {
  return useChange(
    (id: string) => answer<unknown>(api.DELETE('/mailboxes/{id}', { params: { path: { id } } })),
    'mailboxes', 'problem-counts');
}

export function useServices() {
  return useQuery({
    queryKey: ['provider-webhooks'],
    queryFn: ({ signal }) => answer(api.GET('/provider-webhooks', { signal })),
  });
}

export function useAddService() {
  return useChange(
    (body: Schema<'ProviderWebhookCreation'>) => answer(api.POST('/provider-webhooks', { body })), 'provider-webhooks');
}

export function useDeleteService() {
  return useChange(
    (id: string) => answer<unknown>(api.DELETE('/provider-webhooks/{id}', { params: { path: { id } } })),
    'provider-webhooks');
}

export function useRoles() {
  return useQuery({
    queryKey: ['roles'],
    queryFn: ({ signal }) => answer(api.GET('/roles', { signal })),
    staleTime: 60_000,
  });
}

export function useUsers(enabled = true) {
  return useQuery({
    queryKey: ['users'],
    enabled,
    queryFn: ({ signal }) => answer(api.GET('/users', { params: { query: { limit: 200 } }, signal })),
  });
}

export function useInvite() {
  return useChange((body: Schema<'NewUser'>) => answer(api.POST('/users', { body })), 'users');
}

export function useChangeUser() {
  return useChange(({ id, ...body }: Schema<'UserChange'> & { id: string }) =>
    answer(api.PATCH('/users/{id}', { params: { path: { id } }, body })), 'users');
}

export function useRemoveUser() {
  return useChange((id: string) => answer<unknown>(api.DELETE('/users/{id}', { params: { path: { id } } })), 'users');
}

export function usePasswordLink() {
  return useMutation({
    mutationFn: (id: string) => answer(api.POST('/users/{id}/password-link', { params: { path: { id } } })),
    gcTime: 0,
  });
}

export function useTokens() {
  return useQuery({
    queryKey: ['tokens'],
    queryFn: ({ signal }) => answer(api.GET('/tokens', { params: { query: { limit: 200 } }, signal })),
  });
}

export function useMakeToken() {
  return useChange((body: Schema<'NewToken'>) => answer(api.POST('/tokens', { body })), 'tokens');
}

export function useRevoke() {
  return useChange((id: string) => answer<unknown>(api.DELETE('/tokens/{id}', { params: { path: { id } } })), 'tokens');
}

export function useTopics() {
  return useQuery({
    queryKey: ['topics'],
    queryFn: ({ signal }) => answer(api.GET('/topics', { params: { query: { archived: true } }, signal })),
  });
}

export function useSaveTopic() {
  return useChange(({ id, ...body }: Schema<'TopicCreation'> & { id?: string; archived?: boolean }) => answer<Topic>(id
    ? api.PATCH('/topics/{topic_id}', { params: { path: { topic_id: id } }, body })
    : api.POST('/topics', { body })), 'topics');
}

export function useArchiveTopic() {
  return useChange(({ id, archived }: { id: string; archived: boolean }) => answer(api.PATCH('/topics/{topic_id}', {
    params: { path: { topic_id: id } }, body: { archived },
  })), 'topics');
}
