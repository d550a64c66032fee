import { Skeleton } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { amount } from '../../lib/number';
import { useLocale } from '../../lib/language/language';
import { readableSubject } from '../../lib/subject';
import { shortTime } from '../../lib/time';
import { PageHead } from '../../ui/PageHead';
import { Sheet } from '../../ui/Sheet';
import { StatusMark } from '../../ui/StatusMark';
import { TroubleNotice } from '../../ui/TroubleNotice';
import { ZoneNote } from '../../ui/ZoneNote';
import { useReason } from '../../ui/reason';
import { useMay, useSession } from '../session/session';
import { ProgressBar } from '../send_out/ProgressBar';
import classes from './Overview.module.css';
import { useCampaignsIn, useLastSendOuts, useTrouble, type CampaignSummary } from './queries';

function Running({ campaign }: { campaign: CampaignSummary }) {
  const { t } = useTranslation();
  return (
    <div className={classes.running}>
      <Link to={`/communications/send-outs/${campaign.id}`}>{campaign.name || t('log.no_subject')}</Link>
      <ProgressBar progress={campaign.progress} />
    </div>
  );
}

/** What is under way, planned, or waits for a person. Left out while there is nothing of it. */
function UnderWay() {
  const { t } = useTranslation();
  const locale = useLocale();
  const running = useCampaignsIn('running');
  const paused = useCampaignsIn('paused');
  const held = useCampaignsIn('held');
  const scheduled = useCampaignsIn('scheduled');
  const waiting = [...(held.data?.items ?? []), ...(paused.data?.items ?? [])];
  const planned = scheduled.data?.items ?? [];
  const error = running.error ?? paused.error ?? held.error ?? scheduled.error;
  if (error) return <TroubleNotice error={error} onRetry={() => void running.refetch()} />;
  return (
    <>
      {running.data && running.data.items.length > 0 ? (
        <Sheet title={t('overview.running')}>
          {running.data.items.map((each) => <Running key={each.id} campaign={each} />)}
        </Sheet>
      ) : null}
      {waiting.length > 0 ? (
        <Sheet title={t('overview.waiting')}>
          <ul className={classes.list}>
            {waiting.map((each) => (
              <li key={each.id}>
                <Link to={`/communications/send-outs/${each.id}`}>{each.name || t('log.no_subject')}</Link>
                <span>{each.reason}</span>
                <StatusMark status={each.state} />
              </li>
            ))}
          </ul>
        </Sheet>
      ) : null}
      {planned.length > 0 ? (
        <Sheet title={t('overview.scheduled')}>
          <ul className={classes.list}>
            {planned.map((each) => (
              <li key={each.id}>
                <Link to={`/communications/send-outs/${each.id}`}>{each.name || t('log.no_subject')}</Link>
                <span>{each.starts_at ? shortTime(each.starts_at, locale) : ''}</span>
              </li>
            ))}
          </ul>
        </Sheet>
      ) : null}
    </>
  );
}

function LastSendOuts() {
  const { t } = useTranslation();
  const locale = useLocale();
  const { data, error, refetch } = useLastSendOuts();
  if (error) return <TroubleNotice error={error} onRetry={() => void refetch()} />;
  if (!data) return <Skeleton height={160} aria-label={t('list.loading')} />;
  return (
    <Sheet
      title={t('overview.last')}
      beside={data.items.length > 0
        ? <Link to="/communications?period=all">{t('overview.all_send_outs')}</Link> : null}
    >
      {data.items.length === 0 ? <p className={classes.none}>{t('overview.none_yet')}</p> : (
        <ul className={classes.list}>
          {data.items.map((each) => (
            <li key={each.id}>
              <Link to={`/communications/send-outs/${each.id}`}>{readableSubject(each.subject) || each.name}</Link>
              <span>
                {t('log.sent_x_of_y', { sent: amount(each.sent, locale), total: amount(each.total, locale) })}
                {' · '}{shortTime(each.at, locale)}
              </span>
              <StatusMark status={each.status} />
            </li>
          ))}
        </ul>
      )}
    </Sheet>
  );
}

function Trouble() {
  const { t } = useTranslation();
  const reason = useReason();
  const { data, error, refetch } = useTrouble();
  if (error) return <TroubleNotice error={error} onRetry={() => void refetch()} />;
  if (!data) return <Skeleton height={160} aria-label={t('list.loading')} />;
  return (
    <Sheet
      title={t('overview.trouble')}
      beside={data.items.length > 0 ? (
        <Link to="/communications/messages?status=bounced,failed,marked%20as%20spam,uncertain,held">
          {t('overview.all_trouble')}
        </Link>
      ) : null}
    >
      {data.items.length === 0 ? <p className={classes.none}>{t('overview.no_trouble')}</p> : (
        <ul className={classes.list}>
          {data.items.map((each) => (
            <li key={each.id}>
              <Link to={`/communications/messages/${each.id}`}>{each.address ?? t('log.no_address')}</Link>
              <span>{each.reason === 'accepted' ? each.subject : reason(each.reason)}</span>
              <StatusMark status={each.status} />
            </li>
          ))}
        </ul>
      )}
    </Sheet>
  );
}

export function Component() {
  const { t } = useTranslation();
  const session = useSession();
  const mayCampaigns = useMay('campaigns:read');
  return (
    <>
      <PageHead title={t('areas.overview')} under={session.organisation} />
      <div className={classes.sheets}>
        {mayCampaigns ? <UnderWay /> : null}
        <div className={classes.pair}>
          <LastSendOuts />
          <Trouble />
        </div>
      </div>
      <ZoneNote />
    </>
  );
}
