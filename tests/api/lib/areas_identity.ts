// Users, sessions, tokens, the organisation itself.
import { addUser, password, sessionFetch, signIn, type Organisation } from './world.js';
import { fresh, send, type Case } from './cases.js';

const email = (): string => `${fresh('person')}@example.org`;

async function viewer(own: Organisation): Promise<string> {
  return addUser(own.server, own.api, email(), 'viewer');
}

async function token(own: Organisation): Promise<string> {
  const reply = await send(own, own.server.url, 'createToken', {
    body: { name: fresh('program'), scopes: ['contacts:read'] },
  });
  return (reply.json as { token: { id: string } }).token.id;
}

// A session of the owner beside the one that the tests use.
async function session(own: Organisation): Promise<{ cookie: string; id: string }> {
  const cookie = await signIn(own.server, own.email);
  const list = await send({ ...own, fetch: sessionFetch(own.server, cookie) }, own.server.url,
                          'listSessions', { as: 'token' });
  const items = (list.json as { items: { id: string; is_this: boolean }[] }).items;
  return { cookie, id: items.find((each) => each.is_this)?.id ?? '' };
}

const asPerson = { as: 'session' } as const;

export const identity: Record<string, Case> = {
  getOrganisation: async () => ({}),
  changeOrganisation: async () => ({ body: { postal_address: fresh('street') } }),
  getSession: async () => ({}),
  changeSession: async (own) => ({ ...asPerson, body: { organisation_id: own.id }, isForeignByBody: true }),
  listSessions: async () => asPerson,
  endSession: async (own) => ({ ...asPerson, path: { id: (await session(own)).id } }),
  signOut: async (own) => ({ as: sessionFetch(own.server, (await session(own)).cookie) }),
  getProfile: async () => asPerson,
  changeProfile: async () => ({ ...asPerson, body: { name: fresh('name') } }),
  // It ends the person's other sessions, so it is not the owner's.
  changePassword: async (own) => {
    const one = email();
    await addUser(own.server, own.api, one, 'viewer');
    return { as: sessionFetch(own.server, await signIn(own.server, one)),
             body: { present: password, wanted: `${password} again` } };
  },
  listOrganisations: async () => ({ ...asPerson }),
  createOrganisation: async () => ({ ...asPerson, body: { name: fresh('organisation') } }),
  listRoles: async () => ({}),
  listUsers: async () => ({}),
  createUser: async () => ({ body: { email: email(), role: 'viewer' } }),
  getUser: async (own) => ({ path: { id: await viewer(own) } }),
  changeUser: async (own) => ({ path: { id: await viewer(own) }, body: { is_disabled: true } }),
  removeUser: async (own) => ({ path: { id: await viewer(own) } }),
  createPasswordLink: async (own) => ({ path: { id: await viewer(own) } }),
  listTokens: async () => ({}),
  createToken: async () => ({ body: { name: fresh('program'), scopes: ['record:read'] } }),
  getToken: async (own) => ({ path: { id: await token(own) } }),
  revokeToken: async (own) => ({ path: { id: await token(own) } }),
  listAuditLog: async () => ({}),
  verifyAuditLog: async () => ({}),
};
