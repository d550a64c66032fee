import { SegmentedControl } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useLocale } from '../../lib/language/language';
import { shortTime } from '../../lib/time';
import { useUrlState } from '../../lib/url_state';
import { DataTable, type Column } from '../../ui/DataTable';
import { EmptyState } from '../../ui/EmptyState';
import { MoreRows } from '../../ui/MoreRows';
import { TroubleNotice } from '../../ui/TroubleNotice';
import { ZoneNote } from '../../ui/ZoneNote';
import { ProblemsHead } from './ProblemsHead';
import { useAddressProblems, type AddressProblem } from './queries';
import { useProblemWords } from './words';

/** Addresses that mail did not get to, each with why and what to do. */
export function Component() {
  const { t } = useTranslation();
  const locale = useLocale();
  const words = useProblemWords();
  const [params, change] = useUrlState();
  const settled = params.get('settled') === 'true';
  const list = useAddressProblems(settled);
  const rows = list.data?.pages.flatMap((page) => page.items);
  const columns: readonly Column<AddressProblem>[] = [
    { key: 'address', title: t('contact.address'), phone: 'title', width: '17rem', cell: (row) => row.address },
    { key: 'who', title: t('problems.who'), width: '13rem', phone: 'line',
      cell: (row) => row.contacts.map(({ name }) => name || t('contact.no_name')).join(', ') },
    { key: 'why', title: t('log.reason'), phone: 'line', cell: (row) => words.why(row) },
    settled
      ? { key: 'by', title: t('problems.settled_by'), width: '12rem', cell: (row) => row.settled_by }
      : { key: 'todo', title: t('problems.what_to_do'), wide: true,
        cell: (row) => <span title={words.whatToDo(row)}>{words.whatToDo(row)}</span> },
    { key: 'at', title: t('problems.last'), align: 'right', phone: 'corner', width: '8.5rem',
      cell: (row) => shortTime(row.last_at, locale) },
  ];
  return (
    <>
      <ProblemsHead>
        <SegmentedControl
          aria-label={t('problems.which')} value={settled ? 'settled' : 'open'}
          data={[{ value: 'open', label: t('problems.open') }, { value: 'settled', label: t('problems.settled') }]}
          onChange={(value) => change({ settled: value === 'settled' ? 'true' : null })}
        />
      </ProblemsHead>
      {list.error ? <TroubleNotice error={list.error} onRetry={() => void list.refetch()} /> : null}
      {rows?.length === 0 ? (
        <EmptyState
          title={t(settled ? 'problems.none_settled' : 'problems.no_addresses')}
          sentence={settled ? null : t('problems.no_addresses_sentence')}
        />
      ) : list.error && !rows ? null : (
        <DataTable
          label={t('problems.addresses')} columns={columns} rows={rows} keyOf={(row) => row.id}
          linkOf={(row) => `/problems/addresses/${row.id}`}
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
