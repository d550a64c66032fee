import { Button, Group } from '@mantine/core';
import { IconAlertTriangle, IconCircleCheck } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { useLocale } from '../../lib/language/language';
import { amount } from '../../lib/number';
import { periodOf } from '../../lib/period';
import { longTime, shortTime } from '../../lib/time';
import { useUrlState } from '../../lib/url_state';
import { DataTable, type Column } from '../../ui/DataTable';
import { EmptyState } from '../../ui/EmptyState';
import { FilterBar, type Filter } from '../../ui/FilterBar';
import { MoreRows } from '../../ui/MoreRows';
import { ToneMark } from '../../ui/ToneMark';
import { TroubleNotice } from '../../ui/TroubleNotice';
import { ZoneNote } from '../../ui/ZoneNote';
import { useMay } from '../session/session';
import { useUsers } from '../settings/queries';
import { SettingsHead } from '../settings/SettingsHead';
import { actionKey, changedSettings, kAbout, placeOf, plainNote } from './entry_words';
import { useAuditLog, useVerification, type AuditEntry } from './queries';

const kFilters = ['user', 'about'];

function Verified() {
  const { t } = useTranslation();
  const locale = useLocale();
  const check = useVerification();
  return (
    <>
      <Button variant="default" loading={check.isPending} onClick={() => check.mutate()}>{t('audit.check')}</Button>
      {check.error ? <TroubleNotice error={check.error} /> : null}
      {check.data ? (
        <span role="status">
          {check.data.is_intact
            ? <ToneMark icon={IconCircleCheck} tone="good"
                label={t('audit.intact', { count: check.data.entries, amount: amount(check.data.entries, locale) })} />
            : <ToneMark icon={IconAlertTriangle} tone="bad" label={t('audit.broken', { at: check.data.broken_at ?? 0 })} />}
        </span>
      ) : null}
    </>
  );
}

function What({ entry }: { entry: AuditEntry }) {
  const { t, i18n } = useTranslation();
  const key = actionKey(entry.action);
  const words = key ? t(`audit.action.${key}`) : entry.action.replaceAll(/[._]/g, ' ');
  const place = placeOf(entry);
  const settings = changedSettings(entry).map((name) =>
    i18n.exists(`organisation.${name}`) ? i18n.t(`organisation.${name}` as 'organisation.name') : name.replaceAll('_', ' '));
  const note = settings.length > 0 ? settings.join(', ') : plainNote(entry);
  return (
    <span title={note}>
      {place ? <Link to={place}>{words}</Link> : words}{note ? `: ${note}` : ''}
    </span>
  );
}

/** What people and programs did here, newest first; nobody can change it. */
export function Component() {
  const { t } = useTranslation();
  const locale = useLocale();
  const [params, change] = useUrlState();
  const mayKnow = useMay('users:write');
  const users = useUsers(mayKnow);
  const list = useAuditLog(params);
  const rows = list.data?.pages.flatMap((page) => page.items);
  const filters: readonly Filter[] = [
    { kind: 'period' },
    ...(mayKnow ? [{
      kind: 'one' as const, name: 'user', label: t('audit.who'),
      choices: (users.data?.items ?? []).map(({ id, name }) => ({ value: id, label: name })),
    }] : []),
    { kind: 'one', name: 'about', label: t('audit.about'),
      choices: kAbout.map((value) => ({ value, label: t(`audit.thing.${value}`) })) },
  ];
  const columns: readonly Column<AuditEntry>[] = [
    { key: 'what', title: t('audit.what'), phone: 'title', cell: (row) => <What entry={row} /> },
    { key: 'who', title: t('audit.who'), phone: 'line', width: '16rem', cell: (row) => row.actor },
    { key: 'how', title: t('audit.how'), width: '8rem', wide: true,
      cell: (row) => t(row.token_id ? 'audit.by_program' : row.user_id ? 'audit.by_hand' : 'audit.by_machine') },
    { key: 'at', title: t('log.at'), align: 'right', phone: 'corner', width: '9rem',
      cell: (row) => <time dateTime={row.occurred_at} title={longTime(row.occurred_at, locale)}>{shortTime(row.occurred_at, locale)}</time> },
  ];
  const period = periodOf(params);
  const isFiltered = kFilters.some((name) => params.has(name));
  return (
    <>
      <SettingsHead><Verified /></SettingsHead>
      <FilterBar filters={filters} params={params} onChange={change} />
      {list.error ? <TroubleNotice error={list.error} onRetry={() => void list.refetch()} /> : null}
      {rows?.length === 0 ? (
        <EmptyState title={t(isFiltered ? 'communications.nothing_matches' : `communications.nothing.${period}`)}>
          <Group justify="center" gap="sm">
            {period === 'all' ? null : (
              <Button variant="light" onClick={() => change({ period: 'all', from: null, until: null })}>
                {t('communications.show_all')}
              </Button>
            )}
            {isFiltered ? (
              <Button variant="default" onClick={() => change(Object.fromEntries(kFilters.map((name) => [name, null])))}>
                {t('filter.none')}
              </Button>
            ) : null}
          </Group>
        </EmptyState>
      ) : list.error && !rows ? null : (
        <DataTable
          label={t('settings.views.audit_log')} columns={columns} rows={rows} keyOf={(row) => String(row.sequence)}
          stale={list.isPlaceholderData}
        />
      )}
      <MoreRows
        rows={rows?.length ?? 0} hasMore={list.hasNextPage} busy={list.isFetchingNextPage}
        onMore={() => void list.fetchNextPage()}
      />
      <ZoneNote />
    </>
  );
}
