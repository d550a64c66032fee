import { useState } from 'react';
import { Skeleton, Switch } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { MessageFrame } from '../../ui/MessageFrame';
import { Sheet } from '../../ui/Sheet';
import { TroubleNotice } from '../../ui/TroubleNotice';
import { useDraftText, useExample, useLinks, type Campaign } from './queries';
import classes from './TheMessage.module.css';

/** The message as one of its recipients got it; while it reached nobody, as it was written. */
export function TheMessage({ campaign }: { campaign: Campaign }) {
  const { t } = useTranslation();
  const example = useExample(campaign.id);
  const text = useDraftText(campaign, example.data === null);
  const links = useLinks(campaign.id);
  const [drawsClicks, setDrawsClicks] = useState(true);
  if (example.error) {
    return <TroubleNotice error={example.error} onRetry={() => void example.refetch()} />;
  }
  if (example.data === undefined) return <Skeleton role="img" height={420} aria-label={t('list.loading')} />;
  if (example.data === null) {
    return (
      <Sheet>
        <p className={classes.note}>{t('send_out.reached_nobody')}</p>
        {text.error ? <TroubleNotice error={text.error} onRetry={() => void text.refetch()} /> : null}
        {text.data === undefined && !text.error ? <Skeleton role="img" height={120} aria-label={t('list.loading')} /> : null}
        {text.data === undefined ? null : <div className={classes.plain}>{text.data || t('message.no_text')}</div>}
      </Sheet>
    );
  }
  const { message_id, name, address } = example.data;
  const hasLinks = links.data !== undefined && links.data.links.length > 0;
  return (
    <Sheet flush>
      <div className={classes.who}>
        <p>
          {t('send_out.as_got_by', { name: name || address || '–' })}{' '}
          <Link to={`/communications/messages/${message_id}`}>{t('send_out.open_message')}</Link>
        </p>
        {hasLinks ? (
          <Switch
            size="sm" label={t(links.data?.is_total ? 'links.draw_times' : 'links.draw_people')}
            checked={drawsClicks} onChange={(event) => setDrawsClicks(event.currentTarget.checked)}
          />
        ) : null}
      </div>
      <MessageFrame
        title={t('message.frame')}
        src={`/api/v1/messages/${message_id}/html${hasLinks && drawsClicks ? '?clicks=true' : ''}`}
      />
    </Sheet>
  );
}
