import { Button, CloseButton, Select } from '@mantine/core';
import { useQueries } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { answer, api, type Schema } from '../../api/client';
import { useLocale } from '../../lib/language/language';
import { readableSubject } from '../../lib/subject';
import { shortDate } from '../../lib/time';
import type { PartsProps } from './AudienceParts';
import classes from './Compose.module.css';
import { useEarlier } from './queries';

type EarlierCampaign = Schema<'EarlierCampaign'>;
type Outcome = NonNullable<EarlierCampaign['outcome']>;

const kOutcomes: readonly Outcome[] = [
  'all', 'sent', 'opened', 'not_opened', 'clicked', 'not_clicked', 'failed', 'skipped', 'not_sent', 'may_have_arrived',
];

function useTitles(ids: readonly string[]): Map<string, string> {
  return useQueries({
    queries: ids.map((id) => ({
      queryKey: ['campaign', id],
      queryFn: () => answer(api.GET('/campaigns/{id}', { params: { path: { id } } })),
      staleTime: 60_000,
    })),
    combine: (found) => new Map(found.flatMap(({ data }) =>
      (data ? [[data.id, readableSubject(data.draft.subject ?? '') || data.name] as const] : []))),
  });
}

function AddEarlier({ taken, onAdd }: { taken: readonly string[]; onAdd: (id: string) => void }) {
  const { t } = useTranslation();
  const locale = useLocale();
  const [opened, setOpened] = useState(false);
  const list = useEarlier(opened);
  const rows = list.data?.pages.flatMap((page) => page.items) ?? [];
  const offered = rows.filter(({ what, total, id }) => what === 'campaign' && total > 0 && !taken.includes(id));
  if (!opened) {
    return (
      <Button size="compact-md" variant="subtle" onClick={() => setOpened(true)}>{t('compose.add_earlier')}</Button>
    );
  }
  return (
    <Select
      label={t('compose.earlier')} searchable autoFocus value={null} placeholder={t('compose.choose')}
      nothingFoundMessage={t('compose.none_found')}
      data={offered.map((row) => ({
        value: row.id,
        label: `${readableSubject(row.subject) || row.name || t('log.no_subject')} · ${shortDate(row.at, locale)}`,
      }))}
      onChange={(id) => {
        if (!id) return;
        setOpened(false);
        onAdd(id);
      }}
    />
  );
}

/** Those whom an earlier send-out reached, or did not. */
export function Earlier({ parts, onChange }: PartsProps) {
  const { t } = useTranslation();
  const chosen = parts.campaigns ?? [];
  const titles = useTitles(chosen.map(({ id }) => id));
  const put = (campaigns: EarlierCampaign[]) => onChange({ ...parts, campaigns });
  return (
    <div className={classes.earlier}>
      {chosen.map((each) => (
        <div key={each.id} className={classes.earlierRow}>
          <Select
            aria-label={t('compose.outcome_of', { what: titles.get(each.id) ?? '…' })} allowDeselect={false}
            value={each.outcome ?? 'all'}
            data={kOutcomes.map((value) => ({ value, label: t(`compose.outcome.${value}`) }))}
            onChange={(outcome) => put(chosen.map((one) =>
              (one.id === each.id ? { id: one.id, outcome: (outcome ?? 'all') as Outcome } : one)))}
          />
          <span>{titles.get(each.id) ?? '…'}</span>
          <CloseButton
            aria-label={t('compose.take_out', { what: titles.get(each.id) ?? '…' })}
            onClick={() => put(chosen.filter(({ id }) => id !== each.id))}
          />
        </div>
      ))}
      <AddEarlier
        taken={chosen.map(({ id }) => id)}
        onAdd={(id) => put([...chosen, { id, outcome: 'all' }])}
      />
    </div>
  );
}
