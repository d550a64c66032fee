import { expect, it } from 'vitest';
import { choiceOf, knownBy, mappings, nameFrom, withChoice } from './mapping';

it('says each column by its number, so that a heading may be anything', () => {
  expect(mappings(['email', '-', 'custom:date_of_birth'])).toEqual(['1=email', '2=-', '3=date_of_birth']);
  expect(choiceOf({ field: 'custom', name: 'size' })).toBe('custom:size');
});

it('gives a field to one column only', () => {
  expect(withChoice(['email', 'phone', '-'], 2, 'email')).toEqual(['-', 'phone', 'email']);
  expect(withChoice(['email', 'phone'], 0, '-')).toEqual(['-', 'phone']);
});

it('names a field of the organisation’s own after its heading', () => {
  expect(nameFrom('Imię i nazwisko')).toBe('imie_i_nazwisko');
  expect(nameFrom('2024 fee')).toBe('column_2024_fee');
});

it('knows people by their id first', () => {
  expect(knownBy(['phone', 'email', 'external_id'])).toBe('external_id');
  expect(knownBy(['phone', 'name'])).toBe('phone');
  expect(knownBy(['name'])).toBe('nothing');
});
