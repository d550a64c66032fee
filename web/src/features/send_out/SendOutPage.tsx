import { Skeleton, Tabs } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { Link, Navigate, useParams } from 'react-router';
import { isTrouble } from '../../api/trouble';
import { useLocale } from '../../lib/language/language';
import { readableSubject } from '../../lib/subject';
import { shortTime, viewerZone, zoneName } from '../../lib/time';
import { useUrlState } from '../../lib/url_state';
import { EmptyState } from '../../ui/EmptyState';
import { PageHead } from '../../ui/PageHead';
import { StatusMark } from '../../ui/StatusMark';
import { TroubleNotice } from '../../ui/TroubleNotice';
import { ZoneNote } from '../../ui/ZoneNote';
import { Attachments } from './Attachments';
import { Controls } from './Controls';
import { Figures } from './Figures';
import { Links } from './Links';
import { MoreActions } from './MoreActions';
import { OverTime } from './OverTime';
import { ProgressBar } from './ProgressBar';
import { Recipients } from './Recipients';
import { SecondThought } from './SecondThought';
import { useCampaign, useProgress, type Campaign } from './queries';
import { TheMessage } from './TheMessage';

function Under({ campaign }: { campaign: Campaign }) {
  const { t } = useTranslation();
  const locale = useLocale();
  const words = [
    campaign.draft.subject && campaign.name && campaign.name !== campaign.draft.subject ? campaign.name : null,
    campaign.started_at ? t('send_out.started', {
      at: shortTime(campaign.started_at, locale), who: campaign.started_by || campaign.created_by,
    }) : campaign.starts_at ? t('send_out.starts', { at: shortTime(campaign.starts_at, locale) }) : null,
    campaign.schedule && campaign.starts_at && campaign.schedule.time_zone !== viewerZone ? t('send_out.in_zone', {
      at: campaign.schedule.at.slice(0, 16).replace('T', ' '), zone: zoneName(campaign.schedule.time_zone),
    }) : null,
    campaign.finished_at ? t('send_out.finished', { at: shortTime(campaign.finished_at, locale) }) : null,
    campaign.reason,
    campaign.is_test ? t('send_out.sandbox') : null,
  ].filter(Boolean);
  return <>{words.join(' · ')}</>;
}

function Body({ campaign }: { campaign: Campaign }) {
  const { t } = useTranslation();
  const [params, change] = useUrlState();
  const progress = useProgress(campaign);
  const attachments = campaign.draft.attachments ?? [];
  const tabs = ['message', 'recipients', ...(attachments.length > 0 ? ['attachments'] : [])] as const;
  const tab = tabs.find((each) => each === params.get('tab')) ?? 'message';
  return (
    <>
      {progress.total === 0 && campaign.state !== 'running' ? null : <ProgressBar progress={progress} />}
      <Tabs
        value={tab} keepMounted={false} mt="lg"
        onChange={(next) => change({
          tab: next === 'message' ? null : next, status: null, text: null, sort: null,
        }, { push: true })}
      >
        <Tabs.List mb="md">
          <Tabs.Tab value="message">{t('send_out.message')}</Tabs.Tab>
          <Tabs.Tab value="recipients">{t('send_out.recipients')}</Tabs.Tab>
          {attachments.length > 0
            ? <Tabs.Tab value="attachments">{t('log.attachments')}</Tabs.Tab> : null}
        </Tabs.List>
        <Tabs.Panel value="message">
          <TheMessage campaign={campaign} />
          <Figures id={campaign.id} />
          <OverTime id={campaign.id} />
          <Links id={campaign.id} />
        </Tabs.Panel>
        <Tabs.Panel value="recipients"><Recipients id={campaign.id} /></Tabs.Panel>
        <Tabs.Panel value="attachments"><Attachments attachments={attachments} /></Tabs.Panel>
      </Tabs>
      <ZoneNote />
    </>
  );
}

export function Component() {
  const { t } = useTranslation();
  const { id = '' } = useParams();
  const { data: campaign, error, refetch } = useCampaign(id);
  if (isTrouble(error) && error.status === 404) {
    return <EmptyState title={t('send_out.gone_title')} sentence={t('send_out.gone')} />;
  }
  if (error) return <TroubleNotice error={error} onRetry={() => void refetch()} />;
  if (!campaign) return <Skeleton role="img" height={320} aria-label={t('list.loading')} />;
  // Not begun, or taken back: it is still written.
  if (campaign.state === 'draft') return <Navigate to={`/compose/${id}/send`} replace />;
  return (
    <>
      <PageHead
        title={readableSubject(campaign.draft.subject ?? '') || campaign.name || t('log.no_subject')}
        over={<Link to="/communications">{t('communications.send_outs')}</Link>}
        under={<Under campaign={campaign} />}
      >
        <SecondThought campaign={campaign} />
        <Controls campaign={campaign} />
        <MoreActions campaign={campaign} />
        <StatusMark status={campaign.state} large />
      </PageHead>
      <Body campaign={campaign} />
    </>
  );
}
