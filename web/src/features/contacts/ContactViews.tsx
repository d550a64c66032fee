import { useTranslation } from 'react-i18next';
import { Views } from '../../ui/Views';

/** People, and the ways they are brought together. */
export function ContactViews() {
  const { t } = useTranslation();
  return (
    <Views label={t('communications.views')} views={[
      ['/contacts', t('groups.people')],
      ['/contacts/groups', t('contact.groups')],
      ['/contacts/segments', t('segments.title')],
      ['/contacts/imports', t('imports.title')],
    ]} />
  );
}
