import { useTranslation } from 'react-i18next';
import { AreaTabs } from '../../ui/AreaTabs';

/** The two views of the log (P32). */
export function Views() {
  const { t } = useTranslation();
  return (
    <AreaTabs label={t('communications.views')} tabs={[
      { to: '/communications', label: t('communications.send_outs') },
      { to: '/communications/messages', label: t('communications.messages') },
    ]} />
  );
}
