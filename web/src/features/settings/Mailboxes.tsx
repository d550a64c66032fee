import { Button, Group, NumberInput, Select, Text, TextInput } from '@mantine/core';
import { IconAlertTriangle, IconCircleCheck } from '@tabler/icons-react';
import { useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { isTrouble } from '../../api/trouble';
import { textIn } from '../../lib/form';
import { useLocale } from '../../lib/language/language';
import { amount } from '../../lib/number';
import { shortTime } from '../../lib/time';
import { Ask } from '../../ui/Ask';
import { DataTable, type Column } from '../../ui/DataTable';
import { Sheet } from '../../ui/Sheet';
import { ToneMark } from '../../ui/ToneMark';
import { TroubleNotice } from '../../ui/TroubleNotice';
import { fieldTrouble } from '../../ui/field_trouble';
import { loginOf, MailboxLogin } from './MailboxLogin';
import {
  useAddMailbox, useDeleteMailbox, useMailboxes, useTestMailbox, useVisitMailbox, type Mailbox,
} from './queries';
import classes from './Settings.module.css';

function urlOf(form: FormData): string {
  const folder = textIn(form, 'folder');
  return `${textIn(form, 'kind') === 'pop3s' ? 'pop3s' : 'imaps'}://${encodeURIComponent(textIn(form, 'user'))}@${
    textIn(form, 'host')}/${folder ? encodeURIComponent(folder) : ''}`;
}

function Add({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const add = useAddMailbox();
  const test = useTestMailbox();
  const [kind, setKind] = useState('imaps');
  const fields = useRef<HTMLDivElement>(null);
  const error = add.error ?? test.error;
  const wish = (form: FormData) => ({ url: urlOf(form), ...loginOf(form) });
  return (
    <Ask
      opened onClose={onClose} title={t('mailbox.add')} yes={t('mailbox.add')} busy={add.isPending} error={error}
      onYes={(form) => add.mutate({
        ...wish(form), interval_s: Number(textIn(form, 'minutes') || '5') * 60,
        ...(textIn(form, 'move_to') ? { move_to: textIn(form, 'move_to') } : {}),
      }, { onSuccess: onClose })}
    >
      <div ref={fields} className={classes.fields}>
        <Text c="var(--ink-soft)">{t('mailbox.add_sentence')}</Text>
        <Select name="kind" label={t('mailbox.kind')} value={kind} onChange={(value) => setKind(value ?? 'imaps')}
          allowDeselect={false} data={[{ value: 'imaps', label: 'IMAP' }, { value: 'pop3s', label: 'POP3' }]} />
        <TextInput name="host" label={t('mail_server.host')} required maxLength={255} placeholder="mail.example.org"
          error={fieldTrouble(error, '/url')} data-autofocus />
        <TextInput name="user" label={t('mailbox.user')} required maxLength={320} autoComplete="off" />
        <MailboxLogin error={error} />
        {kind === 'imaps' ? (
          <>
            <TextInput name="folder" label={t('mailbox.folder')} maxLength={255} placeholder="INBOX" />
            <TextInput name="move_to" label={t('mailbox.move_to')} description={t('mailbox.move_to_means')} maxLength={255} />
          </>
        ) : null}
        <NumberInput name="minutes" label={t('mailbox.minutes')} defaultValue={5} min={1} max={1440} hideControls />
        {test.data ? (
          <div className={classes.said} role="status">
            <ToneMark {...(test.data.succeeded ? { icon: IconCircleCheck, tone: 'good' } : { icon: IconAlertTriangle, tone: 'bad' })}
              label={t(test.data.succeeded ? 'mail_server.works' : 'mail_server.fails')} />
            <p>{test.data.sentence}</p>
          </div>
        ) : null}
        <div>
          <Button variant="default" loading={test.isPending} onClick={() => {
            const form = fields.current?.closest('form');
            if (form?.reportValidity()) test.mutate(wish(new FormData(form)));
          }}>
            {t('mail_server.test')}
          </Button>
        </div>
      </div>
    </Ask>
  );
}

function Remove({ mailbox, onClose }: { mailbox: Mailbox; onClose: () => void }) {
  const { t } = useTranslation();
  const remove = useDeleteMailbox();
  return (
    <Ask
      opened onClose={onClose} title={t('settings.remove')} yes={t('settings.remove')} grave busy={remove.isPending}
      error={remove.error} onYes={() => remove.mutate(mailbox.id, { onSuccess: onClose })}
    >
      <Text>{t('mailbox.remove_asks', { url: mailbox.url })}</Text>
    </Ask>
  );
}

/** Mailboxes that returned mail is collected from, with what the last visit found. */
export function Mailboxes() {
  const { t } = useTranslation();
  const locale = useLocale();
  const list = useMailboxes();
  const visit = useVisitMailbox();
  const [adds, setAdds] = useState(false);
  const [removing, setRemoving] = useState<Mailbox | null>(null);
  const rows = list.data?.items;
  const columns: readonly Column<Mailbox>[] = [
    { key: 'url', title: t('mailbox.mailbox'), phone: 'title', cell: (row) => row.url },
    { key: 'state', title: t('mailbox.last_visit'), phone: 'line', width: '16rem', cell: (row) => (row.trouble
      ? <span title={row.trouble}><ToneMark icon={IconAlertTriangle} tone="bad" label={t('mailbox.trouble')} /></span>
      : row.polled_at ? shortTime(row.polled_at, locale) : t('mailbox.not_yet')) },
    { key: 'taken', title: t('mailbox.taken'), align: 'right', width: '7rem', cell: (row) => amount(row.taken, locale) },
    { key: 'act', title: '', align: 'right', width: '15rem', phone: 'mark', cell: (row) => (
      <Group gap={6} justify="flex-end" wrap="nowrap">
        <Button size="compact-sm" variant="light" loading={visit.isPending && visit.variables === row.id}
          onClick={() => visit.mutate(row.id)}>
          {t('mailbox.visit')}
        </Button>
        <Button size="compact-sm" variant="default" onClick={() => setRemoving(row)}>{t('settings.remove')}</Button>
      </Group>
    ) },
  ];
  return (
    <Sheet title={t('mailbox.title')} beside={
      <Button size="compact-sm" variant="default" onClick={() => setAdds(true)}>{t('mailbox.add')}</Button>
    }>
      <p className={classes.soft}>{t('mailbox.sentence')}</p>
      {list.error ?? visit.error ? <TroubleNotice error={list.error ?? visit.error} /> : null}
      {rows && rows.length > 0 ? (
        <>
          <DataTable label={t('mailbox.title')} columns={columns} rows={rows} keyOf={(row) => row.id} />
          {rows.filter(({ trouble }) => trouble).map((row) => (
            <p key={row.id} role="alert" className={classes.words}>{row.url}: {row.trouble}</p>
          ))}
        </>
      ) : null}
      {rows?.length === 0 && !isTrouble(list.error) ? <p className={classes.soft}>{t('mailbox.none')}</p> : null}
      {adds ? <Add onClose={() => setAdds(false)} /> : null}
      {removing ? <Remove mailbox={removing} onClose={() => setRemoving(null)} /> : null}
    </Sheet>
  );
}
