// Saved messages: made, changed in their source, copied, brought back and removed.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { arrive, call, check } from './browser.mjs';

const base = process.env['TIDINGS_URL'];

let browser;
let page;
let troubles;
const looked = (what) => check(page, troubles, what);

before(async () => {
  ({ browser, page, troubles } = await arrive(base));
});
after(async () => browser?.close());

test('a template is made and its source is kept', async () => {
  await page.getByRole('link', { name: 'Templates' }).click();
  await page.waitForURL('**/templates');
  await page.getByRole('button', { name: 'Make a template' }).click();
  await page.getByRole('dialog').getByLabel('Name').fill('Rehearsals');
  await page.getByRole('dialog').getByLabel('Subject').fill('We rehearse on Tuesday');
  await page.getByRole('dialog').getByRole('button', { name: 'Make a template' }).click();
  await page.waitForURL('**/templates/*');
  await page.getByRole('radiogroup', { name: 'Way of writing' }).getByText('Source').click();
  await page.getByRole('textbox', { name: 'Source of the message' }).fill('<p>Bring the folders.</p>');
  await page.getByText('Bring the folders.', { exact: true }).last().waitFor();
  await looked('a template');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText(/^2\. /).waitFor();
  const stored = (await call(page, 'GET', '/templates')).items.find(({ name }) => name === 'Rehearsals');
  const whole = await call(page, 'GET', `/templates/${stored.id}`);
  assert.equal(whole.draft.html, '<p>Bring the folders.</p>');
});

test('a template is duplicated and the copy removed', async () => {
  await page.getByRole('button', { name: 'Duplicate' }).click();
  await page.getByRole('heading', { level: 1 }).filter({ hasNotText: /^Rehearsals$/ }).waitFor();
  await page.getByRole('button', { name: 'Remove' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
  await page.waitForURL('**/templates');
  const table = page.getByRole('table', { name: 'Templates' });
  await table.getByRole('link', { name: 'Rehearsals' }).waitFor();
  assert.equal(await table.getByRole('link').count(), 1);
  await looked('the templates');
});
