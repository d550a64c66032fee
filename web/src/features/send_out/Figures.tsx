import { Skeleton } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { amount, percent } from '../../lib/number';
import { useLocale } from '../../lib/language/language';
import { Sheet } from '../../ui/Sheet';
import { TroubleNotice } from '../../ui/TroubleNotice';
import classes from './Figures.module.css';
import { useStatistics, type Statistics } from './queries';

type Line = Statistics['ended'][number]['line'];

function Ended({ figures }: { figures: Statistics }) {
  const { t } = useTranslation();
  const locale = useLocale();
  const nobodyLooked = figures.not_measured.includes('opened');
  const nameOf = (line: Line) =>
    t(`figures.ended_line.${line === 'sent' && nobodyLooked ? 'sent_not_measured' : line}`);
  return (
    <Sheet title={t('figures.ended')}>
      <div className={classes.bar} aria-hidden>
        {figures.ended.map(({ line, amount: many }) => many > 0
          ? <span key={line} data-line={line} style={{ flexGrow: many }} /> : null)}
      </div>
      <table className={classes.table}>
        <thead>
          <tr>
            <th scope="col">{t('figures.line')}</th>
            <th scope="col">{t('figures.messages')}</th>
            <th scope="col">{t('figures.percent')}</th>
          </tr>
        </thead>
        <tbody>
          {figures.ended.map(({ line, amount: many, percent: part }) => (
            <tr key={line}>
              <th scope="row"><i data-line={line} aria-hidden />{nameOf(line)}</th>
              <td>{amount(many, locale)}</td>
              <td>{percent(part, locale)}</td>
            </tr>
          ))}
        </tbody>
        <tfoot>
          <tr>
            <th scope="row">{t('progress.total')}</th>
            <td>{amount(figures.total, locale)}</td>
            <td />
          </tr>
        </tfoot>
      </table>
    </Sheet>
  );
}

function AlongTheWay({ figures }: { figures: Statistics }) {
  const { t } = useTranslation();
  const locale = useLocale();
  const missing = new Set(figures.not_measured);
  const measured = figures.along_the_way.filter(({ figure }) => !missing.has(figure));
  const silent = figures.along_the_way.filter(({ figure }) => missing.has(figure));
  return (
    <Sheet title={t('figures.along')}>
      <table className={classes.table}>
        <thead>
          <tr>
            <th scope="col">{t('figures.figure')}</th>
            <th scope="col">{t('figures.people')}</th>
            <th scope="col">{t('figures.of_sent')}</th>
          </tr>
        </thead>
        <tbody>
          {measured.map(({ figure, people, of_sent, times, machine }) => (
            <tr key={figure}>
              <th scope="row">
                {t(`figures.along_the_way.${figure}`)}
                {times !== null && times > people
                  ? <span className={classes.note}>{t('figures.times', { amount: amount(times, locale) })}</span> : null}
                {machine ? (
                  <span className={classes.note} title={t('figures.machines_meaning')}>
                    {t('figures.machines', { amount: amount(machine, locale) })}
                  </span>
                ) : null}
              </th>
              <td>{amount(people, locale)}</td>
              <td>{percent(of_sent, locale)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {silent.length > 0 ? (
        <p className={classes.silent}>
          {t('figures.not_measured', {
            figures: silent.map(({ figure }) => t(`figures.along_the_way.${figure}`).toLowerCase()).join(', '),
          })}
        </p>
      ) : null}
    </Sheet>
  );
}

/** The two sets of figures beneath the message (P33). */
export function Figures({ id }: { id: string }) {
  const { t } = useTranslation();
  const { data, error, refetch } = useStatistics(id);
  if (error) return <TroubleNotice error={error} onRetry={() => void refetch()} />;
  if (!data) return <Skeleton height={200} mt="lg" aria-label={t('list.loading')} />;
  if (data.total === 0) return null;
  return (
    <div className={classes.figures}>
      <Ended figures={data} />
      <AlongTheWay figures={data} />
    </div>
  );
}
