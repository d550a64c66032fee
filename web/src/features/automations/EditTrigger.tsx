import { Select, Switch, TextInput } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { isTicked, textIn, textOrNull } from '../../lib/form';
import { Ask } from '../../ui/Ask';
import { fieldTrouble } from '../../ui/field_trouble';
import { useMay } from '../session/session';
import { useTemplateList } from '../templates/queries';
import { useSaveTrigger, type Trigger } from './queries';

/** What an event sends; null: one that was never posted yet. */
export function EditTrigger({ trigger, name, onClose }: { trigger: Trigger | null; name: string; onClose: () => void }) {
  const { t } = useTranslation();
  const mayLock = useMay('organisation:write');
  const templates = useTemplateList('name').data?.pages.flatMap((page) => page.items) ?? [];
  const save = useSaveTrigger();
  return (
    <Ask
      opened onClose={onClose} title={trigger ? name : t('automation.add')} yes={t('account.save')} busy={save.isPending}
      error={save.error}
      onYes={(form) => save.mutate({
        event: trigger?.event ?? textIn(form, 'event'), isNew: trigger === null,
        ...(trigger?.is_ready ? {} : { label: textIn(form, 'label') }),
        template_id: textOrNull(form, 'template'),
        ...(trigger?.is_locked ? {} : { is_enabled: isTicked(form, 'enabled') }),
        ...(mayLock ? { is_locked: isTicked(form, 'locked') } : {}),
      }, { onSuccess: onClose })}
    >
      {trigger ? null : (
        <TextInput name="event" label={t('automation.event')} description={t('automation.event_means')} required maxLength={60}
          pattern="[a-z][a-z0-9._\-]*" title={t('automation.event_means')}
          placeholder="membership_renewed" error={fieldTrouble(save.error, '/event')} data-autofocus
        />
      )}
      {trigger?.is_ready ? null : (
        <TextInput name="label" label={t('log.name')} maxLength={200} defaultValue={trigger?.label ?? ''}
          error={fieldTrouble(save.error, '/label')} />
      )}
      <Select
        name="template" label={t('automation.sends')} searchable clearable defaultValue={trigger?.template_id ?? null}
        placeholder={t(trigger?.is_ready ? 'automation.ready' : 'automation.given')}
        description={t(trigger?.is_ready ? 'automation.ready_means' : 'automation.given_means')}
        clearButtonProps={{ 'aria-label': t('settings.remove') }}
        data={templates.map(({ id, name: label }) => ({ value: id, label }))} error={fieldTrouble(save.error, '/template_id')}
      />
      <Switch name="enabled" label={t('automation.on')} description={t('automation.off_means')}
        defaultChecked={trigger?.is_enabled ?? true} disabled={trigger?.is_locked ?? false} />
      {mayLock ? (
        <Switch name="locked" label={t('automation.locked')} description={t('automation.locked_means')}
          defaultChecked={trigger?.is_locked ?? false} />
      ) : null}
    </Ask>
  );
}
