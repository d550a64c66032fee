import { Button, Group, NativeSelect, TagsInput, Text } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useNavigate } from 'react-router';
import { answer, api, type Schema } from '../../api/client';
import { useLanguage } from '../../lib/language/language';
import { Sheet } from '../../ui/Sheet';
import { TroubleNotice } from '../../ui/TroubleNotice';
import { useCustomFields, useGroups } from '../contacts/queries';
import { choiceOf, kFields, knownBy, mappings, nameFrom, withChoice, type Column } from './mapping';
import classes from './Mapping.module.css';
import { useImportAction, type Import } from './queries';

type ImportChange = Schema<'ImportChange'>;

const kDelimiters = { ',': 'comma', ';': 'semicolon', '\t': 'tab', '|': 'bar' } as const;
const kEncodings = ['UTF-8', 'Windows-1252', 'Windows-1250', 'ISO 8859-2', 'UTF-16LE', 'UTF-16BE'];
const kRegions = ['AT', 'BE', 'BG', 'CA', 'CH', 'CY', 'CZ', 'DE', 'DK', 'EE', 'ES', 'FI', 'FR', 'GB', 'GR', 'HR', 'HU',
  'IE', 'IS', 'IT', 'LT', 'LU', 'LV', 'MT', 'NL', 'NO', 'PL', 'PT', 'RO', 'SE', 'SI', 'SK', 'UA', 'US'];

function ColumnRow({ column, choice, examples, onChange }: {
  column: Column;
  choice: string;
  examples: readonly string[];
  onChange: (choice: string) => void;
}) {
  const { t } = useTranslation();
  const known = useCustomFields().data?.items ?? [];
  const names = [...new Set([...known.map(({ name }) => name), ...(choice.startsWith('custom:') ? [choice.slice(7)] : []),
    column.field === 'custom' ? column.name : nameFrom(column.header)])];
  const fields = kFields.map((value) => ({ value, label: t(`imports.field.${value}`) }));
  const own = names.map((name) => {
    const label = known.find((field) => field.name === name)?.label;
    return { value: `custom:${name}`, label: label ?? t('imports.new_field', { name: column.header || name }) };
  });
  return (
    <li>
      <span className={classes.header}>{column.header}</span>
      <NativeSelect
        aria-label={t('imports.taken_for', { column: column.header })} value={choice}
        data={[{ value: '-', label: t('imports.leave_out') }, { group: t('imports.fields'), items: fields },
          { group: t('imports.own_fields'), items: own }]}
        onChange={(event) => onChange(event.currentTarget.value)}
      />
      <span className={classes.examples}>{examples.filter(Boolean).slice(0, 4).join(' · ')}</span>
    </li>
  );
}

/** What the file is taken for, before anything of it is imported. */
export function Mapping({ file }: { file: Import }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const regionNames = new Intl.DisplayNames([useLanguage()], { type: 'region' });
  const groups = useGroups().data?.items ?? [];
  const [choices, setChoices] = useState<readonly string[]>(() => file.columns.map(choiceOf));
  const [joins, setJoins] = useState<string[]>(file.groups);
  const start = useImportAction(file.id, 'start');
  const params = { path: { import_id: file.id } };
  const change = useMutation({
    mutationFn: (body: ImportChange) => answer(api.PATCH('/imports/{import_id}', { params, body })),
    onSuccess: (made, body) => {
      queries.setQueryData(['import', file.id], made);
      // Another way of reading the file has other columns.
      if (!body.mappings) setChoices(made.columns.map(choiceOf));
    },
  });
  const drop = useMutation({
    mutationFn: () => answer(api.DELETE('/imports/{import_id}', { params })),
    onSuccess: () => void navigate('/contacts/import', { replace: true }),
  });
  const read = (body: ImportChange) => change.mutate({ ...body, mappings: [] }, {
    onSuccess: (made) => setChoices(made.columns.map(choiceOf)),
  });
  const error = change.error ?? start.error ?? drop.error;
  const by = knownBy(choices);
  return (
    <Sheet title={t('imports.columns')}>
      <p className={classes.soft}>{t('imports.columns_hint')}</p>
      {error ? <TroubleNotice error={error} /> : null}
      <ul className={classes.columns}>
        {file.columns.map((column, index) => (
          <ColumnRow
            key={`${index} ${column.header}`} column={column} choice={choices[index] ?? '-'}
            examples={file.preview.map((row) => row[index] ?? '')}
            onChange={(choice) => setChoices(withChoice(choices, index, choice))}
          />
        ))}
      </ul>
      <TagsInput
        label={t('imports.join_groups')} description={t('imports.join_groups_hint')} value={joins} onChange={setJoins}
        data={groups.map(({ name }) => name)} maxTags={50} maw={480} mb="md"
      />
      <Text mb="xs">{t(`imports.known_by.${by}`)}</Text>
      <p className={classes.soft}>{t('imports.keeps')}</p>
      <details>
        <summary>{t('imports.not_right')}</summary>
        <div className={classes.more}>
          <NativeSelect
            label={t('imports.encoding')} value={file.encoding}
            data={[...new Set([...kEncodings, file.encoding])]} disabled={change.isPending}
            onChange={(event) => read({ encoding: event.currentTarget.value })}
          />
          <NativeSelect
            label={t('imports.delimiter')} value={file.delimiter} disabled={change.isPending}
            data={Object.entries(kDelimiters).map(([value, word]) => ({ value, label: t(`imports.between.${word}`) }))}
            onChange={(event) => read({ delimiter: event.currentTarget.value as NonNullable<ImportChange['delimiter']> })}
          />
          <NativeSelect
            label={t('imports.region')} value={file.region} disabled={change.isPending}
            data={[{ value: '', label: t('imports.own_region') },
              ...kRegions.map((value) => ({ value, label: regionNames.of(value) ?? value }))]}
            onChange={(event) => change.mutate({ region: event.currentTarget.value, mappings: mappings(choices) })}
          />
        </div>
      </details>
      <Group mt="lg">
        <Button
          loading={start.isPending || change.isPending}
          onClick={() => change.mutate({ mappings: mappings(choices), groups: joins }, { onSuccess: () => start.mutate() })}
        >
          {t('imports.start')}
        </Button>
        <Button variant="default" loading={drop.isPending} onClick={() => drop.mutate()}>{t('imports.drop')}</Button>
      </Group>
    </Sheet>
  );
}
