import { Button, Skeleton } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useNavigate, useParams } from 'react-router';
import { ifMatch, taggedAnswer, type Tagged, api } from '../../api/client';
import { isTrouble } from '../../api/trouble';
import { PageHead } from '../../ui/PageHead';
import { Sheet } from '../../ui/Sheet';
import { TroubleNotice } from '../../ui/TroubleNotice';
import { changeOf, draftOf } from './contact_draft';
import { ContactForm } from './ContactForm';
import { refreshContact, useCustomFields, useTaggedContact, type Contact } from './queries';

function Edit({ read }: { read: Tagged<Contact> }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const fields = useCustomFields();
  // What the form began with; loading the newest begins it again.
  const [start, setStart] = useState(read);
  const before = draftOf(start.value);
  const [draft, setDraft] = useState(before);
  const { id } = read.value;
  const save = useMutation({
    mutationFn: async (share: boolean) => {
      const change = changeOf(before, draft, fields.data?.items ?? []);
      if (Object.keys(change).length === 0) return start;
      return taggedAnswer(api.PATCH('/contacts/{contact_id}', {
        params: { path: { contact_id: id }, header: ifMatch(start.tag) },
        body: { ...change, ...(share ? { allow_shared_addresses: true } : {}) },
      }));
    },
    onSuccess: (made) => {
      queries.setQueryData(['contact', id], made);
      refreshContact(queries, id);
      void navigate(`/contacts/${id}`);
    },
  });
  const overtaken = isTrouble(save.error) && save.error.code === 'call.changed';
  return (
    <Sheet>
      <ContactForm
        draft={draft} onChange={setDraft} busy={save.isPending} error={save.error} save={t('account.save')}
        onSave={(share) => save.mutate(share)}
      >
        <Button variant="default" component={Link} to={`/contacts/${id}`}>{t('ask.leave')}</Button>
        {overtaken ? (
          <Button variant="default" onClick={() => {
            save.reset();
            void queries.fetchQuery<Tagged<Contact>>({
              queryKey: ['contact', id], staleTime: 0,
              queryFn: () => taggedAnswer(api.GET('/contacts/{contact_id}', { params: { path: { contact_id: id } } })),
            }).then((newest) => {
              setStart(newest);
              setDraft(draftOf(newest.value));
            });
          }}>
            {t('people.load_newest')}
          </Button>
        ) : null}
      </ContactForm>
    </Sheet>
  );
}

export function Component() {
  const { t } = useTranslation();
  const { id = '' } = useParams();
  const { data, error, refetch } = useTaggedContact(id);
  if (error && !data) return <TroubleNotice error={error} onRetry={() => void refetch()} />;
  if (!data) return <Skeleton height={320} aria-label={t('list.loading')} />;
  return (
    <>
      <PageHead
        title={t('people.edit_title', { name: data.value.name || t('contact.no_name') })}
        over={<Link to={`/contacts/${id}`}>{data.value.name || t('contact.no_name')}</Link>}
      />
      <Edit key={data.value.id} read={data} />
    </>
  );
}
