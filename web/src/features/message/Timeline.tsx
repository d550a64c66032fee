import { useTranslation } from 'react-i18next';
import { useLocale } from '../../lib/language/language';
import { clockTime, dayName } from '../../lib/time';
import { useReason } from '../../ui/reason';
import type { MessageEvent } from './queries';
import { eventWord, toneOfEvent, withQueued } from './event_words';
import classes from './Timeline.module.css';

function Words({ event }: { event: MessageEvent }) {
  const { t } = useTranslation();
  const { attempt, hit } = event;
  if (hit) {
    return (
      <p className={classes.detail}>
        {hit.url ? <span className={classes.url}>{hit.url}</span> : null}
        {hit.why ? <span className={classes.soft}>{t(`hit_why.${hit.why}`)}</span> : null}
        {hit.user_agent ? <span className={classes.agent} title={hit.user_agent}>{hit.user_agent}</span> : null}
      </p>
    );
  }
  if (!attempt) return null;
  const code = [attempt.reply_code || null, attempt.enhanced_status_code || null].filter(Boolean).join(' ');
  if (!attempt.reply_text && !code) return null;
  return (
    <details className={classes.detail}>
      <summary>{t('timeline.server_words')}</summary>
      <pre>{attempt.reply_text || code}</pre>
      <p className={classes.soft}>
        {attempt.remote ? `${attempt.remote} · ` : ''}{t('timeline.attempt', { number: attempt.attempt })}
      </p>
    </details>
  );
}

/** Everything that happened to a message, oldest first, a day at a time. */
export function Timeline({ queuedAt, events }: { queuedAt: string; events: readonly MessageEvent[] }) {
  const { t, i18n } = useTranslation();
  const locale = useLocale();
  const reason = useReason();
  let day = '';
  return (
    <ol className={classes.line}>
      {withQueued(queuedAt, events).map((event) => {
        const today = dayName(event.occurred_at, locale);
        const isNew = today !== day;
        day = today;
        const key = `event.${eventWord(event)}`;
        const why = event.reason && event.reason !== 'accepted' ? reason(event.reason) : '';
        return (
          <li key={event.id} data-tone={toneOfEvent(eventWord(event))}>
            {isNew ? <p className={classes.day}>{today}</p> : null}
            <div className={classes.event}>
              <time dateTime={event.occurred_at}>{clockTime(event.occurred_at, locale)}</time>
              <div>
                <p className={classes.what}>
                  {i18n.exists(key) ? t(key as 'event.sent') : event.type}
                  {why ? <span className={classes.why}>{`: ${why}`}</span> : null}
                </p>
                <Words event={event} />
              </div>
            </div>
          </li>
        );
      })}
    </ol>
  );
}
