// R17: every operation × another organisation's things → 404, while the owner's same call succeeds.
// Generated from the specification: an operation that lib/cases does not cover fails.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import { areas } from './lib/areas.js';
import { sender } from './lib/areas_content.js';
import { send } from './lib/cases.js';
import { expectNoViolation, recorded } from './lib/recorder.js';
import { Server } from './lib/server.js';
import { operations } from './lib/spec.js';
import { twoOrganisations, type World } from './lib/world.js';

const nobody = recorded((request) => fetch(request));
const idForm = /"([0-9abcdefghjkmnpqrstvwxyz]{13})"/g;

describe('another organisation', { concurrency: false }, () => {
  const server = new Server();
  const mine = new Set<string>();
  let world: World;

  before(async () => {
    await server.start();
    world = await twoOrganisations(server);
    // Both could send, so that nothing is refused for want of a mail server.
    await sender(world.owner);
    await sender(world.other);
  });
  after(async () => {
    await server.stop();
  });

  for (const operation of operations) {
    it(`${operation.id}: ${operation.method} ${operation.path}`, async () => {
      if (operation.permission === 'none') return; // no organisation is behind the call
      const example = areas[operation.id];
      assert.ok(example, `no example of ${operation.id} stands in tests/api/lib/areas*`);
      const call = await example(world.owner);
      const ownAlone = typeof call.as === 'function';
      const names = Object.values(call.path ?? {}).length > 0;
      if (!ownAlone && (names || call.isForeignByBody)) {
        const theirs = await send(world.other, server.url, operation.id, call);
        const allowed = names && !call.isForeignByBody ? [404] : [404, 422];
        assert.ok(allowed.includes(theirs.status),
                  `another organisation got ${theirs.status}: ${theirs.text.slice(0, 300)}`);
        for (const [, id] of theirs.text.matchAll(idForm)) {
          assert.ok(!mine.has(id ?? ''), `another organisation was told of ${id}`);
        }
      }
      const owners = await send(world.owner, server.url, operation.id, call);
      assert.ok(owners.status < 300, `the owner got ${owners.status}: ${owners.text.slice(0, 500)}`);
      for (const [, id] of owners.text.matchAll(idForm)) mine.add(id ?? '');
      expectNoViolation();
    });
  }

  it('nobody gets in without a credential', async () => {
    for (const operation of operations) {
      if (operation.permission === 'none') continue;
      const path = operation.path.replace(/\{[^}]+\}/g, '0akx1cmw40000');
      // Waits where calls without a credential come too fast.
      const answer = await nobody(
        new Request(`${server.url}/api/v1${path}`, { method: operation.method }));
      assert.equal(answer.status, 401, `${operation.id} without a credential`);
    }
  });

  it('a token that lacks the one permission is refused', async () => {
    const whole = new Set(operations.map((each) => each.permission));
    whole.delete('none');
    whole.delete('signed-in');
    const tokens = new Map<string, string>();
    for (const permission of whole) {
      const others = [...whole].filter((each) => each !== permission);
      const reply = await send(world.owner, server.url, 'createToken', {
        body: { name: `without ${permission}`, scopes: others } });
      tokens.set(permission, (reply.json as { secret: string }).secret);
    }
    for (const operation of operations) {
      const token = tokens.get(operation.permission);
      if (token === undefined) continue;
      const path = operation.path.replace(/\{[^}]+\}/g, '0akx1cmw40000');
      const answer = await fetch(`${server.url}/api/v1${path}`, {
        method: operation.method, headers: { authorization: `Bearer ${token}` } });
      assert.equal(answer.status, 403, `${operation.id} without ${operation.permission}`);
    }
  });

  it('sees nothing of it in any list', async () => {
    for (const id of world.shared) mine.delete(id);
    for (const operation of operations) {
      const example = areas[operation.id];
      if (operation.method !== 'GET' || operation.path.includes('{') || !example) continue;
      const call = await example(world.other);
      const reply = await send(world.other, server.url, operation.id, call);
      for (const [, id] of reply.text.matchAll(idForm)) {
        assert.ok(!mine.has(id ?? ''), `${operation.id} shows ${id} of another organisation`);
      }
    }
    expectNoViolation();
  });
});
