import { Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { IconAlertTriangle, IconCircleCheck } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { answer, api, type Schema } from '../../api/client';
import { useLocale } from '../../lib/language/language';
import { readableSubject } from '../../lib/subject';
import { shortTime } from '../../lib/time';
import { DataTable, type Column } from '../../ui/DataTable';
import { Sheet } from '../../ui/Sheet';
import { ToneMark } from '../../ui/ToneMark';
import { TroubleNotice } from '../../ui/TroubleNotice';
import { ZoneNote } from '../../ui/ZoneNote';
import { useMay } from '../session/session';
import { SettingsHead } from '../settings/SettingsHead';
import classes from './Alerts.module.css';

type Alert = Schema<'Alert'>;

const kOccasions = ['held', 'failing', 'blocked', 'complaints', 'domain', 'disk'] as const;

function useAlerts() {
  return useQuery({ queryKey: ['alerts'], queryFn: ({ signal }) => answer(api.GET('/alerts', { signal })) });
}

function What({ alert }: { alert: Alert }) {
  const { t } = useTranslation();
  if (alert.about === 'disk') return <>{t('alerts.disk')}</>;
  if (alert.about === 'domain') return <Link to="/problems/domains">{t('alerts.domain', { name: alert.name })}</Link>;
  return (
    <>
      <Link to={`/communications/send-outs/${alert.campaign_id}`}>{readableSubject(alert.name) || t('log.no_subject')}</Link>
      {alert.trouble ? `: ${t(`problems.trouble.${alert.trouble}`)}` : ''}
    </>
  );
}

/** Whom the program mails when something is the matter, when it does, and of what it did. */
export function Component() {
  const { t } = useTranslation();
  const locale = useLocale();
  const mayChange = useMay('users:write');
  const { data, error, refetch } = useAlerts();
  const columns: readonly Column<Alert>[] = [
    { key: 'what', title: t('audit.what'), phone: 'title', cell: (row) => <What alert={row} /> },
    { key: 'state', title: t('log.status'), phone: 'mark', width: '9rem', cell: (row) => (row.is_over
      ? <ToneMark icon={IconCircleCheck} tone="good" label={t('alerts.over')} />
      : <ToneMark icon={IconAlertTriangle} tone="warn" label={t('alerts.lasts')} />) },
    { key: 'told', title: t('alerts.told_at'), align: 'right', phone: 'line', width: '11rem',
      cell: (row) => (row.told_at ? shortTime(row.told_at, locale) : t('alerts.not_yet')) },
    { key: 'since', title: t('suppression.since'), align: 'right', phone: 'corner', width: '9rem',
      cell: (row) => shortTime(row.began_at, locale) },
  ];
  return (
    <>
      <SettingsHead />
      {error ? <TroubleNotice error={error} onRetry={() => void refetch()} /> : null}
      {!data && !error ? <Skeleton height={320} aria-label={t('list.loading')} /> : null}
      {data ? (
        <div className={classes.sheets}>
          <Sheet title={t('alerts.whom')}>
            <p>{t('alerts.whom_sentence')}</p>
            {data.told.length > 0
              ? <ul className={classes.whom}>{data.told.map((address) => <li key={address}>{address}</li>)}</ul>
              : <p role="alert">{t('alerts.nobody')}</p>}
            {mayChange ? <p><Link to="/settings/users">{t('alerts.change')}</Link></p> : null}
          </Sheet>
          <Sheet title={t('alerts.when')}>
            <p>{t('alerts.when_sentence')}</p>
            <ul>{kOccasions.map((each) => <li key={each}>{t(`alerts.occasion.${each}`)}</li>)}</ul>
          </Sheet>
        </div>
      ) : null}
      {data ? (
        <Sheet title={t('alerts.lately')}>
          {data.items.length === 0 ? <p className={classes.none}>{t('alerts.none')}</p> : (
            <DataTable
              label={t('alerts.lately')} columns={columns} rows={data.items}
              keyOf={(row) => `${row.about} ${row.campaign_id ?? row.name} ${row.trouble ?? ''}`}
            />
          )}
        </Sheet>
      ) : null}
      {data && data.items.length > 0 ? <ZoneNote /> : null}
    </>
  );
}
