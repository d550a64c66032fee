import { Button, Group, Menu, Modal, Stack, Text } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { IconDots } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useNavigate } from 'react-router';
import { answer, api } from '../../api/client';
import { TroubleNotice } from '../../ui/TroubleNotice';
import { useMay } from '../session/session';
import type { Campaign } from './queries';

const kOutcomes = ['not_opened', 'failed', 'skipped', 'not_sent'] as const;
type Wish = 'copy' | (typeof kOutcomes)[number];

function make(id: string, wish: Wish) {
  const params = { path: { id } };
  return answer(wish === 'copy' ? api.POST('/campaigns/{id}/copy', { params })
    : api.POST('/campaigns/{id}/resend', { params, body: { outcome: wish } }));
}

/** Stops it and makes two drafts of it: the right text for each recipient once. */
function Correction({ campaign, opened, onClose }: { campaign: Campaign; opened: boolean; onClose: () => void }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const correct = useMutation({
    mutationFn: () => answer(api.POST('/campaigns/{id}/correction', { params: { path: { id: campaign.id } } })),
    onSuccess: () => {
      for (const each of ['campaign', 'statistics', 'recipients']) {
        void queries.invalidateQueries({ queryKey: [each, campaign.id] });
      }
    },
  });
  return (
    <Modal opened={opened} onClose={onClose} title={t('send_out.correct')} closeButtonProps={{ 'aria-label': t('close') }}>
      <Text mb="md">{t(correct.data ? 'send_out.corrected' : 'send_out.correct_asks')}</Text>
      {correct.error ? <TroubleNotice error={correct.error} /> : null}
      {correct.data ? (
        <Stack gap="xs">
          <Button component={Link} to={`/compose/${correct.data.remainder.id}/content`}>{t('send_out.remainder')}</Button>
          <Button component={Link} to={`/compose/${correct.data.correction.id}/content`} variant="default">
            {t('send_out.correction')}
          </Button>
        </Stack>
      ) : (
        <Group justify="flex-end" mt="md">
          <Button variant="default" onClick={onClose}>{t('message.leave_it')}</Button>
          <Button loading={correct.isPending} onClick={() => correct.mutate()}>{t('send_out.stop_and_correct')}</Button>
        </Group>
      )}
    </Modal>
  );
}

/** What a send-out can be the beginning of. */
export function MoreActions({ campaign }: { campaign: Campaign }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const mayWrite = useMay('campaigns:write');
  const maySend = useMay('campaigns:send');
  const [corrects, setCorrects] = useState(false);
  const begin = useMutation({
    mutationFn: (wish: Wish) => make(campaign.id, wish),
    onSuccess: ({ id }) => void navigate(`/compose/${id}`),
  });
  if (!mayWrite) return null;
  const hasBegun = campaign.started_at !== null;
  return (
    <>
      {begin.error ? <TroubleNotice error={begin.error} /> : null}
      <Button variant="default" loading={begin.isPending && begin.variables === 'copy'} onClick={() => begin.mutate('copy')}>
        {t('send_out.use_again')}
      </Button>
      {hasBegun ? (
        <Menu position="bottom-end" shadow="md">
          <Menu.Target>
            <Button variant="default" px="xs" aria-label={t('send_out.more')}><IconDots size={18} aria-hidden /></Button>
          </Menu.Target>
          <Menu.Dropdown>
            {maySend ? <Menu.Item onClick={() => setCorrects(true)}>{t('send_out.correct')}</Menu.Item> : null}
            {campaign.finished_at === null ? null : kOutcomes.map((each) => (
              <Menu.Item key={each} onClick={() => begin.mutate(each)}>{t(`send_out.resend.${each}`)}</Menu.Item>
            ))}
          </Menu.Dropdown>
        </Menu>
      ) : null}
      <Correction campaign={campaign} opened={corrects} onClose={() => setCorrects(false)} />
    </>
  );
}
