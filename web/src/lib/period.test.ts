import { describe, expect, it } from 'vitest';
import { midnight, periodOf, periodQuery } from './period';

const now = new Date('2026-11-22T19:25:30Z');
const query = (text: string) => periodQuery(new URLSearchParams(text), now);

describe('the period of a list', () => {
  it('is the usual one of the API when the address says nothing', () => {
    expect(query('')).toEqual({});
    expect(query('period=nonsense')).toEqual({});
  });
  it('counts days back from the hour', () => {
    expect(query('period=30d')).toEqual({ from: '2026-10-23T19:00:00.000Z' });
  });
  it('is of any age when asked for all', () => {
    expect(query('period=all')).toEqual({ all: true });
  });
  it('takes both dates in', () => {
    const { from, until } = query('from=2026-11-01&until=2026-11-02');
    expect(new Date(until!).getTime() - new Date(from!).getTime()).toBe(48 * 3_600_000);
  });
  it('has no beginning when only the end is given', () => {
    expect(query('until=2026-11-02')).toMatchObject({ all: true });
  });
  it('passes over what is no date', () => {
    expect(midnight('2026-02-30')).toBeNull();
    expect(query('from=yesterday')).toEqual({});
    expect(periodOf(new URLSearchParams('from=2026-11-01'))).toBe('dates');
  });
});
