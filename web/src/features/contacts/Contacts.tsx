import { Button, Checkbox, Menu, Popover, Stack } from '@mantine/core';
import { useLocalStorage } from '@mantine/hooks';
import { IconColumns3, IconDots, IconDownload, IconFileImport, IconPlus, IconUsers } from '@tabler/icons-react';
import type { TFunction } from 'i18next';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import type { Schema } from '../../api/client';
import { useLocale } from '../../lib/language/language';
import { shortDate } from '../../lib/time';
import { useUrlState } from '../../lib/url_state';
import { DataTable, type Column } from '../../ui/DataTable';
import { EmptyState } from '../../ui/EmptyState';
import { FilterBar, type Filter } from '../../ui/FilterBar';
import { MoreRows } from '../../ui/MoreRows';
import { PageHead } from '../../ui/PageHead';
import { TroubleNotice } from '../../ui/TroubleNotice';
import { BulkBar } from '../groups/BulkBar';
import { useMay } from '../session/session';
import { ContactViews } from './ContactViews';
import { addressOf, fieldText } from './contact_words';
import { EmailState } from './EmailState';
import { contactFilter, kContactFilters, useContacts, useCustomFields, useGroups, type Contact } from './queries';

const kSort = 'name';
const kUsual = ['email', 'phone', 'last_interaction', 'created'];

function useAllColumns(): readonly Column<Contact>[] {
  const { t } = useTranslation();
  const locale = useLocale();
  const fields = useCustomFields();
  return useMemo(() => allColumns(t, locale, fields.data?.items ?? []), [t, locale, fields.data]);
}

function allColumns(t: TFunction, locale: string, fields: readonly Schema<'CustomField'>[]): readonly Column<Contact>[] {
  const date = (instant: string | null) => (instant ? shortDate(instant, locale) : '–');
  return [
    { key: 'name', title: t('log.name'), sort: 'name', phone: 'title', cell: (row) => row.name || t('contact.no_name') },
    { key: 'email', title: t('contact.email'), phone: 'line',
      cell: (row) => (
        <span style={{ display: 'inline-flex', alignItems: 'center', gap: 8, verticalAlign: 'middle' }}>
          <EmailState state={row.email_state} /> {addressOf(row, 'email')}
        </span>
      ) },
    { key: 'phone', title: t('contact.phone'), cell: (row) => addressOf(row, 'sms') },
    { key: 'external_id', title: t('contact.external_id'), cell: (row) => row.external_id ?? '' },
    { key: 'locale', title: t('message.language'), cell: (row) => row.locale },
    ...fields.map((field): Column<Contact> => ({
      key: `field.${field.name}`, title: field.label,
      ...(field.type === 'number' ? { align: 'right' } : {}),
      cell: (row) => fieldText(row.fields[field.name], locale),
    })),
    { key: 'last_interaction', title: t('contact.last_interaction'), sort: 'last_interaction_at', first: 'down',
      align: 'right', width: '9.5rem', cell: (row) => date(row.last_interaction_at) },
    { key: 'created', title: t('contact.created'), sort: 'created_at', first: 'down', align: 'right', width: '8rem',
      cell: (row) => date(row.created_at) },
    { key: 'changed', title: t('contact.changed'), sort: 'changed_at', first: 'down', align: 'right', width: '8rem',
      cell: (row) => date(row.changed_at) },
  ];
}

function useFilters(): readonly Filter[] {
  const { t } = useTranslation();
  const groups = useGroups();
  return [
    { kind: 'one', name: 'group_id', label: t('contact.group'),
      choices: (groups.data?.items ?? []).map(({ id, name }) => ({ value: id, label: name })) },
    { kind: 'one', name: 'has_address', label: t('contact.address'),
      choices: (['email', 'phone', 'none'] as const).map((value) => ({ value, label: t(`contact.has.${value}`) })) },
    { kind: 'one', name: 'state', label: t('contact.state'),
      choices: (['active', 'inactive', 'do_not_contact'] as const)
        .map((value) => ({ value, label: t(`contact.states.${value}`) })) },
  ];
}

function ColumnChoice(props: { columns: readonly Column<Contact>[]; chosen: string[]; onChange: (keys: string[]) => void }) {
  const { t } = useTranslation();
  return (
    <Popover position="bottom-end" shadow="md" trapFocus returnFocus>
      <Popover.Target>
        <Button variant="default" size="compact-md" leftSection={<IconColumns3 size={16} aria-hidden />}>
          {t('contact.columns')}
        </Button>
      </Popover.Target>
      <Popover.Dropdown>
        <Checkbox.Group label={t('contact.columns')} value={props.chosen} onChange={props.onChange}>
          <Stack gap={6} mt={6} mah="60vh" style={{ overflowY: 'auto' }}>
            {props.columns.slice(1).map(({ key, title }) =>
              <Checkbox key={key} value={key} label={title} size="sm" />)}
          </Stack>
        </Checkbox.Group>
      </Popover.Dropdown>
    </Popover>
  );
}

