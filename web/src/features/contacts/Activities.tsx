import { useTranslation } from 'react-i18next';
import { useLocale } from '../../lib/language/language';
import { shortTime } from '../../lib/time';
import { DataTable, type Column } from '../../ui/DataTable';
import { EmptyState } from '../../ui/EmptyState';
import { MoreRows } from '../../ui/MoreRows';
import { TroubleNotice } from '../../ui/TroubleNotice';
import { dataText } from './activity_words';
import { useActivities, type Activity } from './queries';

/** What else happened to a person: created, edited, imported, a payment, a consent. */
export function Activities({ id }: { id: string }) {
  const { t, i18n } = useTranslation();
  const locale = useLocale();
  const list = useActivities(id);
  const rows = list.data?.pages.flatMap((page) => page.items);
  const word = (type: string) => {
    const key = `activity.${type}`;
    return i18n.exists(key) ? t(key as 'activity.created') : type.replaceAll('_', ' ');
  };
  const columns: readonly Column<Activity>[] = [
    { key: 'type', title: t('contact.activity'), phone: 'title', width: '12rem', cell: (row) => word(row.type) },
    { key: 'data', title: t('contact.details'), phone: 'line', cell: (row) => dataText(row.data) },
    { key: 'source', title: t('contact.source'), cell: (row) => row.source },
    { key: 'at', title: t('log.at'), align: 'right', phone: 'corner', width: '9rem',
      cell: (row) => shortTime(row.occurred_at, locale) },
  ];
  if (list.error) return <TroubleNotice error={list.error} onRetry={() => void list.refetch()} />;
  if (rows?.length === 0) return <EmptyState title={t('contact.no_activities')} />;
  return (
    <>
      <DataTable label={t('contact.activities')} columns={columns} rows={rows} keyOf={(row) => row.id} />
      <MoreRows
        rows={rows?.length ?? 0} hasMore={list.hasNextPage} busy={list.isFetchingNextPage}
        onMore={() => void list.fetchNextPage()}
      />
    </>
  );
}
