import { ActionIcon, Menu, Text, TextInput } from '@mantine/core';
import { IconDots } from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { useNavigate } from 'react-router';
import { answer, api } from '../../api/client';
import { readableSubject } from '../../lib/subject';
import { Ask } from '../../ui/Ask';
import { useMay } from '../session/session';
import type { SendOut } from './queries';

function useTitle(): (row: SendOut) => string {
  const { t } = useTranslation();
  return (row) => readableSubject(row.subject) || row.name || t('log.no_subject');
}

interface Props {
  row: SendOut;
  onDelete: () => void;
  onTrouble: (error: unknown) => void;
}

/** What can be done with a send-out from its row; nothing, where one may do nothing. */
export function RowMenu({ row, onDelete, onTrouble }: Props) {
  const { t } = useTranslation();
  const title = useTitle();
  const navigate = useNavigate();
  const mayWrite = useMay('campaigns:write') && row.what === 'campaign';
  const mayEdit = useMay('campaigns:send') && mayWrite && row.status === 'scheduled';
  const mayDelete = useMay('record:delete');
  const params = { path: { id: row.id } };
  const begin = useMutation({
    mutationFn: async (wish: 'copy' | 'edit') => {
      if (wish === 'copy') return `/compose/${(await answer(api.POST('/campaigns/{id}/copy', { params }))).id}`;
      await answer(api.POST('/campaigns/{id}/stop', { params }));
      return `/compose/${row.id}/send`;
    },
    onSuccess: (to) => void navigate(to),
    onError: onTrouble,
  });
  if (!mayWrite && !mayDelete) return null;
  return (
    <Menu position="bottom-end" shadow="md">
      <Menu.Target>
        <ActionIcon
          variant="subtle" color="gray" loading={begin.isPending}
          aria-label={t('communications.row.actions', { what: title(row) })}
        >
          <IconDots size={18} aria-hidden />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {mayEdit ? <Menu.Item onClick={() => begin.mutate('edit')}>{t('send_out.edit')}</Menu.Item> : null}
        {mayWrite ? <Menu.Item onClick={() => begin.mutate('copy')}>{t('send_out.use_again')}</Menu.Item> : null}
        {mayDelete ? <Menu.Item onClick={onDelete}>{t('communications.row.delete')}</Menu.Item> : null}
      </Menu.Dropdown>
    </Menu>
  );
}

/** Asks why a send-out or a single message is to leave the history. */
export function DeleteRow({ row, onClose }: { row: SendOut | null; onClose: () => void }) {
  const { t } = useTranslation();
  const title = useTitle();
  const queries = useQueryClient();
  const hide = useMutation({
    mutationFn: ({ id, what, reason }: { id: string; what: SendOut['what']; reason: string }) => {
      const wish = { params: { path: { id } }, body: { reason } };
      return answer<unknown>(what === 'campaign'
        ? api.POST('/campaigns/{id}/hide', wish) : api.POST('/messages/{id}/hide', wish));
    },
    onSuccess: () => {
      for (const key of ['send-outs', 'messages', 'last-send-outs']) void queries.invalidateQueries({ queryKey: [key] });
      onClose();
    },
  });
  return (
    <Ask
      opened={row !== null} title={t('communications.row.delete')} busy={hide.isPending} error={hide.error} grave
      onClose={() => {
        hide.reset();
        onClose();
      }}
      onYes={(form) => {
        if (row) hide.mutate({ id: row.id, what: row.what, reason: String(form.get('reason') ?? '').trim() });
      }}
    >
      <Text>{t('communications.row.delete_asks', { what: row ? title(row) : '' })}</Text>
      <TextInput name="reason" label={t('communications.row.reason')} required maxLength={500} data-autofocus />
    </Ask>
  );
}
