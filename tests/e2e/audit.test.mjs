// Who did what, by the labels of the screen.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { arrive, call, check } from './browser.mjs';

const base = process.env['TIDINGS_URL'];

let browser;
let page;
let troubles;
const looked = (what) => check(page, troubles, what);
const table = () => page.getByRole('table', { name: 'Who did what' });

before(async () => {
  ({ browser, page, troubles } = await arrive(base));
  const [someone] = (await call(page, 'GET', '/contacts?limit=1&has_address=email')).items;
  await call(page, 'PATCH', '/organisation', { copy_address: 'archive@quayside.example.org', recipient_limit: 900 });
  await call(page, 'POST', '/tokens', { name: 'Ticket shop', scopes: ['messages:send'] });
  await call(page, 'POST', '/suppressions', { address: someone.addresses[0].address, note: 'Asked by telephone' });
});
after(async () => browser?.close());

test('what was done is told in words, newest first', async () => {
  await page.getByRole('link', { name: 'Settings' }).click();
  await page.getByRole('navigation', { name: 'Settings' }).getByRole('link', { name: 'Who did what' }).click();
  await page.waitForURL('**/settings/audit-log');
  const rows = table().getByRole('row');
  await rows.nth(3).waitFor();
  assert.match(await rows.nth(1).innerText(), /Stopped writing to an address: Asked by telephone\s+Ada Blythe/);
  assert.match(await rows.nth(2).innerText(), /Let a program in: Ticket shop/);
  assert.match(await rows.nth(3).innerText(), /Changed settings: .*Most people one mailing may reach/);
  await looked('who did what');
});

test('a filter keeps what is about one thing, and stands in the address', async () => {
  await page.getByRole('button', { name: 'Filter', exact: true }).click();
  await page.getByRole('menuitem', { name: 'About' }).click();
  await page.getByRole('radio', { name: 'Programs' }).click();
  await page.waitForURL('**/audit-log?about=token');
  await page.keyboard.press('Escape');
  await table().getByText('Stopped writing').waitFor({ state: 'detached' });
  assert.equal(await table().getByRole('row').count(), 2);
  await looked('who did what about programs');
  await page.getByRole('button', { name: /^Remove the filter About/ }).click();
  await table().getByText('Stopped writing').waitFor();
});

test('somebody of whom nothing is known has nothing, and says of how long', async () => {
  await page.goto('/settings/audit-log?about=mailbox');
  await page.getByText('Nothing fits these filters').waitFor();
  await looked('nothing fits');
  await page.getByRole('button', { name: 'Remove the filters' }).click();
  await table().getByText('Stopped writing').waitFor();
});

test('whether it is as it was written can be asked', async () => {
  await page.getByRole('button', { name: 'Was anything changed?' }).click();
  await page.getByRole('status').filter({ hasText: /All \d+ entries are as they were written/ }).waitFor();
  await looked('the log as it was written');
});

test('on a phone each entry is a card', async () => {
  await page.setViewportSize({ width: 390, height: 844 });
  await page.goto('/settings/audit-log');
  await table().getByText('Let a program in').waitFor();
  await looked('who did what on a phone');
});
