// docs/api.md: the five examples, pasted as they stand into one shell.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';

import { Server } from './lib/server.js';
import { oneOrganisation, type Organisation } from './lib/world.js';

const manual = readFileSync(join(process.cwd(), '..', '..', 'docs', 'api.md'), 'utf8');
const examples = [...manual.matchAll(/```sh\n(.*?)```/gs)].map((match) => match[1] ?? '');

describe('the examples of the manual', () => {
  const server = new Server();
  let own: Organisation;

  before(async () => {
    await server.start();
    own = await oneOrganisation(server);
  });
  after(async () => server.stop());

  it('are five, and each does what it says', async () => {
    assert.equal(examples.length, 5);
    const script = examples.map((each, i) => `echo "--- example ${i + 1}"\n${each}\necho`).join('\n');
    const shell = spawn('bash', ['-euo', 'pipefail', '-c', script], {
      env: { ...process.env, TIDINGS: `${server.url}/api/v1`, TOKEN: own.token },
    });
    let said = '';
    shell.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
    shell.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const code = await new Promise((resolve) => shell.on('close', resolve));
    assert.equal(code, 0, said);
    assert.match(said, /Kowalska/);
    assert.match(said, /"pending":/);
  });
});
