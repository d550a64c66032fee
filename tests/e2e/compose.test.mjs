// Writing a mailing, from the button to the message that somebody got.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { arrive, check, openPage } from './browser.mjs';

const base = process.env['TIDINGS_URL'];

let browser;
let page;
let troubles;
/** What is still fading in has no colour yet. */
async function looked(what) {
  await page.waitForFunction(() => document.getAnimations().every((each) => !(each instanceof CSSTransition)));
  await check(page, troubles, what);
}
const button = (name) => page.getByRole('button', { name });
const saved = (on = page) => on.getByText(/^Saved \d\d:\d\d$/).waitFor();
const toStep = (name, on = page) =>
  on.getByRole('navigation', { name: 'Steps' }).getByRole('link', { name }).click();

/** A draft with a subject and a letter to those at these addresses. */
async function write(subject, addresses) {
  await button('Write').click();
  await page.waitForURL('**/compose/*');
  await page.getByRole('textbox', { name: 'Other addresses' }).fill(addresses);
  await button('Add these addresses').click();
  await page.getByText('Will get it').waitFor();
  await toStep('Content');
  await page.getByRole('textbox', { name: 'Subject' }).fill(subject);
  await button('A simple letter').click();
  await saved();
}

/** As its sender is not verified on this fresh machine. */
async function sendAnyway() {
  await toStep(/Send$/);
  await page.getByLabel('Send although the sender is not verified').check();
}

before(async () => {
  ({ browser, page, troubles } = await arrive(base));
});
after(async () => browser?.close());

test('a message is written to everybody but a few, and the sum says how many get it', async () => {
  await button('Write').click();
  await page.waitForURL('**/compose/*');
  await page.getByText('Nobody yet').waitFor();
  await looked('a new draft');
  await page.getByLabel('Everybody').check();
  const sum = page.getByRole('table', { name: 'How the number comes about' });
  await sum.getByText('no address').waitFor();
  await button('Leave somebody out').click();
  await page.getByRole('combobox', { name: 'People' }).fill('bounce');
  await page.getByRole('option').first().click();
  await sum.getByText('Chosen by hand').waitFor();
  await sum.getByText('no address').click();
  await saved();
  await looked('the audience');
  await page.reload();
  await sum.getByText('Chosen by hand').waitFor();
});

test('a tag goes where the cursor is, and a letter begins', async () => {
  await page.getByRole('link', { name: 'Next: Content' }).click();
  await page.waitForURL('**/content');
  await page.getByRole('textbox', { name: 'Subject' }).fill('A concert for ');
  await page.getByRole('textbox', { name: 'Subject' }).press('End');
  await page.getByRole('searchbox', { name: 'Find a detail' }).fill('first name');
  await page.getByRole('textbox', { name: 'Subject' }).focus();
  await page.getByRole('complementary', { name: 'Personal details' })
    .getByRole('button', { name: /First name/ }).first().click();
  assert.equal(await page.getByRole('textbox', { name: 'Subject' }).inputValue(),
    'A concert for {{ contact.first_name }}');
  await button('A simple letter').click();
  await page.frameLocator('iframe').getByText('Write your message here.').waitFor();
  await saved();
  await looked('the content');
  await page.getByRole('tab', { name: 'Plain text' }).click();
  await page.getByText(/Write your message here\.[\s\S]*1 Quay Street/).waitFor();
  const [chooser] = await Promise.all([page.waitForEvent('filechooser'), button('Add files').click()]);
  await chooser.setFiles({ name: 'programme.txt', mimeType: 'text/plain', buffer: Buffer.from('Songs. '.repeat(40)) });
  await page.getByRole('table', { name: 'Attachments' }).getByText('programme.txt').waitFor();
  await saved();
});

test('it is looked at as a recipient reads it, and tried', async () => {
  await toStep('Check');
  await page.waitForURL('**/check');
  const frame = page.locator('iframe');
  await frame.waitFor();
  assert.equal(await frame.getAttribute('sandbox'), '');
  await page.frameLocator('iframe').getByText('Write your message here.').waitFor();
  const who = page.getByRole('combobox', { name: 'As it is read by' });
  const first = await who.inputValue();
  await button('Next person').click();
  assert.notEqual(await who.inputValue(), first);
  await page.getByText('The sender is not verified, so').waitFor();
  await looked('the check');
  await page.getByText('Phone', { exact: true }).click();
  await looked('the check at the width of a phone');
  await button('Send the test').click();
  await page.getByRole('link', { name: 'Test sent to ada@quayside.example.org' }).waitFor();
});

