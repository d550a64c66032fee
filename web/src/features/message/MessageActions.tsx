import { Button, Group, Modal, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { answer, api } from '../../api/client';
import { TroubleNotice } from '../../ui/TroubleNotice';
import { useMay } from '../session/session';
import type { MessageDetails } from './queries';

const kWaiting: readonly string[] = ['queued', 'deferred', 'held'];

/** What can be done with it now: cancel while it waits, try once more when nobody knows. */
export function MessageActions({ message }: { message: MessageDetails }) {
  const { t } = useTranslation();
  const may = useMay('messages:send');
  const queries = useQueryClient();
  const [asks, { open, close }] = useDisclosure();
  const path = { id: message.id };
  const isAgain = message.status === 'uncertain';
  const act = useMutation({
    mutationFn: () => answer<unknown>(isAgain
      ? api.POST('/messages/{id}/send-again', { params: { path } })
      : api.POST('/messages/{id}/cancel', { params: { path } })),
    onSuccess: close,
    onSettled: () => queries.invalidateQueries({ queryKey: ['message', message.id] }),
  });
  if (!may || (!isAgain && !kWaiting.includes(message.status))) return null;
  const label = isAgain ? t('message.send_again') : t('message.cancel');
  return (
    <>
      <Button variant={isAgain ? 'light' : 'default'} onClick={open}>{label}</Button>
      <Modal opened={asks} onClose={close} title={label} closeButtonProps={{ 'aria-label': t('close') }}>
        <Text mb="md">
          {t(isAgain ? 'message.send_again_asks' : 'message.cancel_asks', { to: message.address ?? '–' })}
        </Text>
        {act.error ? <TroubleNotice error={act.error} /> : null}
        <Group justify="flex-end" mt="md">
          <Button variant="default" onClick={close}>{t('message.leave_it')}</Button>
          <Button loading={act.isPending} onClick={() => act.mutate()}>{label}</Button>
        </Group>
      </Modal>
    </>
  );
}
