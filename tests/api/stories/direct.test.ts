// Mail directly to the servers of its recipients: an organisation may choose it, and reaches nothing
// inside the machine or its network by it (SSRF).
import assert from 'node:assert/strict';
import { createServer, type AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';

import { expectNoViolation } from '../lib/recorder.js';
import { Server } from '../lib/server.js';
import { until } from '../lib/until.js';
import { must, oneOrganisation, type Api } from '../lib/world.js';

async function sent(api: Api, to: string): Promise<{ status: string; reason: string }> {
  const body = { to, subject: 'Hello', text: 'Good morning.', override_sender: true };
  const { id } = must(await api.POST('/messages', { body }));
  return until(`the message to ${to} ended`, async () => {
    const now = must(await api.GET('/messages/{id}', { params: { path: { id } } }));
    return ['sent', 'bounced', 'failed', 'deferred'].includes(now.status) ? now : undefined;
  });
}

describe('mail directly to its recipients reaches nothing inside', { concurrency: false }, () => {
  const server = new Server();
  let connections = 0;
  // Names below .localhost lead to it.
  const neighbour = createServer((socket) => {
    connections += 1;
    socket.destroy();
  });
  let api: Api;

  before(async () => {
    await new Promise<void>((resolve) => neighbour.listen(0, '127.0.0.1', resolve));
    const { port } = neighbour.address() as AddressInfo;
    await server.start({ TIDINGS_MX_PORT: `${port}` });
    ({ api } = await oneOrganisation(server));
    must(await api.POST('/senders', { body: { name: 'The office', address: 'office@club.example' } }));
  });
  after(async () => {
    await server.stop();
    neighbour.close();
  });

  it('it is a mail server like others, and what it cannot be is said', async () => {
    const url = 'mx:?helo=mail.club.example&ip=ipv4';
    const made = must(await api.POST('/transports', { body: { name: 'Directly', url, is_default: true } }));
    assert.equal(made.url, url);
    assert.equal(made.is_sandbox, false);
    const tested = must(await api.POST('/transport-tests', { body: { transport_id: made.id } }));
    assert.ok(tested.succeeded && tested.sentence.includes('port 25'), tested.sentence);
    for (const wrong of ['mx://club.example', 'mx:?helo=a%0d%0aMAIL', 'mx:?private=10.0.0.0/8',
                         'mx:?route=club.example=smtp://tim@gate.club.example',
                         'mx:?route=club.example=smtp://gate.club.example%3Fca=/etc/passwd']) {
      const refused = await api.POST('/transports', { body: { name: 'Wrong', url: wrong } });
      assert.ok([403, 422].includes(refused.response.status), `${refused.response.status} ${wrong}`);
    }
    expectNoViolation();
  });

  it('a message to a name that leads inside bounces without a connection', async () => {
    const now = await sent(api, 'someone@inside.localhost');
    assert.deepEqual([now.status, now.reason], ['bounced', 'address_not_allowed']);
    assert.equal(connections, 0);
    expectNoViolation();
  });
});
