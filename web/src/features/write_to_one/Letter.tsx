import { Button, NativeSelect, SegmentedControl, Text, Textarea, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useNavigate } from 'react-router';
import { answer, api } from '../../api/client';
import { Ask } from '../../ui/Ask';
import { fieldTrouble } from '../../ui/field_trouble';
import { Sheet } from '../../ui/Sheet';
import { TroubleNotice } from '../../ui/TroubleNotice';
import { refreshContact, type Contact } from '../contacts/queries';
import { useMay } from '../session/session';
import { Attachments } from './Attachments';
import { attachmentsOf, kOctetsMax } from './files';
import classes from './Letter.module.css';
import { useSavedMessage, useSavedMessages, type Recipient, type Sender } from './queries';
import { Recipients } from './Recipients';
import { recipientKey, usualRecipients } from './recipients';

function SavedMessage({ template, contact }: { template: string; contact: Contact }) {
  const { t } = useTranslation();
  const { data, error } = useSavedMessage(template, contact.id);
  if (error) return <TroubleNotice error={error} />;
  if (!data) return null;
  return (
    <div>
      <p className={classes.subject}>{data.subject || t('log.no_subject')}</p>
      <pre className={classes.read}>{data.text}</pre>
    </div>
  );
}

interface Props {
  contact: Contact;
  recipients: readonly Recipient[];
  senders: readonly Sender[];
}

export function Letter({ contact, recipients, senders }: Props) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const mayOverride = useMay('senders:override');
  const saved = useSavedMessages();
  const [to, setTo] = useState(() => usualRecipients(recipients, contact.id));
  const [senderId, setSenderId] = useState(() => (senders.find((each) => each.is_verified) ?? senders[0])?.id ?? '');
  const [template, setTemplate] = useState('');
  const [subject, setSubject] = useState('');
  const [form, setForm] = useState<'text' | 'html'>('text');
  const [body, setBody] = useState('');
  const [files, setFiles] = useState<readonly File[]>([]);
  const [tried, setTried] = useState(false);
  const [asks, setAsks] = useState(false);
  const chosen = recipients.filter((each) => to.includes(recipientKey(each)));
  const sender = senders.find(({ id }) => id === senderId);
  const mustOverride = sender !== undefined && !sender.is_verified;
  const mustAsk = chosen.filter(({ outcome }) => outcome === 'ask');
  const send = useMutation({
    mutationFn: async () => answer(api.POST('/contacts/{contact_id}/messages', {
      params: { path: { contact_id: contact.id } },
      body: {
        recipients: chosen.map(({ contact_id, address }) => ({ contact_id, ...(address ? { address } : {}) })),
        ...(template ? { template } : { subject: subject.trim(), [form]: body }),
        attachments: await attachmentsOf(files),
        sender: senderId,
        ...(mustOverride ? { override_sender: true } : {}),
        ...(mustAsk.length > 0 ? { confirmed: true } : {}),
      },
    })),
    onSuccess: () => {
      refreshContact(queries, contact.id);
      for (const { contact_id } of chosen) refreshContact(queries, contact_id);
      void navigate(`/contacts/${contact.id}`);
    },
  });
  const wrong = (pointer: string) => fieldTrouble(send.error, pointer);
  const missing = (text: string) => (tried && text.trim() === '' ? t('write_to_one.missing') : undefined);
  const isWhole = chosen.length > 0 && (template !== '' || (subject.trim() !== '' && body.trim() !== '')) &&
    files.reduce((all, { size }) => all + size, 0) <= kOctetsMax;
  if (senders.length === 0) return <Sheet><p>{t('write_to_one.no_sender')}</p></Sheet>;
  return (
    <Sheet>
      <form className={classes.letter} noValidate onSubmit={(event) => {
        event.preventDefault();
        setTried(true);
        if (!isWhole || send.isPending) return;
        if (mustAsk.length > 0) setAsks(true);
        else send.mutate();
      }}>
        {send.error && !asks ? <TroubleNotice error={send.error} /> : null}
        <Recipients
          all={recipients} chosen={to} onChange={setTo}
          error={tried && chosen.length === 0 ? t('write_to_one.nobody') : undefined}
        />
        <div>
          <NativeSelect
            label={t('log.sender')} value={senderId} error={wrong('/sender')}
            data={senders.map(({ id, name, address }) => ({ value: id, label: name ? `${name} <${address}>` : address }))}
            onChange={(event) => setSenderId(event.currentTarget.value)}
          />
          {mustOverride ? (
            <Text size="sm" mt={4} c="var(--tone-warn)">
              {t(mayOverride ? 'write_to_one.unverified' : 'write_to_one.unverified_stop')}
            </Text>
          ) : null}
        </div>
        {saved.data && saved.data.items.length > 0 ? (
          <NativeSelect
            label={t('write_to_one.content')} value={template}
            data={[{ value: '', label: t('write_to_one.own_words') },
              ...saved.data.items.map(({ id, name }) => ({ value: id, label: name }))]}
            onChange={(event) => setTemplate(event.currentTarget.value)}
          />
        ) : null}
        {template ? <SavedMessage template={template} contact={contact} /> : (
          <>
            <TextInput
              label={t('log.subject')} value={subject} maxLength={998} required
              error={missing(subject) ?? wrong('/subject')} onChange={(event) => setSubject(event.currentTarget.value)}
            />
            <SegmentedControl
              value={form} onChange={(value) => setForm(value === 'html' ? 'html' : 'text')} aria-label={t('write_to_one.form')}
              data={[{ value: 'text', label: t('write_to_one.text') }, { value: 'html', label: 'HTML' }]}
              style={{ justifySelf: 'start' }}
            />
            <Textarea
              label={t('write_to_one.message')} value={body} autosize minRows={9} maxRows={24} required
              {...(form === 'html' ? { className: classes.source ?? '', spellCheck: false } : {})}
              description={t('write_to_one.tags_hint', { open: '{{ ', close: ' }}' })}
              error={missing(body) ?? wrong('/text') ?? wrong('/html')}
              onChange={(event) => setBody(event.currentTarget.value)}
            />
            <Attachments files={files} onChange={setFiles} />
          </>
        )}
        <div className={classes.buttons}>
          <Button type="submit" loading={send.isPending} disabled={mustOverride && !mayOverride}>
            {chosen.length > 1 ? t('write_to_one.send_to', { count: chosen.length }) : t('write_to_one.send')}
          </Button>
          <Button variant="default" component={Link} to={`/contacts/${contact.id}`}>{t('ask.leave')}</Button>
        </div>
      </form>
      <Ask
        opened={asks} onClose={() => setAsks(false)} title={t('write_to_one.send_anyway')} busy={send.isPending}
        error={send.error} onYes={() => send.mutate()}
      >
        <Text>
          {t('write_to_one.unsubscribed_asks', { who: mustAsk.map(({ name, address }) => name || address).join(', ') })}
        </Text>
      </Ask>
    </Sheet>
  );
}
