import { Button, Text, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { answer, api, type Schema } from '../../api/client';
import { Ask } from '../../ui/Ask';
import { Sheet } from '../../ui/Sheet';
import { TroubleNotice } from '../../ui/TroubleNotice';
import { useMay } from '../session/session';
import type { Channel } from './contact_draft';
import classes from './ContactPage.module.css';
import { refreshContact, type Contact } from './queries';

type Preference = Schema<'Preference'>;

interface Wish {
  channel: Channel;
  line: Preference | null; // null: everything
  on: boolean;
}

function usePreferences(id: string) {
  return useQuery({
    queryKey: ['preferences', id],
    queryFn: ({ signal }) =>
      answer(api.GET('/contacts/{contact_id}/preferences', { params: { path: { contact_id: id } }, signal })),
  });
}

function useChoice(contact: Contact, onDone: () => void) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ wish, note }: { wish: Wish; note: string }) => {
      const params = { path: { contact_id: contact.id } };
      const what = { channel: wish.channel, ...(wish.line ? { topic_id: wish.line.topic_id } : {}) };
      return wish.on
        ? answer(api.POST('/contacts/{contact_id}/resubscribe', { params, body: { ...what, note } }))
        : answer(api.POST('/contacts/{contact_id}/unsubscribe', { params, body: { ...what, ...(note ? { note } : {}) } }));
    },
    onSuccess: () => {
      refreshContact(queries, contact.id);
      onDone();
    },
  });
}

/** What a person chose to get; staff change it when the person asks them to (P39). */
export function Preferences({ contact }: { contact: Contact }) {
  const { t } = useTranslation();
  const mayStop = useMay('suppressions:write');
  const mayResume = useMay('suppressions:release');
  const { data, error, refetch } = usePreferences(contact.id);
  const [wish, setWish] = useState<Wish | null>(null);
  const choose = useChoice(contact, () => setWish(null));
  if (error) return <TroubleNotice error={error} onRetry={() => void refetch()} />;
  if (!data) return null;
  const channels = (['email', 'sms'] as const).filter((channel) =>
    contact.addresses.some((each) => each.channel === channel));
  if (channels.length === 0) return null;
  const nameOf = (line: Preference | null) =>
    (line ? line.name ?? t('people.everything_else') : t('people.everything'));
  // Where there are no topics, everything is one choice.
  const topics = data.topics.length > 1 ? data.topics : [];
  const isOff = (channel: Channel) => (channel === 'email' ? data.email_off : data.sms_off) ||
    (topics.length === 0 && data.topics[0]?.[channel] === false);
  const change = (channel: Channel, line: Preference | null, on: boolean) => {
    if (on ? !mayResume : !mayStop) return null;
    const name = nameOf(line);
    return (
      <Button
        size="compact-sm" variant="subtle" onClick={() => {
          choose.reset();
          setWish({ channel, line, on });
        }}
        aria-label={t(on ? 'people.resubscribe_to' : 'people.unsubscribe_from', { name, channel: t(`channel.${channel}`) })}
      >
        {t(on ? 'people.resubscribe' : 'people.unsubscribe')}
      </Button>
    );
  };
  return (
    <Sheet title={t('people.preferences')}>
      {channels.map((channel) => (
        <div key={channel}>
          <h3 className={classes.small}>{t(`channel.${channel}`)}</h3>
          <ul className={classes.relations}>
            {topics.filter((line) => line[channel] !== null || line.is_essential).map((line) => {
              const on = line.is_essential || line[channel] === true;
              return (
                <li key={line.topic_id ?? ''} className={classes.row}>
                  <span>
                    {nameOf(line)}
                    <span className={classes.soft}>
                      {t(line.is_essential ? 'people.always' : on ? 'people.gets_it' : 'people.gets_it_not')}
                    </span>
                  </span>
                  {line.is_essential ? null : change(channel, line, !on)}
                </li>
              );
            })}
            <li className={classes.row}>
              <span>
                {t('people.everything')}
                {isOff(channel) ? <span className={classes.soft}>{t('people.gets_it_not')}</span> : null}
              </span>
              {change(channel, null, isOff(channel))}
            </li>
          </ul>
        </div>
      ))}
      <Ask
        opened={wish !== null} onClose={() => setWish(null)}
        title={t(wish?.on ? 'people.resubscribe' : 'people.unsubscribe')} busy={choose.isPending} error={choose.error}
        onYes={(form) => wish && choose.mutate({ wish, note: String(form.get('note') ?? '').trim() })}
      >
        <Text>
          {t(wish?.on ? 'people.resubscribe_asks' : 'people.unsubscribe_asks', {
            who: contact.name || t('contact.no_name'), what: nameOf(wish?.line ?? null),
            channel: t(`channel.${wish?.channel ?? 'email'}`),
          })}
        </Text>
        <TextInput
          name="note" label={t('people.how_asked')} description={t('people.how_asked_hint')} maxLength={1000}
          required={wish?.on ?? false}
        />
      </Ask>
    </Sheet>
  );
}
