import { expect, it } from 'vitest';
import { changeOf, draftOf, fieldValue, kNobody } from './contact_draft';

const contact = {
  id: '0000000000001', external_id: null, first_name: 'Ada', last_name: 'Blythe', name: 'Ada Blythe', locale: 'en',
  time_zone: '', do_not_contact: false, addresses: [{ channel: 'email' as const, address: 'a@b.org', primary: true }],
  fields: { fee: 12.5, member: true }, email_state: 'ok' as const, groups: [], created_at: '', changed_at: '',
  last_interaction_at: null,
};
const known = [{ name: 'fee', type: 'number' as const }, { name: 'member', type: 'boolean' as const }];

it('changes nothing when nothing was touched', () => {
  expect(changeOf(draftOf(contact), draftOf(contact), known)).toEqual({});
  expect(changeOf(kNobody, kNobody, known)).toEqual({});
});

it('sends only what is different, and null for what was emptied', () => {
  const before = draftOf(contact);
  const after = { ...before, last_name: ' Holt ', fields: { ...before.fields, fee: '', member: 'false' } };
  expect(changeOf(before, after, known)).toEqual({ last_name: 'Holt', fields: { fee: null, member: false } });
});

it('keeps a name apart only when it was given by itself', () => {
  expect(draftOf(contact).name).toBe('');
  expect(draftOf({ ...contact, name: 'Mrs Blythe' }).name).toBe('Mrs Blythe');
});

it('leaves empty rows of addresses out', () => {
  const after = { ...kNobody, addresses: [...kNobody.addresses,
    { key: 1, channel: 'sms' as const, address: ' 0612345678 ', primary: true }] };
  expect(changeOf(kNobody, after, []).addresses).toEqual([{ channel: 'sms', address: '0612345678', primary: true }]);
});

it('reads a number with a comma, and leaves what is none to the server', () => {
  expect(fieldValue('12,5', 'number')).toBe(12.5);
  expect(fieldValue('twelve', 'number')).toBe('twelve');
  expect(fieldValue(' ', 'text')).toBeNull();
});
