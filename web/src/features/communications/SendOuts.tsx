import { IconPaperclip } from '@tabler/icons-react';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { amount, percent } from '../../lib/number';
import { useLocale } from '../../lib/language/language';
import { shortTime } from '../../lib/time';
import { readableSubject } from '../../lib/subject';
import { useUrlState } from '../../lib/url_state';
import { DataTable, type Column } from '../../ui/DataTable';
import { FilterBar } from '../../ui/FilterBar';
import { MoreRows } from '../../ui/MoreRows';
import { PageHead } from '../../ui/PageHead';
import { StatusMark } from '../../ui/StatusMark';
import { TroubleNotice } from '../../ui/TroubleNotice';
import { ZoneNote } from '../../ui/ZoneNote';
import { Drafts } from './Drafts';
import { NothingHere } from './NothingHere';
import { kFilterNames, useSendOuts, type SendOut } from './queries';
import { DeleteRow, RowMenu } from './RowMenu';
import { TypeMark } from './TypeMark';
import classes from './SendOuts.module.css';
import { Views } from './Views';
import { useLogFilters } from './words';

const kSort = '-at';

interface RowEvents {
  onDelete: (row: SendOut) => void;
  onTrouble: (error: unknown) => void;
}

function useColumns({ onDelete, onTrouble }: RowEvents): readonly Column<SendOut>[] {
  const { t } = useTranslation();
  const locale = useLocale();
  return useMemo(() => [
    { key: 'subject', title: t('log.subject'), sort: 'subject', phone: 'title',
      cell: (row) => (
        <>
          {readableSubject(row.subject) || row.name || t('log.no_subject')}
          {row.what === 'message' ? <span className={classes.to}>{row.address ?? t('log.no_address')}</span> : null}
        </>
      ) },
    { key: 'type', title: t('log.type'), sort: 'type', width: '9rem',
      cell: (row) => <TypeMark type={row.type} /> },
    { key: 'sent', title: t('log.sent_of'), sort: 'sent', first: 'down', align: 'right', width: '6.5rem',
      phone: 'line',
      cell: (row) => row.total === 0 ? '–' : t('log.sent_x_of_y', { sent: amount(row.sent, locale), total: amount(row.total, locale) }) },
    { key: 'opened', title: t('log.opened'), align: 'right', width: '5.5rem',
      cell: (row) => row.opened === null ? '' : (
        <span title={t('log.opened_x_of_y', { opened: amount(row.opened, locale), sent: amount(row.sent, locale) })}>
          {percent(row.open_rate, locale)}
        </span>
      ) },
    { key: 'status', title: t('log.status'), sort: 'status', phone: 'mark', width: '11.5rem',
      cell: (row) => <StatusMark status={row.status} /> },
    { key: 'sender', title: t('log.sender'), sort: 'sender', width: '9.5rem',
      cell: (row) => <span title={row.sender}>{row.sender.replace(/\s*<.*>$/, '') || row.sender}</span> },
    { key: 'attachments', title: '', width: '2.75rem',
      cell: (row) => row.has_attachments
        ? <IconPaperclip size={16} aria-label={t('log.with_attachments')} /> : null },
    { key: 'at', title: t('log.at'), sort: 'at', first: 'down', align: 'right', phone: 'corner', width: '9rem',
      cell: (row) => shortTime(row.at, locale) },
    { key: 'actions', title: '', width: '4rem', align: 'right',
      cell: (row) => <RowMenu row={row} onDelete={() => onDelete(row)} onTrouble={onTrouble} /> },
  ], [t, locale, onDelete, onTrouble]);
}

export function Component() {
  const { t } = useTranslation();
  const [params, change] = useUrlState();
  const filters = useLogFilters('send_outs');
  const [deletes, setDeletes] = useState<SendOut | null>(null);
  const [trouble, setTrouble] = useState<unknown>(null);
  const columns = useColumns({ onDelete: setDeletes, onTrouble: setTrouble });
  const list = useSendOuts(params);
  const rows = list.data?.pages.flatMap((page) => page.items);
  return (
    <>
      <PageHead title={t('areas.communications')} />
      <Views />
      <Drafts />
      <FilterBar
        filters={filters} params={params} onChange={change} textName="text" textLabel={t('log.text')}
      />
      {list.error ? <TroubleNotice error={list.error} onRetry={() => void list.refetch()} /> : null}
      {rows?.length === 0 ? (
        <NothingHere
          params={params} names={kFilterNames} earlier={list.data?.pages[0]?.earlier ?? null} onChange={change}
        />
      ) : list.error && !rows ? null : (
        <DataTable
          label={t('communications.send_outs')} columns={columns} rows={rows} keyOf={(row) => row.id}
          stale={list.isPlaceholderData}
          linkOf={(row) => row.what === 'campaign'
            ? `/communications/send-outs/${row.id}` : `/communications/messages/${row.id}`}
          sort={params.get('sort') ?? kSort}
          onSort={(sort) => change({ sort: sort === kSort ? null : sort })}
        />
      )}
      {trouble ? <TroubleNotice error={trouble} /> : null}
      <DeleteRow row={deletes} onClose={() => setDeletes(null)} />
      <MoreRows
        rows={rows?.length ?? 0} hasMore={list.hasNextPage} busy={list.isFetchingNextPage}
        onMore={() => void list.fetchNextPage()}
      />
      <ZoneNote />
    </>
  );
}
