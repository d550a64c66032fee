import { Button, Checkbox, NumberInput, Radio, Select, Skeleton, Stack, Switch, TextInput } from '@mantine/core';
import { IconBan } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { answer, api } from '../../api/client';
import { viewerZone } from '../../lib/time';
import { Sheet } from '../../ui/Sheet';
import { TroubleNotice } from '../../ui/TroubleNotice';
import { useMay } from '../session/session';
import type { StepProps } from './Compose';
import classes from './Compose.module.css';
import { Confirmation } from './Confirmation';
import { placeOf } from './finding_place';
import { useFindingWords } from './finding_words';
import { MoreOptions } from './MoreOptions';
import { SendSummary } from './SendSummary';
import { kNow, type When } from './when';

function useCheck(id: string, changedAt: string, wanted: boolean) {
  return useQuery({
    queryKey: ['campaign-check', id, changedAt],
    enabled: wanted,
    queryFn: ({ signal }) => answer(api.GET('/campaigns/{id}/check', { params: { path: { id } }, signal })),
  });
}

function WhenChoice({ when, onChange }: { when: When; onChange: (when: When) => void }) {
  const { t } = useTranslation();
  return (
    <>
      <Radio.Group
        label={t('compose.when')} value={when.kind}
        onChange={(kind) => onChange(kind === 'now' ? kNow : { kind: 'later', date: '', time: '09:00', zone: viewerZone })}
      >
        <Stack gap={6} mt={6}>
          <Radio value="now" label={t('compose.now')} />
          <Radio value="later" label={t('compose.later')} />
        </Stack>
      </Radio.Group>
      {when.kind === 'later' ? (
        <div className={classes.moment}>
          <TextInput
            type="date" label={t('compose.date')} required value={when.date}
            onChange={(event) => onChange({ ...when, date: event.currentTarget.value })}
          />
          <TextInput
            type="time" label={t('compose.time')} required value={when.time}
            onChange={(event) => onChange({ ...when, time: event.currentTarget.value })}
          />
          <Select
            label={t('contact.time_zone')} searchable allowDeselect={false} value={when.zone} limit={40}
            data={Intl.supportedValuesOf('timeZone')} nothingFoundMessage={t('compose.none_found')}
            onChange={(zone) => onChange({ ...when, zone: zone ?? viewerZone })}
          />
        </div>
      ) : null}
    </>
  );
}

function Pace({ kept, keeper }: StepProps) {
  const { t } = useTranslation();
  const { packages, rate_per_second: rate } = kept.fields;
  return (
    <MoreOptions>
      <Switch
        label={t('compose.packages')} checked={packages !== null}
        onChange={(event) => keeper.edit({ packages: event.currentTarget.checked ? { messages: 100, seconds: 60 } : null })}
      />
      {packages ? (
        <div className={classes.moment}>
          <NumberInput
            label={t('compose.package_messages')} min={1} max={1_000_000} value={packages.messages}
            onChange={(value) => keeper.edit({ packages: { ...packages, messages: Number(value) || 1 } })}
          />
          <NumberInput
            label={t('compose.package_seconds')} min={1} max={86_400} value={packages.seconds}
            onChange={(value) => keeper.edit({ packages: { ...packages, seconds: Number(value) || 1 } })}
          />
        </div>
      ) : null}
      <NumberInput
        label={t('compose.rate')} description={t('compose.rate_hint')} min={0} max={1_000_000} value={rate}
        onChange={(value) => keeper.edit({ rate_per_second: Number(value) || 0 })}
      />
      <TextInput
        label={t('compose.copy_to_me')} description={t('compose.copy_hint')} type="email" value={kept.fields.copy_to_me}
        error={kept.refused.copy_to_me} onChange={(event) => keeper.edit({ copy_to_me: event.currentTarget.value })}
      />
      <Switch
        label={t('compose.copy_to_organisation')} checked={kept.fields.copy_to_organisation}
        onChange={(event) => keeper.edit({ copy_to_organisation: event.currentTarget.checked })}
      />
    </MoreOptions>
  );
}

interface Override {
  sender: boolean;
  findings: boolean;
}

/** When it goes, and the last look at it. */
export function SendStep({ kept, keeper }: StepProps) {
  const { t } = useTranslation();
  const { id, changed_at: changedAt } = kept.campaign;
  const words = useFindingWords();
  const [when, setWhen] = useState<When>(kNow);
  const [override, setOverride] = useState<Override>({ sender: false, findings: false });
  const [asks, setAsks] = useState(false);
  const maySend = useMay('campaigns:send');
  const mayFindings = useMay('preflight:override');
  const maySender = useMay('senders:override');
  useEffect(() => void keeper.flush(), [keeper]);
  const check = useCheck(id, changedAt, kept.saving.kind === 'saved');
  const blocking = (check.data?.findings ?? []).filter((each) => each.blocks);
  const isUnverified = (check.data?.findings ?? []).some((each) => each.code === 'sender_unverified');
  const isStopped = blocking.some((each) => each.code !== 'sender_unverified') && !override.findings;
  const isIncomplete = when.kind === 'later' && (when.date === '' || when.time === '');
  return (
    <div className={classes.beside}>
      <div className={classes.column}>
        <Sheet title={t('compose.step.send')}>
          <Stack gap="md">
            {check.error ? <TroubleNotice error={check.error} onRetry={() => void check.refetch()} /> : null}
            {blocking.length > 0 ? (
              <div role="alert">
                <p>{t('compose.in_the_way')}</p>
                <ul className={classes.findings}>
                  {blocking.map((each, at) => (
                    <li key={at} data-blocks>
                      <IconBan size={18} aria-hidden />
                      <div>
                        {words({ ...each, sentence: each.message, count: 0 }).words}{' '}
                        {placeOf(each) === null ? null
                          : <Link to={`/compose/${id}${placeOf(each) ?? ''}`}>{t('compose.go_there')}</Link>}
                      </div>
                    </li>
                  ))}
                </ul>
              </div>
            ) : null}
            <WhenChoice when={when} onChange={setWhen} />
            <Pace kept={kept} keeper={keeper} />
            {isUnverified && maySender ? (
              <Checkbox
                label={t('compose.override_sender')} checked={override.sender}
                onChange={(event) => setOverride({ ...override, sender: event.currentTarget.checked })}
              />
            ) : null}
            {mayFindings && blocking.some((each) => each.code !== 'sender_unverified') ? (
              <Checkbox
                label={t('compose.override_findings')} checked={override.findings}
                onChange={(event) => setOverride({ ...override, findings: event.currentTarget.checked })}
              />
            ) : null}
            {maySend ? (
              <div>
                <Button
                  size="md" loading={kept.saving.kind !== 'saved' || check.isLoading}
                  disabled={isStopped || isIncomplete || !check.data} onClick={() => setAsks(true)}
                >
                  {t(when.kind === 'now' ? 'compose.send' : 'compose.schedule')}
                </Button>
              </div>
            ) : <p className={classes.soft}>{t('compose.may_not_send')}</p>}
          </Stack>
        </Sheet>
      </div>
      <aside className={classes.aside} aria-label={t('compose.summary')}>
        <Sheet title={t('compose.summary')}>
          {check.isLoading ? <Skeleton role="img" height={120} aria-label={t('list.loading')} /> : <SendSummary kept={kept} />}
        </Sheet>
      </aside>
      <Confirmation kept={kept} when={when} override={override} opened={asks} onClose={() => setAsks(false)} keeper={keeper} />
    </div>
  );
}
