import { Button, NumberInput, Select, Skeleton, Stack, Textarea, TextInput } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { textIn } from '../../lib/form';
import { Sheet } from '../../ui/Sheet';
import { TroubleNotice } from '../../ui/TroubleNotice';
import { fieldTrouble } from '../../ui/field_trouble';
import { kLanguages } from '../../lib/language/language';
import { useMay } from '../session/session';
import { useChangeOrganisation, useOrganisation, type Organisation } from './queries';
import { Logo } from './Logo';
import { SettingsHead } from './SettingsHead';
import classes from './Settings.module.css';

type Change = Parameters<ReturnType<typeof useChangeOrganisation>['mutate']>[0];

const kNumbers = ['second_thought_s', 'lateness_limit_min', 'inactive_after_days', 'soft_bounce_limit',
  'soft_bounce_period_days', 'soft_bounce_pause_days'] as const;
const kLimits = ['recipient_limit', 'body_retention_days', 'event_retention_days', 'returned_mail_retention_days'] as const;

const kBounds: Record<(typeof kNumbers)[number] | (typeof kLimits)[number], [number, number]> = {
  second_thought_s: [0, 600], lateness_limit_min: [1, 10080], inactive_after_days: [0, 3650],
  soft_bounce_limit: [0, 20], soft_bounce_period_days: [1, 365], soft_bounce_pause_days: [1, 365],
  recipient_limit: [1, 10_000_000], body_retention_days: [1, 36_500], event_retention_days: [30, 36_500],
  returned_mail_retention_days: [1, 36_500],
};

/** Only what differs from what is stored is sent. */
function changeOf(form: FormData, stored: Organisation): Change {
  const change: Record<string, unknown> = {};
  for (const name of ['name', 'postal_address', 'time_zone', 'locale', 'tracking', 'tracked_address', 'copy_address',
    'reply_forward_to'] as const) {
    const text = textIn(form, name);
    if (text !== stored[name]) change[name] = text;
  }
  for (const name of [...kNumbers, ...kLimits]) {
    const text = textIn(form, name);
    const value = text === '' ? null : Number(text);
    if (value !== stored[name]) change[name] = value;
  }
  return change as Change;
}

function Fields({ stored, may }: { stored: Organisation; may: boolean }) {
  const { t } = useTranslation();
  const change = useChangeOrganisation();
  const wrong = (name: string) => fieldTrouble(change.error, `/${name}`);
  const text = (name: 'name' | 'copy_address' | 'reply_forward_to', most: number) => (
    <TextInput name={name} label={t(`organisation.${name}`)} defaultValue={stored[name]} maxLength={most}
      error={wrong(name)} disabled={!may} required={name === 'name'}
      {...(name === 'name' ? {} : { description: t(`organisation.means.${name}`) })} />
  );
  const number = (name: keyof typeof kBounds) => (
    <NumberInput name={name} label={t(`organisation.${name}`)} description={t(`organisation.means.${name}`)}
      defaultValue={stored[name] ?? ''} min={kBounds[name][0]} max={kBounds[name][1]} allowDecimal={false}
      error={wrong(name)} disabled={!may} hideControls />
  );
  const languages: { value: string; label: string }[] = Object.entries(kLanguages).map(([value, label]) => ({ value, label }));
  if (!languages.some(({ value }) => value === stored.locale)) {
    languages.push({ value: stored.locale, label: stored.locale });
  }
  return (
    <form className={classes.form} onSubmit={(event) => {
      event.preventDefault();
      const wish = changeOf(new FormData(event.currentTarget), stored);
      if (Object.keys(wish).length > 0) change.mutate(wish);
    }}>
      <div className={classes.sheets}>
        <Sheet title={t('settings.views.organisation')}>
          <Stack gap="sm">
            {text('name', 200)}
            <Textarea name="postal_address" label={t('organisation.postal_address')} autosize minRows={2} maxLength={1000}
              description={t('organisation.means.postal_address')} defaultValue={stored.postal_address} disabled={!may}
              error={wrong('postal_address')} />
            <Select name="locale" label={t('language')} data={languages} defaultValue={stored.locale} disabled={!may}
              allowDeselect={false} error={wrong('locale')} />
            <Select name="time_zone" label={t('organisation.time_zone')} searchable defaultValue={stored.time_zone}
              data={Intl.supportedValuesOf('timeZone')} disabled={!may} allowDeselect={false} limit={100}
              error={wrong('time_zone')} />
          </Stack>
        </Sheet>
        <Logo mediaId={stored.logo_media_id} name={stored.name} may={may} />
        <Sheet title={t('organisation.copies')}>
          <Stack gap="sm">
            {text('reply_forward_to', 320)}
            {text('copy_address', 320)}
          </Stack>
        </Sheet>
        <Sheet title={t('organisation.tracking_title')}>
          <Stack gap="sm">
            <Select name="tracking" label={t('organisation.tracking')} defaultValue={stored.tracking} disabled={!may}
              allowDeselect={false} description={t('organisation.means.tracking')}
              data={(['off', 'totals', 'individual'] as const).map((value) =>
                ({ value, label: t(`organisation.trackings.${value}`) }))} />
            <Select name="tracked_address" label={t('organisation.tracked_address')} disabled={!may} allowDeselect={false}
              defaultValue={stored.tracked_address}
              data={(['none', 'truncated', 'whole'] as const).map((value) =>
                ({ value, label: t(`organisation.tracked.${value}`) }))} />
          </Stack>
        </Sheet>
        <Sheet title={t('organisation.sending')}>
          <Stack gap="sm">{(['second_thought_s', 'lateness_limit_min', 'recipient_limit', 'inactive_after_days'] as const).map((name) => <div key={name}>{number(name)}</div>)}</Stack>
        </Sheet>
        <Sheet title={t('organisation.bounces')}>
          <Stack gap="sm">{(['soft_bounce_limit', 'soft_bounce_period_days', 'soft_bounce_pause_days'] as const).map((name) => <div key={name}>{number(name)}</div>)}</Stack>
        </Sheet>
        <Sheet title={t('organisation.kept')}>
          <Stack gap="sm">{(['body_retention_days', 'event_retention_days', 'returned_mail_retention_days'] as const).map((name) => <div key={name}>{number(name)}</div>)}</Stack>
        </Sheet>
      </div>
      {change.error ? <TroubleNotice error={change.error} /> : null}
      {may ? (
        <div>
          <Button type="submit" loading={change.isPending}>{t('account.save')}</Button>
          {change.isSuccess ? <span role="status" className={classes.done}>{t('account.saved')}</span> : null}
        </div>
      ) : <p className={classes.soft}>{t('settings.may_not')}</p>}
    </form>
  );
}

/** The organisation: what it is called and where, and what it chooses for itself. */
export function Component() {
  const { t } = useTranslation();
  const may = useMay('organisation:write');
  const { data, error, refetch } = useOrganisation();
  return (
    <>
      <SettingsHead />
      {error ? <TroubleNotice error={error} onRetry={() => void refetch()} /> : null}
      {data ? <Fields stored={data} may={may} /> : null}
      {!data && !error ? <Skeleton height={320} aria-label={t('list.loading')} /> : null}
    </>
  );
}
