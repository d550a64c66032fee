import { Button } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useNavigate } from 'react-router';
import { answer, api } from '../../api/client';
import { PageHead } from '../../ui/PageHead';
import { Sheet } from '../../ui/Sheet';
import { changeOf, kNobody } from './contact_draft';
import { ContactForm } from './ContactForm';
import { useCustomFields } from './queries';

export function Component() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const fields = useCustomFields();
  const [draft, setDraft] = useState(kNobody);
  const create = useMutation({
    mutationFn: (share: boolean) => answer(api.POST('/contacts', {
      body: {
        ...changeOf(kNobody, draft, fields.data?.items ?? []), ...(share ? { allow_shared_addresses: true } : {}),
        do_not_contact: draft.do_not_contact,
      },
    })),
    onSuccess: (contact) => {
      void queries.invalidateQueries({ queryKey: ['contacts'] });
      void navigate(`/contacts/${contact.id}`);
    },
  });
  return (
    <>
      <PageHead title={t('people.new')} over={<Link to="/contacts">{t('areas.contacts')}</Link>} />
      <Sheet>
        <ContactForm
          draft={draft} onChange={setDraft} busy={create.isPending} error={create.error} save={t('people.add')}
          onSave={(share) => create.mutate(share)}
        >
          <Button variant="default" component={Link} to="/contacts">{t('ask.leave')}</Button>
        </ContactForm>
      </Sheet>
    </>
  );
}
