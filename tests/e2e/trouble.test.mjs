// What a screen says when it cannot show what was asked for.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ada, begin, check, openBrowser, openPage } from './browser.mjs';

const base = process.env['TIDINGS_URL'];
const kNobody = '0aaaaaaaaaaaa'; // an id of nothing

let browser;
let page;
let troubles;
const looked = (what) => check(page, troubles, what);

const problem = (status, code, title, headers = {}) => ({
  status, headers: { 'Content-Type': 'application/problem+json', ...headers },
  body: JSON.stringify({ type: 'about:blank', title, status, code, detail: title }),
});

/** All that the API is asked for, but who is signed in, is answered so until it is let go. */
async function answering(answer) {
  const broken = (url) => url.pathname.startsWith('/api/v1/') && !/\/(session|first-visit|organisations|problems\/counts)$/.test(url.pathname);
  await page.route(broken, (route) => (answer === 'nothing' ? route.abort() : route.fulfill(answer)));
  return () => page.unroute(broken);
}

const screens = ['/overview', '/communications', '/communications/messages', '/contacts', '/contacts/groups',
  '/contacts/segments', '/contacts/imports', '/contacts/duplicates', '/templates', '/problems', '/problems/send-outs',
  '/problems/suppressions', '/problems/domains', '/problems/queue', '/problems/returned', '/settings',
  '/settings/senders', '/settings/mail-servers', '/settings/domains', '/settings/returned-mail', '/settings/topics',
  '/settings/users', '/settings/tokens', '/arrived?q=ada', '/you'];
const pages = ['/contacts', '/contacts/groups', '/contacts/segments', '/contacts/imports', '/communications/messages',
  '/communications/send-outs', '/compose', '/templates', '/problems/addresses', '/problems/returned', '/settings/domains'];

before(async () => {
  browser = await openBrowser();
  ({ page, troubles } = await openPage(browser, base));
  await begin(page);
});
after(async () => browser?.close());

test('every screen says that something went wrong, in words, and tries again', async () => {
  for (const path of screens) {
    const mend = await answering(problem(500, 'internal', 'The harbour is on fire.'));
    await page.goto(path);
    const notice = page.getByRole('alert').first();
    // What is tried again by itself takes a moment.
    await notice.getByText('The harbour is on fire.').waitFor();
    await looked(`${path} when the server fails`);
    await mend();
    const again = notice.getByRole('button', { name: 'Try again' });
    if (await again.count() > 0) {
      await again.click();
      await page.getByText('The harbour is on fire.').first().waitFor({ state: 'detached' }).catch(() => page.reload());
    }
  }
});

test('a server that does not answer is told apart from one that fails', async () => {
  const mend = await answering('nothing');
  for (const path of ['/communications/messages', '/contacts', '/problems/queue']) {
    await page.goto(path);
    await page.getByRole('alert').getByText('The server does not answer').first().waitFor();
    await looked(`${path} without a server`);
  }
  await mend();
  await page.goto('/communications/messages');
  await page.getByRole('table', { name: 'Every message' }).getByRole('link').first().waitFor();
});

test('too many requests say how long to wait', async () => {
  const mend = await answering(problem(429, 'rate_limited', 'Slow down.', { 'Retry-After': '7' }));
  await page.goto('/contacts');
  await page.getByRole('alert').getByText('Try again in 7 seconds.').first().waitFor();
  await mend();
});

test('the address of what is not there says so, with a way on', async () => {
  for (const path of pages) {
    await page.goto(`${path}/${kNobody}`);
    await page.locator('main').getByRole('heading').or(page.getByRole('alert')).first().waitFor();
    await page.waitForLoadState('networkidle');
    assert.match(await page.locator('main').innerText(), /There is no|no such|not found|not here|no longer/i, path);
    await looked(`${path} of nothing`);
  }
  await page.goto('/contacts/a/b/c');
  await page.getByRole('heading').first().waitFor();
  await looked('an address of no screen');
});

test('a refused field is named where it stands, and what was typed stays', async () => {
  await page.goto('/contacts/new');
  await page.getByLabel('First name').fill('Wren');
  await page.getByLabel('E-mail', { exact: true }).fill('wren at the harbour');
  await page.getByRole('button', { name: 'Add the contact' }).click();
  await page.getByLabel('E-mail', { exact: true }).and(page.locator('[aria-invalid="true"]')).waitFor();
  assert.equal(await page.getByLabel('First name').inputValue(), 'Wren');
  await looked('a contact with a wrong address');
});

test('a session that ended leads to the sign-in, and back to where one was', async () => {
  await page.goto('/contacts?search=bounce');
  await page.getByRole('table', { name: 'Contacts' }).getByRole('link').first().waitFor();
  await page.context().clearCookies();
  await page.getByRole('link', { name: 'Groups' }).click();
  await page.waitForURL('**/sign-in?to=*');
  await page.getByLabel('E-mail address').fill(ada.email);
  await page.getByLabel('Password').first().fill(ada.password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.waitForURL('**/contacts/groups');
});

test('what one may not do is not offered, and its address says why', async () => {
  const invited = await page.evaluate(async () => (await fetch('/api/v1/users', {
    method: 'POST', headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ email: 'reader@quayside.example.org', name: 'Rae Reader', role: 'viewer' }),
  })).json());
  const reader = await openPage(browser, base);
  await reader.page.goto(invited.password_link.url);
  for (const field of ['New password', 'The same again']) {
    await reader.page.getByLabel(field).fill('ten radishes under a slow moon');
  }
  await reader.page.getByRole('button', { name: 'Set the password' }).click();
  await reader.page.goto('/sign-in?to=%2Fcontacts');
  await reader.page.getByLabel('E-mail address').fill('reader@quayside.example.org');
  await reader.page.getByLabel('Password').first().fill('ten radishes under a slow moon');
  await reader.page.getByRole('button', { name: 'Sign in' }).click();
  await reader.page.waitForURL('**/contacts');
  await reader.page.getByRole('table', { name: 'Contacts' }).getByRole('link').first().waitFor();
  assert.equal(await reader.page.getByRole('button', { name: 'Write' }).count(), 0);
  assert.equal(await reader.page.getByRole('link', { name: 'New contact' }).count(), 0);
  assert.equal(await reader.page.getByRole('link', { name: 'Import', exact: true }).count(), 0);
  for (const path of ['/settings/users', '/settings/tokens', '/contacts/import', '/contacts/new']) {
    await reader.page.goto(path);
    await reader.page.waitForLoadState('networkidle');
    await check(reader.page, reader.troubles, `${path} for a reader`);
  }
  await reader.context.close();
});
