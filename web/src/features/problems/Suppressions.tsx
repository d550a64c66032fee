import { Button, Select, Stack, Text, Textarea, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useLocale } from '../../lib/language/language';
import { textIn } from '../../lib/form';
import { shortDate } from '../../lib/time';
import { useUrlState } from '../../lib/url_state';
import { Ask } from '../../ui/Ask';
import { DataTable, type Column } from '../../ui/DataTable';
import { EmptyState } from '../../ui/EmptyState';
import { FilterBar, type Filter } from '../../ui/FilterBar';
import { MoreRows } from '../../ui/MoreRows';
import { TroubleNotice } from '../../ui/TroubleNotice';
import { fieldTrouble } from '../../ui/field_trouble';
import { useMay } from '../session/session';
import { ProblemsHead } from './ProblemsHead';
import { useRelease, useSuppress, useSuppressions, type Suppression } from './queries';

const kReasons = ['unsubscribed', 'bounce', 'complaint', 'domain', 'manual', 'do_not_contact', 'erased'] as const;

function useReasonName(): (reason: string) => string {
  const { t } = useTranslation();
  return (reason) => {
    const known = kReasons.find((each) => each === reason);
    return known ? t(`suppression.reasons.${known}`) : reason.replaceAll('_', ' ');
  };
}

function Release({ row, onClose }: { row: Suppression | null; onClose: () => void }) {
  const { t } = useTranslation();
  const release = useRelease();
  return (
    <Ask
      opened={row !== null} onClose={onClose} title={t('suppression.release')} yes={t('suppression.release')}
      busy={release.isPending} error={release.error}
      onYes={(form) => row && release.mutate({ id: row.id, note: textIn(form, 'note') }, { onSuccess: onClose })}
    >
      <Text>{t('suppression.release_asks', { address: row?.address ?? '' })}</Text>
      <Textarea name="note" label={t('suppression.release_note')} required maxLength={1000} autosize minRows={2}
        data-autofocus />
    </Ask>
  );
}

function Add({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const { t } = useTranslation();
  const add = useSuppress();
  return (
    <Ask
      opened={opened} onClose={onClose} title={t('suppression.add')} yes={t('suppression.add_yes')}
      busy={add.isPending} error={add.error}
      onYes={(form) => add.mutate({
        address: textIn(form, 'address'), note: textIn(form, 'note'),
        kinds: textIn(form, 'kinds') === 'everything' ? 'everything' : 'campaign',
      }, { onSuccess: onClose })}
    >
      <Stack gap="sm">
        <TextInput name="address" label={t('contact.address')} description={t('suppression.address_hint')} required
          maxLength={400} autoComplete="off" error={fieldTrouble(add.error, '/address')} data-autofocus />
        <Select
          name="kinds" label={t('suppression.covers')} defaultValue="everything" allowDeselect={false}
          data={(['everything', 'campaign'] as const).map((value) => ({ value, label: t(`suppression.kinds.${value}`) }))}
        />
        <TextInput name="note" label={t('problems.note')} maxLength={1000} />
      </Stack>
    </Ask>
  );
}

/** Addresses that are not written to: since when, why, and how to write to them again. */
export function Component() {
  const { t } = useTranslation();
  const locale = useLocale();
  const reasonName = useReasonName();
  const [params, change] = useUrlState();
  const mayRelease = useMay('suppressions:release');
  const mayAdd = useMay('suppressions:write');
  const [adds, setAdds] = useState(false);
  const [releasing, setReleasing] = useState<Suppression | null>(null);
  const list = useSuppressions(params);
  const rows = list.data?.pages.flatMap((page) => page.items);
  const isFiltered = ['search', 'reason', 'released'].some((name) => params.has(name));
  const filters: readonly Filter[] = [
    { kind: 'one', name: 'reason', label: t('log.reason'),
      choices: kReasons.map((value) => ({ value, label: t(`suppression.reasons.${value}`) })) },
    { kind: 'one', name: 'released', label: t('suppression.released'),
      choices: [{ value: 'true', label: t('suppression.released_too') }] },
  ];
  const columns: readonly Column<Suppression>[] = [
    { key: 'address', title: t('contact.address'), phone: 'title', cell: (row) => row.address },
    { key: 'reason', title: t('log.reason'), width: '13rem', phone: 'line', cell: (row) => reasonName(row.reason) },
    { key: 'covers', title: t('suppression.covers'), width: '11rem',
      cell: (row) => t(row.covers === 'topic' ? 'suppression.one_topic' : `suppression.kinds.${row.kinds}`) },
    { key: 'note', title: t('problems.note'), wide: true, cell: (row) => <span title={row.note}>{row.note}</span> },
    { key: 'until', title: t('filter.until'), width: '9.5rem', align: 'right',
      cell: (row) => (row.expires_at ? shortDate(row.expires_at, locale) : '–') },
    { key: 'since', title: t('suppression.since'), width: '7rem', align: 'right', phone: 'corner',
      cell: (row) => shortDate(row.created_at, locale) },
    { key: 'act', title: '', width: '11rem', align: 'right', phone: 'mark',
      cell: (row) => (row.released_at ? t('suppression.released_on', { at: shortDate(row.released_at, locale) })
        : mayRelease && row.reason !== 'erased' ? (
          <Button size="compact-sm" variant="default" onClick={() => setReleasing(row)}>
            {t('suppression.release')}
          </Button>
        ) : null) },
  ];
  return (
    <>
      <ProblemsHead>
        {mayAdd ? <Button variant="default" onClick={() => setAdds(true)}>{t('suppression.add')}</Button> : null}
      </ProblemsHead>
      <FilterBar filters={filters} params={params} onChange={change} textName="search"
        textLabel={t('suppression.find')} />
      {list.error ? <TroubleNotice error={list.error} onRetry={() => void list.refetch()} /> : null}
      {rows?.length === 0 ? (
        <EmptyState
          title={t(isFiltered ? 'communications.nothing_matches' : 'suppression.none')}
          sentence={isFiltered ? null : t('suppression.none_sentence')}
        >
          {isFiltered ? (
            <Button variant="default" onClick={() => change({ search: null, reason: null, released: null })}>
              {t('filter.none')}
            </Button>
          ) : null}
        </EmptyState>
      ) : list.error && !rows ? null : (
        <DataTable label={t('problems.suppressions')} columns={columns} rows={rows} keyOf={(row) => row.id} />
      )}
      <MoreRows
        rows={rows?.length ?? 0} hasMore={list.hasNextPage} busy={list.isFetchingNextPage}
        onMore={() => void list.fetchNextPage()}
      />
      {adds ? <Add opened onClose={() => setAdds(false)} /> : null}
      {releasing ? <Release row={releasing} onClose={() => setReleasing(null)} /> : null}
    </>
  );
}
