// An event: the wrong room went out. Stop, correct, and nobody gets both.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import { finished, groupOf, mail, office, person } from '../lib/people.js';
import { expectNoViolation } from '../lib/recorder.js';
import { Server } from '../lib/server.js';
import { until } from '../lib/until.js';
import { must, oneOrganisation, type Api } from '../lib/world.js';

describe('an event stops, corrects and resumes', { concurrency: false }, () => {
  const server = new Server();
  let api: Api;
  let sender_id = '';
  let guests = '';
  const count = 16;
  const go = { override_sender: true, override_findings: true };

  before(async () => {
    await server.start();
    ({ api } = await oneOrganisation(server));
    sender_id = await office(api, 'desk@event.example');
    const all: string[] = [];
    for (let i = 1; i <= count; ++i) all.push(await person(api, `Guest${i}`, 'X', `g${i}@event.example`));
    guests = await groupOf(api, 'Guests', all);
  });
  after(async () => server.stop());

  const html = (room: string): string =>
    `<p>Room ${room}. <a href="{{ unsubscribe_url }}">Unsubscribe</a></p>`;
  const letters = (subject: string): string[] =>
    mail(server).filter((each) => each.subject === subject)
      .map((each) => /g\d+@event\.example/.exec(each.to)?.[0] ?? each.to);
  const progress = async (id: string) =>
    must(await api.GET('/campaigns/{id}/progress', { params: { path: { id } } }));

  // Slow enough to be stopped halfway.
  async function running(subject: string): Promise<string> {
    const { id } = must(await api.POST('/campaigns', {
      body: { name: subject, draft: { sender_id, subject, html: html('1') },
              audience: { groups: [guests] }, rate_per_second: 4 } }));
    must(await api.POST('/campaigns/{id}/start', { params: { path: { id } }, body: go }));
    await until('a few left', async () => (letters(subject).length >= 3 ? true : undefined));
    return id;
  }

  it('pause stops it, resume sends only the unsent', async () => {
    const id = await running('Programme');
    const path = { params: { path: { id } } };
    must(await api.POST('/campaigns/{id}/pause', { ...path, body: { reason: 'Wait a moment' } }));
    await until('nothing in flight', async () =>
      ((await progress(id)).in_flight === 0 ? true : undefined));
    const before = letters('Programme').length;
    await new Promise((resolve) => setTimeout(resolve, 1500));
    assert.equal(letters('Programme').length, before, 'paused is paused');
    assert.ok(before < count);
    must(await api.POST('/campaigns/{id}/resume', path));
    await finished(api, id);
    const all = letters('Programme');
    assert.equal(new Set(all).size, count);
    assert.equal(all.length, count, 'nobody twice');
    expectNoViolation();
  });

  it('abort stops what is not sent and keeps what is', async () => {
    const id = await running('Parking');
    must(await api.POST('/campaigns/{id}/abort', { params: { path: { id } } }));
    const now = await until('ended', async () => {
      const each = await progress(id);
      return each.pending + each.in_flight === 0 ? each : undefined;
    });
    assert.equal(now.total, count);
    assert.equal(now.completed + now.skipped, count);
    assert.equal(now.completed, letters('Parking').length);
    expectNoViolation();
  });

  it('a correction reaches everybody with one of the two', async () => {
    const id = await running('Room');
    const made = must(await api.POST('/campaigns/{id}/correction', {
      params: { path: { id } },
      body: { draft: { sender_id, subject: 'Room', html: html('2') } } }));
    const wrong = new Set(letters('Room'));
    for (const [each, subject] of [[made.remainder, 'Room now'], [made.correction, 'Correction']] as const) {
      const path = { params: { path: { id: each.id } } };
      must(await api.PATCH('/campaigns/{id}', {
        ...path, body: { rate_per_second: 0, draft: { sender_id, html: html('2'), subject } } }));
      must(await api.POST('/campaigns/{id}/start', { ...path, body: go }));
      await finished(api, each.id);
    }
    const right = letters('Room now');
    const corrected = letters('Correction');
    assert.deepEqual(new Set(corrected), wrong, 'who got the wrong one gets the correction');
    assert.equal(right.length + corrected.length, count, 'everybody is reached');
    assert.equal(new Set([...right, ...corrected]).size, count, 'nobody gets both');
    expectNoViolation();
  });
});
