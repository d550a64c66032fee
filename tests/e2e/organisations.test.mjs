// Two organisations on one machine never see each other.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { begin, call, check, openBrowser, openPage } from './browser.mjs';

const base = process.env['TIDINGS_URL'];

let browser;
let page;
let troubles;
let things; // of the choir
const looked = (what) => check(page, troubles, what);

/** Something of every kind that has a page of its own. */
async function furnish() {
  await call(page, 'POST', '/transports', { name: 'Sandbox', url: 'sandbox:', is_default: true });
  const sender = await call(page, 'POST', '/senders', { name: 'Choir', address: 'news@quayside.example.org' });
  const contact = await call(page, 'POST', '/contacts', {
    first_name: 'Secretly', last_name: 'Singing', addresses: [{ channel: 'email', address: 'secretly@harbour.example.org' }],
  });
  const message = await call(page, 'POST', '/messages', {
    contact_id: contact.id, sender: sender.id, override_sender: true, subject: 'A secret rehearsal', text: 'Hush.',
  });
  const group = await call(page, 'POST', '/groups', { name: 'Secret altos' });
  const segment = await call(page, 'POST', '/segments', { name: 'Secret segment',
    rule: { type: 'field', field: 'first_name', operator: 'is', value: 'Secretly' } });
  const draft = { subject: 'A secret programme', html: '<p>Hush</p>', sender_id: sender.id };
  const campaign = await call(page, 'POST', '/campaigns', { audience: { everybody: true }, draft });
  const template = await call(page, 'POST', '/templates', { name: 'Secret template', draft });
  const domain = await call(page, 'POST', '/domains', { name: 'quayside.example.org' });
  await call(page, 'POST', '/suppressions', { address: 'secret.enemy@example.net', note: 'asked' });
  await call(page, 'POST', '/topics', { name: 'Secret topic' });
  await call(page, 'POST', '/tokens', { name: 'Secret shop', scopes: ['messages:send'] });
  return { contact, message, group, segment, campaign, template, domain };
}

const lists = ['/overview', '/communications?period=all', '/communications/messages?period=all', '/contacts',
  '/contacts/groups', '/contacts/segments', '/contacts/imports', '/contacts/duplicates', '/templates', '/problems',
  '/problems/suppressions', '/problems/domains', '/problems/queue', '/settings/senders', '/settings/domains',
  '/settings/topics', '/settings/users', '/settings/tokens', '/arrived?q=secretly'];

/** What stands on each list. */
async function everyList(on) {
  const found = [];
  for (const path of lists) {
    await on.goto(path);
    await on.getByRole('heading', { level: 1 }).waitFor();
    await on.waitForLoadState('networkidle');
    found.push([path, await on.locator('main').innerText()]);
  }
  return found;
}

before(async () => {
  browser = await openBrowser();
  ({ page, troubles } = await openPage(browser, base));
  await begin(page, '**/begin');
  things = await furnish();
});
after(async () => browser?.close());

test('the lists of the choir show what is its own', async () => {
  const shown = (await everyList(page)).map(([, text]) => text).join('\n');
  for (const word of ['A secret rehearsal', 'Secretly Singing', 'Secret altos', 'Secret segment', 'Secret template',
    'secret.enemy@example.net', 'Secret topic', 'Secret shop', 'news@quayside.example.org']) {
    assert.ok(shown.includes(word), word);
  }
});

test('who works in both moves from one to the other, and sees nothing of the first in the second', async () => {
  await call(page, 'POST', '/organisations', { name: 'Rowing Club' });
  await page.goto('/contacts');
  await page.getByRole('link', { name: 'Secretly Singing' }).waitFor();
  await page.getByRole('button', { name: /Ada Blythe/ }).click();
  await looked('the choice of an organisation');
  await page.getByRole('menuitem', { name: 'Rowing Club' }).click();
  await page.getByRole('button', { name: /Rowing Club/ }).waitFor();
  for (const [path, text] of await everyList(page)) assert.doesNotMatch(text, /secret(?!ly)/i, path);
  await page.goto('/arrived?q=secretly');
  await page.waitForLoadState('networkidle');
  assert.equal(await page.getByText('A secret rehearsal').count(), 0);
});

test('the address of a page of the other is the address of nothing', async () => {
  const { contact, message, group, segment, campaign, template, domain } = things;
  for (const path of [`/contacts/${contact.id}`, `/contacts/${contact.id}/edit`, `/contacts/${contact.id}/write`,
    `/communications/messages/${message.id}`, `/communications/send-outs/${campaign.id}`, `/compose/${campaign.id}`,
    `/contacts/groups/${group.id}`, `/contacts/segments/${segment.id}`, `/templates/${template.id}`,
    `/settings/domains/${domain.id}`]) {
    await page.goto(path);
    await page.locator('main').getByRole('heading').or(page.getByRole('alert')).first().waitFor();
    await page.waitForLoadState('networkidle');
    assert.doesNotMatch(await page.locator('main').innerText(), /secret|hush|quayside/i, path);
    await looked(path);
  }
});

test('who was asked into the second only has no way into the first', async () => {
  const invited = await call(page, 'POST', '/users', { email: 'bo@rowing.example.org', name: 'Bo Carrow', role: 'owner' });
  const guest = await openPage(browser, base);
  await guest.page.goto(invited.password_link.url);
  for (const field of ['New password', 'The same again']) {
    await guest.page.getByLabel(field).fill('nine leeks beside a calm canal');
  }
  await guest.page.getByRole('button', { name: 'Set the password' }).click();
  await guest.page.getByText('Your password is set').first().waitFor();
  await guest.page.goto('/sign-in');
  await guest.page.getByLabel('E-mail address').fill('bo@rowing.example.org');
  await guest.page.getByLabel('Password').first().fill('nine leeks beside a calm canal');
  await guest.page.getByRole('button', { name: 'Sign in' }).click();
  await guest.page.waitForURL('**/overview');
  await guest.page.goto('/contacts');
  await guest.page.getByRole('button', { name: /Bo Carrow/ }).click();
  await guest.page.getByRole('menuitem', { name: 'Sign out' }).waitFor();
  assert.equal(await guest.page.getByRole('menuitem', { name: 'Quayside Choir' }).count(), 0);
  await guest.page.goto(`/contacts/${things.contact.id}`);
  await guest.page.waitForLoadState('networkidle');
  assert.equal(await guest.page.getByText('Secretly').count(), 0);
  await guest.context.close();
});

test('back in the first, everything is there', async () => {
  await page.goto('/overview');
  await page.getByRole('button', { name: /Ada Blythe/ }).click();
  await page.getByRole('menuitem', { name: 'Quayside Choir' }).click();
  await page.getByRole('button', { name: /Quayside Choir/ }).waitFor();
  await page.goto(`/contacts/${things.contact.id}`);
  await page.getByRole('heading', { name: 'Secretly Singing' }).waitFor();
});
