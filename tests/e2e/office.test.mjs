// What a person at the office does, from the first visit on.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ada, begin, check, openBrowser, openPage } from './browser.mjs';

const base = process.env['TIDINGS_URL'];
const { email, password } = ada;

let browser;
let page;
let troubles;
const looked = (what) => check(page, troubles, what);

before(async () => {
  browser = await openBrowser();
  ({ page, troubles } = await openPage(browser, base));
});
after(async () => browser?.close());

test('the first visitor names the organisation and is its owner', async () => {
  await page.goto('/');
  await page.waitForURL('**/welcome');
  await looked('the first visit');
  await begin(page);
  await page.getByText('Last mailings').waitFor();
  await looked('the overview');
});

test('signing out and in again leads back to the view that was asked for', async () => {
  await page.getByRole('button', { name: /Ada Blythe/ }).click();
  await page.getByRole('menuitem', { name: 'Sign out' }).click();
  await page.waitForURL('**/sign-in');
  await looked('the sign-in');
  await page.goto('/communications/messages?status=bounced');
  await page.waitForURL('**/sign-in?to=*');
  await page.getByLabel('E-mail address').fill(email);
  await page.getByLabel('Password').first().fill('not the password');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('alert').getByText('The address or the password is wrong').waitFor();
  await page.getByLabel('Password').first().fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.waitForURL('**/communications/messages?status=bounced');
});

test('the log is filtered, sorted and emptied by what its address says', async () => {
  const table = page.getByRole('table', { name: 'Every message' });
  await table.getByRole('link').first().waitFor();
  const statuses = await table.locator('td:nth-child(3)').allTextContents();
  assert.ok(statuses.length > 0 && statuses.every((text) => text === 'Bounced'), statuses.join());
  await looked('every message');
  await table.getByRole('button', { name: 'To' }).click();
  await page.waitForURL(/sort=address/);
  await page.getByRole('button', { name: 'Remove the filter Status: Bounced' }).click();
  await page.waitForURL((url) => !url.searchParams.has('status'));
  await page.getByRole('searchbox', { name: 'Find in subject or address' }).fill('nobody.has.this');
  await page.getByRole('heading', { name: 'Nothing fits these filters' }).waitFor();
  await looked('a log in which nothing fits');
  await page.getByRole('button', { name: 'Remove the filters' }).click();
  await table.getByRole('link').first().waitFor();
});

test('a message is read as it was sent, in a frame that can do nothing', async () => {
  await page.goto('/communications');
  await page.getByRole('table', { name: 'Send-outs' }).getByRole('link').first().click();
  await page.waitForURL('**/communications/send-outs/*');
  await page.getByRole('heading', { name: 'Where each message ended' }).waitFor();
  await looked('a send-out');
  await page.getByRole('tab', { name: 'Recipients' }).click();
  await page.getByRole('table', { name: 'Recipients' }).getByRole('link').first().waitFor();
  await looked('its recipients');
  await page.getByRole('button', { name: 'Filter' }).click();
  await page.getByRole('menuitem', { name: 'Status' }).click();
  await page.getByRole('checkbox', { name: 'Sent' }).click();
  await page.waitForURL(/status=sent/);
  await page.keyboard.press('Escape');
  const sent = page.getByRole('table', { name: 'Recipients' }).getByRole('row').filter({ hasText: /Sent/ });
  await sent.getByRole('link').first().click();
  await page.waitForURL('**/communications/messages/*');
  const frame = page.locator('iframe');
  await frame.waitFor();
  assert.equal(await frame.getAttribute('sandbox'), '');
  await page.frameLocator('iframe').getByText('Quayside').first().waitFor();
  await looked('a message');
  await page.getByRole('tab', { name: 'Headers' }).click();
  await page.getByText('multipart/alternative').first().waitFor();
  await page.getByRole('tab', { name: 'Source' }).click();
  await page.getByText('MIME-Version: 1.0').waitFor();
});

test('a person is found by what one remembers, and shows what was sent to them', async () => {
  await page.getByRole('link', { name: 'Contacts' }).click();
  await page.getByRole('searchbox', { name: 'Find by name, address or number' }).fill('bounce');
  const table = page.getByRole('table', { name: 'Contacts' });
  await table.locator('tbody tr').nth(1).waitFor({ state: 'detached' });
  await looked('the contacts');
  await table.getByRole('link').first().press('Enter');
  await page.waitForURL('**/contacts/*');
  await page.getByRole('table', { name: 'Communications' }).getByText('Bounced').first().waitFor();
  await looked('a contact');
  await page.getByRole('tab', { name: 'Activities' }).click();
  await page.getByRole('table', { name: 'Activities' }).getByText('Imported').first().waitFor();
});

test('did it arrive is answered in a sentence', async () => {
  await page.keyboard.press('/');
  await page.keyboard.type('bounce@');
  await page.keyboard.press('Enter');
  await page.waitForURL('**/arrived?q=*');
  await page.getByText(/^No: /).first().waitFor();
  await looked('the answer');
});

test('one changes the password, and every other browser is signed out', async () => {
  const state = await page.context().storageState();
  const other = await openPage(browser, base, { storageState: state });
  await page.goto('/overview');
  await page.getByRole('button', { name: /Ada Blythe/ }).click();
  await page.getByRole('menuitem', { name: 'Your account' }).click();
  await page.waitForURL('**/you');
  await page.getByText('This browser').waitFor();
  await looked('the account');
  await page.getByLabel('Present password').fill(password);
  await page.getByLabel('New password').fill('eight parsnips over a fast river');
  await page.getByRole('button', { name: 'Change the password' }).click();
  await page.getByText('Changed').waitFor();
  await other.page.goto('/overview');
  await other.page.waitForURL('**/sign-in*');
  await other.context.close();
});

test('the four languages, a dark screen and a phone show whole pages', async () => {
  const state = await page.context().storageState();
  const phone = await openPage(browser, base, {
    storageState: state, viewport: { width: 390, height: 844 }, colorScheme: 'dark', locale: 'pl-PL',
  });
  await phone.page.goto('/communications');
  await phone.page.getByRole('link', { name: 'Każda wiadomość' }).click();
  await phone.page.getByRole('table').getByRole('link').first().waitFor();
  await check(phone.page, phone.troubles, 'the log on a phone');
  for (const [name, word] of [['Nederlands', 'Elk bericht'], ['Français', 'Chaque message']]) {
    await phone.page.getByRole('button', { name: /Ada Blythe/ }).click();
    await phone.page.getByRole('menuitem', { name }).click();
    await phone.page.getByRole('link', { name: word }).waitFor();
  }
  assert.equal(await phone.page.getAttribute('html', 'lang'), 'fr');
  await phone.context.close();
});
