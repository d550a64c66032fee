import { Button, Group, Text, TextInput } from '@mantine/core';
import { IconCircleCheck, IconHourglassLow, IconAlertTriangle } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { textIn } from '../../lib/form';
import { useLocale } from '../../lib/language/language';
import { shortTime } from '../../lib/time';
import { Ask } from '../../ui/Ask';
import { DataTable, type Column } from '../../ui/DataTable';
import { EmptyState } from '../../ui/EmptyState';
import { ToneMark } from '../../ui/ToneMark';
import { TroubleNotice } from '../../ui/TroubleNotice';
import { fieldTrouble } from '../../ui/field_trouble';
import { useMay } from '../session/session';
import { useDeleteSender, useSaveSender, useSenders, useVerifySender, type Sender } from './queries';
import { SettingsHead } from './SettingsHead';

function SenderMark({ sender }: { sender: Sender }) {
  const { t } = useTranslation();
  const locale = useLocale();
  if (sender.is_verified) return <ToneMark icon={IconCircleCheck} tone="good" label={t('sender.verified')} />;
  return sender.verification_sent_at
    ? <ToneMark icon={IconHourglassLow} tone="warn"
      label={t('sender.link_sent', { at: shortTime(sender.verification_sent_at, locale) })} />
    : <ToneMark icon={IconAlertTriangle} tone="warn" label={t('sender.not_verified')} />;
}

function Edit({ sender, onClose }: { sender: Sender | null; onClose: () => void }) {
  const { t } = useTranslation();
  const save = useSaveSender();
  return (
    <Ask
      opened onClose={onClose} title={t(sender ? 'sender.edit' : 'sender.add')} yes={t('account.save')}
      busy={save.isPending} error={save.error}
      onYes={(form) => save.mutate({
        ...(sender ? { id: sender.id } : {}),
        name: textIn(form, 'name'), address: textIn(form, 'address'), reply_to: textIn(form, 'reply_to'),
      }, { onSuccess: onClose })}
    >
      <TextInput name="name" label={t('sender.name')} description={t('sender.name_means')} maxLength={200}
        defaultValue={sender?.name ?? ''} error={fieldTrouble(save.error, '/name')} data-autofocus />
      <TextInput name="address" type="email" label={t('sign_in.email')} required maxLength={320}
        defaultValue={sender?.address ?? ''} error={fieldTrouble(save.error, '/address')} />
      <TextInput name="reply_to" label={t('sender.reply_to')} description={t('sender.reply_to_means')} maxLength={1000}
        defaultValue={sender?.reply_to ?? ''} error={fieldTrouble(save.error, '/reply_to')} />
    </Ask>
  );
}

function Remove({ sender, onClose }: { sender: Sender; onClose: () => void }) {
  const { t } = useTranslation();
  const remove = useDeleteSender();
  return (
    <Ask
      opened onClose={onClose} title={t('settings.remove')} yes={t('settings.remove')} grave busy={remove.isPending}
      error={remove.error} onYes={() => remove.mutate(sender.id, { onSuccess: onClose })}
    >
      <Text>{t('sender.remove_asks', { address: sender.address })}</Text>
    </Ask>
  );
}

/** The names and addresses that staff may write from. */
export function Component() {
  const { t } = useTranslation();
  const may = useMay('content:write');
  const list = useSenders();
  const verify = useVerifySender();
  const [asked, setAsked] = useState<{ what: 'edit' | 'remove'; sender: Sender | null } | null>(null);
  const close = () => setAsked(null);
  const rows = list.data?.items;
  const columns: readonly Column<Sender>[] = [
    { key: 'name', title: t('log.name'), phone: 'title', width: '15rem', cell: (row) => row.name || row.address },
    { key: 'address', title: t('contact.address'), phone: 'line', cell: (row) => row.address },
    { key: 'reply', title: t('sender.reply_to'), wide: true, cell: (row) => row.reply_to || '–' },
    { key: 'state', title: t('log.status'), width: '14rem', phone: 'line', cell: (row) => <SenderMark sender={row} /> },
    { key: 'act', title: '', align: 'right', width: '19rem', phone: 'mark', cell: (row) => (may ? (
      <Group gap={6} justify="flex-end" wrap="nowrap">
        {row.is_verified ? null : (
          <Button size="compact-sm" variant="light" loading={verify.isPending && verify.variables === row.id}
            onClick={() => verify.mutate(row.id)}>
            {t(row.verification_sent_at ? 'sender.verify_again' : 'sender.verify')}
          </Button>
        )}
        <Button size="compact-sm" variant="default" onClick={() => setAsked({ what: 'edit', sender: row })}>
          {t('settings.change')}
        </Button>
        <Button size="compact-sm" variant="default" onClick={() => setAsked({ what: 'remove', sender: row })}>
          {t('settings.remove')}
        </Button>
      </Group>
    ) : null) },
  ];
  return (
    <>
      <SettingsHead>
        {may ? <Button onClick={() => setAsked({ what: 'edit', sender: null })}>{t('sender.add')}</Button> : null}
      </SettingsHead>
      {list.error ? <TroubleNotice error={list.error} onRetry={() => void list.refetch()} /> : null}
      {verify.error ? <TroubleNotice error={verify.error} /> : null}
      {verify.data ? <p role="status">{t('sender.mailed', { address: verify.data.address })}</p> : null}
      {rows?.length === 0 ? (
        <EmptyState title={t('sender.none')} sentence={t('sender.none_sentence')} />
      ) : <DataTable label={t('settings.views.senders')} columns={columns} rows={rows} keyOf={(row) => row.id} />}
      {asked?.what === 'edit' ? <Edit sender={asked.sender} onClose={close} /> : null}
      {asked?.what === 'remove' && asked.sender ? <Remove sender={asked.sender} onClose={close} /> : null}
    </>
  );
}
