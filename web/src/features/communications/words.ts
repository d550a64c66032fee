// What the columns and filters of the log are called.
import { useTranslation } from 'react-i18next';
import { kCampaignStates, kMessageStatuses, statusKey } from '../../lib/status';
import type { Filter } from '../../ui/FilterBar';

export const kTypes = ['mailing', 'transactional_email', 'text_message', 'individual', 'test'] as const;
export const kKinds = ['campaign', 'individual', 'transactional', 'test', 'reply'] as const;

/** The filters that both views have; the status words of campaigns only where those are rows. */
export function useLogFilters(view: 'send_outs' | 'messages'): readonly Filter[] {
  const { t } = useTranslation();
  const states = view === 'send_outs' ? kCampaignStates : [];
  return [
    { kind: 'period' },
    view === 'send_outs'
      ? { kind: 'several', name: 'type', label: t('log.type'),
          choices: kTypes.map((value) => ({ value, label: t(`type.${value}`) })) }
      : { kind: 'several', name: 'kind', label: t('log.type'),
          choices: kKinds.map((value) => ({ value, label: t(`kind.${value}`) })) },
    { kind: 'several', name: 'status', label: t('log.status'),
      choices: [...states, ...kMessageStatuses].map((value) =>
        ({ value, label: t(`status.${statusKey(value)}`) })) },
    { kind: 'one', name: 'channel', label: t('log.channel'),
      choices: [{ value: 'email', label: t('channel.email') }, { value: 'sms', label: t('channel.sms') }] },
    { kind: 'text', name: 'sender', label: t('log.sender') },
    { kind: 'one', name: 'has_attachments', label: t('log.attachments'),
      choices: [{ value: 'true', label: t('log.with') }, { value: 'false', label: t('log.without') }] },
  ];
}
