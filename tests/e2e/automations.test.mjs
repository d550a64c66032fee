// What events send by themselves, whom alerts go to, and a mailbox that takes no password.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ada, arrive, call, check } from './browser.mjs';

const base = process.env['TIDINGS_URL'];

let browser;
let page;
let troubles;
const looked = (what) => check(page, troubles, what);
const dialog = () => page.getByRole('dialog');
const view = async (name) => {
  await page.getByRole('link', { name: 'Settings' }).click();
  await page.getByRole('navigation', { name: 'Settings' }).getByRole('link', { name }).click();
};
const table = () => page.getByRole('table', { name: 'Automatic messages' });
const row = (name) => table().getByRole('row', { name });

before(async () => {
  ({ browser, page, troubles } = await arrive(base));
});
after(async () => browser?.close());

test('the four are there, and one is switched off', async () => {
  await view('Automatic messages');
  await row(/Somebody becomes a member/).getByText('The ready text').waitFor();
  assert.equal(await table().getByRole('row').count(), 5);
  await looked('the automatic messages');
  await row(/Somebody signs up/).getByRole('button', { name: 'Change' }).click();
  await dialog().getByRole('switch', { name: /^On / }).click();
  await looked('an automatic message');
  await dialog().getByRole('button', { name: 'Save' }).click();
  await row(/Somebody signs up/).getByText('Off').waitFor();
  assert.equal((await call(page, 'GET', '/triggers/event_signup')).is_enabled, false);
});

test('its ready text becomes a template of its own, in every language', async () => {
  await page.getByRole('button', { name: 'More for Somebody becomes a member' }).click();
  await page.getByRole('menuitem', { name: 'Change the text' }).click();
  await page.waitForURL('**/templates/*');
  const { template_id: template } = await call(page, 'GET', '/triggers/new_member');
  assert.ok(page.url().endsWith(template));
  const { variants } = await call(page, 'GET', `/templates/${template}`);
  assert.equal(variants.length, 3);
  await view('Automatic messages');
  await row(/Somebody becomes a member/).getByRole('link', { name: 'Somebody becomes a member' }).waitFor();
  await page.getByRole('button', { name: 'More for Somebody becomes a member' }).click();
  await page.getByRole('menuitem', { name: 'Put it back as it was' }).click();
  await dialog().getByRole('button', { name: 'Put it back as it was' }).click();
  await row(/Somebody becomes a member/).getByText('The ready text').waitFor();
});

test('an event of one\'s own is added, and removed', async () => {
  await page.getByRole('button', { name: 'Add an event' }).click();
  await dialog().getByLabel('The program calls it').fill('membership_renewed');
  await dialog().getByLabel('Name').fill('A membership is renewed');
  await looked('adding an event');
  await dialog().getByRole('button', { name: 'Save' }).click();
  await row(/A membership is renewed/).getByText('What the program gives').waitFor();
  await page.getByRole('button', { name: 'More for A membership is renewed' }).click();
  await page.getByRole('menuitem', { name: 'Remove' }).click();
  await dialog().getByRole('button', { name: 'Remove' }).click();
  await row(/A membership is renewed/).waitFor({ state: 'detached' });
});

test('alerts say whom they go to, and about what', async () => {
  await view('Alerts');
  await page.getByText(ada.email).waitFor();
  await page.getByText('a send-out waits for a decision').waitFor();
  await looked('the alerts');
  await page.getByRole('link', { name: 'Change who they are' }).click();
  await page.waitForURL('**/settings/users');
});

test('a mailbox is opened by OAuth2 where it takes no password', async () => {
  await view('Returned mail');
  await page.getByRole('button', { name: 'Add a mailbox' }).click();
  await dialog().getByRole('textbox', { name: 'Server' }).fill('localhost');
  await dialog().getByLabel('User').fill('bounces@quayside.example.org');
  await dialog().getByRole('combobox', { name: 'Signs in with' }).click();
  await page.getByRole('option', { name: /OAuth2/ }).click();
  assert.equal(await dialog().getByLabel('Address for tokens').inputValue(), 'https://oauth2.googleapis.com/token');
  await dialog().getByRole('combobox', { name: 'Provider' }).click();
  await page.getByRole('option', { name: 'Another' }).click();
  await dialog().getByLabel('Address for tokens').fill('https://localhost:9/token');
  await dialog().getByLabel('Client ID').fill('choir');
  await dialog().getByLabel('Refresh token').fill('not-a-real-one');
  await looked('a mailbox by OAuth2');
  await dialog().getByRole('button', { name: 'Add a mailbox' }).click();
  const mailbox = page.getByRole('table', { name: 'Mailboxes' }).getByText('localhost');
  await mailbox.waitFor();
  const [made] = (await call(page, 'GET', '/mailboxes')).items;
  assert.equal(made.is_oauth, true);
});

test('on a phone they are cards', async () => {
  await page.setViewportSize({ width: 390, height: 844 });
  await page.goto('/settings/automations');
  await row(/There is an invoice/).waitFor();
  await looked('the automatic messages on a phone');
  await page.goto('/settings/alerts');
  await page.getByText(ada.email).waitFor();
  await looked('the alerts on a phone');
});
