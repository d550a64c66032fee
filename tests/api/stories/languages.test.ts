// A school in Brussels writes once, and each guardian reads it in their own language.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import { finished, groupOf, mail, office } from '../lib/people.js';
import { expectNoViolation } from '../lib/recorder.js';
import { Server } from '../lib/server.js';
import { must, oneOrganisation, type Api } from '../lib/world.js';

const link = '<a href="{{ unsubscribe_url }}">x</a>';

describe('a school writes to its guardians in their languages', { concurrency: false }, () => {
  const server = new Server();
  let api: Api;
  let saved = '';
  let group = '';
  let campaign = '';
  const guardians: Record<string, string> = {};

  before(async () => {
    await server.start();
    ({ api } = await oneOrganisation(server));
    const sender_id = await office(api, 'office@school.example');
    for (const [name, locale] of [['Jan', 'nl-BE'], ['Anne', 'fr'], ['Luc', 'fr-BE'], ['Ewa', 'pl'],
                                  ['Tom', '']] as const) {
      guardians[name] = must(await api.POST('/contacts', {
        body: { first_name: name, last_name: 'Peeters', locale,
                addresses: [{ channel: 'email', address: `${name.toLowerCase()}@home.example` }] } })).id;
    }
    group = await groupOf(api, 'Guardians', Object.values(guardians));
    saved = must(await api.POST('/templates', { body: {
      name: 'School trip',
      draft: { sender_id, locale: 'en', subject: 'School trip', html: `<p>Dear parents ${link}` },
      variants: [
        { locale: 'nl', subject: 'Schooluitstap',
          html: `<p>Beste {{ contact.first_name }} ${link}` },
        { locale: 'fr', subject: 'Sortie scolaire {{ contact.first_name }}',
          html: `<p>Cher parent ${link}` },
      ] } })).id;
  });
  after(async () => server.stop());

  it('a campaign begins as the saved message, and tells beforehand who gets which language', async () => {
    const made = must(await api.POST('/campaigns', {
      body: { template_id: saved, audience: { groups: [group] } } }));
    campaign = made.id;
    assert.deepEqual(made.variants.map((each) => each.locale), ['nl', 'fr']);
    const { html, subject, locale } = made.draft;
    const told = must(await api.POST('/audience/preview', { body: {
      audience: { groups: [group] },
      content: { html: html!, subject: subject!, locale: locale!, variants: made.variants } } }));
    assert.equal(told.messages, 5);
    assert.deepEqual(told.languages.map((each) => [each.locale, each.count]),
                     [['en', 2], ['nl', 1], ['fr', 2]]);
    const preview = must(await api.POST('/previews', { body: {
      draft: made.draft, variants: made.variants, contact_id: guardians['Luc']! } }));
    assert.equal(preview.subject, 'Sortie scolaire Luc');
    assert.equal(preview.locale, 'fr');
    expectNoViolation();
  });

  it('each guardian gets the right text', async () => {
    must(await api.POST('/campaigns/{id}/start', {
      params: { path: { id: campaign } }, body: { override_sender: true, override_findings: true } }));
    await finished(api, campaign);
    const letters = mail(server);
    assert.deepEqual(
      letters.map((each) => `${/[a-z]+@home\.example/.exec(each.to)?.[0]} ${each.subject}`).sort(),
      ['anne@home.example Sortie scolaire Anne', 'ewa@home.example School trip',
       'jan@home.example Schooluitstap', 'luc@home.example Sortie scolaire Luc',
       'tom@home.example School trip']);
    assert.match(letters.find((each) => each.to.includes('jan@'))?.text ?? '', /Beste Jan/);
    for (const each of letters) assert.match(each.text, /List-Unsubscribe:/);
  });

  it('the record has each message as it was, and finds it by what it said', async () => {
    const found = must(await api.GET('/messages', { params: { query: { text: 'sortie scolaire l' } } }));
    assert.deepEqual(found.items.map((each) => each.subject), ['Sortie scolaire Luc']);
    const one = must(await api.GET('/messages/{id}', {
      params: { path: { id: found.items[0]!.id } } }));
    assert.equal(one.locale, 'fr');
    const sent = must(await api.GET('/messages/{id}/content', {
      params: { path: { id: found.items[0]!.id } } }));
    assert.match(sent.html ?? '', /Cher parent/);
    const outs = must(await api.GET('/send-outs', { params: { query: { text: 'uitstap' } } }));
    assert.deepEqual(outs.items.map((each) => each.subject), ['School trip']);
    expectNoViolation();
  });

  it('what is made of it speaks the same languages', async () => {
    const again = must(await api.POST('/campaigns/{id}/copy', { params: { path: { id: campaign } } }));
    assert.deepEqual(again.variants.map((each) => each.subject),
                     ['Schooluitstap', 'Sortie scolaire {{ contact.first_name }}']);
    must(await api.DELETE('/campaigns/{id}', { params: { path: { id: again.id } } }));
    expectNoViolation();
  });
});
