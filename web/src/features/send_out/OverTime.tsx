import { useTranslation } from 'react-i18next';
import { amount } from '../../lib/number';
import { useLocale } from '../../lib/language/language';
import { shortDate, shortTime } from '../../lib/time';
import { Sheet } from '../../ui/Sheet';
import { TroubleNotice } from '../../ui/TroubleNotice';
import { barsOf } from './bars';
import classes from './OverTime.module.css';
import { useActivity } from './queries';

const kHeight = 120;

/** When people opened it and followed its links, each for the first time. Nothing while nobody did. */
export function OverTime({ id }: { id: string }) {
  const { t } = useTranslation();
  const locale = useLocale();
  const { data, error, refetch } = useActivity(id);
  if (error) return <TroubleNotice error={error} onRetry={() => void refetch()} />;
  const bars = data ? barsOf(data.items, data.by) : [];
  const most = Math.max(0, ...bars.map(({ opened, clicked }) => Math.max(opened, clicked)));
  const first = bars[0];
  const last = bars.at(-1);
  if (!data || !first || !last || most === 0) return null;
  const time = data.by === 'hour' ? shortTime : shortDate;
  const sum = (of: 'opened' | 'clicked') => amount(bars.reduce((all, bar) => all + bar[of], 0), locale);
  const words = t('over_time.words', {
    opened: sum('opened'), clicked: sum('clicked'), from: time(first.at, locale),
    until: time(data.items.at(-1)?.at ?? last.at, locale),
  });
  const height = (many: number) => (many === 0 ? 0 : Math.max(2, (many / most) * kHeight));
  return (
    <div className={classes.over}>
      <Sheet title={t('over_time.title')}>
        <p className={classes.words}>{words}</p>
        <svg
          className={classes.chart} viewBox={`0 0 ${bars.length * 10} ${kHeight}`} preserveAspectRatio="none"
          role="img" aria-label={words}
        >
          {bars.map((bar, index) => (
            <g key={bar.at}>
              <title>
                {`${time(bar.at, locale)}: ${t('over_time.bar', {
                  opened: amount(bar.opened, locale), clicked: amount(bar.clicked, locale),
                })}`}
              </title>
              <rect x={index * 10} y={0} width={10} height={kHeight} className={classes.room} />
              <rect
                x={index * 10 + 1} y={kHeight - height(bar.opened)} width={4} height={height(bar.opened)}
                className={classes.opened}
              />
              <rect
                x={index * 10 + 5} y={kHeight - height(bar.clicked)} width={4} height={height(bar.clicked)}
                className={classes.clicked}
              />
            </g>
          ))}
        </svg>
        <div className={classes.axis}>
          <span>{time(first.at, locale)}</span>
          <span className={classes.legend}>
            <i className={classes.openedMark} aria-hidden />{t('figures.along_the_way.opened')}
            <i className={classes.clickedMark} aria-hidden />{t('figures.along_the_way.clicked')}
          </span>
          <span>{time(last.at, locale)}</span>
        </div>
      </Sheet>
    </div>
  );
}
