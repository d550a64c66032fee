import { useTranslation } from 'react-i18next';
import { NavLink } from 'react-router';
import classes from './Views.module.css';

/** The two views of the log (P32). */
export function Views() {
  const { t } = useTranslation();
  return (
    <nav className={classes.views} aria-label={t('communications.views')}>
      <NavLink to="/communications" end>{t('communications.send_outs')}</NavLink>
      <NavLink to="/communications/messages" end>{t('communications.messages')}</NavLink>
    </nav>
  );
}
