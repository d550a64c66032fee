import { Button } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useLocale } from '../../lib/language/language';
import { shortTime } from '../../lib/time';
import { DataTable, type Column } from '../../ui/DataTable';
import { EmptyState } from '../../ui/EmptyState';
import { TroubleNotice } from '../../ui/TroubleNotice';
import { useMay } from '../session/session';
import { DomainMark } from './DomainMark';
import { useCheckDomain, useDomains, type Domain } from './queries';

/** The domains the organisation writes from, and whether DNS has what they need. */
export function DomainTable() {
  const { t } = useTranslation();
  const locale = useLocale();
  const mayCheck = useMay('organisation:write');
  const list = useDomains();
  const check = useCheckDomain();
  const problems = (row: Domain) => row.findings.filter(({ status }) => status === 'problem').length;
  const columns: readonly Column<Domain>[] = [
    { key: 'name', title: t('domain.name'), phone: 'title', cell: (row) => row.name },
    { key: 'state', title: t('log.status'), width: '13rem', phone: 'mark', cell: (row) => <DomainMark domain={row} /> },
    { key: 'mend', title: t('domain.to_mend'), align: 'right', width: '9rem',
      cell: (row) => (row.checked_at ? problems(row) : '–') },
    { key: 'at', title: t('domain.checked'), align: 'right', width: '10rem', phone: 'line',
      cell: (row) => (row.checked_at ? shortTime(row.checked_at, locale) : t('domain.never')) },
    { key: 'act', title: '', align: 'right', width: '9rem',
      cell: (row) => (mayCheck ? (
        <Button
          size="compact-sm" variant="default" loading={check.isPending && check.variables === row.id}
          onClick={() => check.mutate(row.id)} aria-label={t('domain.check_name', { name: row.name })}
        >
          {t('domain.check')}
        </Button>
      ) : null) },
  ];
  if (list.error) return <TroubleNotice error={list.error} onRetry={() => void list.refetch()} />;
  if (list.data?.items.length === 0) {
    return <EmptyState title={t('domain.none')} sentence={t('domain.none_sentence')} />;
  }
  return (
    <>
      {check.error ? <TroubleNotice error={check.error} /> : null}
      <DataTable
        label={t('problems.domains')} columns={columns} rows={list.data?.items} keyOf={(row) => row.id}
        linkOf={(row) => `/settings/domains/${row.id}`}
      />
    </>
  );
}
