// For every operation one call that succeeds, with fresh things of the caller's organisation. The
// isolation test repeats each as another organisation; the fuzzer bends them. An operation without
// one here fails both.
import type { Fetch } from './server.js';
import type { Organisation } from './world.js';
import type { Json } from './spec.js';
import { operation } from './spec.js';

export interface Call {
  // With which credential; the token when nothing is said.
  as?: 'token' | 'session' | Fetch;
  path?: Record<string, string>;
  query?: Record<string, string>;
  headers?: Record<string, string>;
  body?: Json; // sent as JSON
  raw?: { type: string; bytes: string }; // sent as they are
  bytes?: { type: string; octets: Buffer };
  // Ids of the organisation stand in the body: for another one the call is 404 or 422 at most.
  isForeignByBody?: boolean;
}

export type Case = (own: Organisation) => Promise<Call>;

export interface Reply {
  status: number;
  text: string;
  json: Json;
  headers: Headers;
}

let counter = 0;
/** A text that nobody had before. */
export const fresh = (word: string): string => `${word}-${process.pid}-${++counter}`;

/** The body; of events, which may go on for as long as a campaign is paused, the first. */
async function whole(answer: Response): Promise<string> {
  if (!answer.headers.get('content-type')?.startsWith('text/event-stream')) return answer.text();
  const reader = answer.body?.getReader();
  const first = await reader?.read();
  await reader?.cancel();
  return new TextDecoder().decode(first?.value);
}

export async function send(own: Organisation, base: string, id: string, call: Call): Promise<Reply> {
  const told = operation(id);
  let path = told.path;
  for (const [name, value] of Object.entries(call.path ?? {})) {
    path = path.replace(`{${name}}`, encodeURIComponent(value));
  }
  const query = new URLSearchParams(call.query ?? {}).toString();
  const headers = new Headers(call.headers);
  let body: BodyInit | undefined;
  if (call.bytes) {
    body = new Blob([new Uint8Array(call.bytes.octets)]);
    headers.set('content-type', call.bytes.type);
  } else if (call.raw) {
    body = call.raw.bytes;
    headers.set('content-type', call.raw.type);
  } else if (call.body !== undefined) {
    body = JSON.stringify(call.body);
    headers.set('content-type', 'application/json');
  }
  const asked = new Request(`${base}/api/v1${path}${query ? `?${query}` : ''}`, {
    method: told.method,
    headers,
    ...(body === undefined ? {} : { body }),
  });
  const fetch = typeof call.as === 'function' ? call.as : call.as === 'session' ? own.session : own.fetch;
  const answer = await fetch(asked);
  const text = await whole(answer);
  let json: Json = null;
  try {
    json = JSON.parse(text) as Json;
  } catch {
    // An export, or nothing.
  }
  return { status: answer.status, text, json, headers: answer.headers };
}

/** Runs a case and gives the id of what it made. */
export async function made(own: Organisation, base: string, id: string, call: Call): Promise<string> {
  const reply = await send(own, base, id, call);
  const found = (reply.json as { id?: string } | null)?.id;
  if (reply.status >= 300 || found === undefined) {
    throw new Error(`${id} made nothing: ${reply.status} ${reply.text}`);
  }
  return found;
}
