import { Button, Group, Modal, Text } from '@mantine/core';
import { IconMail, IconShieldCheck, IconStar } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Ask } from '../../ui/Ask';
import { DataTable, type Column } from '../../ui/DataTable';
import { EmptyState } from '../../ui/EmptyState';
import { ToneMark } from '../../ui/ToneMark';
import { TroubleNotice } from '../../ui/TroubleNotice';
import { useMay } from '../session/session';
import { MailServerForm, WhatItSaid } from './MailServerForm';
import { useDeleteMailServer, useMailServers, useMakeDefault, useTestMailServer, type MailServer } from './queries';
import { SettingsHead } from './SettingsHead';
import classes from './Settings.module.css';

const kKinds = ['smtp', 'smtps', 'mx', 'sandbox'] as const;

function Remove({ server, onClose }: { server: MailServer; onClose: () => void }) {
  const { t } = useTranslation();
  const remove = useDeleteMailServer();
  return (
    <Ask
      opened onClose={onClose} title={t('settings.remove')} yes={t('settings.remove')} grave busy={remove.isPending}
      error={remove.error} onYes={() => remove.mutate(server.id, { onSuccess: onClose })}
    >
      <Text>{t('mail_server.remove_asks', { name: server.name })}</Text>
    </Ask>
  );
}

function Marks({ server }: { server: MailServer }) {
  const { t } = useTranslation();
  return (
    <Group gap={6} wrap="nowrap">
      {server.is_default ? <ToneMark icon={IconStar} tone="best" label={t('mail_server.default')} /> : null}
      {server.is_sandbox ? <ToneMark icon={IconShieldCheck} tone="off" label={t('mail_server.sandbox')} /> : null}
      {!server.is_default && !server.is_sandbox ? <ToneMark icon={IconMail} tone="plain" label={t('mail_server.other')} /> : null}
    </Group>
  );
}

/** By which servers messages leave. */
export function Component() {
  const { t } = useTranslation();
  const may = useMay('organisation:write');
  const list = useMailServers();
  const test = useTestMailServer();
  const prefer = useMakeDefault();
  const [asked, setAsked] = useState<{ what: 'edit' | 'remove'; server?: MailServer } | null>(null);
  const close = () => setAsked(null);
  const rows = list.data?.items;
  const columns: readonly Column<MailServer>[] = [
    { key: 'name', title: t('log.name'), phone: 'title', width: '15rem', cell: (row) => row.name },
    { key: 'url', title: t('mail_server.url'), phone: 'line', cell: (row) => row.url },
    { key: 'marks', title: t('mail_server.use'), width: '15rem', phone: 'line', cell: (row) => <Marks server={row} /> },
    { key: 'act', title: '', align: 'right', width: '25rem', phone: 'mark', cell: (row) => (may ? (
      <span className={classes.actions}>
        {row.is_sandbox ? null : (
          <Button size="compact-sm" variant="light" loading={test.isPending && test.variables?.transport_id === row.id}
            onClick={() => test.mutate({ transport_id: row.id })}>
            {t('mail_server.test')}
          </Button>
        )}
        {row.is_default ? null : (
          <Button size="compact-sm" variant="default" onClick={() => prefer.mutate(row.id)}>
            {t('mail_server.make_default')}
          </Button>
        )}
        <Button size="compact-sm" variant="default" onClick={() => setAsked({ what: 'edit', server: row })}>
          {t('settings.change')}
        </Button>
        <Button size="compact-sm" variant="default" onClick={() => setAsked({ what: 'remove', server: row })}>
          {t('settings.remove')}
        </Button>
      </span>
    ) : null) },
  ];
  return (
    <>
      <SettingsHead>
        {may ? <Button onClick={() => setAsked({ what: 'edit' })}>{t('mail_server.add')}</Button> : null}
      </SettingsHead>
      {list.error ? <TroubleNotice error={list.error} onRetry={() => void list.refetch()} /> : null}
      {test.error ?? prefer.error ? <TroubleNotice error={test.error ?? prefer.error} /> : null}
      {test.data ? <WhatItSaid result={test.data} /> : null}
      {rows?.length === 0 ? (
        <EmptyState title={t('mail_server.none')} sentence={t('mail_server.none_sentence')} />
      ) : <DataTable label={t('settings.views.mail_servers')} columns={columns} rows={rows} keyOf={(row) => row.id} />}
      {asked?.what === 'edit' ? (
        <Modal opened onClose={close} title={t(asked.server ? 'mail_server.edit' : 'mail_server.add')}
          closeButtonProps={{ 'aria-label': t('close') }}>
          <MailServerForm
            {...(asked.server ? { server: asked.server } : {})} kinds={kKinds} isFirst={rows?.length === 0}
            onDone={close} button={t('account.save')}
          />
        </Modal>
      ) : null}
      {asked?.what === 'remove' && asked.server ? <Remove server={asked.server} onClose={close} /> : null}
    </>
  );
}
