// An election: everybody is written to at 08:00 of their own zone, in three zones.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import { groupOf, office, person } from '../lib/people.js';
import { expectNoViolation } from '../lib/recorder.js';
import { Server } from '../lib/server.js';
import { must, oneOrganisation, type Api } from '../lib/world.js';

describe('an election opens at 08:00 in three zones', { concurrency: false }, () => {
  const server = new Server();
  let api: Api;
  let sender_id = '';
  const go = { override_sender: true, override_findings: true };

  before(async () => {
    await server.start();
    ({ api } = await oneOrganisation(server));
    sender_id = await office(api, 'elections@union.example');
  });
  after(async () => server.stop());

  async function ballot(zone: string): Promise<string> {
    const voter = await person(api, 'Voter', zone, `${zone.replace(/\W/g, '')}@union.example`);
    const group = await groupOf(api, `Voters ${zone}`, [voter]);
    const html = '<p>Vote now. <a href="{{ unsubscribe_url }}">Unsubscribe</a></p>';
    return must(await api.POST('/campaigns', {
      body: { name: `Ballot ${zone}`, draft: { sender_id, subject: 'The ballot is open', html },
              audience: { groups: [group] } } })).id;
  }

  it('each starts at 08:00 there, whatever the clocks do', async () => {
    // 2030-03-31 is the day the clocks go forward in Europe; Kiritimati is a day ahead of Honolulu.
    const zones: [string, string][] = [
      ['Europe/Warsaw', '2030-03-31T06:00:00'],
      ['Pacific/Honolulu', '2030-03-31T18:00:00'],
      ['Pacific/Kiritimati', '2030-03-30T18:00:00'],
    ];
    for (const [zone, utc] of zones) {
      const id = await ballot(zone);
      const planned = must(await api.POST('/campaigns/{id}/schedule', {
        params: { path: { id } }, body: { at: '2030-03-31T08:00', time_zone: zone, ...go } }));
      assert.equal(planned.state, 'scheduled');
      assert.ok(planned.starts_at?.startsWith(utc), `${zone}: ${planned.starts_at}`);
    }
    expectNoViolation();
  });

  it('an hour that is over, or in no zone, is refused in words', async () => {
    const id = await ballot('Europe/Amsterdam');
    const schedule = (at: string, time_zone: string) =>
      api.POST('/campaigns/{id}/schedule', { params: { path: { id } }, body: { at, time_zone, ...go } });
    const over = await schedule('2020-01-01T08:00', 'Europe/Amsterdam');
    assert.equal(over.response.status, 422);
    assert.ok((over.error?.detail ?? '').length > 20);
    const nowhere = await schedule('2030-01-01T08:00', 'Europe/Atlantis');
    assert.equal(nowhere.response.status, 422);
    assert.equal(nowhere.error?.errors?.[0]?.field, '/time_zone');
    expectNoViolation();
  });

  it('a cancelled schedule gives both options back', async () => {
    const path = { params: { path: { id: await ballot('Europe/Paris') } } };
    must(await api.POST('/campaigns/{id}/schedule', {
      ...path, body: { at: '2030-03-31T08:00', time_zone: 'Europe/Paris', ...go } }));
    must(await api.POST('/campaigns/{id}/stop', path));
    const now = must(await api.GET('/campaigns/{id}', path));
    assert.equal(now.state, 'draft');
    assert.ok(now.actions.includes('start') && now.actions.includes('schedule'));
    expectNoViolation();
  });
});
