import { Skeleton } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { Link, useParams } from 'react-router';
import { isTrouble } from '../../api/trouble';
import { useLocale } from '../../lib/language/language';
import { longTime, shortDate } from '../../lib/time';
import { EmptyState } from '../../ui/EmptyState';
import { Facts } from '../../ui/Facts';
import { PageHead } from '../../ui/PageHead';
import { Sheet } from '../../ui/Sheet';
import { TroubleNotice } from '../../ui/TroubleNotice';
import { ZoneNote } from '../../ui/ZoneNote';
import { useMay } from '../session/session';
import { FixForm } from './FixForm';
import classes from './Problems.module.css';
import { useAddressProblem, type AddressProblem } from './queries';
import { useProblemWords } from './words';

function WhatIsKnown({ problem }: { problem: AddressProblem }) {
  const { t } = useTranslation();
  const locale = useLocale();
  const stopped = problem.stopped === 'nothing' ? t('problems.stopped.nothing')
    : problem.stopped_until
      ? t('problems.stopped_until', {
        what: t(`problems.stopped.${problem.stopped}`), until: shortDate(problem.stopped_until, locale),
      })
      : t(`problems.stopped.${problem.stopped}`);
  return (
    <Sheet title={t('problems.known')}>
      <Facts facts={[
        [t('problems.who'), problem.contacts.length === 0 ? t('problems.nobody') : (
          <>{problem.contacts.map(({ id, name }) => (
            <div key={id}><Link to={`/contacts/${id}`}>{name || t('contact.no_name')}</Link></div>
          ))}</>
        )],
        [t('problems.held_back'), stopped],
        [t('problems.server_said'), problem.diagnostic
          ? <span className={classes.words}>{problem.diagnostic}</span> : null],
        [t('problems.message'), problem.message_id
          ? <Link to={`/communications/messages/${problem.message_id}`}>{t('problems.open_message')}</Link> : null],
        [t('problems.first'), longTime(problem.first_at, locale)],
        [t('problems.last'), longTime(problem.last_at, locale)],
        [t('problems.settled'), problem.settled_at
          ? `${longTime(problem.settled_at, locale)}, ${problem.settled_by}` : null],
        [t('problems.note'), problem.settled_note],
      ]} />
    </Sheet>
  );
}

/** One address that mail did not get to: why, and what a person can do about it here. */
export function Component() {
  const { t } = useTranslation();
  const { id = '' } = useParams();
  const words = useProblemWords();
  const may = useMay('contacts:write');
  const { data: problem, error, refetch } = useAddressProblem(id);
  if (isTrouble(error) && error.status === 404) {
    return <EmptyState title={t('problems.gone_title')} sentence={t('problems.gone')} />;
  }
  if (error) return <TroubleNotice error={error} onRetry={() => void refetch()} />;
  if (!problem) return <Skeleton height={320} aria-label={t('list.loading')} />;
  return (
    <>
      <PageHead
        title={problem.address} over={<Link to="/problems">{t('areas.problems')}</Link>}
        under={words.why(problem)}
      />
      <div className={classes.pair}>
        <div className={classes.stack}>
          <Sheet title={t('problems.what_to_do')}>
            <p className={classes.advice}>{words.whatToDo(problem)}</p>
            {may ? <FixForm problem={problem} /> : null}
          </Sheet>
        </div>
        <WhatIsKnown problem={problem} />
      </div>
      <ZoneNote />
    </>
  );
}
