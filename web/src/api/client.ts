// The typed client of the API: paths, parameters and answers come from spec/openapi.yaml
// (`npm run client` writes generated.d.ts; nothing of it is left in the built application).
import createClient from 'openapi-fetch';
import type { components, paths } from './generated';
import { Trouble } from './trouble';

export type Schema<Name extends keyof components['schemas']> = components['schemas'][Name];

// Called when it is sent, so that a test can put its own fetch in place.
export const api = createClient<paths>({ baseUrl: '/api/v1', fetch: (request) => fetch(request) });

interface Exchange<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** What was read, with the ETag that a change of it names. */
export interface Tagged<T> {
  value: T;
  tag: string;
}

async function settled<T>(call: Promise<Exchange<T>>): Promise<Exchange<T>> {
  let exchange: Exchange<T>;
  try {
    exchange = await call;
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw Trouble.network();
  }
  if (!exchange.response.ok) throw Trouble.of(exchange.response, exchange.error);
  return exchange;
}

/** The answer of a call, or a Trouble that says in a sentence what is wrong. */
export async function answer<T>(call: Promise<Exchange<T>>): Promise<T> {
  return (await settled(call)).data as T;
}

/** As `answer`, of something that can be edited. */
export async function taggedAnswer<T>(call: Promise<Exchange<T>>): Promise<Tagged<T>> {
  const { data, response } = await settled(call);
  return { value: data as T, tag: response.headers.get('ETag') ?? '' };
}

/** The header that makes a change fail instead of overwriting what somebody else changed since. */
export function ifMatch(tag: string): { 'If-Match'?: string } {
  return tag ? { 'If-Match': tag } : {};
}

/** An answer that is no JSON (a message's octets), as text of at most `most` characters. */
export async function textAnswer(path: string, most: number): Promise<string> {
  let response: Response;
  try {
    response = await fetch(path);
  } catch {
    throw Trouble.network();
  }
  if (!response.ok) throw Trouble.of(response, await response.json().catch(() => undefined));
  return (await response.text()).slice(0, most);
}
