// The filters of a list: a box for text, a menu of the others, and each that is set as a chip with
// an ×. They live in the address.
import {
  Button, Checkbox, CloseButton, Menu, Popover, Radio, Stack, TextInput,
} from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { IconFilter, IconSearch } from '@tabler/icons-react';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { kPeriods, periodOf } from '../lib/period';
import { dayName } from '../lib/time';
import { useLocale } from '../lib/language/language';
import type { UrlChange } from '../lib/url_state';
import classes from './FilterBar.module.css';

interface Choice {
  value: string;
  label: string;
}

export type Filter =
  | { kind: 'period' }
  | { kind: 'several'; name: string; label: string; choices: readonly Choice[] }
  | { kind: 'one'; name: string; label: string; choices: readonly Choice[] }
  | { kind: 'text'; name: string; label: string };

interface Props {
  filters: readonly Filter[];
  params: URLSearchParams;
  onChange: (change: UrlChange) => void;
  // Of the box for text, where the list has one.
  textLabel?: string;
  textName?: string;
}

export function FilterBar(props: Props) {
  const { t } = useTranslation();
  const { filters, params, onChange, textName } = props;
  const [opened, setOpened] = useState<string | null>(null);
  const isSet = (filter: Filter) =>
    filter.kind === 'period' ? true : params.has(filter.name);
  const nameOf = (filter: Filter) => (filter.kind === 'period' ? 'period' : filter.name);
  const shown = filters.filter((filter) => isSet(filter) || opened === nameOf(filter));
  const addable = filters.filter((filter) => !isSet(filter));
  return (
    <div className={classes.bar} role="search">
      {textName ? (
        <SearchBox
          label={props.textLabel ?? ''}
          value={params.get(textName) ?? ''}
          onChange={(text) => onChange({ [textName]: text })}
        />
      ) : null}
      {shown.map((filter) => (
        <Chip
          key={nameOf(filter)}
          filter={filter}
          params={params}
          onChange={onChange}
          opened={opened === nameOf(filter)}
          onOpen={(open) => setOpened(open ? nameOf(filter) : null)}
        />
      ))}
      {addable.length > 0 ? (
        <Menu position="bottom-start" shadow="md" returnFocus={false}>
          <Menu.Target>
            <Button variant="subtle" size="compact-md" leftSection={<IconFilter size={16} aria-hidden />}>
              {t('filter.add')}
            </Button>
          </Menu.Target>
          <Menu.Dropdown>
            {addable.map((filter) => filter.kind === 'period' ? null : (
              <Menu.Item key={filter.name} onClick={() => setOpened(filter.name)}>{filter.label}</Menu.Item>
            ))}
          </Menu.Dropdown>
        </Menu>
      ) : null}
    </div>
  );
}

function SearchBox(props: { label: string; value: string; onChange: (text: string) => void }) {
  const [text, setText] = useState(props.value);
  const tell = useDebouncedCallback(props.onChange, 300);
  useEffect(() => setText(props.value), [props.value]);
  return (
    <TextInput
      className={classes.search}
      type="search"
      aria-label={props.label}
      placeholder={props.label}
      leftSection={<IconSearch size={16} aria-hidden />}
      value={text}
      maxLength={200}
      onChange={(event) => {
        setText(event.currentTarget.value);
        tell(event.currentTarget.value);
      }}
    />
  );
}

interface ChipProps {
  filter: Filter;
  params: URLSearchParams;
  onChange: (change: UrlChange) => void;
  opened: boolean;
  onOpen: (open: boolean) => void;
}

function Chip(props: ChipProps) {
  const { t } = useTranslation();
  const { filter, params, onChange, opened, onOpen } = props;
  const words = useChipWords(filter, params);
  const clear: UrlChange = filter.kind === 'period'
    ? { period: 'all', from: null, until: null }
    : { [filter.name]: null };
  const canClear = filter.kind !== 'period' || periodOf(params) !== 'all';
  return (
    <span className={classes.chip}>
      <Popover opened={opened} onChange={onOpen} position="bottom-start" shadow="md" trapFocus returnFocus>
        <Popover.Target>
          <button type="button" className={classes.words} onClick={() => onOpen(!opened)}>{words}</button>
        </Popover.Target>
        <Popover.Dropdown>
          <Editor filter={filter} params={params} onChange={onChange} onDone={() => onOpen(false)} />
        </Popover.Dropdown>
      </Popover>
      {canClear ? (
        <CloseButton
          size="md"
          aria-label={t('filter.remove', { filter: words })}
          onClick={() => {
            onOpen(false);
            onChange(clear);
          }}
        />
      ) : null}
    </span>
  );
}

