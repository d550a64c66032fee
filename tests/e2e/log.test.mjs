// The log of the example organisation: every filter and every order, as its address and its rows have it.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { begin, call, check, openBrowser, openPage } from './browser.mjs';

const base = process.env['TIDINGS_URL'];

let browser;
let page;
let troubles;
const looked = (what) => check(page, troubles, what);
const views = {
  'Send-outs': '/communications?period=all', 'Every message': '/communications/messages?period=all',
};

/** The table of a view when what its address asks for has come. */
async function shown(view) {
  // The page has seen its new address.
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  const table = page.getByRole('table', { name: view });
  await table.and(page.locator('[aria-busy=false]')).or(page.getByRole('heading', { name: /^Nothing/ })).waitFor();
  return table;
}

/** What stands under a heading, row for row. */
async function column(table, title) {
  const titles = await table.locator('thead th').allInnerTexts();
  const at = titles.findIndex((each) => each.trim().startsWith(title));
  assert.ok(at >= 0, `${title} is none of ${titles.join(', ')}`);
  return (await table.locator(`tbody td:nth-child(${at + 1})`).allInnerTexts()).map((each) => each.trim());
}

async function open(view) {
  await page.goto(views[view]);
  return shown(view);
}

/** Adds the filter, and does with its box what `choose` does. */
async function filter(name, choose) {
  await page.getByRole('button', { name: 'Filter', exact: true }).click();
  await page.getByRole('menuitem', { name, exact: true }).click();
  await choose();
  await page.keyboard.press('Escape');
}
const tick = (...words) => async () => {
  for (const word of words) await page.getByRole('checkbox', { name: word, exact: true }).click();
};
const pick = (word) => () => page.getByRole('radio', { name: word, exact: true }).click();

before(async () => {
  browser = await openBrowser();
  ({ page, troubles } = await openPage(browser, base, {
    viewport: { width: 1720, height: 900 }, // for every column
  }));
  await begin(page, '**/begin');
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByRole('button', { name: 'Load the example organisation' }).click();
  await page.waitForURL('**/overview', { timeout: 120_000 });
});
after(async () => browser?.close());

test('send-outs by what they are', async () => {
  for (const [choice, value] of [['Mailing', 'mailing'], ['Transactional', 'transactional_email'], ['Individual', 'individual']]) {
    await open('Send-outs');
    await filter('Type', tick(choice));
    await page.waitForURL(new RegExp(`type=${value}`));
    const types = await column(await shown('Send-outs'), 'Type');
    assert.ok(types.length > 0 && types.every((each) => each === choice), types.join());
  }
  await open('Send-outs');
  await filter('Type', tick('Individual', 'Transactional'));
  const both = new Set(await column(await shown('Send-outs'), 'Type'));
  assert.deepEqual([...both].sort(), ['Individual', 'Transactional']);
  await page.getByRole('button', { name: 'Remove the filter Type: Individual, Transactional' }).click();
  await page.waitForURL((url) => !url.searchParams.has('type'));
});

test('send-outs by how far they are, by channel, sender, attachments and words', async () => {
  await open('Send-outs');
  await filter('Status', tick('Scheduled'));
  assert.deepEqual(await column(await shown('Send-outs'), 'Status'), ['Scheduled']);
  await open('Send-outs');
  await filter('Channel', pick('Text message'));
  await page.getByRole('heading', { name: 'Nothing fits these filters' }).waitFor();
  await open('Send-outs');
  await filter('Channel', pick('E-mail'));
  assert.ok((await column(await shown('Send-outs'), 'Subject')).length >= 6);
  await open('Send-outs');
  await filter('Sender', async () => {
    await page.getByRole('textbox', { name: 'Sender' }).fill('quayside');
    await page.getByRole('button', { name: 'Apply' }).click();
  });
  await page.waitForURL(/sender=quayside/);
  assert.ok((await column(await shown('Send-outs'), 'Subject')).length >= 6);
  for (const [choice, expected] of [['With', /^Your ticket A-17/], ['Without', /^(?!Your ticket A-17)/]]) {
    await open('Send-outs');
    await filter('Attachments', pick(choice));
    await page.waitForURL(/has_attachments=/);
    const subjects = await column(await shown('Send-outs'), 'Subject');
    assert.ok(subjects.length > 0 && subjects.every((each) => expected.test(each)), subjects.join());
  }
  await open('Send-outs');
  await page.getByRole('searchbox', { name: 'Find in subject or address' }).fill('sail loft');
  await page.waitForURL(/text=sail/);
  const subjects = await column(await shown('Send-outs'), 'Subject');
  assert.ok(subjects.length === 2 && subjects.every((each) => each.includes('sail loft')), subjects.join());
});

