import { Button, Group, Modal } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { useNavigate } from 'react-router';
import { answer, api } from '../../api/client';
import { amount } from '../../lib/number';
import { useLocale } from '../../lib/language/language';
import { dayName } from '../../lib/time';
import { TroubleNotice } from '../../ui/TroubleNotice';
import type { StepProps } from './Compose';
import { addressesNobody, useAudience } from './queries';
import { SendSummary } from './SendSummary';
import type { When } from './when';

interface Props extends StepProps {
  when: When;
  override: { sender: boolean; findings: boolean };
  opened: boolean;
  onClose: () => void;
}

function start(id: string, when: When, override: Props['override']) {
  const params = { path: { id } };
  const body = {
    ...(override.sender ? { override_sender: true } : {}), ...(override.findings ? { override_findings: true } : {}),
  };
  if (when.kind === 'now') return api.POST('/campaigns/{id}/start', { params, body });
  return api.POST('/campaigns/{id}/schedule', {
    params, body: { ...body, at: `${when.date}T${when.time}`, time_zone: when.zone },
  });
}

/** The last look: what, from whom, to whom, and the button that says how many. */
export function Confirmation({ kept, keeper, when, override, opened, onClose }: Props) {
  const { t } = useTranslation();
  const locale = useLocale();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const { id } = kept.campaign;
  const sum = useAudience(kept.fields, kept.campaign);
  const count = addressesNobody(kept.fields.audience) ? 0 : sum.data?.messages ?? 0;
  const send = useMutation({
    mutationFn: async () => {
      if (!(await keeper.flush())) throw new Error('not saved');
      return answer(start(id, when, override));
    },
    onSuccess: (made) => {
      queries.setQueryData(['campaign', id], made);
      for (const key of ['send-outs', 'campaigns-in', 'last-send-outs']) void queries.invalidateQueries({ queryKey: [key] });
      void navigate(`/communications/send-outs/${id}`);
    },
  });
  const how = { count, amount: amount(count, locale) };
  return (
    <Modal
      opened={opened} onClose={onClose} size="lg" title={t('compose.last_look')}
      closeButtonProps={{ 'aria-label': t('close') }}
    >
      <SendSummary kept={kept} />
      {when.kind === 'later' && when.date !== '' ? (
        <p>{t('compose.at_moment', {
          day: dayName(`${when.date}T12:00:00`, locale), time: when.time, zone: when.zone.replaceAll('_', ' '),
        })}</p>
      ) : null}
      {send.error ? <TroubleNotice error={send.error} /> : null}
      <Group justify="flex-end" mt="md">
        <Button variant="default" data-autofocus onClick={onClose}>{t('compose.not_yet')}</Button>
        <Button loading={send.isPending} disabled={count === 0 || sum.isFetching} onClick={() => send.mutate()}>
          {t(when.kind === 'now' ? 'compose.send_to' : 'compose.schedule_for', how)}
        </Button>
      </Group>
    </Modal>
  );
}
