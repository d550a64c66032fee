// What needs a person, and what that person does about it.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { arrive, call, check, openPage } from './browser.mjs';

const base = process.env['TIDINGS_URL'];

let browser;
let page;
let troubles;
const looked = (what) => check(page, troubles, what);

before(async () => {
  ({ browser, page, troubles } = await arrive(base));
});
after(async () => browser?.close());

test('the menu says how much needs a person, and leads to the addresses', async () => {
  const area = page.getByRole('navigation', { name: 'Areas' }).getByRole('link', { name: /Problems/ });
  await area.getByText('need a person').waitFor({ state: 'attached' });
  await area.click();
  await page.waitForURL('**/problems');
  await page.getByRole('table', { name: 'Addresses' }).getByText('The address does not exist.').waitFor();
  await looked('the addresses that need a person');
});

test('a wrong address is corrected and the message goes again', async () => {
  await page.getByRole('table', { name: 'Addresses' }).getByRole('link').first().click();
  await page.waitForURL('**/problems/addresses/*');
  await page.getByText('Their server said').waitFor();
  await looked('an address');
  await page.getByLabel('The right address').fill('not an address');
  await page.getByRole('button', { name: 'Correct' }).click();
  await page.getByRole('alert').waitFor();
  await page.getByLabel('The right address').fill('wietske@example.org');
  await page.getByRole('button', { name: 'Correct' }).click();
  const done = page.getByRole('status').filter({ hasText: 'wietske@example.org' });
  await done.waitFor();
  await done.getByRole('link').click();
  await page.waitForURL('**/communications/messages/*');
  await page.getByText('wietske@example.org').first().waitFor();
  await page.goto('/problems');
  await page.getByRole('heading', { name: 'No address needs you' }).waitFor();
  await looked('nothing to do');
  await page.getByText('Done', { exact: true }).click();
  await page.waitForURL('**/problems?settled=true');
  await page.getByRole('table', { name: 'Addresses' }).getByText('Ada Blythe').waitFor();
});

test('a send-out with too many complaints is told with what to do', async () => {
  await page.getByRole('link', { name: /Send-outs in trouble/ }).click();
  await page.waitForURL('**/problems/send-outs');
  await page.getByText('Too many complaints').waitFor();
  await looked('send-outs in trouble');
});

test('an address is no more written to, found, and released with a reason', async () => {
  await page.getByRole('link', { name: 'Not written to' }).click();
  await page.waitForURL('**/problems/suppressions');
  await page.getByRole('button', { name: 'Stop writing to an address' }).click();
  const asks = page.getByRole('dialog');
  await asks.getByLabel('Address').fill('old.friend@example.net');
  await asks.getByLabel('Note').fill('asked by telephone');
  await looked('stopping to write to an address');
  await asks.getByRole('button', { name: 'Stop writing to it' }).click();
  const table = page.getByRole('table', { name: 'Not written to' });
  await table.getByText('old.friend@example.net').waitFor();
  await looked('suppressions');
  await page.getByRole('searchbox', { name: 'Find in address or domain' }).fill('friend');
  await page.waitForURL(/search=friend/);
  await table.getByRole('button', { name: 'Write to it again' }).click();
  await page.getByRole('dialog').getByLabel('Why (kept)').fill('she called: a mistake');
  await page.getByRole('dialog').getByRole('button', { name: 'Write to it again' }).click();
  await page.getByRole('heading', { name: 'Nothing fits these filters' }).waitFor();
});

test('what waits says why, and can be held, released and given up', async () => {
  const sender = (await call(page, 'GET', '/senders')).items[0];
  await call(page, 'POST', '/messages', {
    to: 'Greta Yellow <deferred@slow.example.org>', sender: sender.id, override_sender: true,
    subject: 'Your seat', text: 'Row 4, seat 12.',
  });
  await page.getByRole('link', { name: 'Queue' }).click();
  await page.waitForURL('**/problems/queue');
  const table = page.getByRole('table', { name: 'Queue' });
  await table.getByText('the receiving server wants a second try').waitFor();
  await looked('the queue');
  const steer = async (what) => {
    await table.getByRole('button', { name: /What to do with what waits/ }).click();
    await page.getByRole('menuitem', { name: what }).click();
    await page.getByRole('dialog').getByRole('button', { name: what }).click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
  };
  await steer('Hold');
  await table.getByText('Held', { exact: true }).waitFor();
  await steer('Release');
  await page.getByRole('heading', { name: 'Nothing waits' }).waitFor();
});

test('a domain shows the exact lines to copy, and what is missing counts as a problem', async () => {
  const made = await call(page, 'POST', '/domains', { name: 'quayside.example.org' });
  await page.goto('/problems/domains');
  const table = page.getByRole('table', { name: 'Domains' });
  await table.getByText('Not checked yet').waitFor();
  await looked('the domains');
  await table.getByRole('link', { name: 'quayside.example.org' }).click();
  await page.waitForURL(`**/settings/domains/${made.id}`);
  await page.getByText(made.records[0].name, { exact: true }).waitFor();
  for (const record of made.records) {
    assert.ok(await page.getByText(record.value, { exact: true }).count() > 0, record.value);
  }
  await looked('a domain');
});

test('nothing came back yet', async () => {
  await page.goto('/problems/returned');
  await page.getByRole('heading', { name: 'Nothing came back' }).waitFor();
  await page.getByRole('button', { name: 'Reply', exact: true }).click();
  await page.waitForURL('**/problems/returned?kind=reply');
  await looked('returned mail');
});

test('the problems fit a phone, in the dark and in Polish', async () => {
  const phone = await openPage(browser, base, {
    storageState: await page.context().storageState(), viewport: { width: 390, height: 844 },
    colorScheme: 'dark', locale: 'pl-PL',
  });
  for (const path of ['/problems?settled=true', '/problems/suppressions?released=true', '/problems/domains']) {
    await phone.page.goto(path);
    await phone.page.getByRole('table').locator('tbody tr').first().waitFor();
    await check(phone.page, phone.troubles, `${path} on a phone`);
  }
  await phone.context.close();
});
