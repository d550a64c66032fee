import { useTranslation } from 'react-i18next';
import { amount } from '../../lib/number';
import { useLocale } from '../../lib/language/language';
import { Sheet } from '../../ui/Sheet';
import { TroubleNotice } from '../../ui/TroubleNotice';
import classes from './Figures.module.css';
import { useLinks } from './queries';

/** Which links were followed, by how many; nothing where links are not counted. */
export function Links({ id }: { id: string }) {
  const { t } = useTranslation();
  const locale = useLocale();
  const { data, error, refetch } = useLinks(id);
  if (error) return <TroubleNotice error={error} onRetry={() => void refetch()} />;
  if (!data || !data.tracks_clicks || data.links.length === 0) return null;
  return (
    <div className={classes.links}>
      <Sheet title={t('links.title')}>
        <table className={classes.table}>
          <thead>
            <tr>
              <th scope="col">{t('links.link')}</th>
              <th scope="col">{t(data.is_total ? 'links.times' : 'figures.people')}</th>
              <th scope="col">{t('links.machines')}</th>
            </tr>
          </thead>
          <tbody>
            {data.links.map((link) => (
              <tr key={`${link.locale} ${link.number}`}>
                <th scope="row">
                  {link.url}
                  {link.locale ? <span className={classes.note}>{link.locale}</span> : null}
                </th>
                <td>{amount(data.is_total ? link.hits - link.machine_hits : link.people, locale)}</td>
                <td>{amount(link.machine_hits, locale)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Sheet>
    </div>
  );
}