test('the last look says what goes to whom; after a second thought it goes', async () => {
  await sendAnyway();
  await looked('the send step');
  await button('Send …').click();
  const last = page.getByRole('dialog', { name: 'A last look' });
  await last.getByText('A concert for [first name]').waitFor();
  await last.getByText('no address').waitFor();
  await looked('the last look');
  await last.getByRole('button', { name: /^Send to \d+ people$/ }).click();
  await page.waitForURL('**/communications/send-outs/*');
  await page.getByRole('timer').getByText(/^Starts in 0:\d\d$/).waitFor();
  await looked('the second thought');
  await button('Stop').click();
  await page.waitForURL('**/compose/*/send');
  await page.getByLabel('Send although the sender is not verified').check();
  await button('Send …').click();
  await last.getByRole('button', { name: /^Send to \d+ people$/ }).click();
  await page.getByRole('timer').waitFor();
});

test('a draft is scheduled, taken back, and deleted', async () => {
  await write('Later', 'one@harbour.example.org, two@harbour.example.org, not an address');
  await toStep('Audience');
  await sendAnyway();
  await page.getByLabel('On a date and time').check();
  await page.getByLabel(/^Date/).fill('2031-05-01');
  await page.getByLabel(/^Time(?! zone)/).fill('08:30');
  await button('Schedule …').click();
  await button('Schedule for 2 people').click();
  await page.waitForURL('**/communications/send-outs/*');
  await page.getByText('Starts 1 May 2031, 08:30').waitFor();
  await looked('a planned send-out');
  await button('Edit (takes the schedule back)').click();
  await page.waitForURL('**/compose/*/send');
  await page.goto('/communications');
  await page.getByRole('link', { name: 'Later' }).click();
  await page.waitForURL('**/compose/*');
  await button('Delete the draft').click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete the draft' }).click();
  await page.waitForURL('**/communications');
  await page.getByRole('link', { name: 'Later' }).waitFor({ state: 'detached' });
});

test('two windows write one draft, and nothing of either is lost', async () => {
  await write('Two windows', 'one@harbour.example.org');
  const state = await page.context().storageState();
  const other = await openPage(browser, base, { storageState: state });
  await other.page.goto(page.url());
  const subjectThere = other.page.getByRole('textbox', { name: 'Subject' });
  await subjectThere.waitFor();
  await subjectThere.fill('Written there');
  await saved(other.page);
  // Elsewhere in it: both stay.
  await page.getByText('More options').click();
  await page.getByLabel('Name for staff').fill('Named here');
  await saved();
  assert.equal(await page.getByRole('textbox', { name: 'Subject' }).inputValue(), 'Written there');
  // At the same place: a person decides.
  await subjectThere.fill('There once more');
  await saved(other.page);
  await page.getByRole('textbox', { name: 'Subject' }).fill('Here once more');
  await page.getByRole('alert').getByText('Which one shall it be?').waitFor();
  await looked('a clash');
  await button('Both: mine as a new draft').click();
  await page.waitForURL((url) => url.href !== other.page.url());
  await toStep('Content');
  assert.equal(await page.getByRole('textbox', { name: 'Subject' }).inputValue(), 'Here once more');
  await other.page.reload();
  assert.equal(await subjectThere.inputValue(), 'There once more');
  await other.context.close();
});

test('what is typed while the server is away is saved when it is back', async () => {
  await page.context().setOffline(true);
  await page.getByRole('textbox', { name: 'Subject' }).fill('Typed on the train');
  await page.getByText('Not saved: the server does not answer').waitFor();
  await page.context().setOffline(false);
  await saved();
  await page.reload();
  assert.equal(await page.getByRole('textbox', { name: 'Subject' }).inputValue(), 'Typed on the train');
});

/** Without the moment for second thoughts, which the tests before have waited for. */
async function sendAtOnce() {
  await page.evaluate(() => fetch('/api/v1/organisation', {
    method: 'PATCH', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ second_thought_s: 0 }),
  }));
}

test('a send-out is watched, a recipient opened, and the message read', async () => {
  await sendAtOnce();
  await write('Read me', 'one@harbour.example.org; two@harbour.example.org');
  await sendAnyway();
  await button('Send …').click();
  await button('Send to 2 people').click();
  await page.waitForURL('**/communications/send-outs/*');
  await page.getByText('Finished', { exact: true }).first().waitFor();
  await page.getByRole('tab', { name: 'Recipients' }).click();
  await page.getByRole('table', { name: 'Recipients' }).getByRole('link').first().click();
  await page.waitForURL('**/communications/messages/*');
  await page.frameLocator('iframe').getByText('Write your message here.').waitFor();
  await page.getByRole('link', { name: 'Open the send-out' }).click();
  await button('Use again').click();
  await page.waitForURL('**/compose/*');
  await page.getByRole('heading', { name: 'Read me' }).waitFor();
});

