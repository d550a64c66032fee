import { Button, Skeleton, Text } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useNavigate, useParams } from 'react-router';
import { isTrouble } from '../../api/trouble';
import { useLocale } from '../../lib/language/language';
import { amount } from '../../lib/number';
import { useUrlState } from '../../lib/url_state';
import { Ask } from '../../ui/Ask';
import { DataTable, type Column } from '../../ui/DataTable';
import { EmptyState } from '../../ui/EmptyState';
import { FilterBar } from '../../ui/FilterBar';
import { MoreRows } from '../../ui/MoreRows';
import { PageHead } from '../../ui/PageHead';
import { TroubleNotice } from '../../ui/TroubleNotice';
import { addressOf } from '../contacts/contact_words';
import { ContactPicker } from '../contacts/ContactPicker';
import { EmailState } from '../contacts/EmailState';
import { useContacts, type Contact } from '../contacts/queries';
import { useMay } from '../session/session';
import { GroupName } from './GroupName';
import classes from './GroupPage.module.css';
import { useGroup, useGroupChange, useGroupDeletion, useMembership, type Group } from './queries';

function Actions({ group, tag }: { group: Group; tag: string }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const [asks, setAsks] = useState<'name' | 'delete' | null>(null);
  const rename = useGroupChange(group.id, tag);
  const remove = useGroupDeletion(group.id);
  const close = () => setAsks(null);
  return (
    <>
      <Button variant="default" onClick={() => setAsks('name')}>{t('groups.rename')}</Button>
      <Button variant="default" onClick={() => setAsks('delete')}>{t('groups.delete')}</Button>
      {asks === 'name' ? (
        <GroupName
          title={t('groups.rename')} name={group.name} busy={rename.isPending} error={rename.error} onClose={close}
          onName={(name) => rename.mutate(name, { onSuccess: close })}
        />
      ) : null}
      <Ask
        opened={asks === 'delete'} onClose={close} title={t('groups.delete')} grave busy={remove.isPending}
        error={remove.error} onYes={() => remove.mutate(undefined, {
          onSuccess: () => {
            queries.removeQueries({ queryKey: ['group', group.id] });
            void navigate('/contacts/groups', { replace: true });
          },
        })}
      >
        <Text>{t('groups.delete_asks', { group: group.name })}</Text>
      </Ask>
    </>
  );
}

function Members({ group, may }: { group: Group; may: boolean }) {
  const { t } = useTranslation();
  const [params, change] = useUrlState();
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const asked = new URLSearchParams(params);
  asked.set('group_id', group.id);
  const list = useContacts(asked);
  const membership = useMembership();
  const rows = list.data?.pages.flatMap((page) => page.items);
  const columns: readonly Column<Contact>[] = [
    { key: 'name', title: t('log.name'), phone: 'title', cell: (row) => row.name || t('contact.no_name') },
    { key: 'email', title: t('contact.email'), phone: 'line',
      cell: (row) => <><EmailState state={row.email_state} /> {addressOf(row, 'email')}</> },
    { key: 'phone', title: t('contact.phone'), cell: (row) => addressOf(row, 'sms') },
  ];
  return (
    <>
      {may ? (
        <div className={classes.add}>
          <ContactPicker
            key={group.members} label={t('groups.add_member')}
            onChoose={(contact) => contact &&
              membership.mutate({ group: group.id, whom: { contact_ids: [contact.id] }, how: 'add' })}
          />
        </div>
      ) : null}
      {membership.error ? <TroubleNotice error={membership.error} /> : null}
      <FilterBar filters={[]} params={params} onChange={change} textName="search" textLabel={t('contact.search')} />
      {chosen.size > 0 ? (
        <div className={classes.bar} role="status">
          {t('groups.chosen', { count: chosen.size })}
          <Button
            variant="default" size="compact-md" loading={membership.isPending}
            onClick={() => membership.mutate({ group: group.id, whom: { contact_ids: [...chosen] }, how: 'remove' },
              { onSuccess: () => setChosen(new Set()) })}
          >
            {t('groups.take_out')}
          </Button>
        </div>
      ) : null}
      {list.error ? <TroubleNotice error={list.error} onRetry={() => void list.refetch()} /> : null}
      {rows?.length === 0 ? (
        <EmptyState title={t(params.has('search') ? 'contact.nobody_matches' : 'groups.empty')} />
      ) : list.error && !rows ? null : (
        <DataTable
          label={t('groups.members')} columns={columns} rows={rows} keyOf={(row) => row.id}
          linkOf={(row) => `/contacts/${row.id}`}
          selection={may ? { chosen, onChange: setChosen, labelOf: (row) => row.name || row.id } : undefined}
        />
      )}
      <MoreRows
        rows={rows?.length ?? 0} hasMore={list.hasNextPage} busy={list.isFetchingNextPage}
        onMore={() => void list.fetchNextPage()}
      />
    </>
  );
}

export function Component() {
  const { t } = useTranslation();
  const locale = useLocale();
  const { id = '' } = useParams();
  const may = useMay('contacts:write');
  const { data, error, refetch } = useGroup(id);
  if (isTrouble(error) && error.status === 404) {
    return <EmptyState title={t('groups.gone_title')} sentence={t('contact.gone')} />;
  }
  if (error) return <TroubleNotice error={error} onRetry={() => void refetch()} />;
  if (!data) return <Skeleton height={320} aria-label={t('list.loading')} />;
  const { value: group, tag } = data;
  return (
    <>
      <PageHead
        title={group.name} over={<Link to="/contacts/groups">{t('contact.groups')}</Link>}
        under={t('groups.count', { count: group.members, amount: amount(group.members, locale) })}
      >
        {may ? <Actions group={group} tag={tag} /> : null}
      </PageHead>
      <Members group={group} may={may} />
    </>
  );
}
