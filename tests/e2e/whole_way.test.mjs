// The whole way with a real mail server: from the first visit to the file of somebody who got it.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { begin, call, check, openBrowser, openPage } from './browser.mjs';
import { startMailServer } from './mail_server.mjs';

const base = process.env['TIDINGS_URL'];
const kPeople = 40;

let browser;
let page;
let troubles;
let mail;
const looked = (what) => check(page, troubles, what);
const button = (name) => page.getByRole('button', { name });
const saved = () => page.getByText(/^Saved \d\d:\d\d$/).waitFor();
const toStep = (name) => page.getByRole('navigation', { name: 'Steps' }).getByRole('link', { name }).click();
const area = (name) => page.getByRole('navigation', { name: 'Areas' }).getByRole('link', { name }).click();
/** Those to whom a message with these words in it went, each as often as it went. */
const reached = (words) => mail.taken.filter(({ text }) => text.includes(words)).map(({ to }) => to).sort();
const address = (number) => `singer${String(number).padStart(2, '0')}@harbour.example.org`;

before(async () => {
  mail = await startMailServer({
    refuse: (to) => (to === address(7) ? '550 5.1.1 no such singer, says the harbour' : null),
  });
  browser = await openBrowser();
  ({ page, troubles } = await openPage(browser, base));
});
after(async () => {
  await browser?.close();
  await mail?.stop();
});

test('the first visit connects a mail server and leads to the import', async () => {
  await begin(page, '**/begin');
  await page.getByLabel('Connect a mail server').check();
  await page.getByRole('textbox', { name: 'Server', exact: true }).fill('127.0.0.1');
  await page.getByLabel('Port').fill(String(mail.port));
  await button('Test').click();
  await page.getByRole('status').getByText('It works').waitFor();
  await button('Continue').click();
  await page.getByRole('heading', { name: 'Somebody to write to' }).waitFor();
  // Mail leaves: the example would not stay in the sandbox.
  assert.equal(await button('Load the example organisation').count(), 0);
  await page.getByRole('link', { name: 'Bring my own people' }).click();
  await page.waitForURL('**/contacts/import');
});

test('people are imported', async () => {
  const rows = Array.from({ length: kPeople }, (_, at) => `${address(at)},Singer ${at}\n`);
  await page.locator('input[type=file]').setInputFiles({
    name: 'choir.csv', mimeType: 'text/csv', buffer: Buffer.from(`email,first name\n${rows.join('')}`),
  });
  await page.waitForURL(/imports\/[0-9a-z]{13}$/);
  await button('Import these people').click();
  await page.getByRole('heading', { name: 'Imported', exact: true }).waitFor();
});

test('a message is written, looked at, and a test reaches its writer', async () => {
  await area('Settings');
  await page.getByRole('navigation', { name: 'Settings' }).getByRole('link', { name: 'Senders' }).click();
  await button('Add a sender').first().click();
  await page.getByRole('dialog').getByLabel('Name').fill('Quayside Choir');
  await page.getByRole('dialog').getByLabel('E-mail address').fill('news@quayside.example.org');
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
  await page.getByRole('row', { name: /news@quayside/ }).waitFor();
  await call(page, 'PATCH', '/organisation', { second_thought_s: 0, postal_address: '1 Quay Street, Havenstad' });
  await button('Write').click();
  await page.waitForURL('**/compose/*');
  await page.getByLabel('Everybody').check();
  await toStep('Content');
  await page.getByRole('combobox', { name: 'From' }).click();
  await page.getByRole('option', { name: /news@quayside/ }).click();
  await page.getByRole('textbox', { name: 'Subject' }).fill('We sing on Sunday, {{ contact.first_name }}');
  await button('A simple letter').click();
  await saved();
  await toStep('Check');
  await page.frameLocator('iframe').getByText('Write your message here.').waitFor();
  await button('Send the test').click();
  await page.getByRole('link', { name: 'Test sent to ada@quayside.example.org' }).waitFor();
  for (let left = 100; left > 0 && reached('We sing').length === 0; --left) await page.waitForTimeout(100);
  assert.deepEqual(reached('We sing'), ['ada@quayside.example.org']);
});

test('it is sent, watched, and everybody gets it once', async () => {
  await toStep(/Send$/);
  await page.getByLabel('Send although the sender is not verified').check();
  await page.getByText('More options').click();
  await page.getByLabel('At most so many a second').fill('6');
  await saved();
  await button('Send …').click();
  await button(`Send to ${kPeople} people`).click();
  await page.waitForURL('**/communications/send-outs/*');
  await page.getByText('Running', { exact: true }).first().waitFor();
  await looked('a send-out that runs');
  await page.getByText(/^Finished/).first().waitFor();
  const others = Array.from({ length: kPeople }, (_, at) => address(at)).filter((each) => each !== address(7));
  assert.deepEqual(reached('Write your message here').filter((to) => !to.startsWith('ada@')), others);
  await looked('a send-out that has ended');
});

