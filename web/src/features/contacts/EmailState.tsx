import {
  IconBan, IconCircleCheck, IconFlag, IconMailOff, IconMailX, IconUserOff, type Icon,
} from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import type { Contact } from './queries';

type State = Contact['email_state'];

const signs: Record<State, { icon: Icon; colour: string }> = {
  ok: { icon: IconCircleCheck, colour: 'var(--tone-good)' },
  none: { icon: IconMailOff, colour: 'var(--tone-off)' },
  do_not_contact: { icon: IconBan, colour: 'var(--tone-bad)' },
  unsubscribed: { icon: IconUserOff, colour: 'var(--tone-off)' },
  bounced: { icon: IconMailX, colour: 'var(--tone-bad)' },
  complained: { icon: IconFlag, colour: 'var(--tone-bad)' },
  suppressed: { icon: IconBan, colour: 'var(--tone-off)' },
};

/** Whether a campaign would be sent to the contact's address (P39). */
export function EmailState({ state, words }: { state: State; words?: boolean }) {
  const { t } = useTranslation();
  const { icon: Sign, colour } = signs[state];
  const label = t(`email_state.${state}`);
  return (
    <span title={label} style={{ display: 'inline-flex', alignItems: 'center', gap: 6, verticalAlign: 'middle' }}>
      <Sign size={17} stroke={1.9} color={colour} role="img" aria-label={words ? undefined : label}
        aria-hidden={words} />
      {words ? label : null}
    </span>
  );
}
