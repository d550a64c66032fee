import { IconAlertTriangle, IconCircleCheck, IconCircleX, IconHelpCircle, IconHourglassLow, IconMinus, type Icon } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import type { Tone } from '../../lib/status';
import { ToneMark } from '../../ui/ToneMark';
import type { Domain, Finding } from './queries';

/** Whether DNS had everything when it was last asked. */
export function DomainMark({ domain }: { domain: Domain }) {
  const { t } = useTranslation();
  if (domain.is_verified) return <ToneMark icon={IconCircleCheck} tone="good" label={t('domain.verified')} />;
  return domain.checked_at
    ? <ToneMark icon={IconAlertTriangle} tone="bad" label={t('domain.not_verified')} />
    : <ToneMark icon={IconHourglassLow} tone="warn" label={t('domain.unchecked')} />;
}

const signs: Record<Finding['status'], { icon: Icon; tone: Tone }> = {
  good: { icon: IconCircleCheck, tone: 'good' },
  problem: { icon: IconCircleX, tone: 'bad' },
  warning: { icon: IconAlertTriangle, tone: 'warn' },
  unknown: { icon: IconHelpCircle, tone: 'plain' },
  not_needed: { icon: IconMinus, tone: 'off' },
};

export function FindingMark({ status }: { status: Finding['status'] }) {
  const { t } = useTranslation();
  return <ToneMark {...signs[status]} label={t(`domain.status.${status}`)} />;
}
