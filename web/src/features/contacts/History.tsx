import { Button } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { Schema } from '../../api/client';
import { useLocale } from '../../lib/language/language';
import { kMessageStatuses, statusKey } from '../../lib/status';
import { shortTime } from '../../lib/time';
import { useUrlState } from '../../lib/url_state';
import { DataTable, type Column } from '../../ui/DataTable';
import { EmptyState } from '../../ui/EmptyState';
import { FilterBar, type Filter } from '../../ui/FilterBar';
import { MoreRows } from '../../ui/MoreRows';
import { useReason } from '../../ui/reason';
import { StatusMark } from '../../ui/StatusMark';
import { TroubleNotice } from '../../ui/TroubleNotice';
import { useHistory } from './queries';

type Message = Schema<'Communication'>;

const kSort = '-queued_at';
const kKinds = ['campaign', 'individual', 'transactional', 'test', 'reply'] as const;
const kNames = ['kind', 'status', 'channel', 'sender', 'text'];

/** What was sent to a person, or to others about them, and what they answered (P35). */
export function Communications({ id }: { id: string }) {
  const { t } = useTranslation();
  const locale = useLocale();
  const reason = useReason();
  const [params, change] = useUrlState();
  const list = useHistory(id, params);
  const rows = list.data?.pages.flatMap((page) => page.items);
  const wanted = params.get('sort') ?? kSort;
  const filtered = kNames.some((name) => params.has(name));
  const columns: readonly Column<Message>[] = [
    { key: 'subject', title: t('log.subject'), sort: 'subject', phone: 'title',
      cell: (row) => row.subject || t('log.no_subject') },
    { key: 'status', title: t('log.status'), sort: 'status', phone: 'mark', width: '9.5rem',
      cell: (row) => <StatusMark status={row.status} /> },
    { key: 'reason', title: t('log.reason'), sort: 'reason', width: '10rem',
      cell: (row) => row.direction === 'in' ? row.text : row.reason === 'accepted' ? '' : reason(row.reason) },
    { key: 'kind', title: t('log.type'), sort: 'kind', width: '7.5rem', wide: true,
      cell: (row) => t(`kind.${row.kind}`) },
    { key: 'address', title: t('log.to'), sort: 'address', phone: 'line', wide: true,
      cell: (row) => row.direction === 'in' ? t('log.from_address', { address: row.sender })
        : row.address ?? t('log.no_address') },
    { key: 'at', title: t('log.queued_at'), sort: 'queued_at', first: 'down', align: 'right', phone: 'corner',
      width: '9rem', cell: (row) => shortTime(row.queued_at, locale) },
  ];
  const filters: readonly Filter[] = [
    { kind: 'several', name: 'kind', label: t('log.type'),
      choices: kKinds.map((value) => ({ value, label: t(`kind.${value}`) })) },
    { kind: 'several', name: 'status', label: t('log.status'),
      choices: kMessageStatuses.map((value) => ({ value, label: t(`status.${statusKey(value)}`) })) },
    { kind: 'text', name: 'sender', label: t('log.sender') },
  ];
  return (
    <>
      <FilterBar
        filters={filters} params={params} onChange={change} textName="text" textLabel={t('log.text')}
      />
      {list.error ? <TroubleNotice error={list.error} onRetry={() => void list.refetch()} /> : null}
      {rows?.length === 0 && !list.hasNextPage ? (
        <EmptyState title={t(filtered ? 'communications.nothing_matches' : 'contact.nothing_sent')}>
          {filtered ? (
            <Button variant="default" onClick={() => change(Object.fromEntries(kNames.map((name) => [name, null])))}>
              {t('filter.none')}
            </Button>
          ) : null}
        </EmptyState>
      ) : list.error && !rows ? null : (
        <DataTable
          label={t('contact.communications')} columns={columns} rows={rows} keyOf={(row) => row.id}
          stale={list.isPlaceholderData}
          linkOf={(row) => `/communications/messages/${row.answers ?? row.id}`} sort={list.data?.pages[0]?.sort ?? wanted}
          onSort={(sort) => change({ sort: sort === kSort ? null : sort })}
        />
      )}
      <MoreRows
        rows={rows?.length ?? 0} hasMore={list.hasNextPage} busy={list.isFetchingNextPage}
        onMore={() => void list.fetchNextPage()}
      />
    </>
  );
}
