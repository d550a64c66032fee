import { Button, Group, Skeleton } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useParams } from 'react-router';
import { isTrouble } from '../../api/trouble';
import { useLocale } from '../../lib/language/language';
import { longTime } from '../../lib/time';
import { EmptyState } from '../../ui/EmptyState';
import { Facts } from '../../ui/Facts';
import { PageHead } from '../../ui/PageHead';
import { Sheet } from '../../ui/Sheet';
import { TroubleNotice } from '../../ui/TroubleNotice';
import { ZoneNote } from '../../ui/ZoneNote';
import classes from './Problems.module.css';
import { useReturned, useReturnedSource, type ReturnedMail } from './queries';
import { KindMark } from './ReturnedMail';
import { useProblemWords } from './words';

function Said({ mail }: { mail: ReturnedMail }) {
  const { t } = useTranslation();
  const words = useProblemWords();
  return (
    <Sheet title={t(mail.kind === 'reply' ? 'returned.answer' : 'returned.says')}>
      {mail.text ? <pre className={classes.reply}>{mail.text}</pre> : null}
      {mail.recipients.map((each) => (
        <Facts key={each.address} facts={[
          [t('contact.address'), each.address],
          [t('log.reason'), words.why({ reason: each.reason, why: each.reason, what_to_do: '' })],
          [t('timeline.server_words'), each.diagnostic
            ? <span className={classes.words}>{each.diagnostic}</span> : null],
        ]} />
      ))}
      {!mail.text && mail.recipients.length === 0
        ? <p className={classes.soft}>{t('returned.says_nothing')}</p> : null}
    </Sheet>
  );
}

function Raw({ mail }: { mail: ReturnedMail }) {
  const { t } = useTranslation();
  const [shown, setShown] = useState(false);
  const source = useReturnedSource(mail.id, shown);
  if (!mail.is_whole) return <Sheet title={t('returned.itself')}><p className={classes.soft}>{t('returned.not_kept')}</p></Sheet>;
  return (
    <Sheet title={t('returned.itself')}>
      <Group gap="xs">
        {shown ? null : <Button variant="default" onClick={() => setShown(true)}>{t('returned.show')}</Button>}
        <Button
          component="a" href={`/api/v1/returned-mail/${mail.id}/eml`} download variant="default"
          leftSection={<IconDownload size={16} aria-hidden />}
        >
          {t('message.download')}
        </Button>
      </Group>
      {source.error ? <TroubleNotice error={source.error} /> : null}
      {source.data ? <pre className={classes.source} tabIndex={0}>{source.data}</pre> : null}
    </Sheet>
  );
}

/** A mail that came back: what it says, what followed, and the mail itself. */
export function Component() {
  const { t } = useTranslation();
  const locale = useLocale();
  const { id = '' } = useParams();
  const { data: mail, error, refetch } = useReturned(id);
  if (isTrouble(error) && error.status === 404) {
    return <EmptyState title={t('returned.gone_title')} sentence={t('problems.gone')} />;
  }
  if (error) return <TroubleNotice error={error} onRetry={() => void refetch()} />;
  if (!mail) return <Skeleton height={320} aria-label={t('list.loading')} />;
  return (
    <>
      <PageHead
        title={mail.subject || t('log.no_subject')}
        over={<Link to="/problems/returned">{t('problems.returned')}</Link>} under={<KindMark kind={mail.kind} />}
      />
      <div className={classes.pair}>
        <div className={classes.stack}>
          <Said mail={mail} />
          <Raw mail={mail} />
        </div>
        <Sheet title={t('problems.known')}>
          <Facts facts={[
            [t('returned.from'), mail.sender || mail.envelope_from || t('returned.no_sender')],
            [t('log.to'), mail.envelope_to],
            [t('log.at'), longTime(mail.received_at, locale)],
            [t('returned.followed'), mail.outcome ? t(`returned.outcome.${mail.outcome}`) : null],
            [t('returned.because'), mail.reason],
            [t('returned.passed_on'), mail.forwarded_at ? longTime(mail.forwarded_at, locale) : null],
            [t('problems.message'), mail.message_id
              ? <Link to={`/communications/messages/${mail.message_id}`}>{t('problems.open_message')}</Link> : null],
            [t('message.send_out'), mail.campaign_id
              ? <Link to={`/communications/send-outs/${mail.campaign_id}`}>{t('message.to_send_out')}</Link> : null],
            [t('returned.contact'), mail.contact_id
              ? <Link to={`/contacts/${mail.contact_id}`}>{t('returned.open_contact')}</Link> : null],
          ]} />
        </Sheet>
      </div>
      <ZoneNote />
    </>
  );
}
