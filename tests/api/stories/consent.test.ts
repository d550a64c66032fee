// A school: parents choose what they get, a closure reaches everybody, an invoice always arrives.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import { finished, mail, office, person } from '../lib/people.js';
import { expectNoViolation } from '../lib/recorder.js';
import { Server } from '../lib/server.js';
import { must, oneOrganisation, type Api } from '../lib/world.js';

describe('parents choose what they get', { concurrency: false }, () => {
  const server = new Server();
  let api: Api;
  let sender_id = '';
  let news = '';
  let closure = '';
  let anna = '';
  const go = { override_sender: true, override_findings: true };
  const form = (body: string): RequestInit => ({
    method: 'POST', body, headers: { 'content-type': 'application/x-www-form-urlencoded' } });

  const send = async (topic_id: string | null, subject: string, text: string): Promise<string[]> => {
    const draft = { sender_id, subject, text, topic_id };
    const { id } = must(await api.POST('/campaigns', {
      body: { name: subject, audience: { everybody: true }, draft } }));
    must(await api.POST('/campaigns/{id}/start', { params: { path: { id } }, body: go }));
    await finished(api, id);
    return mail(server).filter((each) => each.subject === subject)
      .map((each) => /\w+@school\.example/.exec(each.to)?.[0] ?? '').sort();
  };
  const link = (subject: string, header: RegExp): string => {
    const found = mail(server).find((each) => each.subject === subject && each.to.includes('anna@'));
    return new URL(header.exec(found!.text.replace(/\r\n[ \t]/g, ' '))![1]!).pathname;
  };

  before(async () => {
    await server.start();
    ({ api } = await oneOrganisation(server));
    sender_id = await office(api, 'office@school.example');
    anna = await person(api, 'Anna', 'A', 'anna@school.example');
    await person(api, 'Bo', 'B', 'bo@school.example');
    news = must(await api.POST('/topics', { body: { name: 'Newsletter' } })).id;
    closure = must(await api.POST('/topics', { body: { name: 'Closures', is_essential: true } })).id;
  });
  after(async () => server.stop());

  it('one click in the mail program stops the topic of the message, and only that', async () => {
    const body = 'Dear all {{ unsubscribe_url }}';
    assert.deepEqual(await send(news, 'News 1', body), ['anna@school.example', 'bo@school.example']);
    const path = link('News 1', /List-Unsubscribe: <([^>]+)>/i);
    assert.equal((await fetch(server.url + path)).status, 200, 'looking changes nothing');
    assert.equal((await fetch(server.url + path, form('List-Unsubscribe=One-Click'))).status, 200);
    assert.deepEqual(await send(news, 'News 2', body), ['bo@school.example']);
    assert.deepEqual(await send(null, 'Fair', body), ['anna@school.example', 'bo@school.example']);
    const history = must(await api.GET('/contacts/{contact_id}/activities', {
      params: { path: { contact_id: anna } } }));
    assert.equal(history.items[0]!.type, 'consent');
    assert.equal(history.items[0]!.data['origin'], 'one-click');
    expectNoViolation();
  });

  it('the preference page brings it back, or stops everything', async () => {
    const page = server.url + link('Fair', /List-Unsubscribe: <([^>]+)>/i).replace('/u/', '/p/');
    const shown = await (await fetch(page)).text();
    const list = /name="shown" value="([^"]+)"/.exec(shown)![1]!;
    assert.ok(shown.includes('Newsletter') && !shown.includes('<script'));
    const on = list.split(',').map((each) => `on=${encodeURIComponent(each.replace('=0', '=1'))}`);
    const save = `action=save&shown=${encodeURIComponent(list)}&${on.join('&')}`;
    assert.equal((await fetch(page, form(save))).status, 200);
    const path = { contact_id: anna };
    const back = must(await api.GET('/contacts/{contact_id}/preferences', { params: { path } }));
    assert.ok(back.topics.every((each) => each.email), 'everything is on again');
    const none = `action=none&shown=${encodeURIComponent(list)}`;
    assert.equal((await fetch(page, form(none))).status, 200);
    assert.deepEqual(await send(null, 'Fair 2', 'Hi {{ unsubscribe_url }}'), ['bo@school.example']);
    expectNoViolation();
  });

  it('what is essential reaches everybody, without a link to unsubscribe', async () => {
    assert.deepEqual(await send(closure, 'Closed', 'No school tomorrow.'),
                     ['anna@school.example', 'bo@school.example']);
    const told = mail(server).find((each) => each.subject === 'Closed')!;
    assert.ok(!/list-unsubscribe/i.test(told.text));
  });

  it('an invoice arrives, a sign-up does not, and a letter of one\'s own asks first', async () => {
    const data = { invoice_number: '7', amount: '€ 5', due_date: '1 May' };
    const invoice = must(await api.POST('/messages', {
      body: { to: 'anna@school.example', event: 'invoice', override_sender: true,
              data: data as never } }));
    assert.equal(invoice.status, 'queued');
    const signup = must(await api.POST('/messages', {
      body: { to: 'anna@school.example', event: 'event_signup', override_sender: true,
              data: { event_name: 'Camp', event_date: 'May' } as never } }));
    assert.deepEqual([signup.status, signup.reason], ['dropped', 'unsubscribed']);
    const own = { contact_id: anna, kind: 'individual' as const, subject: 'Hi', text: 'Anna',
                  override_sender: true };
    const asked = await api.POST('/messages', { body: own });
    assert.equal(asked.error?.code, 'message.unsubscribed');
    assert.equal(must(await api.POST('/messages', { body: { ...own, confirmed: true } })).status, 'queued');
    expectNoViolation();
  });

  it('the account page undoes what it did', async () => {
    const path = { contact_id: anna };
    const all = must(await api.PATCH('/contacts/{contact_id}/preferences', {
      params: { path }, body: { everything: true, text: 'Send me everything again.' } }));
    assert.equal(all.email_off, false);
    const undone = must(await api.POST('/contacts/{contact_id}/preferences/undo', {
      params: { path }, body: { undo: all.undo! } }));
    assert.equal(undone.email_off, true);
    expectNoViolation();
  });
});
