// What an administrator sets up, by the labels of the screens.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { arrive, call, check, openPage } from './browser.mjs';

const base = process.env['TIDINGS_URL'];

// One red pixel.
const kPicture = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==',
  'base64');

let browser;
let page;
let troubles;
const looked = (what) => check(page, troubles, what);
const dialog = () => page.getByRole('dialog');
const view = async (name) => page.getByRole('navigation', { name: 'Settings' }).getByRole('link', { name }).click();

before(async () => {
  ({ browser, page, troubles } = await arrive(base));
});
after(async () => browser?.close());

test('the organisation is described, and keeps what was not touched', async () => {
  await page.getByRole('link', { name: 'Settings' }).click();
  await page.waitForURL('**/settings');
  await page.getByLabel('Postal address').fill('2 Quay Street\nHavenstad');
  await page.getByLabel("Who gets people's replies").fill('office@quayside.example.org');
  await page.getByLabel('Most people one mailing may reach').fill('900');
  await looked('the organisation');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('Saved').waitFor();
  const stored = await call(page, 'GET', '/organisation');
  assert.equal(stored.postal_address, '2 Quay Street\nHavenstad');
  assert.equal(stored.recipient_limit, 900);
  assert.equal(stored.name, 'Quayside Choir');
  await page.getByLabel("Who gets people's replies").fill('nobody');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('alert').waitFor();
});

test('a logo is chosen, stands there, and is taken away again', async () => {
  const picture = page.getByRole('img', { name: 'The logo of Quayside Choir' });
  const file = page.locator('input[type=file]');
  await file.setInputFiles({ name: 'logo.txt', mimeType: 'text/plain', buffer: Buffer.from('no picture') });
  await page.getByRole('alert').filter({ hasText: 'image' }).waitFor();
  await file.setInputFiles({ name: 'logo.png', mimeType: 'image/png', buffer: kPicture });
  await picture.waitFor();
  assert.equal(await picture.evaluate((image) => image.complete && image.naturalWidth), 1);
  await looked('a logo');
  await page.reload();
  await picture.waitFor();
  await page.getByRole('button', { name: 'Remove' }).click();
  await picture.waitFor({ state: 'detached' });
  assert.equal((await call(page, 'GET', '/organisation')).logo_media_id, null);
});

test('a sender is added and asked to prove itself', async () => {
  await view('Senders');
  await page.getByRole('button', { name: 'Add a sender' }).click();
  await dialog().getByLabel('Name').fill('Ada Blythe');
  await dialog().getByLabel('E-mail address').fill('ada@quayside.example.org');
  await looked('adding a sender');
  await dialog().getByRole('button', { name: 'Save' }).click();
  const table = page.getByRole('table', { name: 'Senders' });
  const row = table.getByRole('row', { name: /ada@quayside/ });
  await row.getByRole('button', { name: 'Mail the link' }).waitFor();
  await looked('the senders');
});

test('a mail server is tried before it is saved, and says why it does not work', async () => {
  await view('Mail servers');
  await page.getByRole('table', { name: 'Mail servers' }).getByText('Nothing leaves').waitFor();
  await page.getByRole('button', { name: 'Add a mail server' }).click();
  await dialog().getByRole('textbox', { name: 'Server', exact: true }).fill('localhost');
  await dialog().getByLabel('Port').fill('9');
  await dialog().getByRole('button', { name: 'Test' }).click();
  await dialog().getByText('It does not work').waitFor();
  await looked('a mail server that does not answer');
  await dialog().getByRole('button', { name: 'Save' }).click();
  const row = page.getByRole('row', { name: /smtp:\/\/localhost:9/ });
  await row.getByRole('button', { name: 'Remove' }).click();
  await dialog().getByRole('button', { name: 'Remove' }).click();
  await row.waitFor({ state: 'detached' });
});

test('a sending domain is added with its return path', async () => {
  await view('Domains');
  await page.getByRole('button', { name: 'Add a domain' }).click();
  await dialog().getByLabel('Domain').fill('quayside.example.org');
  await dialog().getByRole('button', { name: 'Add a domain' }).click();
  await page.waitForURL('**/settings/domains/*');
  await page.getByLabel('Name for returned mail').fill('bounces.quayside.example.org');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('Saved.').waitFor();
  assert.equal(await page.getByLabel('Name for returned mail').inputValue(), 'bounces.quayside.example.org');
  await looked('a domain with a return path');
});

