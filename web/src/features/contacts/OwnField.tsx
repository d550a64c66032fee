import { NativeSelect, TextInput } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { Schema } from '../../api/client';

interface Props {
  field: Pick<Schema<'CustomField'>, 'label' | 'type' | 'choices' | 'required'>;
  value: string;
  error: string | undefined;
  onChange: (value: string) => void;
}

const kInputs = { text: 'text', number: 'text', date: 'date', email: 'email', url: 'url' } as const;

/** A field of the organisation's own, as its kind is filled in. */
export function OwnField({ field, value, error, onChange }: Props) {
  const { t } = useTranslation();
  const shared = { label: field.label, value, error, withAsterisk: field.required };
  if (field.type === 'boolean' || field.type === 'choice') {
    const choices = field.type === 'boolean'
      ? [{ value: 'true', label: t('people.yes') }, { value: 'false', label: t('people.no') }]
      : [...new Set([...field.choices, ...(value ? [value] : [])])].map((each) => ({ value: each, label: each }));
    return (
      <NativeSelect
        {...shared} data={[{ value: '', label: '–' }, ...choices]}
        onChange={(event) => onChange(event.currentTarget.value)}
      />
    );
  }
  return (
    <TextInput
      {...shared} type={kInputs[field.type]} maxLength={10_000} autoComplete="off"
      {...(field.type === 'number' ? { inputMode: 'decimal' as const } : {})}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  );
}
