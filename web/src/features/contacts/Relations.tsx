import { ActionIcon, Autocomplete, Button, Checkbox, Radio, Stack, Text } from '@mantine/core';
import { IconPlus, IconX } from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { answer, api, type Schema } from '../../api/client';
import { Ask } from '../../ui/Ask';
import { Sheet } from '../../ui/Sheet';
import { TroubleNotice } from '../../ui/TroubleNotice';
import { useMay } from '../session/session';
import classes from './ContactPage.module.css';
import { ContactPicker } from './ContactPicker';
import { refreshContact, useRelations, type Contact } from './queries';

type Relation = Schema<'Relation'>;

function AddRelation({ contact, onClose }: { contact: Contact; onClose: () => void }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const [other, setOther] = useState<Contact | null>(null);
  const [name, setName] = useState(t('people.guardian_of'));
  const [side, setSide] = useState('has');
  const [receives, setReceives] = useState(true);
  const [missing, setMissing] = useState(false);
  const add = useMutation({
    mutationFn: (wanted: Contact) => answer(api.POST('/relations', {
      body: {
        ...(side === 'has' ? { from_id: wanted.id, to_id: contact.id } : { from_id: contact.id, to_id: wanted.id }),
        name: name.trim(), receives_messages: receives,
      },
    })),
    onSuccess: (_, wanted) => {
      refreshContact(queries, contact.id);
      refreshContact(queries, wanted.id);
      onClose();
    },
  });
  const me = contact.name || t('contact.no_name');
  const them = other?.name || t('people.the_unnamed');
  const word = name.trim() || '…';
  const [from, to] = side === 'has' ? [them, me] : [me, them];
  return (
    <Ask
      opened onClose={onClose} title={t('people.add_relation')} busy={add.isPending} error={add.error}
      onYes={() => {
        setMissing(!other);
        if (other && name.trim()) add.mutate(other);
      }}
    >
      <Stack gap="md">
        <ContactPicker
          label={t('people.who')} except={[contact.id]} onChoose={setOther}
          error={missing && !other ? t('people.choose_person') : undefined}
        />
        <Autocomplete
          label={t('people.relation')} value={name} onChange={setName} required maxLength={100}
          data={[t('people.guardian_of'), t('people.partner_of'), t('people.household_of')]}
        />
        <Radio.Group label={t('people.which_way')} value={side} onChange={setSide}>
          <Stack gap={6} mt={6}>
            <Radio value="has" label={t('people.is_what_of', { from: them, relation: word, to: me })} />
            <Radio value="of" label={t('people.is_what_of', { from: me, relation: word, to: them })} />
          </Stack>
        </Radio.Group>
        <Checkbox
          checked={receives} onChange={(event) => setReceives(event.currentTarget.checked)}
          label={t('people.receives_about', { from, to })}
        />
      </Stack>
    </Ask>
  );
}

/** Who belongs to whom; a guardian may receive what is written to a child. */
export function Relations({ contact }: { contact: Contact }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const may = useMay('contacts:write');
  const { data, error, refetch } = useRelations(contact.id);
  const [adds, setAdds] = useState(false);
  const [ends, setEnds] = useState<Relation | null>(null);
  const end = useMutation({
    mutationFn: (relation: Relation) =>
      answer(api.DELETE('/relations/{relation_id}', { params: { path: { relation_id: relation.id } } })),
    onSuccess: (_, relation) => {
      setEnds(null);
      refreshContact(queries, relation.from_id);
      refreshContact(queries, relation.to_id);
    },
  });
  if (error) return <TroubleNotice error={error} onRetry={() => void refetch()} />;
  if (!data || (data.items.length === 0 && !may)) return null;
  const words = (relation: Relation) =>
    t('people.is_what_of', { from: relation.from_name, relation: relation.name, to: relation.to_name });
  return (
    <Sheet title={t('contact.relations')}>
      <ul className={classes.relations}>
        {data.items.map((relation) => {
          const isFrom = relation.from_id === contact.id;
          const other = isFrom
            ? { id: relation.to_id, name: relation.to_name } : { id: relation.from_id, name: relation.from_name };
          const link = <Link to={`/contacts/${other.id}`}>{other.name || other.id}</Link>;
          return (
            <li key={relation.id} className={classes.row}>
              <span>
                {isFrom ? <>{relation.name} {link}</> : <>{link} ({relation.name})</>}
                {relation.receives_messages
                  ? <span className={classes.soft}>{t('contact.receives')}</span> : null}
              </span>
              {may ? (
                <ActionIcon
                  variant="subtle" color="gray" onClick={() => setEnds(relation)}
                  aria-label={t('people.end_relation_with', { name: other.name || other.id })}
                >
                  <IconX size={16} aria-hidden />
                </ActionIcon>
              ) : null}
            </li>
          );
        })}
      </ul>
      {may ? (
        <Button
          variant="subtle" size="compact-sm" leftSection={<IconPlus size={15} aria-hidden />}
          onClick={() => setAdds(true)}
        >
          {t('people.add_relation')}
        </Button>
      ) : null}
      {adds ? <AddRelation contact={contact} onClose={() => setAdds(false)} /> : null}
      <Ask
        opened={ends !== null} onClose={() => setEnds(null)} title={t('people.end_relation')} busy={end.isPending}
        error={end.error} onYes={() => ends && end.mutate(ends)}
      >
        <Text>{ends ? words(ends) : ''}</Text>
      </Ask>
    </Sheet>
  );
}
