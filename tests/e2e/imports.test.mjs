// People come in from a file: looked at, mapped, brought in, told what was wrong, taken back.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { arrive, check, openPage } from './browser.mjs';
import { workbook } from './workbook.mjs';

const base = process.env['TIDINGS_URL'];

let browser;
let page;
let troubles;
const looked = (what) => check(page, troubles, what);
const button = (name) => page.getByRole('button', { name, exact: true });
const give = (name, content) => page.locator('input[type=file]').setInputFiles({
  name, mimeType: 'application/octet-stream', buffer: Buffer.from(content),
});
/** What the result says of one of its figures. */
const figure = (name) => page.locator('dl > div').filter({ hasText: name }).locator('dd').first().textContent();

before(async () => {
  ({ browser, page, troubles } = await arrive(base));
});
after(async () => browser?.close());

test('a file that is none is refused in a sentence', async () => {
  await page.getByRole('link', { name: 'Contacts' }).click();
  await page.getByRole('link', { name: 'Import', exact: true }).click();
  await button('Choose a file').waitFor();
  await looked('a new import');
  await give('people.csv', 'anna@example.org,Anna\n');
  await page.getByRole('alert').getByText('The first line must name the columns').waitFor();
  await give('people.xlsx', 'this is no workbook');
  await page.getByRole('alert').getByText('This workbook cannot be read.').waitFor();
  await looked('a file that is refused');
});

test('a CSV file is mapped, brought in with a group, and what was wrong is listed', async () => {
  await give('choir.csv', 'E-mail;Voornaam;Town;Shoe\nnora@import.example.org;Nora;Whitby;39\n' +
    'not an address;Peter;St Ives;41\nola@import.example.org;Ola;Sète;38\n');
  await page.waitForURL(/imports\/[0-9a-z]{13}$/);
  assert.equal(await page.getByLabel('E-mail is').inputValue(), 'email');
  assert.equal(await page.getByLabel('Voornaam is').inputValue(), 'first_name');
  await page.getByText('Whitby · St Ives · Sète').waitFor();
  await page.getByLabel('Shoe is').selectOption({ label: '(left out)' });
  await page.getByRole('combobox', { name: 'Put everybody into these groups' }).fill('Newcomers');
  await page.keyboard.press('Enter');
  await looked('what the file is taken for');
  await button('Import these people').click();
  await page.getByRole('heading', { name: 'Imported', exact: true }).waitFor();
  assert.equal(await figure('New people'), '2');
  assert.equal(await figure('Left out'), '1');
  await page.getByRole('table', { name: 'What was wrong' }).getByText('not an address').waitFor();
  await looked('the result');
  const [report] = await Promise.all([
    page.waitForEvent('download'), page.getByRole('link', { name: 'Download all (CSV)' }).click(),
  ]);
  assert.match(await readFile(await report.path(), 'utf8'), /not an address/);
  await page.goto('/contacts/groups');
  await page.getByRole('link', { name: 'Newcomers' }).click();
  await page.getByRole('link', { name: 'Nora' }).waitFor();
});

test('pasted cells change who is there already', async () => {
  await page.goto('/contacts/import');
  await page.getByLabel('Paste them here').fill('email\tlast name\nnora@import.example.org\tIngleby\n');
  await button('Next').click();
  await page.waitForURL(/imports\/[0-9a-z]{13}$/);
  await button('Import these people').click();
  await page.getByRole('heading', { name: 'Imported', exact: true }).waitFor();
  assert.equal(await figure('Changed'), '1');
  await page.goto('/contacts?search=ingleby');
  await page.getByRole('link', { name: 'Nora Ingleby' }).waitFor();
});

test('a large workbook is read in the browser, brought in, and taken back', async () => {
  const people = Array.from({ length: 6000 }, (_, at) => [`guest${at}@workbook.example.org`, 'Guest', at]);
  await page.goto('/contacts/import');
  await give('guests.xlsx', workbook([['e-mail', 'first name', 'seat'], ...people]));
  await page.waitForURL(/imports\/[0-9a-z]{13}$/);
  await page.getByLabel('seat is').waitFor();
  await button('Import these people').click();
  await page.getByRole('heading', { name: 'Imported', exact: true }).waitFor();
  assert.equal(await figure('New people'), '6,000');
  await button('Undo this import').click();
  await page.getByRole('dialog').getByRole('button', { name: 'Undo this import' }).click();
  await page.getByText('Removed: 6000.').waitFor();
  await page.getByRole('link', { name: 'Imports' }).first().click();
  await page.getByRole('table', { name: 'Imports' }).getByText('Undone').waitFor();
  await looked('the imports');
});

test('the contacts that a filter finds are exported', async () => {
  await page.goto('/contacts?search=nora@import');
  await page.getByRole('link', { name: 'Nora Ingleby' }).waitFor();
  await button('More actions').click();
  const [file] = await Promise.all([
    page.waitForEvent('download'), page.getByRole('menuitem', { name: 'Export these contacts (CSV)' }).click(),
  ]);
  const text = await readFile(await file.path(), 'utf8');
  assert.match(text, /nora@import\.example\.org/);
  assert.equal(text.trim().split('\n').length, 2, text);
});

test('on a phone a file is mapped by keyboard alone', async () => {
  const phone = await openPage(browser, base, {
    storageState: await page.context().storageState(), viewport: { width: 390, height: 844 }, colorScheme: 'dark',
    reducedMotion: 'reduce',
  });
  await phone.page.goto('/contacts/import');
  await phone.page.getByLabel('Paste them here').focus();
  await phone.page.keyboard.insertText('name,phone\nPercy Quill,+442079460123\n');
  await phone.page.keyboard.press('Tab');
  await phone.page.keyboard.press('Enter');
  await phone.page.waitForURL(/imports\/[0-9a-z]{13}$/);
  await phone.page.getByLabel('phone is').waitFor();
  await check(phone.page, phone.troubles, 'a mapping on a phone');
  await phone.page.getByRole('button', { name: 'Import these people' }).press('Enter');
  await phone.page.getByRole('heading', { name: 'Imported', exact: true }).waitFor();
  await check(phone.page, phone.troubles, 'a result on a phone');
  for (const path of ['/contacts', '/contacts/groups', '/contacts/segments/new', '/contacts/new']) {
    await phone.page.goto(path);
    await phone.page.getByRole('heading', { level: 1 }).waitFor();
    await phone.page.waitForLoadState('networkidle');
    await check(phone.page, phone.troubles, `${path} on a phone`);
  }
  await phone.context.close();
});
