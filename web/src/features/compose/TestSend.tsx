import { Button, Stack, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { answer, api } from '../../api/client';
import { useReason } from '../../ui/reason';
import { Sheet } from '../../ui/Sheet';
import { TroubleNotice } from '../../ui/TroubleNotice';
import { useProfile } from '../account/queries';
import classes from './Compose.module.css';
import { draftOf } from './draft_fields';
import type { Kept } from './draft_keeper';
import { addressesNobody, useAudience } from './queries';

/** Sends it to a few addresses, marked as a test and outside of every count. */
export function TestSend({ kept }: { kept: Kept }) {
  const { t } = useTranslation();
  const reason = useReason();
  const profile = useProfile();
  const sum = useAudience(kept.fields, kept.campaign);
  const [typed, setTyped] = useState<string | null>(null);
  const to = typed ?? profile.data?.email ?? '';
  const contact = addressesNobody(kept.fields.audience) ? null : sum.data?.first[0]?.contact_id ?? null;
  const test = useMutation({
    mutationFn: () => answer(api.POST('/test-sends', { body: {
      draft: draftOf(kept.fields, kept.campaign), variants: kept.campaign.variants,
      addresses: [...new Set(to.split(/[\s,;]+/).filter(Boolean))],
      ...(contact ? { contact_id: contact } : {}),
    } })),
  });
  return (
    <Sheet title={t('compose.test')}>
      <form onSubmit={(event) => {
        event.preventDefault();
        test.mutate();
      }}>
        <Stack gap="sm">
          <TextInput
            label={t('compose.test_to')} description={t('compose.test_hint')} value={to} required
            onChange={(event) => setTyped(event.currentTarget.value)}
          />
          {test.error ? <TroubleNotice error={test.error} /> : null}
          <div>
            <Button type="submit" variant="default" loading={test.isPending}>{t('compose.send_test')}</Button>
          </div>
          {test.data ? (
            <ul role="status" className={classes.tested}>
              {test.data.messages.map(({ id, address, status, reason: why }) => (
                <li key={id}>
                  {status === 'queued'
                    ? <Link to={`/communications/messages/${id}`}>{t('compose.test_sent', { to: address })}</Link>
                    : t('compose.test_dropped', { to: address, why: reason(why) })}
                </li>
              ))}
            </ul>
          ) : null}
        </Stack>
      </form>
    </Sheet>
  );
}
