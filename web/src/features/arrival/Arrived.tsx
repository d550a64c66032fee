import { Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { Link, useSearchParams } from 'react-router';
import { answer, api, type Schema } from '../../api/client';
import { useLanguage, type Language } from '../../lib/language/language';
import { PageHead } from '../../ui/PageHead';
import { Sheet } from '../../ui/Sheet';
import { StatusMark } from '../../ui/StatusMark';
import { TroubleNotice } from '../../ui/TroubleNotice';
import classes from './Arrived.module.css';

type Candidate = Schema<'ArrivalCandidate'>;

function useArrival(q: string, language: Language) {
  return useQuery({
    queryKey: ['arrived', q, language],
    enabled: q !== '',
    queryFn: ({ signal }) =>
      answer(api.GET('/did-it-arrive', { params: { query: { q, language } }, signal })),
  });
}

function Person({ candidate }: { candidate: Candidate }) {
  return (
    <Sheet>
      <h2 className={classes.name}>
        {candidate.contact_id
          ? <Link to={`/contacts/${candidate.contact_id}`}>{candidate.name || candidate.addresses[0]}</Link>
          : candidate.name || candidate.addresses[0]}
      </h2>
      <p className={classes.addresses}>{candidate.addresses.join(' · ')}</p>
      {candidate.messages.length === 0 ? <p className={classes.sentence}>{candidate.sentence}</p> : (
        <ul className={classes.messages}>
          {candidate.messages.map((message) => (
            <li key={message.message_id}>
              <div>
                <p className={classes.sentence}>{message.sentence}</p>
                {message.proof.reply_text ? <pre>{message.proof.reply_text}</pre> : null}
              </div>
              <div className={classes.beside}>
                <StatusMark status={message.status} />
                <Link to={`/communications/messages/${message.message_id}`}>{message.subject}</Link>
              </div>
            </li>
          ))}
        </ul>
      )}
    </Sheet>
  );
}

/** "Did it arrive?" (B11): for a name, an address or a number, in a sentence and with its proof. */
export function Component() {
  const { t } = useTranslation();
  const [params] = useSearchParams();
  const language = useLanguage();
  const q = (params.get('q') ?? '').trim();
  const { data, error, refetch, isPending } = useArrival(q, language);
  return (
    <>
      <PageHead title={t('arrived.title')} under={q ? `“${q}”` : t('arrived.ask')} />
      {error ? <TroubleNotice error={error} onRetry={() => void refetch()} /> : null}
      {q && isPending ? <Skeleton height={160} aria-label={t('list.loading')} /> : null}
      {data ? (
        <div className={classes.people}>
          {data.candidates.length === 0 ? <Sheet><p className={classes.sentence}>{data.sentence}</p></Sheet> : null}
          {data.candidates.map((each, index) =>
            <Person key={each.contact_id ?? index} candidate={each} />)}
          {data.has_more ? <p role="status">{t('arrived.more')}</p> : null}
        </div>
      ) : null}
    </>
  );
}
