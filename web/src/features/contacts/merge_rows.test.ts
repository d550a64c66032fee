import { expect, it } from 'vitest';
import { mergeChange, mergeRows } from './merge_rows';

const one = {
  id: '0000000000001', external_id: 'M-1', first_name: 'Ada', last_name: 'Blythe', name: 'Ada Blythe', locale: '',
  time_zone: '', do_not_contact: false, addresses: [], fields: { fee: 12.5, town: 'Sète' }, email_state: 'none' as const,
  groups: [], created_at: '', changed_at: '', last_interaction_at: null,
};
const two = { ...one, id: '0000000000002', external_id: null, first_name: 'Adah', name: 'Adah Blythe', locale: 'nl',
  fields: { fee: 20, section: 'Alto' } };

it('asks only where both say something, and not the same', () => {
  expect(mergeRows(one, two).map(({ key }) => key)).toEqual(['first_name', 'field.fee']);
});

it('takes over what was chosen, with the kind of its field', () => {
  expect(mergeChange(one, two, new Set(), [])).toBeUndefined();
  expect(mergeChange(one, two, new Set(['first_name', 'field.fee']), [{ name: 'fee', type: 'number' }]))
    .toEqual({ first_name: 'Adah', fields: { fee: 20 } });
});

it('keeps the addresses of both, with the main one that was chosen', () => {
  const email = (address: string, primary: boolean) => ({ channel: 'email' as const, address, primary });
  const mine = { ...one, addresses: [email('ada@old.example.org', true), email('both@example.org', false)] };
  const theirs = { ...one, id: two.id, addresses: [email('Both@example.org', false), email('ada@new.example.org', true)] };
  expect(mergeRows(mine, theirs).map(({ key }) => key)).toEqual(['main.email']);
  expect(mergeChange(mine, theirs, new Set(['main.email']), [])).toEqual({
    addresses: [email('ada@old.example.org', false), email('both@example.org', false), email('ada@new.example.org', true)],
    allow_shared_addresses: true,
  });
});
