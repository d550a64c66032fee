import { Skeleton } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useLocale } from '../../lib/language/language';
import { readableSubject } from '../../lib/subject';
import { Facts } from '../../ui/Facts';
import { TroubleNotice } from '../../ui/TroubleNotice';
import { OverLimit, recipientName, SumTable } from './AudienceSum';
import classes from './Compose.module.css';
import type { Kept } from './draft_keeper';
import { addressesNobody, useAudience, useSenders } from './queries';

/** What goes to whom: subject, sender, three by name, the sum. */
export function SendSummary({ kept }: { kept: Kept }) {
  const { t } = useTranslation();
  const locale = useLocale();
  const { fields, campaign } = kept;
  const sum = useAudience(fields, campaign);
  const sender = useSenders().data?.items.find(({ id }) => id === fields.sender_id);
  const names = (sum.data?.first ?? []).slice(0, 3).map(recipientName);
  return (
    <>
      <Facts facts={[
        [t('log.subject'), readableSubject(fields.subject) || t('log.no_subject')],
        [t('log.sender'), sender ? `${sender.name} <${sender.address}>`.trim() : '–'],
        [t('compose.among_those'), names.length > 0 ? new Intl.ListFormat(locale).format(names) : '–'],
      ]} />
      {addressesNobody(fields.audience) ? <p className={classes.soft}>{t('compose.nobody_yet')}</p> : null}
      {sum.error ? <TroubleNotice error={sum.error} onRetry={() => void sum.refetch()} /> : null}
      {sum.isLoading ? <Skeleton role="img" height={80} aria-label={t('list.loading')} /> : null}
      {sum.data && !addressesNobody(fields.audience) ? (
        <>
          <SumTable sum={sum.data} />
          <OverLimit sum={sum.data} />
        </>
      ) : null}
    </>
  );
}
