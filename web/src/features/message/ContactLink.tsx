import { Link } from 'react-router';
import { useMay } from '../session/session';
import { useContactName } from './queries';

/** A contact by name; by id where there is none, or for who may not read contacts. */
export function ContactLink({ id }: { id: string }) {
  const may = useMay('contacts:read');
  const contact = useContactName(id, may);
  if (!may || contact.isError) return <span>{id}</span>;
  return <Link to={`/contacts/${id}`}>{contact.data?.name || '…'}</Link>;
}