test('send-outs by their days, and what is earlier is told', async () => {
  await page.goto('/communications');
  const table = await shown('Send-outs');
  const all = (await column(table, 'Subject')).length;
  await page.getByRole('button', { name: 'Last 7 days', exact: true }).click();
  await page.getByLabel('From').fill('2020-01-01');
  await page.getByLabel('Up to and including').fill('2020-01-31');
  await page.waitForURL(/from=2020-01-01.*until=2020-01-31/);
  await page.getByRole('heading', { name: 'Nothing between these dates' }).waitFor();
  await page.keyboard.press('Escape');
  await looked('a log of days in which nothing was sent');
  for (const [choice, value] of [['Last 30 days', '30d'], ['Last 12 months', '365d'], ['Of any age', 'all']]) {
    await page.goto('/communications');
    await page.getByRole('button', { name: 'Last 7 days', exact: true }).click();
    await page.getByRole('radio', { name: choice }).click();
    await page.waitForURL(new RegExp(`period=${value}`));
    await page.keyboard.press('Escape');
    assert.equal((await column(await shown('Send-outs'), 'Subject')).length, all, choice);
  }
});

test('every message by kind, status, channel, sender, attachments and words', async () => {
  for (const [choice, value] of [['Individual', 'individual'], ['Transactional', 'transactional']]) {
    await open('Every message');
    await filter('Type', tick(choice));
    await page.waitForURL(new RegExp(`kind=${value}`));
    const kinds = await column(await shown('Every message'), 'Type');
    assert.ok(kinds.length > 0 && kinds.every((each) => each === choice), kinds.join());
  }
  for (const status of ['Sent', 'Bounced', 'Dropped', 'Skipped', 'Marked as spam', 'Uncertain', 'Deferred']) {
    await open('Every message');
    await filter('Status', tick(status));
    await page.waitForURL(/status=/);
    const statuses = await column(await shown('Every message'), 'Status');
    assert.ok(statuses.length > 0 && statuses.every((each) => each === status), `${status}: ${statuses.join()}`);
  }
  await open('Every message');
  await filter('Channel', pick('Text message'));
  await page.getByRole('heading', { name: 'Nothing fits these filters' }).waitFor();
  await open('Every message');
  await filter('Attachments', pick('With'));
  await page.waitForURL(/has_attachments=true/);
  assert.deepEqual(await column(await shown('Every message'), 'Subject'), ['Your ticket A-17 for Saturday']);
  await open('Every message');
  await page.getByRole('searchbox', { name: 'Find in subject or address' }).fill('deferred@example.org');
  await page.waitForURL(/text=deferred/);
  const found = await column(await shown('Every message'), 'To');
  assert.ok(found.length > 0 && found.every((each) => each === 'deferred@example.org'), found.join());
  // Several at once, each a chip; a reload keeps them.
  await filter('Type', tick('Transactional'));
  await page.reload();
  await page.getByRole('button', { name: 'Remove the filter Type: Transactional' }).waitFor();
  assert.deepEqual(await column(await shown('Every message'), 'Subject'), ['Your seat']);
  await looked('a log with two filters');
});

/** Presses the heading until the address asks for the order, and looks at the rows. */
async function sorted(view, title, name, way) {
  const table = page.getByRole('table', { name: view });
  const wanted = `${way === 'up' ? '' : '-'}${name}`;
  for (let left = 3; left > 0; --left) {
    if (new URL(page.url()).searchParams.get('sort') === wanted) break;
    await table.getByRole('button', { name: title, exact: true }).click();
    await shown(view);
  }
  await table.locator(`th[aria-sort="${way === 'up' ? 'ascending' : 'descending'}"]`).filter({ hasText: title }).waitFor();
  return column(await shown(view), title);
}
const fold = (text) => text.toLowerCase();

