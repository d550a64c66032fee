import { Skeleton } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { useLocale } from '../../lib/language/language';
import { amount } from '../../lib/number';
import { Sheet } from '../../ui/Sheet';
import { TroubleNotice } from '../../ui/TroubleNotice';
import { useMatches } from './queries';
import { isWhole, type Rule } from './rule';
import classes from './Rules.module.css';

/** Whom the rule matches as it stands: how many, and the first of them. */
export function Matches({ rule }: { rule: Rule }) {
  const { t } = useTranslation();
  const locale = useLocale();
  const [asked] = useDebouncedValue(rule, 400);
  const { data, error } = useMatches(asked);
  const whole = isWhole(rule);
  return (
    <Sheet title={t('segments.matches')}>
      <div aria-live="polite">
        {!whole ? <p className={classes.soft}>{t('segments.unfinished')}</p> : null}
        {whole && error ? <TroubleNotice error={error} /> : null}
        {whole && !error && !data ? <Skeleton height={40} aria-label={t('list.loading')} /> : null}
        {whole && !error && data ? (
          <>
            <p className={classes.count}>{t('segments.people', { count: data.count, amount: amount(data.count, locale) })}</p>
            <ul className={classes.people}>
              {data.examples.map(({ id, name, email }) => (
                <li key={id}>
                  <Link to={`/contacts/${id}`}>{name || email || t('contact.no_name')}</Link>
                  {name && email ? <p className={classes.soft}>{email}</p> : null}
                </li>
              ))}
            </ul>
            {data.count > data.examples.length ? (
              <p className={classes.soft}>
                {t('segments.and_more', { count: data.count - data.examples.length, amount: amount(data.count - data.examples.length, locale) })}
              </p>
            ) : null}
          </>
        ) : null}
      </div>
      <p className={classes.soft} style={{ marginTop: 12 }}>{t('segments.evaluated')}</p>
    </Sheet>
  );
}
