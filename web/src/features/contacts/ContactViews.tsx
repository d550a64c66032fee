import { useTranslation } from 'react-i18next';
import { AreaTabs } from '../../ui/AreaTabs';

/** People, and the ways they are brought together. */
export function ContactViews() {
  const { t } = useTranslation();
  return (
    <AreaTabs label={t('communications.views')} tabs={[
      { to: '/contacts', label: t('groups.people') },
      { to: '/contacts/groups', label: t('contact.groups') },
      { to: '/contacts/segments', label: t('segments.title') },
      { to: '/contacts/imports', label: t('imports.title') },
    ]} />
  );
}