test('a mail service gets an address, shown once', async () => {
  await page.goto('/settings/returned-mail');
  await page.getByRole('button', { name: 'Add a service' }).click();
  await dialog().getByLabel('Service').first().click();
  await page.getByRole('option', { name: 'Postmark' }).click();
  await dialog().getByRole('button', { name: 'Add a service' }).click();
  const made = dialog().filter({ hasText: 'Paste this address' });
  await made.waitFor();
  const address = await made.locator('code').textContent();
  assert.match(address, /^https?:\/\/[^ ]+postmark/);
  await looked('the address of a service');
  await made.getByRole('button', { name: 'Close' }).last().click();
  await page.getByRole('table', { name: 'Mail services' }).getByText('Postmark', { exact: true }).waitFor();
  await page.getByRole('button', { name: 'Add a mailbox' }).click();
  await looked('adding a mailbox');
  await page.keyboard.press('Escape');
});

test('a topic is added and offered no more', async () => {
  await view('Topics');
  await page.getByRole('button', { name: 'Add a topic' }).click();
  await dialog().getByLabel('Name').fill('Concerts');
  await dialog().getByRole('button', { name: 'Save' }).click();
  const row = page.getByRole('row', { name: /Concerts/ });
  await row.getByRole('button', { name: 'Offer no more' }).click();
  await row.getByText('Not offered any more').waitFor();
  await looked('the topics');
});

test('somebody is invited with a link, gets another role, and is removed', async () => {
  await view('People');
  await page.getByRole('button', { name: 'Invite somebody' }).click();
  await dialog().getByLabel('E-mail address').fill('bo@quayside.example.org');
  await dialog().getByLabel('Name').fill('Bo Carrow');
  await dialog().getByRole('radio', { name: 'Author' }).click();
  await looked('an invitation');
  await dialog().getByRole('button', { name: 'Invite', exact: true }).click();
  const shown = dialog().filter({ hasText: 'Pass this link on' });
  await shown.waitFor();
  const link = await shown.locator('code').textContent();
  await shown.getByRole('button', { name: 'Close' }).last().click();
  const row = page.getByRole('row', { name: /bo@quayside/ });
  await row.getByText('Author').waitFor();

  const guest = await openPage(browser, base);
  await guest.page.goto(link);
  await guest.page.getByRole('textbox').first().waitFor();
  await guest.context.close();

  await row.getByRole('button', { name: 'Role' }).click();
  await dialog().getByRole('radio', { name: 'Reader' }).click();
  await dialog().getByRole('button', { name: 'Save' }).click();
  await row.getByText('Reader').waitFor();
  await looked('the people');
  await row.getByRole('button', { name: 'Remove' }).click();
  await dialog().getByRole('button', { name: 'Remove' }).click();
  await row.waitFor({ state: 'detached' });
});

test('a token is shown once, does what it may, and is revoked', async () => {
  await view('Programs');
  await page.getByRole('button', { name: 'Make a token' }).first().click();
  await dialog().getByLabel('Name').fill('Ticket shop');
  await dialog().getByRole('checkbox', { name: 'See what was sent' }).click();
  await looked('making a token');
  await dialog().getByRole('button', { name: 'Make a token' }).click();
  const shown = dialog().filter({ hasText: 'shown this once' });
  await shown.waitFor();
  const secret = await shown.locator('code').textContent();
  await shown.getByRole('button', { name: 'I have kept it' }).click();
  const ask = () => fetch(`${base}/api/v1/messages?limit=1`, { headers: { Authorization: `Bearer ${secret}` } });
  assert.equal((await ask()).status, 200);
  const row = page.getByRole('row', { name: /Ticket shop/ });
  await looked('the tokens');
  await row.getByRole('button', { name: 'Revoke' }).click();
  await dialog().getByRole('button', { name: 'Revoke' }).click();
  await row.waitFor({ state: 'detached' });
  assert.equal((await ask()).status, 401);
});

test('the settings fit a phone, in the dark and in French', async () => {
  const phone = await openPage(browser, base, {
    storageState: await page.context().storageState(), viewport: { width: 390, height: 844 },
    colorScheme: 'dark', locale: 'fr-FR',
  });
  for (const path of ['/settings', '/settings/senders', '/settings/mail-servers', '/settings/users']) {
    await phone.page.goto(path);
    await phone.page.getByRole('heading', { name: 'Réglages' }).waitFor();
    await phone.page.waitForTimeout(400);
    await check(phone.page, phone.troubles, `${path} on a phone`);
  }
  await phone.context.close();
});