test('send-outs in every order, both ways', async () => {
  for (const [title, name] of [['Subject', 'subject'], ['Type', 'type'], ['Sent', 'sent'], ['Status', 'status'],
    ['Sender', 'sender'], ['When', 'at']]) {
    await open('Send-outs');
    const usual = name === 'at'; // the usual order is not in the address
    const up = await sorted('Send-outs', title, name, 'up');
    const down = usual ? await column(await open('Send-outs'), title) : await sorted('Send-outs', title, name, 'down');
    assert.deepEqual([...up].sort(), [...down].sort(), title);
    if (new Set(up).size > 1) {
      assert.equal(up[0], down[down.length - 1], `${title}: the first one way is the last the other`);
      assert.notEqual(up[0], down[0], title);
    }
    if (name === 'sent') {
      const counts = up.map((each) => Number(/^\d+/.exec(each)?.[0] ?? 0));
      assert.deepEqual(counts, [...counts].sort((a, b) => a - b));
    }
  }
});

test('every message in every order, both ways', async () => {
  for (const [title, name] of [['To', 'address'], ['Subject', 'subject'], ['Status', 'status'], ['Why', 'reason'],
    ['Type', 'kind']]) {
    const asked = async (way) => (await call(page, 'GET', `/messages?all=true&limit=50&sort=${way === 'up' ? '' : '-'}${name}`)).items;
    await open('Every message');
    const up = await sorted('Every message', title, name, 'up');
    const down = await sorted('Every message', title, name, 'down');
    const items = { up: await asked('up'), down: await asked('down') };
    assert.equal(up.length, items.up.length, title);
    if (name === 'address' || name === 'subject') {
      const values = (rows) => rows.map((each) => each[name] ?? '(no address)');
      assert.deepEqual(up, values(items.up), title);
      assert.deepEqual(down, values(items.down), title);
    }
    if (name === 'address') assert.notEqual(fold(up[0]), fold(down[0]));
    else assert.notDeepEqual(items.up.map(({ id }) => id), items.down.map(({ id }) => id), title);
  }
  await open('Every message');
  const oldest = await sorted('Every message', 'Queued', 'queued_at', 'up');
  const newest = await column(await open('Every message'), 'Queued');
  assert.equal(oldest.length, newest.length);
});

test('more rows come when asked, none twice', async () => {
  const table = await open('Every message');
  const ids = () => table.locator('tbody tr a[data-row-link]').evaluateAll((links) => links.map((link) => link.getAttribute('href')));
  const first = await ids();
  await page.getByRole('button', { name: 'Show more' }).scrollIntoViewIfNeeded();
  await page.waitForFunction((count) =>
    document.querySelectorAll('tbody tr a[data-row-link]').length > count, first.length);
  const then = await ids();
  assert.deepEqual(then.slice(0, first.length), first);
  assert.equal(new Set(then).size, then.length);
});

test('the recipients of a send-out by status, words and every order', async () => {
  await open('Send-outs');
  await page.getByRole('link', { name: /Light over the water/ }).click();
  await page.getByRole('tab', { name: 'Recipients' }).click();
  const at = page.url();
  for (const [title, name] of [['Name', 'contact'], ['To', 'address'], ['Status', 'status'], ['Why', 'reason'], ['Since', 'changed_at']]) {
    await page.goto(at);
    await shown('Recipients');
    const up = await sorted('Recipients', title, name, 'up');
    await sorted('Recipients', title, name, 'down');
    assert.ok(up.length > 0);
  }
  await page.goto(at);
  await shown('Recipients');
  await filter('Status', tick('Bounced'));
  const statuses = await column(await shown('Recipients'), 'Status');
  assert.ok(statuses.length > 0 && statuses.every((each) => each === 'Bounced'), statuses.join());
});

test('from its row a send-out is used again, taken back, and leaves the history with a reason', async () => {
  const of = (subject) => page.getByRole('button', { name: `What to do with ${subject}` });
  const item = (name) => page.getByRole('menuitem', { name, exact: true }).click();
  await open('Send-outs');
  await of('Rehearsals move to the sail loft').click();
  await looked('the menu of a row');
  await item('Use again');
  await page.waitForURL('**/compose/*');
  await page.getByRole('heading', { name: 'Rehearsals move to the sail loft' }).waitFor();
  await open('Send-outs');
  await of('About the rehearsal on Tuesday').click();
  await item('Delete from the history');
  await page.getByRole('dialog').getByLabel('Why (kept)').fill('Sent to the wrong singer');
  await looked('the question before something leaves the history');
  await page.getByRole('dialog').getByRole('button', { name: 'Delete from the history' }).click();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await of('About the rehearsal on Tuesday').waitFor({ state: 'detached' });
  await of('Your seat in the sail loft').click();
  await item('Edit (takes the schedule back)');
  await page.waitForURL('**/compose/*/send');
});
