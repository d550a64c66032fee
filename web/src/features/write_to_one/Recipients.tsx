import { Checkbox, Stack } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useReason } from '../../ui/reason';
import type { Recipient } from './queries';
import { canGet, recipientKey } from './recipients';

interface Props {
  all: readonly Recipient[];
  chosen: readonly string[];
  error: string | undefined;
  onChange: (chosen: string[]) => void;
}

/** The contact and those who receive messages about them, each with what would become of a message. */
export function Recipients({ all, chosen, error, onChange }: Props) {
  const { t } = useTranslation();
  const reason = useReason();
  const words = (each: Recipient) => {
    const why = reason(each.reason ?? '');
    if (each.outcome === 'ask') return t('write_to_one.asks', { why });
    return each.outcome === 'send' ? undefined : t('write_to_one.cannot', { why });
  };
  return (
    <Checkbox.Group label={t('log.to')} value={[...chosen]} onChange={onChange} error={error}>
      <Stack gap={8} mt={4}>
        {all.map((each) => (
          <Checkbox
            key={recipientKey(each)} value={recipientKey(each)} disabled={!canGet(each)} description={words(each)}
            label={`${each.name || t('contact.no_name')}${each.relation ? ` (${each.relation})` : ''} · ${
              each.address ?? t('log.no_address')}`}
          />
        ))}
      </Stack>
    </Checkbox.Group>
  );
}
