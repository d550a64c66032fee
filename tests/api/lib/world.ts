// Two organisations in one program, each with an owner, a session and a token: what one has, the
// other may not see.
import createClient, { type Client } from 'openapi-fetch';

import type { paths } from '../generated/api.js';
import { recorded } from './recorder.js';
import type { Fetch, Server } from './server.js';

export type Api = Client<paths>;

/** A typed client of the API on `server`; its calls go through `fetch`. */
export function client(server: Server, fetch: Fetch): Api {
  return createClient<paths>({
    baseUrl: `${server.url}/api/v1`,
    fetch: (request: Request) => fetch(request),
    querySerializer: { array: { style: 'form', explode: false } },
  });
}

/** The answer's data, or a failed test that says what the program said. */
export function must<T>(answer: { data?: T; error?: unknown; response: Response }): T {
  if (answer.error !== undefined) {
    const { status, url } = answer.response;
    throw new Error(`${status} from ${url}: ${JSON.stringify(answer.error)}`);
  }
  return answer.data as T;
}

export interface Organisation {
  server: Server;
  id: string;
  userId: string;
  email: string;
  tokenId: string;
  token: string;
  fetch: Fetch; // with the token
  session: Fetch; // with the owner's cookie, as from our own pages
  cookie: string;
  api: Api;
}

export interface World {
  owner: Organisation;
  other: Organisation;
  shared: string[]; // ids that both may see
  keep: string[]; // ids the fuzzer must not use: it would saw off its own branch
}

export const password = 'seven turnips under a slow ladder';

/** The person at the machine: the first organisation, every permission. */
export function operator(server: Server): Api {
  return client(server, recorded(server.local));
}

function network(headers: Record<string, string>): Fetch {
  return recorded((request) => {
    const all = new Headers(request.headers);
    for (const [name, value] of Object.entries(headers)) all.set(name, value);
    return globalThis.fetch(new Request(request, { headers: all }));
  });
}

/** Signs in; the session's cookie, "name=secret". */
export async function signIn(server: Server, email: string, organisation?: string): Promise<string> {
  const { response, error } = await client(server, network({})).POST('/session', {
    body: { email, password, ...(organisation === undefined ? {} : { organisation_id: organisation }) },
  });
  const cookie = response.headers.get('set-cookie')?.split(';')[0];
  if (!cookie) throw new Error(`no cookie: ${response.status} ${JSON.stringify(error)}`);
  return cookie;
}

export function sessionFetch(server: Server, cookie: string): Fetch {
  return network({ cookie, origin: server.url, 'sec-fetch-site': 'same-origin' });
}

/** A new person of `api`'s organisation, who has chosen a password. */
export async function addUser(
  server: Server, api: Api, email: string, role: 'owner' | 'viewer',
): Promise<string> {
  const made = must(await api.POST('/users', { body: { email, name: email.split('@')[0] ?? '', role } }));
  if (made.password_link) {
    must(await client(server, network({})).POST('/password-links/redeem', {
      body: { secret: made.password_link.secret, password },
    }));
  }
  return made.user.id;
}

async function organisation(
  server: Server, api: Api, email: string, userId: string,
): Promise<Organisation> {
  const cookie = await signIn(server, email);
  const session = sessionFetch(server, cookie);
  const roles = must(await api.GET('/roles'));
  const scopes = roles.items[0]?.permissions ?? [];
  const token = must(await client(server, session).POST('/tokens', {
    body: { name: 'tests', scopes },
  }));
  const fetch = recorded((request) => globalThis.fetch(request), token.secret);
  const whole = client(server, fetch);
  const { id } = must(await whole.GET('/organisation'));
  return {
    server, id, userId, email, tokenId: token.token.id, token: token.secret, fetch, session, cookie,
    api: whole,
  };
}

/** The first organisation alone, with its owner's token. */
export async function oneOrganisation(server: Server): Promise<Organisation> {
  const local = operator(server);
  const userId = await addUser(server, local, 'owner@one.example', 'owner');
  return organisation(server, local, 'owner@one.example', userId);
}

export async function twoOrganisations(server: Server): Promise<World> {
  const owner = await oneOrganisation(server);
  const founder = client(server, owner.session);
  const second = must(await founder.POST('/organisations', { body: { name: 'The other one' } }));
  must(await founder.PATCH('/session', { body: { organisation_id: second.organisation_id } }));
  const userId = await addUser(server, founder, 'owner@two.example', 'owner');
  const other = await organisation(server, founder, 'owner@two.example', userId);
  must(await founder.PATCH('/session', { body: { organisation_id: owner.id } }));
  must(await other.api.DELETE('/users/{id}', { params: { path: { id: owner.userId } } }));
  const keep = [owner, other].flatMap((each) => [each.userId, each.tokenId, each.id]);
  // Who founded the other organisation stands in its audit log.
  return { owner, other, shared: [owner.userId], keep };
}
