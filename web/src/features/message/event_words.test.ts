import { expect, it } from 'vitest';
import { eventWord, toneOfEvent, withQueued } from './event_words';

const hit = { link: 2, url: 'https://example.org', address: '', user_agent: '', by: 'machine' as const, why: null };

it('tells what a machine did from what a person did', () => {
  expect(eventWord({ type: 'link_followed', hit })).toBe('machine_clicked');
  expect(eventWord({ type: 'image_loaded', hit: { ...hit, link: null } })).toBe('machine_opened');
  expect(eventWord({ type: 'link_followed', hit: { ...hit, by: 'person' } })).toBe('clicked');
  expect(eventWord({ type: 'marked as spam', hit: null })).toBe('marked_as_spam');
});

it('tells of a request and the status that it raised once', () => {
  const event = (type: string, by?: 'person' | 'machine') => ({
    id: type, type, occurred_at: '', recorded_at: '', source: '', reason: '', attempt: null,
    hit: by ? { ...hit, by } : null,
  });
  const words = (...events: ReturnType<typeof event>[]) =>
    withQueued('', [event('queued'), ...events]).map(eventWord);
  expect(words(event('link_followed', 'person'), event('clicked'))).toEqual(['queued', 'clicked']);
  expect(words(event('link_followed', 'machine'), event('clicked')))
    .toEqual(['queued', 'machine_clicked', 'clicked']);
});

it('begins with the queueing, once', () => {
  const first = withQueued('2026-11-22T08:00:00Z', []);
  expect(first.map(({ type }) => type)).toEqual(['queued']);
  expect(withQueued('2026-11-22T09:00:00Z', first)).toEqual(first);
});

it('has the tone of the status it leads to, and none of its own else', () => {
  expect(toneOfEvent('marked_as_spam')).toBe('bad');
  expect(toneOfEvent('image_loaded')).toBe('plain');
});
