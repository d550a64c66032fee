import { Button, Text, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { answer, api, type Schema } from '../../api/client';
import { useLocale } from '../../lib/language/language';
import { shortDate } from '../../lib/time';
import { Ask } from '../../ui/Ask';
import { useReason } from '../../ui/reason';
import { Sheet } from '../../ui/Sheet';
import { useMay } from '../session/session';
import classes from './ContactPage.module.css';
import { refreshContact, type Contact } from './queries';

type Suppression = Schema<'Suppression'>;

/** Those of the person's own addresses. What they chose themselves stands among the preferences. */
function useSuppressions(contact: Contact, may: boolean) {
  return useQuery({
    queryKey: ['suppressions', contact.id, contact.addresses],
    queryFn: async ({ signal }) => {
      const pages = await Promise.all(contact.addresses.slice(0, 20).map(({ channel, address }) =>
        answer(api.GET('/suppressions', {
          params: { query: { search: channel === 'email' ? address.toLowerCase() : address, channel } }, signal,
        }))));
      return pages.flatMap(({ items }, index) => items.filter((each) => each.reason !== 'unsubscribed' &&
        each.address.toLowerCase() === contact.addresses[index]?.address.toLowerCase()));
    },
    enabled: may && contact.addresses.length > 0,
  });
}

/** Addresses that are not written to, why, and how that ends. */
export function Suppressed({ contact }: { contact: Contact }) {
  const { t } = useTranslation();
  const locale = useLocale();
  const reason = useReason();
  const queries = useQueryClient();
  const mayRelease = useMay('suppressions:release');
  const { data } = useSuppressions(contact, useMay('suppressions:read'));
  const [asks, setAsks] = useState<Suppression | null>(null);
  const release = useMutation({
    mutationFn: ({ id, note }: { id: string; note: string }) =>
      answer(api.POST('/suppressions/{suppression_id}/release', {
        params: { path: { suppression_id: id } }, body: { note },
      })),
    onSuccess: () => {
      setAsks(null);
      refreshContact(queries, contact.id);
    },
  });
  if (!data || data.length === 0) return null;
  return (
    <Sheet title={t('people.not_written_to')}>
      <ul className={classes.relations}>
        {data.map((each) => (
          <li key={each.id} className={classes.row}>
            <span>
              {each.address}
              <span className={classes.soft}>
                {t(each.kinds === 'campaign' ? 'people.no_mailings' : 'people.nothing_at_all', {
                  why: reason(each.reason), since: shortDate(each.created_at, locale),
                })}
                {each.note ? <><br />{each.note}</> : null}
              </span>
            </span>
            {mayRelease ? (
              <Button
                size="compact-sm" variant="subtle" onClick={() => setAsks(each)}
                aria-label={`${t('people.release')}: ${each.address}`}
              >
                {t('people.release')}
              </Button>
            ) : null}
          </li>
        ))}
      </ul>
      <Ask
        opened={asks !== null} onClose={() => setAsks(null)} title={t('people.release')} busy={release.isPending}
        error={release.error}
        onYes={(form) => asks && release.mutate({ id: asks.id, note: String(form.get('note') ?? '').trim() })}
      >
        <Text>{t('people.release_asks', { address: asks?.address ?? '' })}</Text>
        <TextInput name="note" label={t('people.release_why')} required maxLength={1000} />
      </Ask>
    </Sheet>
  );
}
