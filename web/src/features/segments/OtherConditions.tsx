import { Autocomplete, Button, MultiSelect, NativeSelect, NumberInput, Select } from '@mantine/core';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { Schema } from '../../api/client';
import { useGroups } from '../contacts/queries';
import { Period } from './Period';
import { useCampaigns, useSegments } from './queries';
import { begun, type Rule } from './rule';
import classes from './Rules.module.css';

interface Props<Name extends 'RuleGroup' | 'RuleSegment' | 'RuleRelation' | 'RuleMessage' | 'RuleActivity'> {
  rule: Schema<Name>;
  onChange: (rule: Schema<Name>) => void;
}

export function GroupCondition({ rule, onChange }: Props<'RuleGroup'>) {
  const { t } = useTranslation();
  const groups = useGroups().data?.items ?? [];
  return (
    <MultiSelect
      className={classes.broad ?? ''} aria-label={t('contact.groups')} searchable value={rule.groups}
      data={groups.map(({ id, name }) => ({ value: id, label: name }))} maxValues={100}
      placeholder={rule.groups.length > 0 ? '' : t('segments.choose_groups')}
      nothingFoundMessage={t('people.none_found')} onChange={(chosen) => onChange({ ...rule, groups: chosen })}
    />
  );
}

export function SegmentCondition({ rule, onChange, except }: Props<'RuleSegment'> & { except: string | null }) {
  const { t } = useTranslation();
  const segments = useSegments().data?.pages.flatMap(({ items }) => items) ?? [];
  return (
    <Select
      className={classes.broad ?? ''} aria-label={t('segments.segment')} searchable value={rule.segment || null}
      data={segments.filter(({ id }) => id !== except).map(({ id, name }) => ({ value: id, label: name }))}
      placeholder={t('segments.choose_segment')} nothingFoundMessage={t('people.none_found')}
      onChange={(segment) => segment && onChange({ ...rule, segment })}
    />
  );
}

interface RelationProps extends Props<'RuleRelation'> {
  /** The conditions on the other person. */
  who: (rule: Rule, onChange: (rule: Rule) => void) => ReactNode;
}

export function RelationCondition({ rule, onChange, who }: RelationProps) {
  const { t } = useTranslation();
  const { name, who: other, receives_messages: receives, ...rest } = rule;
  const put = (change: Partial<Schema<'RuleRelation'>>) => onChange({ ...rule, ...change });
  return (
    <>
      <NativeSelect
        className={classes.broad ?? ''} aria-label={t('segments.which_side')} value={rule.side}
        data={(['has', 'of'] as const).map((value) => ({ value, label: t(`segments.side.${value}`) }))}
        onChange={(event) => put({ side: event.currentTarget.value === 'of' ? 'of' : 'has' })}
      />
      <Autocomplete
        aria-label={t('people.relation')} value={name ?? ''} maxLength={100} placeholder={t('segments.any_relation')}
        data={[t('people.guardian_of'), t('people.partner_of'), t('people.household_of')]}
        onChange={(text) => onChange({ ...rest, ...(text ? { name: text } : {}), ...(other ? { who: other } : {}),
          ...(receives === undefined ? {} : { receives_messages: receives }) })}
      />
      <NativeSelect
        aria-label={t('segments.receives')} value={receives === undefined ? '' : String(receives)}
        data={[{ value: '', label: t('segments.receives_either') }, { value: 'true', label: t('segments.receives_yes') },
          { value: 'false', label: t('segments.receives_no') }]}
        onChange={(event) => {
          const value = event.currentTarget.value;
          onChange({ ...rest, ...(name ? { name } : {}), ...(other ? { who: other } : {}),
            ...(value === '' ? {} : { receives_messages: value === 'true' }) });
        }}
      />
      {other ? <div className={classes.nested}>{who(other, (changed) => put({ who: changed }))}</div> : (
        <Button variant="subtle" size="compact-md" onClick={() => put({ who: { type: 'all', rules: [begun('field')] } })}>
          {t('segments.and_who')}
        </Button>
      )}
    </>
  );
}

const kFacts = ['addressed', 'sent', 'opened', 'not_opened', 'clicked', 'not_clicked', 'bounced', 'failed', 'skipped',
  'unsubscribed'] as const;

export function MessageCondition({ rule, onChange }: Props<'RuleMessage'>) {
  const { t } = useTranslation();
  const campaigns = useCampaigns().data?.items ?? [];
  const { type, fact, campaign } = rule;
  const when = { ...(rule.since ? { since: rule.since } : {}), ...(rule.days ? { days: rule.days } : {}) };
  return (
    <>
      <NativeSelect
        aria-label={t('segments.what_became')} value={fact}
        data={kFacts.map((value) => ({ value, label: t(`segments.fact.${value}`) }))}
        onChange={(event) => onChange({ ...rule, fact: event.currentTarget.value as (typeof kFacts)[number] })}
      />
      <NativeSelect
        className={classes.broad ?? ''} aria-label={t('segments.which_message')} value={campaign ?? ''}
        data={[{ value: '', label: t('segments.any_message') },
          ...campaigns.map(({ id, name }) => ({ value: id, label: name }))]}
        onChange={(event) => {
          const id = event.currentTarget.value;
          onChange({ type, fact, ...when, ...(id ? { campaign: id } : {}) });
        }}
      />
      <Period when={when} onChange={(next) => onChange({ type, fact, ...(campaign ? { campaign } : {}), ...next })} />
    </>
  );
}

const kActivities = ['transaction', 'visit', 'sign_up', 'reply', 'click', 'created', 'edited', 'imported', 'merged',
  'consent', 'custom'] as const;

export function ActivityCondition({ rule, onChange }: Props<'RuleActivity'>) {
  const { t } = useTranslation();
  const { type, activity, at_least } = rule;
  const when = { ...(rule.since ? { since: rule.since } : {}), ...(rule.days ? { days: rule.days } : {}) };
  const kept = { type, ...(activity ? { activity } : {}), ...(at_least ? { at_least } : {}) };
  const words = kActivities.map((value) => ({ value, label: t(`activity.${value}`) }));
  const offered = activity && !words.some(({ value }) => value === activity)
    ? [...words, { value: activity, label: activity }] : words;
  return (
    <>
      <NativeSelect
        aria-label={t('contact.activity')} value={activity ?? ''}
        data={[{ value: '', label: t('segments.any_activity') }, ...offered]}
        onChange={(event) => {
          const value = event.currentTarget.value;
          onChange({ type, ...(at_least ? { at_least } : {}), ...when, ...(value ? { activity: value } : {}) });
        }}
      />
      <NumberInput
        aria-label={t('segments.how_often')} prefix={`${t('segments.at_least')} `} suffix=" ×" min={1} max={1_000_000}
        allowDecimal={false} value={at_least ?? 1}
        onChange={(often) => onChange({ ...kept, ...when, at_least: Math.max(1, Number(often) || 1) })}
      />
      <Period when={when} onChange={(next) => onChange({ ...kept, ...next })} />
    </>
  );
}
