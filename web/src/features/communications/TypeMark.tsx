import { IconMail, IconMessage, IconReceipt, IconTestPipe, IconUser, type Icon } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import type { SendOut } from './queries';

const icons: Record<SendOut['type'], Icon> = {
  mailing: IconMail,
  transactional_email: IconReceipt,
  text_message: IconMessage,
  individual: IconUser,
  test: IconTestPipe,
};

export function TypeMark({ type }: { type: SendOut['type'] }) {
  const { t } = useTranslation();
  const Sign = icons[type];
  return (
    <span style={{ display: 'inline-flex', alignItems: 'center', gap: 6, verticalAlign: 'middle', color: 'var(--ink-soft)' }}>
      <Sign size={16} stroke={1.8} aria-hidden /> {t(`type.${type}`)}
    </span>
  );
}
