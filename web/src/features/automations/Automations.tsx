import { Button, Menu, Text } from '@mantine/core';
import { IconDots, IconLock, IconPlayerPause, IconPlayerPlay } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useNavigate } from 'react-router';
import { useLocale } from '../../lib/language/language';
import { shortDate } from '../../lib/time';
import { Ask } from '../../ui/Ask';
import { DataTable, type Column } from '../../ui/DataTable';
import { ToneMark } from '../../ui/ToneMark';
import { TroubleNotice } from '../../ui/TroubleNotice';
import { useMay } from '../session/session';
import { SettingsHead } from '../settings/SettingsHead';
import { useTemplateList } from '../templates/queries';
import { EditTrigger } from './EditTrigger';
import { kReady, useForgetTrigger, useOwnText, useTriggers, type Trigger } from './queries';
import classes from '../settings/Settings.module.css';

function useName(): (trigger: Trigger) => string {
  const { t } = useTranslation();
  return (trigger) => {
    const ready = kReady.find((each) => each === trigger.event);
    return ready ? t(`automation.name.${ready}`) : trigger.label || trigger.event;
  };
}

function Forget({ trigger, onClose }: { trigger: Trigger; onClose: () => void }) {
  const { t } = useTranslation();
  const name = useName()(trigger);
  const forget = useForgetTrigger();
  const title = t(trigger.is_ready ? 'automation.reset' : 'automation.forget');
  return (
    <Ask opened onClose={onClose} title={title} yes={title} grave={!trigger.is_ready} busy={forget.isPending}
      error={forget.error} onYes={() => forget.mutate(trigger.event, { onSuccess: onClose })}>
      <Text>{t(trigger.is_ready ? 'automation.reset_asks' : 'automation.forget_asks', { name })}</Text>
    </Ask>
  );
}

function Actions(props: { trigger: Trigger; onEdit: () => void; onOwnText: () => void; onForget: () => void; busy: boolean }) {
  const { t } = useTranslation();
  const { trigger } = props;
  const name = useName()(trigger);
  return (
    <span className={classes.actions}>
      <Button size="compact-sm" variant="default" onClick={props.onEdit}>{t('settings.change')}</Button>
      {trigger.changed_at || trigger.is_ready ? (
        <Menu position="bottom-end" shadow="md">
          <Menu.Target>
            <Button size="compact-sm" variant="default" aria-label={t('automation.more', { name })} loading={props.busy}>
              <IconDots size={16} aria-hidden />
            </Button>
          </Menu.Target>
          <Menu.Dropdown>
            {trigger.is_ready && !trigger.template_id ? (
              <Menu.Item onClick={props.onOwnText}>{t('automation.own_text')}</Menu.Item>
            ) : null}
            {trigger.changed_at ? (
              <Menu.Item onClick={props.onForget}>{t(trigger.is_ready ? 'automation.reset' : 'automation.forget')}</Menu.Item>
            ) : null}
          </Menu.Dropdown>
        </Menu>
      ) : null}
    </span>
  );
}

/** Events that programs tell of, and the message that each of them sends by itself. */
export function Component() {
  const { t } = useTranslation();
  const locale = useLocale();
  const may = useMay('content:write');
  const nameOf = useName();
  const navigate = useNavigate();
  const list = useTriggers();
  const own = useOwnText();
  const templates = useTemplateList('name').data?.pages.flatMap((page) => page.items) ?? [];
  const [editing, setEditing] = useState<{ trigger: Trigger | null } | null>(null);
  const [forgetting, setForgetting] = useState<Trigger | null>(null);
  const columns: readonly Column<Trigger>[] = [
    { key: 'name', title: t('automation.when'), phone: 'title', cell: nameOf },
    { key: 'event', title: t('automation.event'), width: '13rem', wide: true, cell: (row) => <code>{row.event}</code> },
    { key: 'sends', title: t('automation.sends'), phone: 'line', width: '16rem', cell: (row) => {
      const template = templates.find(({ id }) => id === row.template_id);
      if (row.template_id) return <Link to={`/templates/${row.template_id}`}>{template?.name ?? t('automation.template')}</Link>;
      return row.is_ready
        ? <span title={row.ready_text.map(({ subject }) => subject).join('\n')}>{t('automation.ready')}</span>
        : t('automation.given');
    } },
    { key: 'state', title: t('log.status'), phone: 'line', width: '9.5rem', cell: (row) => (row.is_locked
      ? <ToneMark icon={IconLock} tone="good" label={t('automation.always')} /> : row.is_enabled
        ? <ToneMark icon={IconPlayerPlay} tone="good" label={t('automation.on')} />
        : <ToneMark icon={IconPlayerPause} tone="off" label={t('automation.off')} />) },
    { key: 'changed', title: t('contact.changed'), align: 'right', width: '8rem',
      cell: (row) => (row.changed_at ? shortDate(row.changed_at, locale) : '–') },
    { key: 'act', title: '', align: 'right', width: '11rem', phone: 'mark', cell: (row) => (may ? (
      <Actions
        trigger={row} busy={own.isPending && own.variables.trigger.event === row.event}
        onEdit={() => setEditing({ trigger: row })} onForget={() => setForgetting(row)}
        onOwnText={() => own.mutate({ trigger: row, name: nameOf(row) },
          { onSuccess: (id) => void navigate(`/templates/${id}`) })}
      />
    ) : null) },
  ];
  return (
    <>
      <SettingsHead>{may ? <Button onClick={() => setEditing({ trigger: null })}>{t('automation.add')}</Button> : null}</SettingsHead>
      <p className={classes.soft}>{t('automation.sentence')}</p>
      {own.error ? <TroubleNotice error={own.error} /> : null}
      {list.error ? <TroubleNotice error={list.error} onRetry={() => void list.refetch()} /> : null}
      {list.error && !list.data ? null : (
        <DataTable label={t('settings.views.automations')} columns={columns} rows={list.data?.items} keyOf={(row) => row.event} />
      )}
      {editing ? (
        <EditTrigger trigger={editing.trigger} name={editing.trigger ? nameOf(editing.trigger) : ''}
          onClose={() => setEditing(null)} />
      ) : null}
      {forgetting ? <Forget trigger={forgetting} onClose={() => setForgetting(null)} /> : null}
    </>
  );
}
