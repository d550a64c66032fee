import { Button } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useNavigate } from 'react-router';
import { useLocale } from '../../lib/language/language';
import { amount } from '../../lib/number';
import { shortDate } from '../../lib/time';
import { useUrlState } from '../../lib/url_state';
import { DataTable, type Column } from '../../ui/DataTable';
import { EmptyState } from '../../ui/EmptyState';
import { FilterBar } from '../../ui/FilterBar';
import { MoreRows } from '../../ui/MoreRows';
import { PageHead } from '../../ui/PageHead';
import { TroubleNotice } from '../../ui/TroubleNotice';
import { ContactViews } from '../contacts/ContactViews';
import { useMay } from '../session/session';
import { GroupName } from './GroupName';
import { useGroupCreation, useGroupList, type Group } from './queries';

export function Component() {
  const { t } = useTranslation();
  const locale = useLocale();
  const navigate = useNavigate();
  const may = useMay('contacts:write');
  const [params, change] = useUrlState();
  const list = useGroupList(params.get('search') ?? '');
  const create = useGroupCreation();
  const [names, setNames] = useState(false);
  const rows = list.data?.pages.flatMap((page) => page.items);
  const columns: readonly Column<Group>[] = [
    { key: 'name', title: t('log.name'), phone: 'title', cell: (row) => row.name },
    { key: 'members', title: t('groups.members'), align: 'right', phone: 'corner', width: '9rem',
      cell: (row) => amount(row.members, locale) },
    { key: 'origin', title: t('groups.made'), phone: 'line', width: '14rem', cell: (row) => t(`groups.origin.${row.origin}`) },
    { key: 'changed', title: t('contact.changed'), align: 'right', width: '9rem',
      cell: (row) => shortDate(row.changed_at, locale) },
  ];
  const make = may ? (
    <Button leftSection={<IconPlus size={17} aria-hidden />} onClick={() => {
      create.reset();
      setNames(true);
    }}>
      {t('groups.new')}
    </Button>
  ) : null;
  return (
    <>
      <PageHead title={t('contact.groups')}>{make}</PageHead>
      <ContactViews />
      {rows?.length === 0 && !params.has('search') ? (
        <EmptyState title={t('groups.none')} sentence={t('groups.what')} />
      ) : (
        <>
          <FilterBar filters={[]} params={params} onChange={change} textName="search" textLabel={t('groups.find')} />
          {list.error ? <TroubleNotice error={list.error} onRetry={() => void list.refetch()} /> : null}
          {rows?.length === 0 ? <EmptyState title={t('contact.nobody_matches')} /> : list.error && !rows ? null : (
            <DataTable
              label={t('contact.groups')} columns={columns} rows={rows} keyOf={(row) => row.id}
              linkOf={(row) => `/contacts/groups/${row.id}`}
            />
          )}
        </>
      )}
      <MoreRows
        rows={rows?.length ?? 0} hasMore={list.hasNextPage} busy={list.isFetchingNextPage}
        onMore={() => void list.fetchNextPage()}
      />
      {names ? (
        <GroupName
          title={t('groups.new')} name="" busy={create.isPending} error={create.error} onClose={() => setNames(false)}
          onName={(name) => create.mutate(name, { onSuccess: ({ id }) => void navigate(`/contacts/groups/${id}`) })}
        />
      ) : null}
    </>
  );
}
