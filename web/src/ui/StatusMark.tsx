import {
  IconAlertTriangle, IconArrowBackUp, IconBan, IconCalendarTime, IconCheck, IconChecks, IconCircleX,
  IconClick, IconClockPause, IconFlag, IconHandStop, IconHelpCircle, IconHourglassLow, IconMailDown,
  IconMailOpened, IconPencil, IconPlayerPause, IconPlayerSkipForward, IconSend2, IconUserOff, type Icon,
} from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { isStatusWord, statusKey, toneOf, type StatusWord } from '../lib/status';
import classes from './StatusMark.module.css';

const icons: Record<StatusWord, Icon> = {
  queued: IconHourglassLow,
  sending: IconSend2,
  deferred: IconClockPause,
  sent: IconCheck,
  delivered: IconChecks,
  opened: IconMailOpened,
  clicked: IconClick,
  bounced: IconArrowBackUp,
  'marked as spam': IconFlag,
  unsubscribed: IconUserOff,
  dropped: IconBan,
  skipped: IconPlayerSkipForward,
  failed: IconCircleX,
  held: IconHandStop,
  cancelled: IconCircleX,
  uncertain: IconHelpCircle,
  draft: IconPencil,
  scheduled: IconCalendarTime,
  running: IconSend2,
  paused: IconPlayerPause,
  finished: IconCheck,
  'finished with errors': IconAlertTriangle,
  received: IconMailDown,
};

/** A status: its sign, its colour and its word, the same everywhere; its meaning on pointing. */
export function StatusMark(props: { status: string; large?: boolean }) {
  const { t } = useTranslation();
  if (!isStatusWord(props.status)) return <span>{props.status}</span>;
  const Sign = icons[props.status];
  const key = statusKey(props.status);
  return (
    <span
      className={props.large ? `${classes.mark} ${classes.large}` : classes.mark}
      data-tone={toneOf(props.status)}
      title={t(`status_meaning.${key}`)}
    >
      <Sign size={props.large ? 18 : 15} stroke={2} aria-hidden />
      {t(`status.${key}`)}
    </span>
  );
}