test('a recipient is opened, with the words of the server that refused', async () => {
  await page.getByRole('tab', { name: 'Recipients' }).click();
  await page.getByRole('searchbox', { name: 'Find in address' }).fill(address(7));
  await page.waitForURL(/text=singer07/);
  const table = page.getByRole('table', { name: 'Recipients' });
  await table.locator('tbody tr').nth(1).waitFor({ state: 'detached' });
  await table.getByText('Bounced', { exact: true }).waitFor();
  await table.getByRole('link').first().click();
  await page.waitForURL('**/communications/messages/*');
  await page.getByText("The server's words").first().click();
  await page.getByText(/no such singer, says the harbour/).first().waitFor();
  await looked('a message that was refused');
});

test('the message is found from the page of the person', async () => {
  await page.goBack();
  await page.getByRole('searchbox', { name: 'Find in address' }).fill(address(3));
  await page.waitForURL(/text=singer03/);
  await page.getByRole('table', { name: 'Recipients' }).getByRole('link', { name: 'Singer 3', exact: true }).click();
  await page.waitForURL('**/communications/messages/*');
  const message = page.url();
  await page.frameLocator('iframe').getByText('Dear Singer 3').waitFor();
  await page.getByRole('link', { name: 'Singer 3' }).first().click();
  await page.waitForURL(/contacts\/[0-9a-z]{13}$/);
  const history = page.getByRole('table', { name: 'Communications' });

  await history.getByText('Sent', { exact: true }).waitFor();
  await looked('the history of a person');
  await history.getByRole('link', { name: 'We sing on Sunday, Singer 3' }).click();
  await page.waitForURL(message);
});

test('aborted midway, the rest gets the right text and the first a correction: nobody both', async () => {
  await button('Write').click();
  await page.waitForURL((url) => url.pathname.startsWith('/compose'));
  await page.getByRole('heading', { name: 'New message' }).waitFor();
  await page.getByLabel('Everybody').check();
  await toStep('Content');
  await page.getByRole('combobox', { name: 'From' }).click();
  await page.getByRole('option', { name: /news@quayside/ }).click();
  await page.getByRole('textbox', { name: 'Subject' }).fill('The wrong evening');
  await button('A simple letter').click();
  await saved();
  await toStep(/Send$/);
  await page.getByLabel('Send although the sender is not verified').check();
  await page.getByText('More options').click();
  await page.getByLabel('At most so many a second').fill('3');
  await saved();
  await button('Send …').click();
  await button(/^Send to \d+ people$/).click();
  await page.waitForURL('**/communications/send-outs/*');
  for (let left = 100; left > 0 && reached('The wrong evening').length < 4; --left) await page.waitForTimeout(100);
  await button('More actions').click();
  await page.getByRole('menuitem', { name: 'Correct it' }).click();
  await button('Stop and correct').click();
  const rest = await page.getByRole('link', { name: 'The right text, for the rest' }).getAttribute('href');
  await page.getByRole('link', { name: 'The correction, for those who got it' }).click();
  const send = async (subject) => {
    await page.waitForURL('**/content');
    await page.getByRole('textbox', { name: 'Subject' }).fill(subject);
    await saved();
    await toStep(/Send$/);
    await page.getByLabel('Send although the sender is not verified').check();
    await page.getByText('More options').click();
    await page.getByLabel('At most so many a second').fill('0');
    await saved();
    await button('Send …').click();
    await button(/^Send to \d+ (people|person)$/).click();
    await page.waitForURL('**/communications/send-outs/*');
    await page.getByText(/^Finished/).first().waitFor();
  };
  await send('Correction of the evening');
  await page.goto(rest);
  await send('The right evening');
  const first = reached('The wrong evening');
  assert.ok(first.length >= 4 && first.length < kPeople, String(first.length));
  assert.deepEqual(reached('Correction of the evening'), first);
  const right = reached('The right evening');
  assert.deepEqual(right.filter((to) => first.includes(to)), []);
  const everybody = [...first, ...right].sort();
  assert.deepEqual(everybody, [...new Set(everybody)]);
  // Who does not exist is not tried again.
  assert.ok(everybody.length >= kPeople - 1, String(everybody.length));
});
