import { Button, Group, Modal, Text } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { answer, api } from '../../api/client';
import { isTrouble } from '../../api/trouble';
import { TroubleNotice } from '../../ui/TroubleNotice';
import { useMay } from '../session/session';
import type { Campaign } from './queries';

const kActions = ['release', 'pause', 'resume', 'stop', 'abort'] as const;
type Action = (typeof kActions)[number];

function call(action: Action | 'override', id: string) {
  const params = { path: { id } };
  switch (action) {
    case 'override': return api.POST('/campaigns/{id}/release', { params, body: { override_sender: true } });
    case 'release': return api.POST('/campaigns/{id}/release', { params });
    case 'pause': return api.POST('/campaigns/{id}/pause', { params });
    case 'resume': return api.POST('/campaigns/{id}/resume', { params });
    case 'stop': return api.POST('/campaigns/{id}/stop', { params });
    case 'abort': return api.POST('/campaigns/{id}/abort', { params });
  }
}

/** What can be done with a send-out that is on its way. What cannot be undone is asked first. */
export function Controls({ campaign }: { campaign: Campaign }) {
  const { t } = useTranslation();
  const may = useMay('campaigns:send');
  const mayOverride = useMay('senders:override');
  const queries = useQueryClient();
  const [asks, setAsks] = useState(false);
  const act = useMutation({
    mutationFn: (action: Action | 'override') => answer(call(action, campaign.id)),
    onSuccess: (made) => {
      setAsks(false);
      queries.setQueryData(['campaign', campaign.id], made);
    },
    onSettled: () => {
      for (const each of ['campaign', 'statistics', 'recipients']) {
        void queries.invalidateQueries({ queryKey: [each, campaign.id] });
      }
    },
  });
  const offered = kActions.filter((action) => campaign.actions.includes(action));
  if (!may || offered.length === 0) return null;
  return (
    <>
      {act.error && !asks ? <TroubleNotice error={act.error} /> : null}
      {mayOverride && isTrouble(act.error) && act.error.code === 'sender.unverified' ? (
        <Button variant="default" onClick={() => act.mutate('override')}>{t('compose.override_sender')}</Button>
      ) : null}
      {offered.map((action) => (
        <Button
          key={action} variant="default" loading={act.isPending && act.variables === action}
          onClick={() => (action === 'abort' ? setAsks(true) : act.mutate(action))}
        >
          {t(action === 'stop' && campaign.schedule ? 'send_out.edit' : `send_out.action.${action}`)}
        </Button>
      ))}
      <Modal
        opened={asks} onClose={() => setAsks(false)} title={t('send_out.action.abort')}
        closeButtonProps={{ 'aria-label': t('close') }}
      >
        <Text mb="md">{t('send_out.abort_asks', { count: campaign.progress.pending })}</Text>
        {act.error ? <TroubleNotice error={act.error} /> : null}
        <Group justify="flex-end" mt="md">
          <Button variant="default" onClick={() => setAsks(false)}>{t('message.leave_it')}</Button>
          <Button color="red.9" loading={act.isPending} onClick={() => act.mutate('abort')}>
            {t('send_out.action.abort')}
          </Button>
        </Group>
      </Modal>
    </>
  );
}
