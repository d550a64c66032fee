import { Button, Pill, PillGroup, Textarea } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { answer, api } from '../../api/client';
import { amount } from '../../lib/number';
import { useLocale } from '../../lib/language/language';
import { TroubleNotice } from '../../ui/TroubleNotice';
import type { PartsProps } from './AudienceParts';
import classes from './Compose.module.css';

// More are counted, not listed.
const kShownMax = 60;

/** Addresses typed or pasted in any form; what is none stays in the box, with the reason. */
export function Addresses({ parts, onChange }: PartsProps) {
  const { t } = useTranslation();
  const locale = useLocale();
  const [typed, setTyped] = useState('');
  const chosen = parts.addresses ?? [];
  const reading = useMutation({
    mutationFn: (text: string) => answer(api.POST('/audience/addresses', { body: { text } })),
    onSuccess: ({ addresses, bad }) => {
      if (addresses.length > 0) onChange({ ...parts, addresses: [...new Set([...chosen, ...addresses])] });
      setTyped(bad.map((each) => each.typed).join('\n'));
    },
  });
  const read = () => {
    if (typed.trim() !== '' && !reading.isPending) reading.mutate(typed);
  };
  return (
    <div>
      <Textarea
        label={t('compose.addresses')} description={t('compose.addresses_hint')} autosize minRows={1} maxRows={8}
        value={typed} onChange={(event) => setTyped(event.currentTarget.value)} onBlur={read}
        error={reading.data && typed !== '' && reading.data.bad.length > 0
          ? reading.data.bad.slice(0, 5).map(({ typed: what, message }) => `${what}: ${message}`).join(' ') : null}
      />
      {reading.error ? <TroubleNotice error={reading.error} /> : null}
      {typed.trim() !== '' ? (
        <Button mt="xs" size="compact-md" variant="default" loading={reading.isPending} onClick={read}>
          {t('compose.add_addresses')}
        </Button>
      ) : null}
      {chosen.length > 0 ? (
        <PillGroup mt="xs">
          {chosen.slice(0, kShownMax).map((address) => (
            <Pill
              key={address} size="md" withRemoveButton className={classes.pill ?? ''}
              removeButtonProps={{
                'aria-label': t('compose.take_out', { what: address }), 'aria-hidden': false, tabIndex: 0,
              }}
              onRemove={() => onChange({ ...parts, addresses: chosen.filter((each) => each !== address) })}
            >
              {address}
            </Pill>
          ))}
          {chosen.length > kShownMax
            ? <span>{t('compose.and_more', { amount: amount(chosen.length - kShownMax, locale) })}</span> : null}
        </PillGroup>
      ) : null}
    </div>
  );
}
