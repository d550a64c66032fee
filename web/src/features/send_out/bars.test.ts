import { expect, it } from 'vitest';
import { barsOf, kBarsMin, spansTooLong } from './bars';

const at = (hour: number, opened = 1) =>
  ({ at: new Date(Date.UTC(2026, 10, 22, hour)).toISOString(), opened, clicked: 0 });

it('has a bar for the hours in which nothing happened', () => {
  const bars = barsOf([at(8, 5), at(11, 2)], 'hour');
  expect(bars.slice(0, 5).map(({ opened }) => opened)).toEqual([5, 0, 0, 2, 0]);
  expect(bars).toHaveLength(kBarsMin);
  expect(bars.at(-1)?.at).toBe(at(8 + kBarsMin - 1).at);
});

it('adds no bar where the clocks change', () => {
  // 23 and 25 hours after each other.
  expect(barsOf([at(0), at(23), at(48)], 'day').slice(0, 4).map(({ opened }) => opened)).toEqual([1, 1, 1, 0]);
});

it('is told by the day when there are too many hours', () => {
  expect(spansTooLong([at(0), at(72)])).toBe(false);
  expect(spansTooLong([at(0), at(73)])).toBe(true);
  expect(spansTooLong([])).toBe(false);
  expect(barsOf([], 'hour')).toEqual([]);
});
