import { Button, Menu, Text, TextInput } from '@mantine/core';
import { IconDots } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { textIn } from '../../lib/form';
import { useLocale } from '../../lib/language/language';
import { amount } from '../../lib/number';
import { shortTime } from '../../lib/time';
import { Ask } from '../../ui/Ask';
import { DataTable, type Column } from '../../ui/DataTable';
import { EmptyState } from '../../ui/EmptyState';
import { Sheet } from '../../ui/Sheet';
import { TroubleNotice } from '../../ui/TroubleNotice';
import { ZoneNote } from '../../ui/ZoneNote';
import { useReason } from '../../ui/reason';
import { useMay } from '../session/session';
import classes from './Problems.module.css';
import { ProblemsHead } from './ProblemsHead';
import { useQueue, useSites, useSteer, useSuspension, type QueueLine } from './queries';

type Action = 'hold' | 'release' | 'retry' | 'expire' | 'suspend';

const kOf: Record<QueueLine['state'], readonly Action[]> = {
  waiting: ['hold', 'suspend', 'expire'],
  deferred: ['retry', 'hold', 'suspend', 'expire'],
  held: ['release', 'expire'],
};

function Steering({ line, action, onClose }: { line: QueueLine; action: Action; onClose: () => void }) {
  const { t } = useTranslation();
  const locale = useLocale();
  const steer = useSteer();
  const suspend = useSuspension();
  const call = action === 'suspend' ? suspend : steer;
  return (
    <Ask
      opened onClose={onClose} title={t(`queue.action.${action}`)} yes={t(`queue.action.${action}`)}
      busy={call.isPending} error={call.error} grave={action === 'expire'}
      onYes={(form) => {
        if (action === 'suspend') {
          suspend.mutate({ name: line.domain, reason: textIn(form, 'reason') }, { onSuccess: onClose });
          return;
        }
        steer.mutate({
          action, domain: line.domain, ...(line.campaign_id ? { campaign_id: line.campaign_id } : {}),
        }, { onSuccess: onClose });
      }}
    >
      <Text>
        {t(`queue.asks.${action}`, { amount: amount(line.messages, locale), domain: line.domain })}
      </Text>
      {action === 'suspend' ? <TextInput name="reason" label={t('problems.note')} maxLength={500} data-autofocus /> : null}
    </Ask>
  );
}

function LineMenu({ line, onChoose }: { line: QueueLine; onChoose: (action: Action) => void }) {
  const { t } = useTranslation();
  return (
    <Menu position="bottom-end" shadow="md">
      <Menu.Target>
        <Button size="compact-sm" variant="default" aria-label={t('queue.what_now', { domain: line.domain })}>
          <IconDots size={16} aria-hidden />
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {kOf[line.state].map((action) => (
          <Menu.Item key={action} onClick={() => onChoose(action)} {...(action === 'expire' ? { c: 'var(--tone-bad)' } : {})}>
            {t(`queue.action.${action}`)}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

function Suspended() {
  const { t } = useTranslation();
  const locale = useLocale();
  const may = useMay('organisation:write');
  const sites = useSites();
  const resume = useSuspension();
  const rows = sites.data?.suspended ?? [];
  if (rows.length === 0) return null;
  return (
    <Sheet title={t('queue.suspended')}>
      {resume.error ? <TroubleNotice error={resume.error} /> : null}
      <ul className={classes.list}>
        {rows.map((site) => (
          <li key={site.name}>
            <strong>{site.name}</strong>{' '}
            {may ? (
              <Button size="compact-sm" variant="default" loading={resume.isPending}
                onClick={() => resume.mutate({ name: site.name, resumes: true })}>
                {t('queue.resume')}
              </Button>
            ) : null}
            <p className={classes.soft}>
              {t('queue.suspended_by', { who: site.suspended_by, at: shortTime(site.suspended_at, locale) })}
              {site.reason ? `: ${site.reason}` : ''}
            </p>
          </li>
        ))}
      </ul>
    </Sheet>
  );
}

function useColumns(mayAct: boolean, choose: (line: QueueLine, action: Action) => void): readonly Column<QueueLine>[] {
  const { t } = useTranslation();
  const locale = useLocale();
  const reason = useReason();
  const why = (row: QueueLine) => {
    if (row.state === 'held') return row.reason ? reason(row.reason) : t('queue.held');
    return row.reason ? reason(row.reason) : t('queue.its_turn');
  };
  return [
    { key: 'domain', title: t('queue.to'), phone: 'title', width: '14rem', cell: (row) => row.domain },
    { key: 'messages', title: t('figures.messages'), align: 'right', width: '6.5rem', phone: 'corner',
      cell: (row) => amount(row.messages, locale) },
    { key: 'state', title: t('log.status'), width: '9rem', phone: 'line', cell: (row) => t(`queue.state.${row.state}`) },
    { key: 'why', title: t('log.reason'), phone: 'line', cell: (row) => <span title={why(row)}>{why(row)}</span> },
    { key: 'campaign', title: t('message.send_out'), width: '9rem', wide: true,
      cell: (row) => (row.campaign_id
        ? <Link to={`/communications/send-outs/${row.campaign_id}`}>{t('message.to_send_out')}</Link> : '–') },
    { key: 'since', title: t('queue.since'), align: 'right', width: '8rem',
      cell: (row) => shortTime(row.oldest_queued_at, locale) },
    { key: 'next', title: t('message.next_attempt'), align: 'right', width: '8.5rem',
      cell: (row) => (row.next_attempt_at ? shortTime(row.next_attempt_at, locale) : '–') },
    ...(mayAct ? [{ key: 'act', title: '', align: 'right', width: '4.5rem', phone: 'mark',
      cell: (row: QueueLine) => <LineMenu line={row} onChoose={(action) => choose(row, action)} />,
    } satisfies Column<QueueLine>] : []),
  ];
}

/** What waits to be sent: to where, why, until when; and what can be done about it. */
export function Component() {
  const { t } = useTranslation();
  const mayAct = useMay('organisation:write');
  const queue = useQueue();
  const [chosen, setChosen] = useState<{ line: QueueLine; action: Action } | null>(null);
  const columns = useColumns(mayAct, (line, action) => setChosen({ line, action }));
  const rows = queue.data?.items;
  return (
    <>
      <ProblemsHead />
      {queue.error ? <TroubleNotice error={queue.error} onRetry={() => void queue.refetch()} /> : null}
      <div className={classes.stack}>
        <Suspended />
        {rows?.length === 0 ? (
          <EmptyState title={t('queue.empty')} sentence={t('queue.empty_sentence')} />
        ) : queue.error && !rows ? null : (
          <DataTable
            label={t('problems.queue')} columns={columns} rows={rows}
            keyOf={(row) => `${row.campaign_id ?? ''} ${row.domain} ${row.state} ${row.reason}`}
          />
        )}
      </div>
      {queue.data?.is_cut ? <p className={classes.soft}>{t('queue.is_cut')}</p> : null}
      <ZoneNote />
      {chosen ? <Steering {...chosen} onClose={() => setChosen(null)} /> : null}
    </>
  );
}
