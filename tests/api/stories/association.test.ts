// An association: a reminder to all members except those who paid.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import { finished, groupOf, mail, office, person } from '../lib/people.js';
import { expectNoViolation } from '../lib/recorder.js';
import { Server } from '../lib/server.js';
import { must, oneOrganisation, type Api } from '../lib/world.js';

describe('an association reminds all members except those who paid', { concurrency: false }, () => {
  const server = new Server();
  let api: Api;
  let sender_id = '';
  let members = '';
  let paid = '';
  let campaign = '';
  const go = { override_sender: true, override_findings: true };

  before(async () => {
    await server.start();
    ({ api } = await oneOrganisation(server));
    sender_id = await office(api, 'treasurer@club.example');
    const all: string[] = [];
    for (let i = 1; i <= 12; ++i) all.push(await person(api, `Member${i}`, 'X', `m${i}@club.example`));
    members = await groupOf(api, 'Members', all);
    paid = await groupOf(api, 'Paid', all.slice(0, 8));
  });
  after(async () => server.stop());

  it('a draft is made once and nobody\'s change is overwritten', async () => {
    const wish = {
      params: { header: { 'Idempotency-Key': 'reminder-2026' } },
      body: { name: 'Reminder', audience: { groups: [members], exclude: { groups: [paid] } } },
    };
    campaign = must(await api.POST('/campaigns', wish)).id;
    assert.equal(must(await api.POST('/campaigns', wish)).id, campaign, 'a second click makes no second');
    const path = { id: campaign };
    const seen = await api.GET('/campaigns/{id}', { params: { path } });
    const header = { 'If-Match': seen.response.headers.get('etag') ?? '' };
    const draft = { sender_id, subject: 'Your contribution, {{ contact.first_name }}',
                    html: '<p>Please pay. <a href="{{ unsubscribe_url }}">Unsubscribe</a></p>' };
    must(await api.PATCH('/campaigns/{id}', { params: { path, header }, body: { draft } }));
    const late = await api.PATCH('/campaigns/{id}', { params: { path, header }, body: { name: 'Mine' } });
    assert.equal(late.response.status, 412);
    expectNoViolation();
  });

  it('only those who did not pay get it', async () => {
    must(await api.POST('/campaigns/{id}/start', { params: { path: { id: campaign } }, body: go }));
    await finished(api, campaign);
    const to = mail(server).map((each) => /m\d+@club\.example/.exec(each.to)?.[0]).sort();
    assert.deepEqual(to, ['m10@club.example', 'm11@club.example', 'm12@club.example', 'm9@club.example']);
    assert.ok(mail(server).some((each) => each.subject === 'Your contribution, Member9'));
    expectNoViolation();
  });

  it('who pays afterwards is left out of the next one', async () => {
    const copy = must(await api.POST('/campaigns/{id}/copy', { params: { path: { id: campaign } } }));
    const found = must(await api.GET('/contacts', { params: { query: { search: 'Member9' } } }));
    assert.equal(found.items.length, 1);
    must(await api.POST('/groups/{group_id}/members', {
      params: { path: { group_id: paid } }, body: { contact_ids: [found.items[0]!.id] } }));
    must(await api.POST('/campaigns/{id}/start', { params: { path: { id: copy.id } }, body: go }));
    await finished(api, copy.id);
    const count = (address: string): number =>
      mail(server).filter((each) => each.to.includes(address)).length;
    assert.equal(count('m9@club.example'), 1, 'the first reminder only');
    assert.equal(count('m10@club.example'), 2);
    expectNoViolation();
  });
});
