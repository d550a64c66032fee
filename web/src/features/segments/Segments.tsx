import { Button } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { useLocale } from '../../lib/language/language';
import { shortDate } from '../../lib/time';
import { DataTable, type Column } from '../../ui/DataTable';
import { EmptyState } from '../../ui/EmptyState';
import { MoreRows } from '../../ui/MoreRows';
import { PageHead } from '../../ui/PageHead';
import { TroubleNotice } from '../../ui/TroubleNotice';
import { ContactViews } from '../contacts/ContactViews';
import { useMay } from '../session/session';
import { useSegments, type Segment } from './queries';

export function Component() {
  const { t } = useTranslation();
  const locale = useLocale();
  const may = useMay('contacts:write');
  const list = useSegments();
  const rows = list.data?.pages.flatMap((page) => page.items);
  const columns: readonly Column<Segment>[] = [
    { key: 'name', title: t('log.name'), phone: 'title', width: '18rem', cell: (row) => row.name },
    { key: 'description', title: t('attachment.description'), phone: 'line', cell: (row) => row.description },
    { key: 'changed', title: t('contact.changed'), align: 'right', phone: 'corner', width: '9rem',
      cell: (row) => shortDate(row.changed_at, locale) },
  ];
  return (
    <>
      <PageHead title={t('segments.title')}>
        {may ? (
          <Button component={Link} to="/contacts/segments/new" leftSection={<IconPlus size={17} aria-hidden />}>
            {t('segments.new')}
          </Button>
        ) : null}
      </PageHead>
      <ContactViews />
      {list.error ? <TroubleNotice error={list.error} onRetry={() => void list.refetch()} /> : null}
      {rows?.length === 0 ? <EmptyState title={t('segments.none')} sentence={t('segments.what')} /> :
        list.error && !rows ? null : (
          <DataTable
            label={t('segments.title')} columns={columns} rows={rows} keyOf={(row) => row.id}
            linkOf={(row) => `/contacts/segments/${row.id}`}
          />
        )}
      <MoreRows
        rows={rows?.length ?? 0} hasMore={list.hasNextPage} busy={list.isFetchingNextPage}
        onMore={() => void list.fetchNextPage()}
      />
    </>
  );
}
