import { Button, Modal, Select, Stack, Text, Textarea, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Schema } from '../../api/client';
import { textIn } from '../../lib/form';
import { useLocale } from '../../lib/language/language';
import { amount } from '../../lib/number';
import { shortTime } from '../../lib/time';
import { Ask } from '../../ui/Ask';
import { CopyLine } from '../../ui/CopyLine';
import { DataTable, type Column } from '../../ui/DataTable';
import { Sheet } from '../../ui/Sheet';
import { TroubleNotice } from '../../ui/TroubleNotice';
import { fieldTrouble } from '../../ui/field_trouble';
import { useAddService, useDeleteService, useServices, type ProviderWebhook } from './queries';
import classes from './Settings.module.css';

type Provider = Schema<'Provider'>;
const kNames: Record<Provider, string> = {
  ses: 'Amazon SES', sendgrid: 'SendGrid', postmark: 'Postmark', mailgun: 'Mailgun',
};

function Add({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const add = useAddService();
  const [provider, setProvider] = useState<Provider>('ses');
  if (add.data) {
    return (
      <Modal opened onClose={onClose} title={t('service.made')} closeButtonProps={{ 'aria-label': t('close') }}>
        <Stack gap="sm">
          <Text>{t('service.paste', { name: kNames[provider] })}</Text>
          <CopyLine value={add.data.address} what={t('service.address')} />
          <Button onClick={onClose}>{t('close')}</Button>
        </Stack>
      </Modal>
    );
  }
  return (
    <Ask
      opened onClose={onClose} title={t('service.add')} yes={t('service.add')} busy={add.isPending} error={add.error}
      onYes={(form) => add.mutate({
        provider, ...(provider === 'ses' ? { topic: textIn(form, 'topic') } : {}),
        ...(provider === 'sendgrid' || provider === 'mailgun' ? { secret: textIn(form, 'secret') } : {}),
      })}
    >
      <Select label={t('service.service')} value={provider} allowDeselect={false}
        data={Object.entries(kNames).map(([value, label]) => ({ value, label }))}
        onChange={(value) => setProvider((value ?? 'ses') as Provider)} />
      {provider === 'ses' ? (
        <TextInput name="topic" label={t('service.topic')} placeholder="arn:aws:sns:eu-west-1:123456789012:bounces"
          required maxLength={350} error={fieldTrouble(add.error, '/topic')} />
      ) : null}
      {provider === 'sendgrid' || provider === 'mailgun' ? (
        <Textarea name="secret" label={t(`service.secret.${provider}`)} required maxLength={2000} autosize minRows={2}
          error={fieldTrouble(add.error, '/secret')} />
      ) : null}
    </Ask>
  );
}

function Remove({ row, onClose }: { row: ProviderWebhook; onClose: () => void }) {
  const { t } = useTranslation();
  const remove = useDeleteService();
  return (
    <Ask
      opened onClose={onClose} title={t('settings.remove')} yes={t('settings.remove')} grave busy={remove.isPending}
      error={remove.error} onYes={() => remove.mutate(row.id, { onSuccess: onClose })}
    >
      <Text>{t('service.remove_asks', { name: kNames[row.provider] })}</Text>
    </Ask>
  );
}

/** Services that carry our mail and tell by a call what became of it. */
export function Services() {
  const { t } = useTranslation();
  const locale = useLocale();
  const list = useServices();
  const [adds, setAdds] = useState(false);
  const [removing, setRemoving] = useState<ProviderWebhook | null>(null);
  const rows = list.data?.items;
  const columns: readonly Column<ProviderWebhook>[] = [
    { key: 'name', title: t('service.service'), phone: 'title', width: '10rem', cell: (row) => kNames[row.provider] },
    { key: 'url', title: t('service.address'), phone: 'line', cell: (row) => <span title={row.url}>{row.url}</span> },
    { key: 'called', title: t('service.called'), width: '9rem', phone: 'line',
      cell: (row) => (row.called_at ? shortTime(row.called_at, locale) : t('service.never')) },
    { key: 'applied', title: t('service.applied'), align: 'right', width: '7rem',
      cell: (row) => amount(row.applied, locale) },
    { key: 'act', title: '', align: 'right', width: '8rem', phone: 'mark', cell: (row) => (
      <Button size="compact-sm" variant="default" onClick={() => setRemoving(row)}>{t('settings.remove')}</Button>
    ) },
  ];
  return (
    <Sheet title={t('service.title')} beside={
      <Button size="compact-sm" variant="default" onClick={() => setAdds(true)}>{t('service.add')}</Button>
    }>
      <p className={classes.soft}>{t('service.sentence')}</p>
      {list.error ? <TroubleNotice error={list.error} /> : null}
      {rows && rows.length > 0 ? (
        <>
          <DataTable label={t('service.title')} columns={columns} rows={rows} keyOf={(row) => row.id} />
          {rows.filter(({ refusal }) => refusal).map((row) => (
            <p key={row.id} className={classes.words}>{kNames[row.provider]}: {row.refusal}</p>
          ))}
        </>
      ) : null}
      {rows?.length === 0 ? <p className={classes.soft}>{t('service.none')}</p> : null}
      {adds ? <Add onClose={() => setAdds(false)} /> : null}
      {removing ? <Remove row={removing} onClose={() => setRemoving(null)} /> : null}
    </Sheet>
  );
}
