import { Skeleton } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { Link, useParams } from 'react-router';
import { isTrouble } from '../../api/trouble';
import { octets } from '../../lib/number';
import { useLocale } from '../../lib/language/language';
import { longTime } from '../../lib/time';
import { isStatusWord, statusKey } from '../../lib/status';
import { EmptyState } from '../../ui/EmptyState';
import { Facts } from '../../ui/Facts';
import { PageHead } from '../../ui/PageHead';
import { Sheet } from '../../ui/Sheet';
import { StatusMark } from '../../ui/StatusMark';
import { TroubleNotice } from '../../ui/TroubleNotice';
import { useReason } from '../../ui/reason';
import { ContactLink } from './ContactLink';
import { MessageActions } from './MessageActions';
import classes from './MessagePage.module.css';
import { useMessage, useMessageContent, type MessageDetails } from './queries';
import { Timeline } from './Timeline';
import { WhatWasSent } from './WhatWasSent';

function About({ message }: { message: MessageDetails }) {
  const { t } = useTranslation();
  const locale = useLocale();
  const content = useMessageContent(message.id, message.content_sha256);
  const [recipient, ...about] = message.contact_ids;
  return (
    <Sheet title={t('message.about')}>
      <Facts facts={[
        [t('log.to'), message.address ?? t('log.no_address')],
        [t('message.recipient'), recipient ? <ContactLink id={recipient} /> : null],
        [t('message.also_about'), about.length > 0
          ? <>{about.map((id) => <div key={id}><ContactLink id={id} /></div>)}</> : null],
        [t('log.sender'), message.sender],
        [t('log.type'), t(`kind.${message.kind}`)],
        [t('message.send_out'), message.campaign_id
          ? <Link to={`/communications/send-outs/${message.campaign_id}`}>{t('message.to_send_out')}</Link> : null],
        [t('message.language'), message.locale || null],
        [t('log.queued_at'), longTime(message.queued_at, locale)],
        [t('message.next_attempt'), message.due_at ? longTime(message.due_at, locale) : null],
        [t('message.size'), content.data ? octets(content.data.octets, locale) : null],
        [t('message.number'), <code key="id">{message.message_id}</code>],
        [t('message.fingerprint'), message.content_sha256
          ? <code key="sha" title={t('message.fingerprint_meaning')}>{message.content_sha256}</code> : null],
      ]} />
    </Sheet>
  );
}

function Verdict({ message }: { message: MessageDetails }) {
  const { t } = useTranslation();
  const reason = useReason();
  const words = reason(message.reason);
  const meaning = isStatusWord(message.status) ? t(`status_meaning.${statusKey(message.status)}`) : '';
  const saysMore = words !== '' && message.reason !== 'accepted';
  return (
    <div className={classes.verdict}>
      <StatusMark status={message.status} large />
      <p>
        {saysMore ? <strong>{words}. </strong> : null}
        {meaning}
      </p>
      <MessageActions message={message} />
    </div>
  );
}

export function Component() {
  const { t } = useTranslation();
  const { id = '' } = useParams();
  const { data: message, error, refetch } = useMessage(id);
  if (isTrouble(error) && error.status === 404) {
    return <EmptyState title={t('message.gone_title')} sentence={t('message.gone')} />;
  }
  if (error) return <TroubleNotice error={error} onRetry={() => void refetch()} />;
  if (!message) return <Skeleton height={320} aria-label={t('list.loading')} />;
  return (
    <>
      <PageHead
        title={message.subject || t('log.no_subject')}
        over={<Link to="/communications/messages">{t('communications.messages')}</Link>}
      />
      <Verdict message={message} />
      {message.purged ? (
        <p role="status">{t('message.purged', { who: message.purged.purged_by, why: message.purged.reason })}</p>
      ) : null}
      <div className={classes.columns}>
        <WhatWasSent message={message} />
        <div className={classes.side}>
          <Sheet title={t('message.what_happened')}><Timeline queuedAt={message.queued_at} events={message.events} /></Sheet>
          <About message={message} />
        </div>
      </div>
    </>
  );
}
