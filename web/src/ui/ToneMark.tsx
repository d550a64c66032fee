import type { Icon } from '@tabler/icons-react';
import type { Tone } from '../lib/status';
import classes from './StatusMark.module.css';

/** A sign, a colour and a word for what is no status of a message. */
export function ToneMark({ icon: Sign, tone, label }: { icon: Icon; tone: Tone; label: string }) {
  return (
    <span className={classes.mark} data-tone={tone}>
      <Sign size={15} stroke={2} aria-hidden />
      {label}
    </span>
  );
}
