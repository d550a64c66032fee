import { CloseButton, Select } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { answer, api } from '../../api/client';
import { Sheet } from '../../ui/Sheet';
import { TroubleNotice } from '../../ui/TroubleNotice';
import { useMay } from '../session/session';
import classes from './ContactPage.module.css';
import { refreshContact, useGroups, type Contact } from './queries';

/** The groups a person is in. */
export function ContactGroups({ contact }: { contact: Contact }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const may = useMay('contacts:write');
  const groups = useGroups();
  const body = { contact_ids: [contact.id] };
  const onSettled = () => refreshContact(queries, contact.id);
  const join = useMutation({
    mutationFn: (group_id: string) =>
      answer(api.POST('/groups/{group_id}/members', { params: { path: { group_id } }, body })),
    onSettled,
  });
  const leave = useMutation({
    mutationFn: (group_id: string) =>
      answer(api.POST('/groups/{group_id}/members/remove', { params: { path: { group_id } }, body })),
    onSettled,
  });
  if (!may && contact.groups.length === 0) return null;
  const others = (groups.data?.items ?? []).filter(({ id }) => !contact.groups.some((own) => own.id === id));
  const error = join.error ?? leave.error;
  return (
    <Sheet title={t('contact.groups')}>
      {error ? <TroubleNotice error={error} /> : null}
      <ul className={classes.chips}>
        {contact.groups.map(({ id, name }) => (
          <li key={id}>
            <Link to={`/contacts/groups/${id}`}>{name}</Link>
            {may ? (
              <CloseButton
                size="md" aria-label={t('people.leave_group', { group: name })} disabled={leave.isPending}
                onClick={() => leave.mutate(id)}
              />
            ) : null}
          </li>
        ))}
      </ul>
      {may && others.length > 0 ? (
        <Select
          key={contact.groups.length} aria-label={t('people.add_to_group')} placeholder={t('people.add_to_group')}
          searchable limit={50} data={others.map(({ id, name }) => ({ value: id, label: name }))} value={null}
          nothingFoundMessage={t('people.none_found')} disabled={join.isPending}
          onChange={(id) => id && join.mutate(id)}
        />
      ) : null}
    </Sheet>
  );
}
