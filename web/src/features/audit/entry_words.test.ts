import { expect, it } from 'vitest';
import { actionKey, changedSettings, placeOf, plainNote } from './entry_words';

it('an action has a key where it is known', () => {
  expect(actionKey('contact.export_list')).toBe('contact_export_list');
  expect(actionKey('contact.dance')).toBeUndefined();
});

it('settings are named, also where the note was cut', () => {
  const note = '{"name":"Choir","postal_address":"1 Quay, Street: {x","recipient_limit":9';
  expect(changedSettings({ action: 'organisation.change', note })).toEqual(['name', 'postal_address', 'recipient_limit']);
  expect(changedSettings({ action: 'group.delete', note })).toEqual([]);
});

it('what machines wrote is no note', () => {
  expect(plainNote({ action: 'organisation.change', note: '{"name":"x"}' })).toBe('');
  expect(plainNote({ action: 'token.create', note: 'Ticket shop: messages:send' })).toBe('Ticket shop');
  expect(plainNote({ action: 'contact.erase', note: 'Asked by letter' })).toBe('Asked by letter');
});

it('leads to what may still be there', () => {
  expect(placeOf({ action: 'contact.export', object: 'contact', object_id: '01' })).toBe('/contacts/01');
  expect(placeOf({ action: 'contact.erase', object: 'contact', object_id: '01' })).toBeNull();
  expect(placeOf({ action: 'session.start', object: 'session', object_id: '01' })).toBeNull();
});
