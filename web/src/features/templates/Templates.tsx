import { Button, TextInput } from '@mantine/core';
import { IconSearch } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useNavigate } from 'react-router';
import { textIn } from '../../lib/form';
import { useLocale } from '../../lib/language/language';
import { readableSubject } from '../../lib/subject';
import { shortTime } from '../../lib/time';
import { useUrlState } from '../../lib/url_state';
import { Ask } from '../../ui/Ask';
import { DataTable, type Column } from '../../ui/DataTable';
import { EmptyState } from '../../ui/EmptyState';
import { MoreRows } from '../../ui/MoreRows';
import { PageHead } from '../../ui/PageHead';
import { TroubleNotice } from '../../ui/TroubleNotice';
import { ZoneNote } from '../../ui/ZoneNote';
import { fieldTrouble } from '../../ui/field_trouble';
import { useMay } from '../session/session';
import { useMakeTemplate, useTemplateList, type TemplateSummary } from './queries';

const kSort = '-changed_at';

function Make({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const make = useMakeTemplate();
  return (
    <Ask
      opened onClose={onClose} title={t('template.make')} yes={t('template.make')} busy={make.isPending} error={make.error}
      onYes={(form) => make.mutate({ name: textIn(form, 'name'), draft: { subject: textIn(form, 'subject') } }, {
        onSuccess: ({ id }) => void navigate(`/templates/${id}`),
      })}
    >
      <TextInput name="name" label={t('log.name')} description={t('template.name_means')} required maxLength={200}
        error={fieldTrouble(make.error, '/name')} data-autofocus />
      <TextInput name="subject" label={t('log.subject')} maxLength={998} error={fieldTrouble(make.error, '/draft')} />
    </Ask>
  );
}

/** Saved messages, the last changed first. */
export function Component() {
  const { t } = useTranslation();
  const locale = useLocale();
  const [params, change] = useUrlState();
  const may = useMay('content:write');
  const [makes, setMakes] = useState(false);
  const sort = params.get('sort') ?? kSort;
  const find = (params.get('find') ?? '').trim().toLowerCase();
  const list = useTemplateList(sort);
  const all = list.data?.pages.flatMap((page) => page.items);
  const rows = all?.filter(({ name, subject }) => `${name} ${subject}`.toLowerCase().includes(find));
  const columns: readonly Column<TemplateSummary>[] = [
    { key: 'name', title: t('log.name'), sort: 'name', phone: 'title', cell: (row) => row.name },
    { key: 'subject', title: t('log.subject'), phone: 'line', cell: (row) => readableSubject(row.subject) },
    { key: 'kind', title: t('log.type'), width: '10rem', cell: (row) => t(`kind.${row.kind}`) },
    { key: 'by', title: t('template.changed_by'), width: '12rem', wide: true, cell: (row) => row.changed_by },
    { key: 'at', title: t('contact.changed'), sort: 'changed_at', first: 'down', width: '9rem', align: 'right',
      phone: 'corner', cell: (row) => shortTime(row.changed_at, locale) },
  ];
  return (
    <>
      <PageHead title={t('areas.templates')}>
        {may ? <Button onClick={() => setMakes(true)}>{t('template.make')}</Button> : null}
      </PageHead>
      <TextInput
        type="search" mb="md" maw={380} aria-label={t('template.find')} placeholder={t('template.find')} maxLength={200}
        leftSection={<IconSearch size={16} aria-hidden />} value={params.get('find') ?? ''}
        onChange={(event) => change({ find: event.currentTarget.value })}
      />
      {list.error ? <TroubleNotice error={list.error} onRetry={() => void list.refetch()} /> : null}
      {rows?.length === 0 ? (
        <EmptyState title={t(find ? 'communications.nothing_matches' : 'template.none')}
          sentence={find ? null : t('template.none_sentence')} />
      ) : list.error && !rows ? null : (
        <DataTable
          label={t('areas.templates')} columns={columns} rows={rows} keyOf={(row) => row.id} sort={sort}
          linkOf={(row) => `/templates/${row.id}`}
          onSort={(next) => change({ sort: next === kSort ? null : next })}
        />
      )}
      <MoreRows
        rows={all?.length ?? 0} hasMore={list.hasNextPage} busy={list.isFetchingNextPage}
        onMore={() => void list.fetchNextPage()}
      />
      <ZoneNote />
      {makes ? <Make onClose={() => setMakes(false)} /> : null}
    </>
  );
}
