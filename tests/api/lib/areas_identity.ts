// Users, sessions, tokens, the organisation itself.
import { createHmac } from 'node:crypto';
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

// RFC 6238: the code of the half minute `ahead` of now.
function totp(secret: string, ahead: number): string {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  const bits = [...secret].map((c) => letters.indexOf(c).toString(2).padStart(5, '0')).join('');
  const key = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => parseInt(byte, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + ahead));
  const digest = createHmac('sha1', key).update(step).digest();
  const at = (digest[19] ?? 0) & 15;
  return ((digest.readUInt32BE(at) & 0x7fffffff) % 1_000_000).toString().padStart(6, '0');
}

async function codeUser(own: Organisation): Promise<{ fetch: ReturnType<typeof sessionFetch> }> {
  const one = email();
  await addUser(own.server, own.api, one, 'viewer');
  return { fetch: sessionFetch(own.server, await signIn(own.server, one)) };
}

async function begun(own: Organisation, as: ReturnType<typeof sessionFetch>): Promise<string> {
  const reply = await send(own, own.server.url, 'beginSecondFactor', { as, body: { password } });
  return (reply.json as { secret: string }).secret;
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
  getSecondFactor: async () => asPerson,
  beginSecondFactor: async (own) => ({ as: (await codeUser(own)).fetch, body: { password } }),
  confirmSecondFactor: async (own) => {
    const one = await codeUser(own);
    return { as: one.fetch, body: { code: totp(await begun(own, one.fetch), 0) } };
  },
  removeSecondFactor: async (own) => {
    const one = await codeUser(own);
    const secret = await begun(own, one.fetch);
    await send(own, own.server.url, 'confirmSecondFactor', { as: one.fetch, body: { code: totp(secret, 0) } });
    return { as: one.fetch, body: { password, code: totp(secret, 1) } };
  },
  getUserSecondFactor: async (own) => ({ path: { id: await viewer(own) } }),
  removeUserSecondFactor: async (own) => ({ path: { id: await viewer(own) } }),
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
