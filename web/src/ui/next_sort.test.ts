import { expect, it } from 'vitest';
import { nextSort } from './next_sort';

it('turns the order round when the same heading is asked for again', () => {
  expect(nextSort('-at', 'at')).toBe('at');
  expect(nextSort('at', 'at')).toBe('-at');
});

it('begins another order the way round that the column prefers', () => {
  expect(nextSort('-at', 'subject')).toBe('subject');
  expect(nextSort('subject', 'at', 'down')).toBe('-at');
  expect(nextSort(undefined, 'at')).toBe('at');
});
