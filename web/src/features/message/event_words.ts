import { isStatusWord, toneOf, type Tone } from '../../lib/status';
import type { MessageEvent } from './queries';

/** The tone of an event: that of the status it leads to. Pure. */
export function toneOfEvent(type: string): Tone {
  const word = type.replaceAll('_', ' ');
  return isStatusWord(word) ? toneOf(word) : 'plain';
}

/** The events with the first of all, which the record keeps with the message itself. Pure. */
export function withQueued(queuedAt: string, events: readonly MessageEvent[]): readonly MessageEvent[] {
  if (events.some(({ type }) => type === 'queued')) return withoutEchoes(events);
  const queued: MessageEvent = {
    id: 'queued', type: 'queued', occurred_at: queuedAt, recorded_at: queuedAt, source: '', reason: '',
    attempt: null, hit: null,
  };
  return [queued, ...withoutEchoes(events)];
}

/** A person's request raises the status: of the two events the request says more. Pure. */
function withoutEchoes(events: readonly MessageEvent[]): readonly MessageEvent[] {
  const words = new Set(events.filter(({ hit }) => hit?.by === 'person').map(eventWord));
  return events.filter((event) => event.hit !== null || !words.has(event.type)
    || (event.type !== 'opened' && event.type !== 'clicked'));
}

/** What an event is called: a request by what it means, of a machine otherwise than of a person. Pure. */
export function eventWord({ type, hit }: Pick<MessageEvent, 'type' | 'hit'>): string {
  const word = type.replaceAll(' ', '_');
  if (!hit) return word;
  const done = hit.link === null ? 'opened' : 'clicked';
  return hit.by === 'machine' ? `machine_${done}` : done;
}
