import { Button, Menu, Text, TextInput } from '@mantine/core';
import {
  IconArrowsJoin2, IconDots, IconDownload, IconEraser, IconPencil, IconSend, IconTrash,
} from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useNavigate } from 'react-router';
import { answer, api } from '../../api/client';
import { Ask } from '../../ui/Ask';
import { useMay } from '../session/session';
import { addressOf } from './contact_words';
import type { Contact } from './queries';

/** What can be done with a person's file. What cannot be undone is asked first. */
export function ContactActions({ contact }: { contact: Contact }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const mayWrite = useMay('contacts:write');
  const mayErase = useMay('contacts:erase');
  const mayExport = useMay('contacts:export');
  const maySend = useMay('messages:send');
  const [asks, setAsks] = useState<'delete' | 'erase' | null>(null);
  const path = { contact_id: contact.id };
  const gone = () => {
    queries.removeQueries({ queryKey: ['contact', contact.id] });
    void queries.invalidateQueries({ queryKey: ['contacts'] });
    void queries.invalidateQueries({ queryKey: ['groups'] });
    void navigate('/contacts', { replace: true });
  };
  const remove = useMutation({
    mutationFn: () => answer(api.DELETE('/contacts/{contact_id}', { params: { path } })),
    onSuccess: gone,
  });
  const erase = useMutation({
    mutationFn: (reason: string) =>
      answer(api.POST('/contacts/{contact_id}/erase', { params: { path }, body: { reason } })),
    onSuccess: gone,
  });
  const name = contact.name || addressOf(contact, 'email') || t('contact.no_name');
  return (
    <>
      {maySend ? (
        <Button component={Link} to={`/contacts/${contact.id}/write`} leftSection={<IconSend size={17} aria-hidden />}>
          {t('people.write')}
        </Button>
      ) : null}
      {mayWrite ? (
        <Button
          component={Link} to={`/contacts/${contact.id}/edit`} variant="default"
          leftSection={<IconPencil size={17} aria-hidden />}
        >
          {t('people.edit')}
        </Button>
      ) : null}
      {mayWrite || mayErase || mayExport ? (
        <Menu position="bottom-end" shadow="md">
          <Menu.Target>
            <Button variant="default" aria-label={t('people.more')} px="sm"><IconDots size={18} aria-hidden /></Button>
          </Menu.Target>
          <Menu.Dropdown>
            {mayWrite ? (
              <Menu.Item
                component={Link} to={`/contacts/${contact.id}/merge`}
                leftSection={<IconArrowsJoin2 size={16} aria-hidden />}
              >
                {t('people.merge')}
              </Menu.Item>
            ) : null}
            {mayExport ? (
              <Menu.Item
                component="a" href={`/api/v1/contacts/${contact.id}/export`} download
                leftSection={<IconDownload size={16} aria-hidden />}
              >
                {t('people.download_all')}
              </Menu.Item>
            ) : null}
            {mayWrite ? (
              <Menu.Item leftSection={<IconTrash size={16} aria-hidden />} onClick={() => setAsks('delete')}>
                {t('people.delete')}
              </Menu.Item>
            ) : null}
            {mayErase ? (
              <Menu.Item leftSection={<IconEraser size={16} aria-hidden />} onClick={() => setAsks('erase')}>
                {t('people.erase')}
              </Menu.Item>
            ) : null}
          </Menu.Dropdown>
        </Menu>
      ) : null}
      <Ask
        opened={asks === 'delete'} onClose={() => setAsks(null)} title={t('people.delete')} grave
        busy={remove.isPending} error={remove.error} onYes={() => remove.mutate()}
      >
        <Text>{t('people.delete_asks', { name })}</Text>
      </Ask>
      <Ask
        opened={asks === 'erase'} onClose={() => setAsks(null)} title={t('people.erase')} grave
        busy={erase.isPending} error={erase.error}
        onYes={(form) => erase.mutate(String(form.get('reason') ?? '').trim())}
      >
        <Text>{t('people.erase_asks', { name })}</Text>
        <TextInput
          name="reason" label={t('people.erase_reason')} description={t('people.erase_reason_hint')} required
          maxLength={300}
        />
      </Ask>
    </>
  );
}
