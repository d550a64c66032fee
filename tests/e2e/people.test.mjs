// What is done with the people: added, grouped, edited, merged, written to, erased.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { arrive, call, check, openPage } from './browser.mjs';

const base = process.env['TIDINGS_URL'];

let browser;
let page;
let troubles;
const looked = (what) => check(page, troubles, what);
const button = (name) => page.getByRole('button', { name, exact: true });
const inDialog = () => page.getByRole('dialog');

/** Types into a box that finds people or groups, and takes the first that is offered. */
async function find(label, text, option) {
  await page.getByRole('combobox', { name: label }).fill(text);
  await page.getByRole('option', { name: option }).first().click();
}

before(async () => {
  ({ browser, page, troubles } = await arrive(base));
});
after(async () => browser?.close());

test('somebody is added; an address that another has is told, and may be shared', async () => {
  await page.getByRole('link', { name: 'Contacts' }).click();
  await page.getByRole('table', { name: 'Contacts' }).getByRole('link').first().waitFor();
  await looked('the contacts');
  for (const first of ['Wilhelmina', 'Mina']) {
    await page.goto('/contacts');
    await page.getByRole('link', { name: 'New contact' }).click();
    await page.getByLabel('First name').fill(first);
    await page.getByLabel('Last name').fill('Ashgrove');
    await page.getByLabel('E-mail', { exact: true }).fill('mina@ashgrove.example.org');
    await button('Add a phone number').click();
    await page.getByLabel('Phone', { exact: true }).fill('+442079460999');
    await button('Add the contact').click();
    if (first === 'Wilhelmina') await page.waitForURL(/contacts\/[0-9a-z]{13}$/);
  }
  await page.getByRole('alert').getByText('Somebody else has this address already').first().waitFor();
  await page.getByRole('link', { name: 'Show who has it' }).first().waitFor();
  await looked('an address that somebody has');
  await button('Save it: both may have it').click();
  await page.waitForURL(/contacts\/[0-9a-z]{13}$/);
  await page.getByRole('heading', { name: 'Mina Ashgrove' }).waitFor();
  await looked('a contact of which nothing was sent');
});

test('a file is edited, and nobody overwrites what another changed meanwhile', async () => {
  const address = page.url();
  await page.getByRole('link', { name: 'Edit' }).click();
  await page.getByLabel('First name').fill('Minnie');
  const other = await openPage(browser, base, { storageState: await page.context().storageState() });
  await other.page.goto(`${address}/edit`);
  await other.page.getByLabel('Last name').fill('Ashgrove-Holt');
  await other.page.getByRole('button', { name: 'Save' }).click();
  await other.page.getByRole('heading', { name: 'Mina Ashgrove-Holt' }).waitFor();
  await other.context.close();
  await button('Save').click();
  await page.getByRole('alert').getByText('Somebody else changed this').waitFor();
  await looked('a change that came too late');
  await button('Load the newest version').click();
  await page.getByLabel('Last name').and(page.locator('[value="Ashgrove-Holt"]')).waitFor();
  await page.getByLabel('First name').fill('Minnie');
  await button('Save').click();
  await page.getByRole('heading', { name: 'Minnie Ashgrove-Holt' }).waitFor();
});

test('two files of one person become one, with what is chosen of each', async () => {
  const id = page.url().split('/').pop();
  await call(page, 'PATCH', `/contacts/${id}`, { allow_shared_addresses: true, addresses: [
    { channel: 'email', address: 'minnie@elsewhere.example.org', primary: true },
    { channel: 'email', address: 'mina@ashgrove.example.org' }, { channel: 'sms', address: '+442079460999' },
  ] });
  await page.reload();
  await button('More actions').click();
  await page.getByRole('menuitem', { name: 'Merge with another contact' }).click();
  await find('The other contact', 'wilhelmina', 'Wilhelmina Ashgrove');
  await page.getByRole('heading', { name: 'What stays' }).waitFor();
  await page.getByRole('radio', { name: 'Ashgrove', exact: true }).check();
  await page.getByRole('radiogroup', { name: 'Main e-mail address' })
    .getByRole('radio', { name: 'mina@ashgrove.example.org' }).check();
  await looked('two files side by side');
  await button('Merge with another contact').click();
  await inDialog().getByRole('button', { name: 'Merge with another contact' }).click();
  await page.getByRole('heading', { name: 'Minnie Ashgrove', exact: true }).waitFor();
  const { addresses } = await call(page, 'GET', `/contacts/${id}`);
  assert.deepEqual(addresses.filter((each) => each.channel === 'email').map(({ address, primary }) => [address, primary]).sort(),
    [['mina@ashgrove.example.org', true], ['minnie@elsewhere.example.org', false]]);
  await page.getByRole('tab', { name: 'Activities' }).click();
  await page.getByRole('table', { name: 'Activities' }).getByText('Merged').first().waitFor();
});