function useChipWords(filter: Filter, params: URLSearchParams): string {
  const { t } = useTranslation();
  const locale = useLocale();
  if (filter.kind === 'period') {
    const period = periodOf(params);
    if (period !== 'dates') return t(`filter.periods.${period}`);
    const day = (date: string) => dayName(`${date}T12:00:00`, locale);
    const from = params.get('from');
    const until = params.get('until');
    if (from && until) return t('filter.between', { from: day(from), until: day(until) });
    return from ? t('filter.since', { from: day(from) }) : t('filter.to', { until: day(until ?? '') });
  }
  const value = params.get(filter.name);
  if (value === null) return filter.label;
  if (filter.kind === 'text') return `${filter.label}: ${value}`;
  const labels = value.split(',').map((word) =>
    filter.choices.find((choice) => choice.value === word)?.label ?? word);
  return `${filter.label}: ${labels.join(', ')}`;
}

interface EditorProps {
  filter: Filter;
  params: URLSearchParams;
  onChange: (change: UrlChange) => void;
  onDone: () => void;
}

function Editor({ filter, params, onChange, onDone }: EditorProps) {
  const { t } = useTranslation();
  if (filter.kind === 'period') return <PeriodEditor params={params} onChange={onChange} />;
  const value = params.get(filter.name) ?? '';
  if (filter.kind === 'text') {
    return (
      <form onSubmit={(event) => {
        event.preventDefault();
        const text = new FormData(event.currentTarget).get('text');
        onChange({ [filter.name]: typeof text === 'string' ? text.trim() : null });
        onDone();
      }}>
        <TextInput name="text" label={filter.label} defaultValue={value} maxLength={200} data-autofocus />
        <Button type="submit" size="compact-sm" mt="xs">{t('filter.apply')}</Button>
      </form>
    );
  }
  if (filter.kind === 'one') {
    return (
      <Radio.Group label={filter.label} value={value} onChange={(wanted) => onChange({ [filter.name]: wanted })}>
        <Stack gap={6} mt={6}>
          {filter.choices.map((choice) => <Radio key={choice.value} {...choice} size="sm" />)}
        </Stack>
      </Radio.Group>
    );
  }
  return (
    <Checkbox.Group
      label={filter.label}
      value={value === '' ? [] : value.split(',')}
      onChange={(wanted) => onChange({ [filter.name]: wanted.join(',') })}
    >
      <Stack gap={6} mt={6} mah="50vh" style={{ overflowY: 'auto' }}>
        {filter.choices.map((choice) => <Checkbox key={choice.value} {...choice} size="sm" />)}
      </Stack>
    </Checkbox.Group>
  );
}

function PeriodEditor({ params, onChange }: Pick<EditorProps, 'params' | 'onChange'>) {
  const { t } = useTranslation();
  const period = periodOf(params);
  return (
    <Stack gap="sm">
      <Radio.Group
        label={t('filter.period')}
        value={period}
        onChange={(wanted) =>
          onChange({ period: wanted === '7d' ? null : wanted, from: null, until: null })}
      >
        <Stack gap={6} mt={6}>
          {kPeriods.map((each) => (
            <Radio key={each} value={each} label={t(`filter.periods.${each}`)} size="sm" />
          ))}
        </Stack>
      </Radio.Group>
      <div className={classes.dates}>
        <TextInput
          type="date"
          label={t('filter.from')}
          value={params.get('from') ?? ''}
          onChange={(event) => onChange({ from: event.currentTarget.value, period: null })}
        />
        <TextInput
          type="date"
          label={t('filter.until')}
          value={params.get('until') ?? ''}
          onChange={(event) => onChange({ until: event.currentTarget.value, period: null })}
        />
      </div>
    </Stack>
  );
}