function Actions({ params }: { params: URLSearchParams }) {
  const { t } = useTranslation();
  const mayWrite = useMay('contacts:write');
  const mayExport = useMay('contacts:export');
  return (
    <>
      {mayExport || mayWrite ? (
        <Menu position="bottom-end" shadow="md">
          <Menu.Target>
            <Button variant="default" size="compact-md" aria-label={t('people.more')}>
              <IconDots size={18} aria-hidden />
            </Button>
          </Menu.Target>
          <Menu.Dropdown>
            {mayExport ? (
              <Menu.Item
                component="a" href={`/api/v1/contact-export?${new URLSearchParams(contactFilter(params)).toString()}`}
                download leftSection={<IconDownload size={16} aria-hidden />}
              >
                {t('groups.export')}
              </Menu.Item>
            ) : null}
            {mayWrite ? (
              <Menu.Item
                component={Link} to="/contacts/duplicates" leftSection={<IconUsers size={16} aria-hidden />}
              >
                {t('duplicates.title')}
              </Menu.Item>
            ) : null}
          </Menu.Dropdown>
        </Menu>
      ) : null}
      {mayWrite ? (
        <>
          <Button
            component={Link} to="/contacts/import" variant="default" size="compact-md"
            leftSection={<IconFileImport size={16} aria-hidden />}
          >
            {t('imports.import')}
          </Button>
          <Button component={Link} to="/contacts/new" size="compact-md" leftSection={<IconPlus size={16} aria-hidden />}>
            {t('people.new')}
          </Button>
        </>
      ) : null}
    </>
  );
}

export function Component() {
  const { t } = useTranslation();
  const [params, change] = useUrlState();
  const columns = useAllColumns();
  const [chosen, setChosen] = useLocalStorage({ key: 'tidings.contact-columns', defaultValue: kUsual });
  const shown = useMemo(
    () => columns.filter((column, index) => index === 0 || chosen.includes(column.key)), [columns, chosen]);
  const list = useContacts(params);
  const filters = useFilters();
  const rows = list.data?.pages.flatMap((page) => page.items);
  const mayWrite = useMay('contacts:write');
  const [picked, setPicked] = useState<ReadonlySet<string>>(new Set());
  const filtered = kContactFilters.some((name) => params.has(name));
  return (
    <>
      <PageHead title={t('areas.contacts')}>
        <ColumnChoice columns={columns} chosen={chosen} onChange={setChosen} />
        <Actions params={params} />
      </PageHead>
      <ContactViews />
      <FilterBar
        filters={filters} params={params} onChange={change} textName="search" textLabel={t('contact.search')}
      />
      <BulkBar
        chosen={picked} filter={contactFilter(params)} isFiltered={filtered} onDone={() => setPicked(new Set())}
      />
      {list.error ? <TroubleNotice error={list.error} onRetry={() => void list.refetch()} /> : null}
      {list.data?.pages[0]?.is_indexing ? <p role="status">{t('contact.indexing')}</p> : null}
      {rows?.length === 0 ? (
        <EmptyState title={t(filtered ? 'contact.nobody_matches' : 'contact.nobody')}>
          {filtered ? (
            <Button variant="default" onClick={() =>
              change(Object.fromEntries(kContactFilters.map((name) => [name, null])))}>
              {t('filter.none')}
            </Button>
          ) : mayWrite ? <Button component={Link} to="/contacts/import">{t('imports.import')}</Button> : null}
        </EmptyState>
      ) : list.error && !rows ? null : (
        <DataTable
          label={t('areas.contacts')} rows={rows} keyOf={(row) => row.id}
          stale={list.isPlaceholderData}
          columns={shown}
          linkOf={(row) => `/contacts/${row.id}`} sort={params.get('sort') ?? kSort}
          onSort={(sort) => change({ sort: sort === kSort ? null : sort })}
          selection={mayWrite
            ? { chosen: picked, onChange: setPicked, labelOf: (row) => row.name || addressOf(row, 'email') } : undefined}
        />
      )}
      <MoreRows
        rows={rows?.length ?? 0} hasMore={list.hasNextPage} busy={list.isFetchingNextPage}
        onMore={() => void list.fetchNextPage()}
      />
    </>
  );
}
