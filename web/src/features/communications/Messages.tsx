import { Button } from '@mantine/core';
import { IconDownload, IconPaperclip } from '@tabler/icons-react';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { useLocale } from '../../lib/language/language';
import { shortTime } from '../../lib/time';
import { useUrlState } from '../../lib/url_state';
import { DataTable, type Column } from '../../ui/DataTable';
import { FilterBar } from '../../ui/FilterBar';
import { MoreRows } from '../../ui/MoreRows';
import { PageHead } from '../../ui/PageHead';
import { useReason } from '../../ui/reason';
import { StatusMark } from '../../ui/StatusMark';
import { TroubleNotice } from '../../ui/TroubleNotice';
import { ZoneNote } from '../../ui/ZoneNote';
import { useMay } from '../session/session';
import { NothingHere } from './NothingHere';
import { kFilterNames, logQuery, useMessages, type Message } from './queries';
import { Views } from './Views';
import { useLogFilters } from './words';

const kSort = '-queued_at';

export function useMessageColumns(): readonly Column<Message>[] {
  const { t } = useTranslation();
  const locale = useLocale();
  const reason = useReason();
  return useMemo(() => [
    { key: 'address', title: t('log.to'), sort: 'address', phone: 'title',
      cell: (row) => row.direction === 'in' ? t('log.from_address', { address: row.sender })
        : row.address ?? t('log.no_address') },
    { key: 'subject', title: t('log.subject'), sort: 'subject', phone: 'line', cell: (row) => row.subject },
    { key: 'status', title: t('log.status'), sort: 'status', phone: 'mark', width: '9.5rem',
      cell: (row) => <StatusMark status={row.status} /> },
    { key: 'reason', title: t('log.reason'), sort: 'reason',
      width: '11rem',
      cell: (row) => row.direction === 'in' ? row.text : row.reason === 'accepted' ? '' : reason(row.reason) },
    { key: 'kind', title: t('log.type'), sort: 'kind', width: '8rem', wide: true, cell: (row) => t(`kind.${row.kind}`) },
    { key: 'attachments', title: '', width: '2.75rem',
      cell: (row) => row.has_attachments
        ? <IconPaperclip size={16} aria-label={t('log.with_attachments')} /> : null },
    { key: 'at', title: t('log.queued_at'), sort: 'queued_at', first: 'down', align: 'right', phone: 'corner',
      width: '8.5rem', cell: (row) => shortTime(row.queued_at, locale) },
  ], [t, locale, reason]);
}

function exportPath(params: URLSearchParams): string {
  // A file has messages only.
  const kept = new URLSearchParams(params);
  const kinds = kept.get('kind')?.split(',').filter((kind) => kind !== 'reply') ?? [];
  kept.delete('kind');
  if (kinds.length > 0) kept.set('kind', kinds.join(','));
  const { limit: _, all: __, ...query } = logQuery(
    kept, ['kind', 'status', 'channel', 'sender', 'has_attachments', 'text'], new Date());
  // The screen's usual period is the API's for a list, not for a file.
  const from = 'from' in query || 'until' in query || params.get('period') === 'all'
    ? {} : { from: new Date(Date.now() - 7 * 86_400_000).toISOString() };
  const words = Object.entries({ ...query, ...from }).map(([name, value]) => [name, String(value)]);
  return `/api/v1/message-export?${new URLSearchParams(words as [string, string][])}`;
}

export function Component() {
  const { t } = useTranslation();
  const [params, change] = useUrlState();
  const filters = useLogFilters('messages');
  const columns = useMessageColumns();
  const list = useMessages(params);
  const mayExport = useMay('contacts:export');
  const rows = list.data?.pages.flatMap((page) => page.items);
  const wanted = params.get('sort') ?? kSort;
  const real = list.data?.pages[0]?.sort ?? wanted;
  return (
    <>
      <PageHead title={t('areas.communications')}>
        {mayExport && rows && rows.length > 0 ? (
          <Button
            component="a" href={exportPath(params)} download variant="default" size="compact-md"
            leftSection={<IconDownload size={16} aria-hidden />}
          >
            {t('log.export')}
          </Button>
        ) : null}
      </PageHead>
      <Views />
      <FilterBar
        filters={filters} params={params} onChange={change} textName="text" textLabel={t('log.text')}
      />
      {list.error ? <TroubleNotice error={list.error} onRetry={() => void list.refetch()} /> : null}
      {rows && real !== wanted ? <p role="status">{t('log.by_time_only')}</p> : null}
      {rows?.length === 0 && !list.hasNextPage ? (
        <NothingHere
          params={params} names={kFilterNames} earlier={list.data?.pages[0]?.earlier ?? null} onChange={change}
        />
      ) : list.error && !rows ? null : (
        <DataTable
          label={t('communications.messages')} columns={columns} rows={rows} keyOf={(row) => row.id}
          stale={list.isPlaceholderData}
          linkOf={(row) => `/communications/messages/${row.answers ?? row.id}`} sort={real}
          onSort={(sort) => change({ sort: sort === kSort ? null : sort })}
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
