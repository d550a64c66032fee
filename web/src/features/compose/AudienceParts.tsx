import { MultiSelect } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useQueries } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { answer, api } from '../../api/client';
import { amount } from '../../lib/number';
import { useLocale } from '../../lib/language/language';
import { addressOf } from '../contacts/contact_words';
import { useGroups } from '../contacts/queries';
import { Addresses } from './Addresses';
import classes from './Compose.module.css';
import type { Audience } from './draft_fields';
import { Earlier } from './Earlier';
import { usePeople, useSegments } from './queries';

export type Parts = Pick<Audience, 'groups' | 'segments' | 'contacts' | 'addresses' | 'campaigns'>;

export interface PartsProps {
  parts: Parts;
  onChange: (parts: Parts) => void;
}

// More names than this are told as a number.
const kNamesMax = 40;

function Groups({ parts, onChange }: PartsProps) {
  const { t } = useTranslation();
  const locale = useLocale();
  const groups = useGroups().data?.items ?? [];
  const segments = useSegments().data?.items ?? [];
  return (
    <>
      <MultiSelect
        label={t('compose.groups')} searchable clearable hidePickedOptions value={parts.groups ?? []}
        placeholder={parts.groups?.length ? '' : t('compose.choose')}
        nothingFoundMessage={t('compose.none_found')} clearButtonProps={{ 'aria-label': t('compose.clear') }}
        data={groups.map(({ id, name, members }) => ({
          value: id, label: `${name} (${amount(members, locale)})`,
        }))}
        onChange={(wanted) => onChange({ ...parts, groups: wanted })}
      />
      {segments.length > 0 || parts.segments?.length ? (
        <MultiSelect
          label={t('compose.segments')} searchable clearable hidePickedOptions value={parts.segments ?? []}
          placeholder={parts.segments?.length ? '' : t('compose.choose')}
          nothingFoundMessage={t('compose.none_found')} clearButtonProps={{ 'aria-label': t('compose.clear') }}
          data={segments.map(({ id, name }) => ({ value: id, label: name }))}
          onChange={(wanted) => onChange({ ...parts, segments: wanted })}
        />
      ) : null}
    </>
  );
}

function useNames(ids: readonly string[]): Map<string, string> {
  return useQueries({
    queries: ids.slice(0, kNamesMax).map((id) => ({
      queryKey: ['contact', id, 'name'],
      queryFn: () => answer(api.GET('/contacts/{contact_id}', { params: { path: { contact_id: id } } })),
      staleTime: 60_000,
    })),
    combine: (found) => new Map(found.flatMap(({ data }) =>
      (data ? [[data.id, data.name || (addressOf(data, 'email') ?? '')] as const] : []))),
  });
}

function People({ parts, onChange }: PartsProps) {
  const { t } = useTranslation();
  const [search, setSearch] = useState('');
  const [settled] = useDebouncedValue(search, 250);
  const chosen = parts.contacts ?? [];
  const names = useNames(chosen);
  const found = usePeople(settled, settled !== '').data?.items ?? [];
  const options = new Map(chosen.map((id) => [id, names.get(id) ?? '…']));
  for (const each of found) {
    const address = addressOf(each, 'email');
    options.set(each.id, options.get(each.id)
      ?? [each.name, address].filter(Boolean).join(' · '));
  }
  return (
    <MultiSelect
      label={t('compose.people')} searchable hidePickedOptions value={[...chosen]}
      placeholder={chosen.length > 0 ? '' : t('compose.people_hint')}
      nothingFoundMessage={settled === '' ? t('compose.type_a_name') : t('compose.none_found')}
      searchValue={search} onSearchChange={setSearch} filter={({ options: all }) => all}
      data={[...options].map(([value, label]) => ({ value, label }))}
      onChange={(wanted) => {
        setSearch('');
        onChange({ ...parts, contacts: wanted });
      }}
    />
  );
}

/** Everything that people can be named by, to write to or to leave out. */
export function AudienceParts(props: PartsProps) {
  return (
    <div className={classes.parts}>
      <Groups {...props} />
      <People {...props} />
      <Addresses {...props} />
      <Earlier {...props} />
    </div>
  );
}
