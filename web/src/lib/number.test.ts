import { describe, expect, it } from 'vitest';
import { amount, octets, percent } from './number';

describe('numbers', () => {
  it('are grouped as the language does it', () => {
    expect(amount(12345, 'en')).toBe('12,345');
    expect(amount(12345, 'nl')).toBe('12.345');
  });
  it('show a dash where nothing can be divided', () => {
    expect(percent(null, 'en')).toBe('–');
    expect(percent(38.44, 'en')).toBe('38.4%');
  });
  it('name sizes by their step', () => {
    expect(octets(999, 'en')).toBe('999 byte');
    expect(octets(1500, 'en')).toBe('1.5 kB');
    expect(octets(25_000_000, 'en')).toBe('25 MB');
  });
});
