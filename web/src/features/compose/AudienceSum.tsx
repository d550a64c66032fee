import { useDebouncedValue } from '@mantine/hooks';
import { Skeleton } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { amount } from '../../lib/number';
import { useLocale } from '../../lib/language/language';
import { useReason } from '../../ui/reason';
import { Sheet } from '../../ui/Sheet';
import { TroubleNotice } from '../../ui/TroubleNotice';
import classes from './Compose.module.css';
import type { Kept } from './draft_keeper';
import { addressesNobody, useAudience, type AudiencePreview, type AudienceRecipient } from './queries';

type Item = AudiencePreview['included'][number];

export function useItemName(): (item: Item) => string {
  const { t } = useTranslation();
  return (item) => {
    if (item.kind === 'group' || item.kind === 'segment') return item.name;
    if (item.kind !== 'campaign') return t(`compose.kind.${item.kind}`);
    const outcome = (item.outcome ?? 'all') as 'all';
    return t('compose.kind.campaign', { name: item.name, outcome: t(`compose.outcome.${outcome}`) });
  };
}

export function recipientName({ name, about_name, address, contact_id, about_id }: AudienceRecipient): string {
  const who = name || address;
  return about_id && about_id !== contact_id && about_name ? `${who} (${about_name})` : who;
}

interface Line {
  sign: '' | '+' | '−';
  words: string;
  count: number;
  examples?: readonly AudienceRecipient[];
}

/** "Members 900 − Paid 20 − skipped 6 = 874", line by line, and who is left out and why. */
export function useSumLines(sum: AudiencePreview): readonly Line[] {
  const { t } = useTranslation();
  const nameOf = useItemName();
  const reason = useReason();
  return [
    ...sum.included.map((item, at): Line => ({ sign: at === 0 ? '' : '+', words: nameOf(item), count: item.count })),
    ...sum.excluded.map((item): Line => ({
      sign: '−', words: t('compose.left_out', { name: nameOf(item) }), count: item.count,
    })),
    ...sum.left_out.map((out): Line => ({
      sign: '−', words: reason(out.reason), count: out.count, examples: out.examples,
    })),
    ...(sum.repeated > 0 ? [{ sign: '−' as const, words: t('compose.repeated'), count: sum.repeated }] : []),
  ];
}

export function SumTable({ sum }: { sum: AudiencePreview }) {
  const { t } = useTranslation();
  const locale = useLocale();
  const lines = useSumLines(sum);
  return (
    <table className={classes.sum} aria-label={t('compose.sum')}>
      <tbody>
        {lines.map((line, at) => (
          <tr key={at}>
            <th scope="row">
              {line.examples && line.examples.length > 0 ? (
                <details>
                  <summary>{line.words}</summary>
                  <ul>{line.examples.map((each, index) => (
                    <li key={index}>{recipientName(each) || t('contact.no_name')}</li>
                  ))}</ul>
                </details>
              ) : line.words}
            </th>
            <td>{line.sign} {amount(line.count, locale)}</td>
          </tr>
        ))}
      </tbody>
      <tfoot>
        <tr>
          <th scope="row">{t('compose.will_get_it')}</th>
          <td>{amount(sum.messages, locale)}</td>
        </tr>
      </tfoot>
    </table>
  );
}

export function OverLimit({ sum }: { sum: AudiencePreview }) {
  const { t } = useTranslation();
  const locale = useLocale();
  if (!sum.is_over_limit || sum.recipient_limit === null) return null;
  return (
    <p role="alert" className={classes.stop}>
      {t('compose.over_limit', { limit: amount(sum.recipient_limit, locale) })}
    </p>
  );
}

export function AudienceSum({ kept }: { kept: Kept }) {
  const { t } = useTranslation();
  const locale = useLocale();
  const [fields] = useDebouncedValue(kept.fields, 300);
  const sum = useAudience(fields, kept.campaign);
  const nobody = addressesNobody(kept.fields.audience);
  return (
    <aside className={classes.aside} aria-label={t('compose.who_gets_it')}>
      <Sheet title={t('compose.who_gets_it')}>
        {nobody ? <p className={classes.soft}>{t('compose.nobody_yet')}</p> : null}
        {!nobody && sum.error ? <TroubleNotice error={sum.error} onRetry={() => void sum.refetch()} /> : null}
        {!nobody && !sum.data && !sum.error ? <Skeleton role="img" height={120} aria-label={t('list.loading')} /> : null}
        {!nobody && sum.data ? (
          <div aria-busy={sum.isFetching}>
            <p className={classes.count} role="status">
              {t('compose.people_count', { count: sum.data.messages, amount: amount(sum.data.messages, locale) })}
            </p>
            <SumTable sum={sum.data} />
            <OverLimit sum={sum.data} />
            {sum.data.first.length > 0 ? (
              <p className={classes.soft}>
                {t('compose.among_them', {
                  names: new Intl.ListFormat(locale).format(sum.data.first.slice(0, 3).map(recipientName)),
                })}
              </p>
            ) : null}
          </div>
        ) : null}
      </Sheet>
    </aside>
  );
}
