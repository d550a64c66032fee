import { IconAlertTriangle, IconBan, IconCircleCheck } from '@tabler/icons-react';
import { Skeleton } from '@mantine/core';
import type { UseQueryResult } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import type { Schema } from '../../api/client';
import { Sheet } from '../../ui/Sheet';
import { TroubleNotice } from '../../ui/TroubleNotice';
import classes from './Compose.module.css';
import { placeOf } from './finding_place';
import { useFindingWords } from './finding_words';
import type { Finding } from './queries';

function One({ id, finding }: { id: string; finding: Finding }) {
  const { t } = useTranslation();
  const { words, inFull } = useFindingWords()(finding);
  const place = placeOf(finding);
  const blocks = finding.severity === 'blocking';
  return (
    <li data-blocks={blocks || undefined}>
      {blocks
        ? <IconBan size={18} aria-label={t('compose.blocks')} role="img" />
        : <IconAlertTriangle size={18} aria-label={t('compose.warns')} role="img" />}
      <div>
        {words}
        {finding.locale ? ` (${finding.locale})` : null}
        {inFull === null ? null : (
          <details><summary>{t('compose.finding_in_full')}</summary><span lang="en">{inFull}</span></details>
        )}
        {finding.examples.length > 0 ? <small>{finding.examples.join(', ')}</small> : null}
        {place ? <Link to={`/compose/${id}${place}`}>{t('compose.go_there')}</Link> : null}
      </div>
    </li>
  );
}

/** What stands in the way, then what could be better, each with the way to it. */
export function Findings({ id, preflight }: { id: string; preflight: UseQueryResult<Schema<'Preflight'>> }) {
  const { t } = useTranslation();
  const { data, error } = preflight;
  return (
    <Sheet title={t('compose.findings')}>
      {error ? <TroubleNotice error={error} onRetry={() => void preflight.refetch()} /> : null}
      {!data && !error ? <Skeleton role="img" height={80} aria-label={t('list.loading')} /> : null}
      {data ? (
        <div role="status" aria-busy={preflight.isFetching}>
          {data.findings.length === 0 ? (
            <p className={classes.good}><IconCircleCheck size={18} aria-hidden /> {t('compose.nothing_found')}</p>
          ) : (
            <ul className={classes.findings}>
              {data.findings.map((finding, at) => <One key={at} id={id} finding={finding} />)}
            </ul>
          )}
        </div>
      ) : null}
    </Sheet>
  );
}
