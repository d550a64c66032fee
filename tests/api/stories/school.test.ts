// A school: the secretary writes to the guardians of class 3B about each child.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import { finished, groupOf, mail, office, person } from '../lib/people.js';
import { expectNoViolation } from '../lib/recorder.js';
import { Server } from '../lib/server.js';
import { must, oneOrganisation, type Api } from '../lib/world.js';

describe('a school writes to the guardians of class 3B', { concurrency: false }, () => {
  const server = new Server();
  let api: Api;
  const ids: Record<string, string> = {};

  before(async () => {
    await server.start();
    ({ api } = await oneOrganisation(server));
    ids['office'] = await office(api, 'office@school.example');
    // Ola has two guardians; Jan and Zosia are brother and sister; Piotr's guardian has no address.
    for (const child of ['Ola', 'Jan', 'Zosia', 'Piotr']) {
      ids[child] = await person(api, child, 'Pupil', `${child.toLowerCase()}@pupils.school.example`);
    }
    ids['Marta'] = await person(api, 'Marta', 'Nowak', 'marta@home.example');
    ids['Adam'] = await person(api, 'Adam', 'Nowak', 'adam@home.example');
    ids['Ewa'] = await person(api, 'Ewa', 'Lis', 'ewa@home.example');
    ids['Silent'] = await person(api, 'Silent', 'Guardian');
    const guardian = async (from: string, to: string, receives_messages = true): Promise<void> => {
      must(await api.POST('/relations', {
        body: { from_id: ids[from]!, to_id: ids[to]!, name: 'guardian of', receives_messages } }));
    };
    await guardian('Marta', 'Ola');
    await guardian('Adam', 'Ola', false);
    await guardian('Ewa', 'Jan');
    await guardian('Ewa', 'Zosia');
    await guardian('Silent', 'Piotr');
    ids['3B'] = await groupOf(api, 'Class 3B', ['Ola', 'Jan', 'Zosia', 'Piotr'].map((c) => ids[c]!));
  });
  after(async () => server.stop());

  it('one message about each child, to those who receive messages', async () => {
    const draft = {
      sender_id: ids['office']!,
      subject: 'About {{ student.first_name }}',
      html: '<p>Dear {{ contact.first_name }}, {{ student.first_name }} swims on Friday.'
        + ' <a href="{{ unsubscribe_url }}">Unsubscribe</a></p>',
    };
    const { id } = must(await api.POST('/campaigns', {
      body: { name: 'Swimming', draft, audience: { groups: [ids['3B']!], recipients: 'guardians' } } }));
    const path = { params: { path: { id } } };
    must(await api.POST('/campaigns/{id}/start', {
      ...path, body: { override_sender: true, override_findings: true } }));
    await finished(api, id);
    const letters = mail(server).map((each) =>
      `${/[a-z]+@home\.example/.exec(each.to)?.[0]} ${each.subject}`);
    assert.deepEqual(letters.sort(), [
      'ewa@home.example About Jan', 'ewa@home.example About Zosia', 'marta@home.example About Ola',
    ]);
    assert.match(mail(server).find((each) => each.subject === 'About Ola')?.text ?? '',
                 /Dear Marta, Ola swims on Friday/);
    const progress = must(await api.GET('/campaigns/{id}/progress', path));
    assert.equal(progress.completed, 3);
    assert.equal(progress.no_address, 1, 'Piotr is counted, not forgotten');
    expectNoViolation();
  });

  it('the message stands in the History of guardian and child', async () => {
    for (const who of ['Ewa', 'Jan']) {
      const history = must(await api.GET('/contacts/{id}/history', {
        params: { path: { id: ids[who]! } } }));
      assert.ok(history.items.some((each) => JSON.stringify(each).includes('Jan')), who);
    }
    expectNoViolation();
  });
});
