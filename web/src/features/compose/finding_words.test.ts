import { expect, it } from 'vitest';
import en from '../../lib/language/en.json';
import { findingKey } from './finding_words';

const sources = Object.values(import.meta.glob<string>(
  '../../../../src/compose/{content_check,preflight,empty_values,preview}.cc',
  { query: '?raw', import: 'default', eager: true },
)).join('\n');

it('every finding of the server has a text', () => {
  const codes = new Set([
    ...sources.matchAll(/(?:about\(|(?:push_back|add)\(\s*\{|at_place\([^"]{0,60})\s*"([a-z_.]+)",/g),
  ].map((match) => match[1] ?? ''));
  expect(codes.size).toBeGreaterThan(20);
  const known = new Set(Object.keys(en.compose.finding).map((key) => key.replace(/_(one|other)$/, '')));
  expect([...codes].filter((code) => !known.has(findingKey(code)))).toEqual([]);
});
