import { Skeleton } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { Link, useParams } from 'react-router';
import { PageHead } from '../../ui/PageHead';
import { TroubleNotice } from '../../ui/TroubleNotice';
import { useContact } from '../contacts/queries';
import { Letter } from './Letter';
import { useRecipients, useSenders } from './queries';

export function Component() {
  const { t } = useTranslation();
  const { id = '' } = useParams();
  const contact = useContact(id);
  const recipients = useRecipients(id);
  const senders = useSenders();
  const error = contact.error ?? recipients.error ?? senders.error;
  if (error) {
    return <TroubleNotice error={error} onRetry={() => {
      void contact.refetch();
      void recipients.refetch();
      void senders.refetch();
    }} />;
  }
  if (!contact.data || !recipients.data || !senders.data) return <Skeleton height={420} aria-label={t('list.loading')} />;
  const name = contact.data.name || t('contact.no_name');
  return (
    <>
      <PageHead title={t('write_to_one.title', { name })} over={<Link to={`/contacts/${id}`}>{name}</Link>} />
      <Letter contact={contact.data} recipients={recipients.data.items} senders={senders.data.items} />
    </>
  );
}
