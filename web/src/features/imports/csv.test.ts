import { expect, it } from 'vitest';
import { fromCsv, toCsv } from './csv';

it('quotes what needs it, and reads it back', () => {
  const rows = [['name', 'note'], ['Ada "A" Blythe', 'one, two\nthree'], ['', 'x']];
  expect(toCsv(rows)).toBe('name,note\r\n"Ada ""A"" Blythe","one, two\nthree"\r\n,x\r\n');
  expect(fromCsv(toCsv(rows))).toEqual(rows);
});

it('writes dates, numbers and what is empty as an import reads them', () => {
  expect(toCsv([[new Date('2026-11-22T00:00:00Z'), new Date('2026-11-22T14:03:00Z'), 12.5, true, null]]))
    .toBe('2026-11-22,2026-11-22 14:03:00,12.5,true,\r\n');
});