test('a guardian, a choice and a suppression are put down and taken back', async () => {
  await button('Add a relation').click();
  await find('Who', 'harriet', /Harriet/);
  await looked('a relation');
  await inDialog().getByRole('button', { name: 'Add a relation' }).click();
  await page.getByText('receives the messages').waitFor();
  await button('Unsubscribe from: Everything (E-mail)').click();
  await inDialog().getByLabel('How they asked for it').fill('By phone on Tuesday');
  await inDialog().getByRole('button', { name: 'Unsubscribe' }).click();
  await button('Subscribe again to: Everything (E-mail)').waitFor();
  await page.evaluate(() => fetch('/api/v1/suppressions', {
    method: 'POST', headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ address: 'mina@ashgrove.example.org', kinds: 'everything', note: 'moved away' }),
  }));
  await page.reload();
  await page.getByText('moved away').waitFor();
  await looked('a contact with everything');
  await button('Write to it again: mina@ashgrove.example.org').click();
  await inDialog().getByLabel('Why it works or is wanted now').fill('She is back');
  await inDialog().getByRole('button', { name: 'Write to it again' }).click();
  await page.getByText('moved away').waitFor({ state: 'detached' });
});

test('one message to one person asks when they unsubscribed, and is in their History', async () => {
  await page.getByRole('link', { name: 'Write', exact: true }).click();
  await page.getByRole('checkbox', { name: /Minnie Ashgrove/ }).first().waitFor();
  await button('Send').click();
  await page.getByText('Fill this in.').first().waitFor();
  await looked('a message that is not whole yet');
  await page.getByRole('textbox', { name: 'Subject' }).fill('About Tuesday');
  await page.getByRole('textbox', { name: 'Message' }).fill('Dear {{ contact.first_name }}, do you bring the folders?');
  await page.locator('input[type=file]').setInputFiles({
    name: 'folders.txt', mimeType: 'text/plain', buffer: Buffer.from('one, two'),
  });
  await page.getByText('folders.txt').waitFor();
  await button('Send').click();
  await inDialog().getByText('unsubscribed from mailings').waitFor();
  await looked('the question before it is sent');
  await inDialog().getByRole('button', { name: 'Send all the same' }).click();
  await page.waitForURL(/contacts\/[0-9a-z]{13}$/);
  await page.getByRole('table', { name: 'Communications' }).getByRole('link', { name: 'About Tuesday' }).click();
  await page.waitForURL('**/communications/messages/*');
  await page.getByText('mina@ashgrove.example.org').first().waitFor();
});

