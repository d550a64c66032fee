// Every request and every answer of the tests passes here and is held against the specification,
// by a validator (ajv) that is not the program's own.
import { operations, wrong, type Operation } from './spec.js';
import type { Fetch } from './server.js';

const prefix = '/api/v1';
const patterns = operations.map((operation) => ({
  operation,
  expression: new RegExp(`^${operation.path.replace(/\{[^}]+\}/g, '([^/]+)')}$`),
  literals: operation.path.split('/').filter((part) => !part.startsWith('{')).length,
}));

/** The operation that a request is for; literal parts of a path win over names. */
export function operationOf(method: string, url: URL): Operation | undefined {
  const path = url.pathname.slice(prefix.length);
  return patterns
    .filter((each) => each.operation.method === method && each.expression.test(path))
    .sort((a, b) => b.literals - a.literals)[0]?.operation;
}

export interface Seen {
  operation: string;
  status: number;
}

/** What was outside the specification so far; a test that ends with any of these fails. */
export const violations: string[] = [];
export const seen: Seen[] = [];

const mediaType = (headers: Headers): string =>
  (headers.get('content-type') ?? '').split(';')[0]?.trim() ?? '';

function complain(operation: Operation, what: string, detail: string): void {
  violations.push(`${operation.method} ${operation.path}: ${what}: ${detail}`.slice(0, 1500));
}

function checkAnswer(operation: Operation, status: number, headers: Headers, body: string): void {
  const type = mediaType(headers);
  if (status === 304) return;
  // The frame's own refusals are problems, whatever the operation.
  const told = operation.answers[String(status)] ?? operation.answers['default'] ?? {};
  if (status < 400 && operation.answers[String(status)] === undefined) {
    return complain(operation, 'an answer that is not told', String(status));
  }
  if (Object.keys(told).length === 0) {
    if (body !== '') complain(operation, `${status} has no body`, body.slice(0, 200));
    return;
  }
  if (!(type in told)) return complain(operation, `${status} is not told in this form`, type);
  const schema = told[type];
  if (schema === undefined) return;
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return complain(operation, `${status} is not JSON`, body.slice(0, 200));
  }
  const trouble = wrong(schema, value);
  if (trouble) complain(operation, `${status} ${trouble}`, body.slice(0, 600));
  if (status === 500) complain(operation, '500', body.slice(0, 600));
}

/** True when ajv takes the request's body. */
function bodyHolds(operation: Operation, type: string, body: string): boolean {
  if (body === '') return !operation.bodyRequired;
  const schema = operation.body[type === 'application/merge-patch+json' ? 'application/json' : type];
  if (schema === undefined) return type in operation.body;
  try {
    return wrong(schema, JSON.parse(body)) === '';
  } catch {
    return false;
  }
}

/** A fetch that looks at what goes through it. `credential` is an API token, or a cookie. */
export function recorded(base: Fetch, credential?: string): Fetch {
  return async (asked) => {
    const request = asked.clone();
    const headers = new Headers(asked.headers);
    if (credential !== undefined) headers.set('authorization', `Bearer ${credential}`);
    const text = await request.clone().text();
    const operation = operationOf(request.method, new URL(request.url));
    for (;;) {
      const sent = new Request(request.clone(), { headers });
      const answer = await base(sent);
      // Rates are a test of their own; here they only slow down.
      const wait = answer.status === 429 ? Number(answer.headers.get('retry-after') ?? '0') : 0;
      if (wait > 0 && wait <= 3) {
        await answer.arrayBuffer();
        await new Promise((resolve) => setTimeout(resolve, wait * 1000));
        continue;
      }
      if (operation && mediaType(answer.headers) === 'text/event-stream') {
        seen.push({ operation: operation.id, status: answer.status });
      } else if (operation) {
        const body = await answer.clone().text();
        seen.push({ operation: operation.id, status: answer.status });
        checkAnswer(operation, answer.status, answer.headers, body);
        if (answer.status < 300 && !bodyHolds(operation, mediaType(headers), text)) {
          complain(operation, 'took a body that the specification refuses', text.slice(0, 600));
        }
      }
      return answer;
    }
  };
}

/** Fails with what was outside the specification since the last call. */
export function expectNoViolation(): void {
  if (violations.length === 0) return;
  const all = [...new Set(violations.splice(0))];
  throw new Error(`outside the specification:\n${all.slice(0, 20).join('\n')}`);
}
