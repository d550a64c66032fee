import { Button } from '@mantine/core';
import { IconFileImport } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { useLocale } from '../../lib/language/language';
import { amount } from '../../lib/number';
import { shortTime } from '../../lib/time';
import { DataTable, type Column } from '../../ui/DataTable';
import { EmptyState } from '../../ui/EmptyState';
import { MoreRows } from '../../ui/MoreRows';
import { PageHead } from '../../ui/PageHead';
import { TroubleNotice } from '../../ui/TroubleNotice';
import { ZoneNote } from '../../ui/ZoneNote';
import { ContactViews } from '../contacts/ContactViews';
import { useMay } from '../session/session';
import { useImports, type Import } from './queries';

export function Component() {
  const { t } = useTranslation();
  const locale = useLocale();
  const may = useMay('contacts:write');
  const list = useImports();
  const rows = list.data?.pages.flatMap((page) => page.items);
  const columns: readonly Column<Import>[] = [
    { key: 'file', title: t('attachment.name'), phone: 'title', cell: (row) => row.file_name || t('imports.pasted_name') },
    { key: 'state', title: t('log.status'), phone: 'line', width: '12rem',
      cell: (row) => (row.undone_at ? t('imports.undone') : t(`imports.state.${row.state}`)) },
    { key: 'rows', title: t('imports.rows_title'), align: 'right', width: '8rem', cell: (row) => amount(row.rows, locale) },
    { key: 'bad', title: t('imports.bad_title'), align: 'right', width: '8rem', cell: (row) => amount(row.bad, locale) },
    { key: 'at', title: t('log.at'), align: 'right', phone: 'corner', width: '9rem',
      cell: (row) => shortTime(row.created_at, locale) },
  ];
  return (
    <>
      <PageHead title={t('imports.title')}>
        {may ? (
          <Button component={Link} to="/contacts/import" leftSection={<IconFileImport size={17} aria-hidden />}>
            {t('imports.import')}
          </Button>
        ) : null}
      </PageHead>
      <ContactViews />
      {list.error ? <TroubleNotice error={list.error} onRetry={() => void list.refetch()} /> : null}
      {rows?.length === 0 ? <EmptyState title={t('imports.none')} /> : list.error && !rows ? null : (
        <DataTable
          label={t('imports.title')} columns={columns} rows={rows} keyOf={(row) => row.id}
          linkOf={(row) => `/contacts/imports/${row.id}`}
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