test('a send-out is aborted midway, and corrected', async () => {
  await button('Write').click();
  await page.waitForURL((url) => /compose/.test(url.pathname));
  await page.getByRole('heading', { name: 'New message' }).waitFor();
  await page.getByLabel('Everybody').check();
  await toStep('Content');
  await page.getByRole('textbox', { name: 'Subject' }).fill('Too early');
  await button('A simple letter').click();
  await sendAnyway();
  await page.getByText('More options').click();
  await page.getByLabel('At most so many a second').fill('2');
  await saved();
  await button('Send …').click();
  await button(/^Send to \d+ people$/).click();
  await page.waitForURL('**/communications/send-outs/*');
  await button('Pause').click();
  await button('Resume').click();
  await button('Abort').click();
  await looked('the question before an abort');
  await page.getByRole('dialog').getByRole('button', { name: 'Abort' }).click();
  await page.getByText('Cancelled', { exact: true }).first().waitFor();
  await button('More actions').click();
  await page.getByRole('menuitem', { name: 'Correct it' }).click();
  await button('Stop and correct').click();
  await page.getByRole('link', { name: 'The right text, for the rest' }).click();
  await page.waitForURL('**/compose/*/content');
  assert.equal(await page.getByRole('textbox', { name: 'Subject' }).inputValue(), 'Too early');
});

test('a message is written with the keyboard alone', async () => {
  const press = (...keys) => keys.reduce((done, key) => done.then(() => page.keyboard.press(key)), Promise.resolve());
  await page.goto('/overview');
  await button('Write').focus();
  await press('Enter');
  await page.waitForURL('**/compose/*');
  await page.getByRole('checkbox', { name: 'Everybody' }).focus();
  await press('Tab', 'Tab', 'Tab');
  await page.getByRole('textbox', { name: 'Other addresses' }).focus();
  await page.keyboard.type('one@harbour.example.org');
  await press('Tab');
  await page.getByText('1 person').waitFor();
  await page.getByRole('link', { name: 'Next: Content' }).focus();
  await press('Enter');
  await page.getByRole('textbox', { name: 'Subject' }).focus();
  await page.keyboard.type('By hand: ');
  await page.getByRole('button', { name: /First name/ }).first().focus();
  await press('Enter');
  await page.getByRole('textbox', { name: 'Subject' }).and(page.locator(':focus')).waitFor();
  await page.keyboard.type('!');
  assert.equal(await page.getByRole('textbox', { name: 'Subject' }).inputValue(),
    'By hand: {{ contact.first_name }}!');
  await page.getByRole('button', { name: 'An empty page' }).focus();
  await press('Enter');
  await page.getByRole('radio', { name: 'Visual' }).focus();
  await press('ArrowRight');
  await page.getByRole('textbox', { name: 'HTML source' }).focus();
  await page.keyboard.type('<p>Hello</p>');
  assert.equal(await page.getByRole('textbox', { name: 'HTML source' }).innerText(), '<p>Hello</p>');
  // Tab leaves the editor.
  await press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement?.closest('.cm-editor') === null), true);
  await saved();
  await page.getByRole('link', { name: 'Next: Check' }).focus();
  await press('Enter');
  await page.frameLocator('iframe').getByText('Hello').waitFor();
});

test('a phone shows every step whole, and in the dark', async () => {
  const state = await page.context().storageState();
  const phone = await openPage(browser, base, {
    storageState: state, viewport: { width: 390, height: 844 }, colorScheme: 'dark', locale: 'nl-NL',
  });
  const { pathname } = new URL(page.url());
  const draft = pathname.replace(/\/(content|check|send)$/, '');
  for (const [step, words] of [['', 'Wie het krijgt'], ['/content', 'Visueel'], ['/check', 'Voorbeeld'],
    ['/send', 'Wat naar wie gaat']]) {
    await phone.page.goto(draft + step);
    await phone.page.getByText(words).first().waitFor();
    await phone.page.waitForTimeout(600);
    await check(phone.page, phone.troubles, `the step ${step} on a phone`);
  }
  // What was found is told in the reader's language.
  await phone.page.goto(`${draft}/check`);
  await phone.page.getByText('Het bericht heeft geen afmeldlink.').waitFor();
  await phone.context.close();
});
