import { Skeleton } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { MessageFrame } from '../../ui/MessageFrame';
import { Sheet } from '../../ui/Sheet';
import { TroubleNotice } from '../../ui/TroubleNotice';
import { useDraftText, useExample, type Campaign } from './queries';
import classes from './TheMessage.module.css';

/** The message as one of its recipients got it; while it reached nobody, as it was written. */
export function TheMessage({ campaign }: { campaign: Campaign }) {
  const { t } = useTranslation();
  const example = useExample(campaign.id);
  const text = useDraftText(campaign, example.data === null);
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
  return (
    <Sheet flush>
      <p className={classes.who}>
        {t('send_out.as_got_by', { name: name || address || '–' })}{' '}
        <Link to={`/communications/messages/${message_id}`}>{t('send_out.open_message')}</Link>
      </p>
      <MessageFrame title={t('message.frame')} src={`/api/v1/messages/${message_id}/html`} />
    </Sheet>
  );
}
