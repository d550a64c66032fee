import { Button, Group } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { amount } from '../../lib/number';
import { useLocale } from '../../lib/language/language';
import { periodOf } from '../../lib/period';
import type { UrlChange } from '../../lib/url_state';
import { EmptyState } from '../../ui/EmptyState';

interface Props {
  params: URLSearchParams;
  names: readonly string[]; // of the filters besides the period
  earlier: number | null;
  onChange: (change: UrlChange) => void;
}

/** An empty list says why it is, and how much there is earlier: it never just looks empty. */
export function NothingHere({ params, names, earlier, onChange }: Props) {
  const { t } = useTranslation();
  const locale = useLocale();
  const filtered = names.some((name) => params.has(name));
  const period = periodOf(params);
  const none = Object.fromEntries(names.map((name) => [name, null]));
  return (
    <EmptyState
      title={t(filtered ? 'communications.nothing_matches' : `communications.nothing.${period}`)}
      sentence={earlier ? t('communications.earlier', {
        count: earlier, amount: amount(earlier, locale) + (earlier >= 10_000 ? '+' : ''),
      }) : (period === 'all' || earlier === 0) && !filtered ? t('communications.nothing_yet') : null}
    >
      <Group justify="center" gap="sm">
        {earlier ? (
          <Button variant="light" onClick={() => onChange({ period: 'all', from: null, until: null })}>
            {t('communications.show_all')}
          </Button>
        ) : null}
        {filtered ? (
          <Button variant="default" onClick={() => onChange(none)}>{t('filter.none')}</Button>
        ) : null}
      </Group>
    </EmptyState>
  );
}
