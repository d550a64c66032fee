import { useTranslation } from 'react-i18next';
import { amount } from '../../lib/number';
import { useLocale } from '../../lib/language/language';
import type { Progress } from './queries';
import classes from './ProgressBar.module.css';

const kParts = ['completed', 'in_flight', 'pending', 'failed', 'skipped'] as const;

/** A bar and the five counters, which always add up to the total (P26). */
export function ProgressBar({ progress }: { progress: Progress }) {
  const { t } = useTranslation();
  const locale = useLocale();
  return (
    <div className={classes.progress} role="group" aria-label={t('progress.title')}>
      <div className={classes.bar} aria-hidden>
        {kParts.map((part) => progress[part] > 0
          ? <span key={part} data-part={part} style={{ flexGrow: progress[part] }} /> : null)}
      </div>
      <dl className={classes.counters}>
        {kParts.map((part) => (
          <div key={part} data-part={part}>
            <dt>{t(`progress.${part}`)}</dt>
            <dd>{amount(progress[part], locale)}</dd>
            {part === 'skipped' && progress.no_address > 0
              ? <dd className={classes.note}>{t('progress.no_address', {
                count: progress.no_address, amount: amount(progress.no_address, locale),
              })}</dd> : null}
          </div>
        ))}
        <div>
          <dt>{t('progress.total')}</dt>
          <dd>{amount(progress.total, locale)}{progress.is_expanded ? '' : ' …'}</dd>
        </div>
      </dl>
    </div>
  );
}
