import { NativeSelect, NumberInput, TagsInput, TextInput } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useCustomFields } from '../contacts/queries';
import {
  kindOf, kOperators, kStandardFields, numberOf, takes, withOperator, type FieldRule, type Kind, type Operator,
  type StandardField,
} from './rule';
import classes from './Rules.module.css';

interface Props {
  rule: FieldRule;
  onChange: (rule: FieldRule) => void;
}

function Value({ kind, label, value, choices, onChange }: {
  kind: Kind;
  label: string;
  value: string | number | undefined;
  choices: readonly string[];
  onChange: (value: string | number) => void;
}) {
  if (choices.length > 0) {
    return (
      <NativeSelect
        aria-label={label} value={value ?? ''} data={['', ...choices]}
        onChange={(event) => onChange(event.currentTarget.value)}
      />
    );
  }
  return (
    <TextInput
      aria-label={label} value={value ?? ''} maxLength={500} type={kind === 'date' ? 'date' : 'text'} autoComplete="off"
      {...(kind === 'number' ? { inputMode: 'decimal' as const } : {})}
      onChange={(event) => {
        const text = event.currentTarget.value;
        onChange(kind === 'number' ? numberOf(text) : text);
      }}
    />
  );
}

function Values({ rule, kind, choices, onChange }: Props & { kind: Kind; choices: readonly string[] }) {
  const { t } = useTranslation();
  const [low = '', high = ''] = rule.values ?? [];
  const shared = { kind, choices: [] };
  switch (takes(rule.operator)) {
    case 'nothing': return null;
    case 'one': {
      const offered = rule.operator === 'is' || rule.operator === 'is_not' ? choices : [];
      return (
        <Value
          kind={kind} label={t('segments.value')} value={rule.value} choices={offered}
          onChange={(value) => onChange({ ...rule, value })}
        />
      );
    }
    case 'two':
      return (
        <>
          <Value {...shared} label={t('segments.from')} value={low} onChange={(value) => onChange({ ...rule, values: [value, high] })} />
          <Value {...shared} label={t('segments.to')} value={high} onChange={(value) => onChange({ ...rule, values: [low, value] })} />
        </>
      );
    case 'list':
      return (
        <TagsInput
          className={classes.broad ?? ''} aria-label={t('segments.values')} data={[...choices]} maxTags={100}
          value={(rule.values ?? []).map(String)} onChange={(values) => onChange({ ...rule, values })}
          placeholder={rule.values?.length ? '' : t('segments.values_hint')}
        />
      );
    case 'days':
      return (
        <NumberInput
          aria-label={t('segments.days')} suffix={` ${t('segments.days')}`} min={1} max={36_500} allowDecimal={false}
          value={rule.days ?? ''} onChange={(days) => onChange({ ...rule, days: Number(days) || 0 })}
        />
      );
  }
}

/** A condition on what is known of a contact. */
export function FieldCondition({ rule, onChange }: Props) {
  const { t } = useTranslation();
  const own = useCustomFields().data?.items ?? [];
  const kind = kindOf(rule.field, own);
  const choices = own.find(({ name, type }) => `fields.${name}` === rule.field && type === 'choice')?.choices ?? [];
  const standard = Object.keys(kStandardFields).map((name) =>
    ({ value: name, label: t(`segments.field.${name as StandardField}`) }));
  const known = [...standard, ...own.map(({ name, label }) => ({ value: `fields.${name}`, label }))];
  const fields = known.some(({ value }) => value === rule.field) ? known
    : [...known, { value: rule.field, label: rule.field.replace(/^fields\./, '') }];
  // A rule may have been made elsewhere with an operator that is not offered for this kind.
  const operators = [...new Set<Operator>([...kOperators[kind], rule.operator])];
  return (
    <>
      <NativeSelect
        aria-label={t('segments.which_field')} value={rule.field} data={fields}
        onChange={(event) => {
          const field = event.currentTarget.value;
          const next = kindOf(field, own);
          const operator = kOperators[next].includes(rule.operator) ? rule.operator : kOperators[next][0] ?? 'is';
          onChange(withOperator(next === kind ? { ...rule, field } : { type: 'field', field, operator }, operator));
        }}
      />
      <NativeSelect
        aria-label={t('segments.how')} value={rule.operator}
        data={operators.map((value) => ({ value, label: t(`segments.operator.${value}`) }))}
        onChange={(event) => onChange(withOperator(rule, event.currentTarget.value as Operator))}
      />
      <Values rule={rule} kind={kind} choices={choices} onChange={onChange} />
    </>
  );
}