test('a group is made of whom one ticks, renamed, and deleted', async () => {
  await page.goto('/contacts');
  const table = page.getByRole('table', { name: 'Contacts' });
  await table.getByRole('link').first().waitFor();
  await page.getByRole('checkbox', { name: /^Choose / }).nth(1).check();
  await page.getByRole('checkbox', { name: /^Choose / }).nth(2).check();
  await page.getByText('2 chosen').waitFor();
  await looked('contacts that are chosen');
  await button('New group').click();
  await inDialog().getByLabel('Name').fill('Folder bringers');
  await inDialog().getByRole('button', { name: 'New group' }).click();
  await page.getByText('2 people were added.').waitFor();
  await page.getByRole('searchbox', { name: 'Find by name' }).fill('minnie');
  await table.getByRole('link', { name: 'Minnie Ashgrove' }).waitFor();
  await table.locator('tbody tr').nth(1).waitFor({ state: 'detached' });
  await page.getByRole('checkbox', { name: 'Choose Minnie Ashgrove' }).check();
  await button('Choose all that fit the filters').click();
  await find('Add to a group', 'folder', 'Folder bringers');
  await page.getByText('1 person was added.').waitFor();
  await page.getByRole('link', { name: 'Groups' }).click();
  await looked('the groups');
  await page.getByRole('link', { name: 'Folder bringers' }).click();
  await page.getByText('3 members').waitFor();
  await looked('a group');
  await page.getByRole('checkbox', { name: 'Choose Minnie Ashgrove' }).check();
  await button('Take out of the group').click();
  await page.getByText('2 members').waitFor();
  await find('Add somebody', 'minnie', /Minnie/);
  await page.getByText('3 members').waitFor();
  await button('Rename').click();
  await inDialog().getByLabel('Name').fill('Folders');
  await inDialog().getByRole('button', { name: 'Rename' }).click();
  await page.getByRole('heading', { name: 'Folders' }).waitFor();
  await button('Delete the group').click();
  await inDialog().getByRole('button', { name: 'Delete the group' }).click();
  await page.waitForURL('**/contacts/groups');
  assert.equal(await page.getByRole('link', { name: 'Folders' }).count(), 0);
});

test('a segment is built of rows, counts as one types, and is deleted', async () => {
  await page.goto('/contacts/segments');
  await page.getByRole('link', { name: 'New segment' }).click();
  await page.getByRole('textbox', { name: 'Name', exact: true }).fill('Altos of Whitby');
  await page.getByLabel('Value', { exact: true }).fill('minnie');
  await page.getByText('1 person', { exact: true }).waitFor();
  await page.getByLabel('Which detail').selectOption({ label: 'section' });
  await page.getByLabel('How it compares').selectOption('is');
  await page.getByLabel('Value', { exact: true }).fill('Alto');
  await page.getByText(/^[0-9]+ people$/).waitFor();
  await button('Add a set of conditions').click();
  await page.getByText('Fill in every row to see whom it finds.').waitFor();
  const inner = page.getByRole('group', { name: 'At least one of these holds' });
  await inner.getByLabel('Value', { exact: true }).first().fill('an');
  await inner.getByLabel('What the condition is about').nth(1).selectOption({ label: 'No message' });
  await page.getByText(/^[0-9]+ people$/).waitFor();
  await looked('a segment that is built');
  await button('Save the segment').click();
  await page.waitForURL(/segments\/[0-9a-z]{13}$/);
  await page.reload();
  await page.getByRole('group', { name: 'At least one of these holds' }).getByLabel('What the condition is about').nth(1)
    .and(page.locator('select')).waitFor();
  await page.getByRole('link', { name: 'Segments' }).first().click();
  await page.getByRole('link', { name: 'Altos of Whitby' }).waitFor();
  await looked('the segments');
  await page.getByRole('link', { name: 'Altos of Whitby' }).click();
  await button('Delete the segment').click();
  await inDialog().getByRole('button', { name: 'Delete the segment' }).click();
  await page.getByRole('heading', { name: 'There are no segments yet' }).waitFor();
});

test('a person is erased, with a reason', async () => {
  await page.goto('/contacts?search=minnie');
  await page.getByRole('link', { name: 'Minnie Ashgrove' }).press('Enter');
  await page.getByRole('heading', { name: 'Minnie Ashgrove' }).waitFor();
  await button('More actions').click();
  await page.getByRole('menuitem', { name: 'Erase the person everywhere' }).click();
  await inDialog().getByLabel('Why').fill('Asked for it');
  await looked('the question before a person is erased');
  await inDialog().getByRole('button', { name: 'Erase the person everywhere' }).click();
  await page.waitForURL((url) => url.pathname === '/contacts');
  await page.goto('/contacts?search=minnie');
  await page.getByRole('heading', { name: 'Nobody fits' }).waitFor();
});
