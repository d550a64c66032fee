import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import classes from './Figures.module.css';
import type { Campaign } from './queries';

/** "Starts in 0:58": the moment after the button, in which it can still be stopped. */
export function SecondThought({ campaign }: { campaign: Campaign }) {
  const { t } = useTranslation();
  const [now, setNow] = useState(Date.now);
  const waits = campaign.state === 'scheduled' && campaign.schedule === null && campaign.starts_at !== null;
  useEffect(() => {
    if (!waits) return undefined;
    const timer = setInterval(() => setNow(Date.now()), 500);
    return () => clearInterval(timer);
  }, [waits]);
  if (!waits) return null;
  const left = Math.max(0, Math.ceil((Date.parse(campaign.starts_at ?? '') - now) / 1000));
  const clock = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, '0')}`;
  return <span role="timer" className={classes.countdown}>{t('send_out.starts_in', { clock })}</span>;
}
