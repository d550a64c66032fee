import { useTranslation } from 'react-i18next';
import { Views as ViewLinks } from '../../ui/Views';

/** The two views of the log (P32). */
export function Views() {
  const { t } = useTranslation();
  return (
    <ViewLinks label={t('communications.views')} views={[
      ['/communications', t('communications.send_outs')],
      ['/communications/messages', t('communications.messages')],
    ]} />
  );
}
