import { Button, Group, Skeleton } from '@mantine/core';
import { useEffect, useState, useSyncExternalStore } from 'react';
import { useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { Link, Navigate, useBeforeUnload, useParams } from 'react-router';
import { isTrouble } from '../../api/trouble';
import type { Tagged } from '../../api/client';
import { readableSubject } from '../../lib/subject';
import { EmptyState } from '../../ui/EmptyState';
import { PageHead } from '../../ui/PageHead';
import { TroubleNotice } from '../../ui/TroubleNotice';
import { forgetSession } from '../session/session';
import { AudienceStep } from './AudienceStep';
import { CheckStep } from './CheckStep';
import classes from './Compose.module.css';
import { ContentStep } from './ContentStep';
import { DeleteDraft } from './DeleteDraft';
import type { Campaign } from './draft_fields';
import { DraftKeeper, type Kept } from './draft_keeper';
import { useLoadedDraft } from './queries';
import { SaveState } from './SaveState';
import { SendStep } from './SendStep';
import { kSteps, pathOf, Steps, type Step } from './Steps';

export interface StepProps {
  kept: Kept;
  keeper: DraftKeeper;
}

const kScreens = { audience: AudienceStep, content: ContentStep, check: CheckStep, send: SendStep } as const;

function browserStore(): Storage | null {
  try {
    return window.localStorage;
  } catch {
    return null;
  }
}

function useKeeper(loaded: Tagged<Campaign>): StepProps {
  const queries = useQueryClient();
  const [keeper] = useState(() => new DraftKeeper(loaded, browserStore()));
  const kept = useSyncExternalStore(keeper.subscribe, keeper.current);
  const { saving } = kept;
  useEffect(() => {
    const look = () => void keeper.refresh();
    const again = () => void keeper.flush();
    window.addEventListener('focus', look);
    window.addEventListener('online', again);
    return () => {
      window.removeEventListener('focus', look);
      window.removeEventListener('online', again);
      void keeper.flush();
    };
  }, [keeper]);
  // What is typed waits in this browser until somebody has signed in again.
  useEffect(() => {
    if (saving.kind === 'failed' && saving.error.status === 401) forgetSession(queries);
  }, [saving, queries]);
  useBeforeUnload((event) => {
    if (saving.kind !== 'saved') event.preventDefault();
  });
  return { kept, keeper };
}

function Composer({ loaded, step }: { loaded: Tagged<Campaign>; step: Step }) {
  const { t } = useTranslation();
  const { kept, keeper } = useKeeper(loaded);
  const { campaign, fields } = kept;
  const Screen = kScreens[step];
  const at = kSteps.indexOf(step);
  const before = kSteps[at - 1];
  const after = kSteps[at + 1];
  if (campaign.state !== 'draft') return <Navigate to={`/communications/send-outs/${campaign.id}`} replace />;
  return (
    <>
      <PageHead
        title={readableSubject(fields.subject) || fields.name || t('compose.new')}
        over={<Link to="/communications">{t('communications.send_outs')}</Link>}
        under={<SaveState kept={kept} keeper={keeper} />}
      >
        <DeleteDraft id={campaign.id} />
      </PageHead>
      <Steps id={campaign.id} at={step} />
      <Screen kept={kept} keeper={keeper} />
      <Group justify="space-between" className={classes.foot}>
        {before ? (
          <Button component={Link} to={pathOf(campaign.id, before)} variant="default">
            {t('compose.back_to', { step: t(`compose.step.${before}`) })}
          </Button>
        ) : <span />}
        {after ? (
          <Button component={Link} to={pathOf(campaign.id, after)}>
            {t('compose.on_to', { step: t(`compose.step.${after}`) })}
          </Button>
        ) : null}
      </Group>
    </>
  );
}

export function Component() {
  const { t } = useTranslation();
  const { id = '', step = 'audience' } = useParams();
  const { data, error, refetch } = useLoadedDraft(id);
  const found = kSteps.find((each) => each === step);
  if ((isTrouble(error) && error.status === 404) || !found) {
    return <EmptyState title={t('compose.gone_title')} sentence={t('compose.gone')} />;
  }
  if (error && !data) return <TroubleNotice error={error} onRetry={() => void refetch()} />;
  if (!data) return <Skeleton role="img" height={320} aria-label={t('list.loading')} />;
  return <Composer key={id} loaded={data} step={found} />;
}
