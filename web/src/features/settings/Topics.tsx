import { Button, Checkbox, Group, Textarea, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { isTicked, textIn } from '../../lib/form';
import { Ask } from '../../ui/Ask';
import { DataTable, type Column } from '../../ui/DataTable';
import { EmptyState } from '../../ui/EmptyState';
import { TroubleNotice } from '../../ui/TroubleNotice';
import { fieldTrouble } from '../../ui/field_trouble';
import { useMay } from '../session/session';
import { useArchiveTopic, useSaveTopic, useTopics, type Topic } from './queries';
import { SettingsHead } from './SettingsHead';

function Edit({ topic, onClose }: { topic: Topic | null; onClose: () => void }) {
  const { t } = useTranslation();
  const mayEssential = useMay('topics:essential');
  const save = useSaveTopic();
  return (
    <Ask
      opened onClose={onClose} title={t(topic ? 'topic.edit' : 'topic.add')} yes={t('account.save')}
      busy={save.isPending} error={save.error}
      onYes={(form) => save.mutate({
        ...(topic ? { id: topic.id } : {}), name: textIn(form, 'name'), description: textIn(form, 'description'),
        ...(mayEssential ? { is_essential: isTicked(form, 'essential') } : {}),
      }, { onSuccess: onClose })}
    >
      <TextInput name="name" label={t('log.name')} description={t('topic.name_means')} required maxLength={100}
        defaultValue={topic?.name ?? ''} error={fieldTrouble(save.error, '/name')} data-autofocus />
      <Textarea name="description" label={t('topic.description')} maxLength={500} autosize minRows={2}
        defaultValue={topic?.description ?? ''} error={fieldTrouble(save.error, '/description')} />
      {mayEssential ? (
        <Checkbox name="essential" label={t('topic.essential')} description={t('topic.essential_means')}
          defaultChecked={topic?.is_essential ?? false} />
      ) : null}
    </Ask>
  );
}

/** What the organisation writes about; people choose among them. */
export function Component() {
  const { t } = useTranslation();
  const may = useMay('content:write');
  const list = useTopics();
  const archive = useArchiveTopic();
  const [asked, setAsked] = useState<{ topic: Topic | null } | null>(null);
  const rows = list.data?.items;
  const columns: readonly Column<Topic>[] = [
    { key: 'name', title: t('log.name'), phone: 'title', width: '15rem', cell: (row) => row.name },
    { key: 'description', title: t('topic.description'), phone: 'line', cell: (row) => row.description },
    { key: 'kind', title: t('topic.reaches'), width: '15rem', phone: 'line',
      cell: (row) => t(row.archived_at ? 'topic.archived' : row.is_essential ? 'topic.everybody' : 'topic.who_wants') },
    { key: 'act', title: '', align: 'right', width: '15rem', phone: 'mark', cell: (row) => (may ? (
      <Group gap={6} justify="flex-end" wrap="nowrap">
        <Button size="compact-sm" variant="default" onClick={() => setAsked({ topic: row })}>{t('settings.change')}</Button>
        <Button size="compact-sm" variant="default"
          onClick={() => archive.mutate({ id: row.id, archived: row.archived_at === null })}>
          {t(row.archived_at ? 'topic.restore' : 'topic.archive')}
        </Button>
      </Group>
    ) : null) },
  ];
  return (
    <>
      <SettingsHead>{may ? <Button onClick={() => setAsked({ topic: null })}>{t('topic.add')}</Button> : null}</SettingsHead>
      {list.error ?? archive.error ? <TroubleNotice error={list.error ?? archive.error} /> : null}
      {rows?.length === 0 ? (
        <EmptyState title={t('topic.none')} sentence={t('topic.none_sentence')} />
      ) : <DataTable label={t('settings.views.topics')} columns={columns} rows={rows} keyOf={(row) => row.id} />}
      {asked ? <Edit topic={asked.topic} onClose={() => setAsked(null)} /> : null}
    </>
  );
}
