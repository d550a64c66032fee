import { expect, it } from 'vitest';
import type { Recipient } from './queries';
import { usualRecipients } from './recipients';

const someone = (contact_id: string, outcome: Recipient['outcome'], is_primary = true): Recipient => ({
  contact_id, name: contact_id, relation: null, channel: 'email', address: `${contact_id}@b.org`, is_primary, outcome,
  reason: null,
});

it('writes to the contact at the main address', () => {
  expect(usualRecipients([someone('child', 'send'), someone('child', 'send', false), someone('mother', 'send')], 'child'))
    .toEqual(['child child@b.org']);
});

it('offers the guardians where the contact cannot be written to', () => {
  expect(usualRecipients([someone('child', 'skip'), someone('mother', 'send'), someone('father', 'ask')], 'child'))
    .toEqual(['mother mother@b.org', 'father father@b.org']);
});
