// Odd calls of every operation: no 5xx, no answer outside the specification, and each operation
// reaches a 2xx. Time-boxed: TIDINGS_FUZZ_SECONDS, 20 by default. TIDINGS_FUZZ_SEED: the seed that a
// failure told, to see it again.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import fc from 'fast-check';

import { areas } from './lib/areas.js';
import { send, type Call } from './lib/cases.js';
import { bent, fitting, type Pool } from './lib/generate.js';
import { expectNoViolation, seen } from './lib/recorder.js';
import { Server } from './lib/server.js';
import { operations, type Json, type Operation } from './lib/spec.js';
import { twoOrganisations, type World } from './lib/world.js';

const seconds = Number(process.env['TIDINGS_FUZZ_SECONDS'] ?? '20');
const seed = process.env['TIDINGS_FUZZ_SEED'];
const idForm = /"([0-9abcdefghjkmnpqrstvwxyz]{13})"/g;
// They end the credential that the fuzzer itself uses.
const ending = new Set(['signOut', 'signIn']);
// It succeeds while a server has no user yet, and this one has: tests/e2e and FirstVisit see it do so.
const once = new Set(['beginHere']);

const text = (value: Json): string =>
  typeof value === 'string' ? value : Array.isArray(value) ? value.map(text).join(',') : String(value);

/** A call of `operation`: fitting, bent, or an example bent. */
function calls(operation: Operation, pool: Pool, example: Call | undefined): fc.Arbitrary<Call> {
  const parameters = operation.parameters.map((each) => {
    const fit = fitting(each.schema, pool);
    const value = fc.oneof({ weight: 6, arbitrary: fit },
                           { weight: 1, arbitrary: fit.chain((v) => bent(v, pool)) });
    const always = each.required === true;
    return fc.tuple(fc.constant(each), always ? value : fc.option(value, { freq: 2, nil: undefined }));
  });
  const json = operation.body['application/json'];
  const whole = json === undefined ? fc.constant(undefined) : fitting(json, pool);
  const given = example?.body;
  const body: fc.Arbitrary<Json | undefined> =
    given === undefined
      ? whole.chain((v) => (v === undefined ? fc.constant(v) : fc.oneof(fc.constant(v), bent(v, pool))))
      : fc.oneof(whole, fc.constant(given), bent(given, pool));
  return fc.tuple(fc.tuple(...parameters), body, fc.integer({ min: 0, max: 40 })).map(
    ([told, value, luck]) => {
      const call: Call = { path: {}, query: {}, headers: {} };
      for (const [parameter, chosen] of told) {
        if (chosen === undefined) continue;
        if (parameter.in === 'path') call.path![parameter.name] = text(chosen) || '-';
        if (parameter.in === 'query') call.query![parameter.name] = text(chosen);
        // A header holds visible ASCII.
        if (parameter.in === 'header') {
          call.headers![parameter.name] = text(chosen).replace(/[^ -~]/g, '?').trim();
        }
      }
      if (value !== undefined) call.body = value;
      // fetch sends no body with a GET.
      const may = operation.method !== 'GET';
      if (may && luck === 0) call.raw = { type: 'application/json', bytes: '{"a":' };
      if (may && luck === 1) call.raw = { type: 'text/plain', bytes: 'x' };
      if (luck === 2) call.query = { ...call.query, odd: '1' };
      if (example?.raw && luck > 8) call.raw = example.raw;
      if (example?.bytes && luck > 4) call.bytes = example.bytes;
      if (example?.as !== undefined) call.as = example.as;
      return call;
    });
}

describe('odd calls', { concurrency: false }, () => {
  const server = new Server();
  const pool: Pool = { ids: [] };
  const spent = new Map<string, number>();  // milliseconds of each operation
  const examples = new Map<string, Call>();
  const able = operations.filter((each) => !ending.has(each.id));
  let world: World;

  before(async () => {
    await server.start();
    world = await twoOrganisations(server);
    for (const operation of able) {
      const example = areas[operation.id];
      if (!example) continue;
      const call = await example(world.owner);
      examples.set(operation.id, call);
      const reply = await send(world.owner, server.url, operation.id, call);
      for (const [, id] of `${JSON.stringify(call)}${reply.text}`.matchAll(idForm)) {
        if (id !== undefined && !world.keep.includes(id)) pool.ids.push(id);
      }
    }
    pool.ids = [...new Set(pool.ids)];
  });
  after(async () => {
    await server.stop();
  });

  it(`find nothing in ${seconds} seconds`, async () => {
    const call = fc.constantFrom(...able).chain((operation) =>
      calls(operation, pool, examples.get(operation.id)).map((each) => ({ operation, call: each })));
    await fc.assert(
      fc.asyncProperty(call, async ({ operation, call: asked }) => {
        const begin = performance.now();
        const reply = await send(world.owner, server.url, operation.id, asked);
        spent.set(operation.id, (spent.get(operation.id) ?? 0) + performance.now() - begin);
        if (reply.status >= 500 && reply.status !== 503) {
          throw new Error(`${operation.id}: ${reply.status} ${reply.text.slice(0, 800)}`);
        }
        if (reply.status === 401 && operation.permission !== 'none' && asked.as === undefined) {
          throw new Error(`${operation.id} ended our own credential`);
        }
        expectNoViolation();
      }),
      { ...(seed === undefined ? {} : { seed: Number(seed) }), numRuns: 10_000_000, interruptAfterTimeLimit: seconds * 1000,
        markInterruptAsFailure: false, endOnFailure: false, includeErrorInReport: true, verbose: 0 },
    );
    const longest = [...spent].sort((a, b) => b[1] - a[1]).slice(0, 5)
      .map(([id, ms]) => `${id} ${(ms / 1000).toFixed(1)} s`).join(', ');
    console.log(`${seen.length} calls; most time in ${longest}`);
  });

  it('reach a success of every operation', () => {
    const reached = new Set(seen.filter((each) => each.status < 300).map((each) => each.operation));
    const missed = able.filter((each) => !reached.has(each.id) && !once.has(each.id)).map((each) => each.id);
    assert.deepEqual(missed, []);
  });
});
