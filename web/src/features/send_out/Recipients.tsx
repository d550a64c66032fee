import { Button } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { useLocale } from '../../lib/language/language';
import { kMessageStatuses, statusKey } from '../../lib/status';
import { shortDate, shortTime } from '../../lib/time';
import { useUrlState } from '../../lib/url_state';
import { DataTable, type Column } from '../../ui/DataTable';
import { EmptyState } from '../../ui/EmptyState';
import { FilterBar, type Filter } from '../../ui/FilterBar';
import { MoreRows } from '../../ui/MoreRows';
import { useReason } from '../../ui/reason';
import { StatusMark } from '../../ui/StatusMark';
import { TroubleNotice } from '../../ui/TroubleNotice';
import { useMay } from '../session/session';
import { useRecipients, type Recipient } from './queries';

const kSort = '-queued_at';

function useColumns(): readonly Column<Recipient>[] {
  const { t } = useTranslation();
  const locale = useLocale();
  const reason = useReason();
  return [
    { key: 'name', title: t('log.name'), sort: 'contact', phone: 'title',
      cell: (row) => row.name || row.address || t('log.no_address') },
    { key: 'address', title: t('log.to'), sort: 'address', phone: 'line',
      cell: (row) => row.address ?? t('log.no_address') },
    { key: 'status', title: t('log.status'), sort: 'status', phone: 'mark', width: '10rem',
      cell: (row) => <StatusMark status={row.status} /> },
    { key: 'reason', title: t('log.reason'), sort: 'reason', width: '13rem',
      cell: (row) => (row.reason === 'accepted' ? '' : reason(row.reason)) },
    { key: 'changed', title: t('log.changed_at'), sort: 'changed_at', first: 'down', align: 'right', width: '9rem',
      phone: 'corner', cell: (row) => shortTime(row.changed_at, locale) },
    { key: 'contact_changed', title: t('log.contact_changed_at'), align: 'right', width: '8rem', wide: true,
      cell: (row) => (row.contact_changed_at ? shortDate(row.contact_changed_at, locale) : '') },
  ];
}

/** Everybody it went to, and what became of it (P34). */
export function Recipients({ id }: { id: string }) {
  const { t } = useTranslation();
  const [params, change] = useUrlState();
  const columns = useColumns();
  const list = useRecipients(id, params);
  const mayExport = useMay('contacts:export');
  const rows = list.data?.pages.flatMap((page) => page.items);
  const wanted = params.get('sort') ?? kSort;
  const real = list.data?.pages[0]?.sort ?? wanted;
  const filters: readonly Filter[] = [{
    kind: 'several', name: 'status', label: t('log.status'),
    choices: kMessageStatuses.map((value) => ({ value, label: t(`status.${statusKey(value)}`) })),
  }];
  return (
    <>
      <FilterBar
        filters={filters} params={params} onChange={change} textName="text" textLabel={t('send_out.find')}
      />
      {list.error ? <TroubleNotice error={list.error} onRetry={() => void list.refetch()} /> : null}
      {rows && real !== wanted ? <p role="status">{t('log.by_time_only')}</p> : null}
      {rows?.length === 0 && !list.hasNextPage ? (
        <EmptyState title={t(params.has('status') || params.has('text')
          ? 'communications.nothing_matches' : 'send_out.no_recipients')} />
      ) : list.error && !rows ? null : (
        <DataTable
          label={t('send_out.recipients')} columns={columns} rows={rows} keyOf={(row) => row.message_id}
          stale={list.isPlaceholderData}
          linkOf={(row) => `/communications/messages/${row.message_id}`} sort={real}
          onSort={(sort) => change({ sort: sort === kSort ? null : sort })}
        />
      )}
      <MoreRows
        rows={rows?.length ?? 0} hasMore={list.hasNextPage} busy={list.isFetchingNextPage}
        onMore={() => void list.fetchNextPage()}
      />
      {mayExport && rows && rows.length > 0 ? (
        <Button
          component="a" href={`/api/v1/campaigns/${id}/recipients/export`} download variant="default"
          size="compact-md" mt="sm" leftSection={<IconDownload size={16} aria-hidden />}
        >
          {t('send_out.export')}
        </Button>
      ) : null}
    </>
  );
}
