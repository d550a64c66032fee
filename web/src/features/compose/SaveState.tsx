import { Button, Group } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { clockTime } from '../../lib/time';
import { useLocale } from '../../lib/language/language';
import { TroubleNotice } from '../../ui/TroubleNotice';
import classes from './Compose.module.css';
import { patchOf } from './draft_fields';
import type { StepProps } from './Compose';
import { useNewDraft } from './queries';

function Clash({ kept, keeper }: StepProps) {
  const { t } = useTranslation();
  const locale = useLocale();
  const copy = useNewDraft();
  if (kept.saving.kind !== 'clash') return null;
  const { theirs, names } = kept.saving;
  const what = new Intl.ListFormat(locale).format(names.map((name) => t(`compose.field.${name}`)));
  return (
    <div role="alert" className={classes.clash}>
      <p>{t('compose.clash', { what, at: clockTime(theirs.value.changed_at, locale).slice(0, 5) })}</p>
      {copy.error ? <TroubleNotice error={copy.error} /> : null}
      <Group gap="xs">
        <Button size="compact-md" onClick={() => keeper.settle('mine')}>{t('compose.keep_mine')}</Button>
        <Button size="compact-md" variant="default" onClick={() => keeper.settle('theirs')}>
          {t('compose.take_theirs')}
        </Button>
        <Button
          size="compact-md" variant="default" loading={copy.isPending}
          onClick={() => copy.mutate(patchOf(kept.fields), { onSuccess: () => keeper.settle('theirs') })}
        >
          {t('compose.keep_both')}
        </Button>
      </Group>
    </div>
  );
}

/** Whether what is typed is safe, in words, always at the same place. */
export function SaveState({ kept, keeper }: StepProps) {
  const { t } = useTranslation();
  const locale = useLocale();
  const { saving, refused } = kept;
  const held = Object.keys(refused) as (keyof typeof refused)[];
  if (saving.kind === 'clash') return <Clash kept={kept} keeper={keeper} />;
  if (saving.kind === 'failed') return <TroubleNotice error={saving.error} onRetry={() => void keeper.flush()} />;
  return (
    <span role="status" className={classes.saving} data-kind={saving.kind}>
      {saving.kind === 'saved' ? t('compose.saved', { at: clockTime(saving.at, locale).slice(0, 5) }) : null}
      {saving.kind === 'unsaved' || saving.kind === 'saving' ? t('compose.saving') : null}
      {saving.kind === 'offline' ? t('compose.offline') : null}
      {held.length > 0 ? ` ${t('compose.saved_except', {
        what: new Intl.ListFormat(locale).format(held.map((name) => t(`compose.field.${name}`))),
      })}` : null}
    </span>
  );
}
