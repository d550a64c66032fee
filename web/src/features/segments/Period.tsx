import { NativeSelect, NumberInput, TextInput } from '@mantine/core';
import { useTranslation } from 'react-i18next';

interface When {
  since?: string;
  days?: number;
}

/** Since when something counts: ever, within so many days, from a date on. */
export function Period({ when, onChange }: { when: When; onChange: (when: When) => void }) {
  const { t } = useTranslation();
  const kind = when.days !== undefined ? 'days' : when.since !== undefined ? 'since' : 'ever';
  return (
    <>
      <NativeSelect
        aria-label={t('segments.when')} value={kind}
        data={(['ever', 'days', 'since'] as const).map((value) => ({ value, label: t(`segments.period.${value}`) }))}
        onChange={(event) => {
          const next = event.currentTarget.value;
          onChange(next === 'days' ? { days: 30 } : next === 'since' ? { since: new Date().toISOString() } : {});
        }}
      />
      {kind === 'days' ? (
        <NumberInput
          aria-label={t('segments.days')} suffix={` ${t('segments.days')}`} min={1} max={36_500} allowDecimal={false}
          value={when.days ?? 30} onChange={(days) => onChange({ days: Math.max(1, Number(days) || 1) })}
        />
      ) : null}
      {kind === 'since' ? (
        <TextInput
          type="date" aria-label={t('segments.date')} value={(when.since ?? '').slice(0, 10)} required
          onChange={(event) => {
            const day = event.currentTarget.value;
            if (day) onChange({ since: `${day}T00:00:00Z` });
          }}
        />
      ) : null}
    </>
  );
}
