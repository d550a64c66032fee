import { expect, it } from 'vitest';
import { addressOf, fieldText } from './contact_words';

it('shows the primary address of a channel, and the first where none is', () => {
  const addresses = [
    { channel: 'email' as const, address: 'old@example.org' },
    { channel: 'email' as const, address: 'new@example.org', primary: true },
    { channel: 'sms' as const, address: '+32470000000' },
  ];
  expect(addressOf({ addresses }, 'email')).toBe('new@example.org');
  expect(addressOf({ addresses }, 'sms')).toBe('+32470000000');
  expect(addressOf({ addresses: [] }, 'sms')).toBe('');
});

it('writes the value of a field as its reader does', () => {
  expect(fieldText(1234.5, 'nl')).toBe('1.234,5');
  expect(fieldText(true, 'en')).toBe('✓');
  expect(fieldText(null, 'en')).toBe('');
});
