import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { answer, api, type Schema } from '../../api/client';

export type Trigger = Schema<'Trigger'>;
type Change = Schema<'TriggerChange'>;

/** The four with a ready text; the others are named by whoever added them. */
export const kReady = ['event_signup', 'webshop_purchase', 'invoice', 'new_member'] as const;

export function useTriggers() {
  return useQuery({ queryKey: ['triggers'], queryFn: ({ signal }) => answer(api.GET('/triggers', { signal })) });
}

export function useSaveTrigger() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ event, isNew, ...body }: Change & { event: string; isNew: boolean }) => answer(isNew
      ? api.POST('/triggers', { body: { is_enabled: true, is_locked: false, ...body, event } })
      : api.PATCH('/triggers/{event}', { params: { path: { event } }, body })),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['triggers'] }),
  });
}

export function useForgetTrigger() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (event: string) => answer(api.DELETE('/triggers/{event}', { params: { path: { event } } })),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['triggers'] }),
  });
}

/** A template with the ready text in all its languages, which the event sends from then on. */
export function useOwnText() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async ({ trigger, name }: { trigger: Trigger; name: string }) => {
      const [first, ...others] = trigger.ready_text;
      const template = await answer(api.POST('/templates', {
        body: { name, kind: 'transactional', draft: first ?? {}, variants: others },
      }));
      await answer(api.PATCH('/triggers/{event}', {
        params: { path: { event: trigger.event } }, body: { template_id: template.id },
      }));
      return template.id;
    },
    onSuccess: () => {
      for (const key of ['triggers', 'templates']) void queries.invalidateQueries({ queryKey: [key] });
    },
  });
}
