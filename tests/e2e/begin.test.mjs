// The first quarter of an hour: how mail leaves, the example, and what is there to look at.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { begin, check, openBrowser, openPage } from './browser.mjs';
import { startMailServer } from './mail_server.mjs';

const base = process.env['TIDINGS_URL'];

let browser;
let page;
let troubles;
const looked = (what) => check(page, troubles, what);
const button = (name) => page.getByRole('button', { name });
const area = (name) => page.getByRole('navigation', { name: 'Areas' }).getByRole('link', { name }).click();

before(async () => {
  browser = await openBrowser();
  ({ page, troubles } = await openPage(browser, base));
});
after(async () => browser?.close());

test('after the account comes how messages leave, and a mail server is tried in its own words', async () => {
  await begin(page, '**/begin');
  await page.getByRole('heading', { name: 'How should messages leave?' }).waitFor();
  await looked('how messages leave');
  await page.getByLabel('Connect a mail server').check();
  const closed = await startMailServer({ greeting: '554 5.3.2 harbour closed for the night' });
  const open = await startMailServer();
  await page.getByRole('textbox', { name: 'Server', exact: true }).fill('127.0.0.1');
  await page.getByLabel('Port').fill(String(closed.port));
  await button('Test').click();
  await page.getByRole('status').getByText('It does not work').waitFor();
  await page.getByRole('status').getByText(/harbour closed for the night/).first().waitFor();
  await looked('a mail server that refuses');
  await page.getByLabel('Port').fill(String(open.port));
  await page.getByText('It does not work').waitFor({ state: 'detached' });
  await button('Test').click();
  await page.getByRole('status').getByText('It works').waitFor();
  await page.getByRole('status').getByText(/harbour\.example\.org/).first().waitFor();
  await looked('a mail server that works');
  await closed.stop();
  await open.stop();
});

test('one tries it safely, and loads the example', async () => {
  await page.getByLabel('Try it safely').check();
  await button('Continue').click();
  await page.getByRole('heading', { name: 'Somebody to write to' }).waitFor();
  await looked('somebody to write to');
  assert.equal(await page.getByRole('link', { name: 'Bring my own people' }).getAttribute('href'), '/contacts/import');
  await button('Load the example organisation').click();
  await page.getByRole('progressbar').waitFor();
  await looked('the example while it is loaded');
  await page.waitForURL('**/overview', { timeout: 120_000 });
  await page.getByRole('link', { name: /Light over the water/ }).waitFor();
  await page.getByText('Tickets for the winter concert').waitFor();
  await looked('the overview of the example');
});

test('the example has three send-outs with every kind of outcome, and one that is planned', async () => {
  await area('Communications');
  const table = page.getByRole('table', { name: 'Send-outs' });
  await table.getByRole('link', { name: 'Your seat in the sail loft' }).waitFor();
  const rows = await table.locator('tbody tr').filter({ hasText: 'Mailing' }).allTextContents();
  assert.equal(rows.length, 4, rows.join('\n'));
  assert.equal(rows.filter((row) => row.includes('Scheduled')).length, 1, rows.join('\n'));
  assert.equal(rows.filter((row) => row.includes('Finished')).length, 3, rows.join('\n'));
  await looked('the send-outs of the example');
  for (const status of ['Sent', 'Opened', 'Clicked', 'Bounced', 'Marked as spam', 'Uncertain', 'Dropped', 'Skipped', 'Deferred']) {
    await page.goto(`/communications/messages?status=${status.toLowerCase()}`);
    const first = page.getByRole('table', { name: 'Every message' }).locator('tbody tr').first();
    await first.getByText(status, { exact: true }).waitFor();
  }
  await page.goto('/communications');
  await table.getByRole('link', { name: /Light over the water/ }).click();
  await page.getByRole('heading', { name: 'Where each message ended' }).waitFor();
  await page.getByRole('table').filter({ hasText: 'Sent, not opened' }).getByText('Opened', { exact: true }).waitFor();
  await page.getByRole('heading', { name: 'Links that were followed' }).waitFor();
  const mark = page.frameLocator('iframe').locator('a > span').first();
  assert.match(await mark.textContent(), /^\d+$/);
  await page.getByRole('switch', { name: 'Write at each link how many followed it' }).click({ force: true });
  await mark.waitFor({ state: 'detached' });
  await looked('a send-out of the example');
});

test('its people have groups, guardians and a history', async () => {
  await area('Contacts');
  await page.getByRole('link', { name: 'Groups' }).click();
  for (const group of ['Soprano', 'Alto', 'Tenor', 'Bass', 'Committee']) {
    await page.getByRole('link', { name: group, exact: true }).waitFor();
  }
  await looked('the groups of the example');
  await page.getByRole('link', { name: 'Children’s choir' }).click();
  await page.getByText('24 members').waitFor();
  await page.getByRole('table').getByRole('link').first().click();
  await page.getByText(/guardian of/).first().waitFor();
  await page.getByRole('table', { name: 'Communications' }).getByText('Saturday with the children’s choir').first().waitFor();
  await looked('a child of the example');
});

test('a planned send-out is taken back, and nothing of the example leaves the machine', async () => {
  await page.goto('/communications?status=scheduled');
  await page.getByRole('table', { name: 'Send-outs' }).getByRole('link').first().click();
  await page.waitForURL('**/communications/send-outs/*');
  await button('Edit (takes the schedule back)').click();
  await page.waitForURL('**/compose/*/send');
  await looked('the planned one, to be written on');
  await page.goto('/settings/mail-servers');
  await page.getByRole('table', { name: 'Mail servers' }).getByText('Nothing leaves').waitFor();
  assert.equal(await page.getByRole('table', { name: 'Mail servers' }).locator('tbody tr').count(), 1);
});

test('saved messages and problems are there to look at', async () => {
  await area('Templates');
  await page.getByRole('link', { name: 'Newsletter' }).click();
  await page.getByRole('textbox', { name: 'Source of the message' }).waitFor();
  await looked('a template of the example');
  await area(/Problems/);
  await page.getByRole('table', { name: 'Addresses' }).getByRole('link').first().waitFor();
  await looked('the problems of the example');
  // The first visit is over: its pages lead on.
  await page.goto('/begin');
  await page.waitForURL('**/overview');
});
