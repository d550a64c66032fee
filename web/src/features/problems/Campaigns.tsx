import { Skeleton } from '@mantine/core';
import { IconBan, IconFlag, IconHandStop, IconMailX, type Icon } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import type { Schema } from '../../api/client';
import type { Tone } from '../../lib/status';
import { readableSubject } from '../../lib/subject';
import { EmptyState } from '../../ui/EmptyState';
import { Sheet } from '../../ui/Sheet';
import { ToneMark } from '../../ui/ToneMark';
import { TroubleNotice } from '../../ui/TroubleNotice';
import classes from './Problems.module.css';
import { ProblemsHead } from './ProblemsHead';
import { useCampaignProblems } from './queries';

type Trouble = Schema<'CampaignProblems'>['items'][number]['trouble'];

const signs: Record<Trouble, { icon: Icon; tone: Tone }> = {
  held: { icon: IconHandStop, tone: 'warn' },
  failing: { icon: IconMailX, tone: 'bad' },
  blocked: { icon: IconBan, tone: 'bad' },
  complaints: { icon: IconFlag, tone: 'bad' },
};

/** Send-outs that wait for a decision, or of which too much goes wrong. */
export function Component() {
  const { t } = useTranslation();
  const { data, error, refetch } = useCampaignProblems();
  return (
    <>
      <ProblemsHead />
      {error ? <TroubleNotice error={error} onRetry={() => void refetch()} /> : null}
      {!data && !error ? <Skeleton height={200} aria-label={t('list.loading')} /> : null}
      {data?.items.length === 0 ? (
        <EmptyState title={t('problems.no_send_outs')} sentence={t('problems.no_send_outs_sentence')} />
      ) : null}
      {data && data.items.length > 0 ? (
        <Sheet>
          <ul className={classes.list}>
            {data.items.map((each) => (
              <li key={`${each.campaign_id} ${each.trouble}`}>
                <Link to={`/communications/send-outs/${each.campaign_id}`}>{readableSubject(each.name) || t('log.no_subject')}</Link>
                {' '}
                <ToneMark {...signs[each.trouble]} label={t(`problems.trouble.${each.trouble}`)} />
                <p>{each.sentence}</p>
                <p className={classes.soft}>{each.what_to_do}</p>
              </li>
            ))}
          </ul>
        </Sheet>
      ) : null}
    </>
  );
}
