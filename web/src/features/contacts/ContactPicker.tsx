import { Select } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { answer, api } from '../../api/client';
import { addressOf } from './contact_words';
import type { Contact } from './queries';

interface Props {
  label: string;
  description?: string;
  except?: readonly string[]; // ids
  error?: string | undefined;
  onChoose: (contact: Contact | null) => void;
}

/** One person, found by what one remembers of them. */
export function ContactPicker({ label, description, except = [], error, onChoose }: Props) {
  const { t } = useTranslation();
  const [typed, setTyped] = useState('');
  const [chosen, setChosen] = useState<Contact | null>(null);
  const [search] = useDebouncedValue(typed.trim(), 250);
  const { data } = useQuery({
    queryKey: ['contacts', 'found', search],
    queryFn: ({ signal }) => answer(api.GET('/contacts', {
      params: { query: { search, sort: 'name', limit: 20 } }, signal,
    })),
    enabled: search !== '' && search !== nameOf(chosen),
    placeholderData: keepPreviousData,
  });
  function nameOf(contact: Contact | null): string {
    return contact ? contact.name || addressOf(contact, 'email') || t('contact.no_name') : '';
  }
  const found = (data?.items ?? []).filter(({ id }) => !except.includes(id) && id !== chosen?.id);
  const offered = chosen ? [chosen, ...found] : found;
  return (
    <Select
      label={label} description={description} error={error} searchable clearable value={chosen?.id ?? null}
      data={offered.map((contact) => ({ value: contact.id, label: nameOf(contact) }))}
      filter={({ options }) => options}
      renderOption={({ option }) => {
        const contact = offered.find(({ id }) => id === option.value);
        return (
          <span>
            {option.label}
            {contact && contact.name ? (
              <span style={{ color: 'var(--ink-soft)' }}> {addressOf(contact, 'email')}</span>
            ) : null}
          </span>
        );
      }}
      placeholder={t('people.type_name')} nothingFoundMessage={search ? t('people.none_found') : t('people.type_name')}
      clearButtonProps={{ 'aria-label': t('people.empty') }}
      onSearchChange={setTyped}
      onChange={(id) => {
        const wanted = offered.find((contact) => contact.id === id) ?? null;
        setChosen(wanted);
        onChoose(wanted);
      }}
    />
  );
}
