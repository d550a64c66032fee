// What bench/pages/run measures: a person's way through the lists, each step timed in the page.
import { ada, call, openBrowser, openPage } from '../../tests/e2e/browser.mjs';

const base = process.env['TIDINGS_URL'];
const rounds = Number(process.env['TIDINGS_ROUNDS']);
const isExample = process.env['TIDINGS_EXAMPLE'] !== '';

/**
 * In every page: when the person last did something, what was asked of the API since, and when the
 * frame after the last change of the content was shown. A navigation begins at 0.
 */
function watch() {
  const seen = { actedAt: 0, asked: [], shownAt: 0 };
  globalThis.seen = seen;
  for (const type of ['click', 'keydown', 'input']) {
    addEventListener(type, (event) => { seen.actedAt = event.timeStamp; }, true);
  }
  const fetch = globalThis.fetch;
  globalThis.fetch = async (request, ...rest) => {
    const entry = { path: new URL(request.url ?? request, location.href).pathname, from: performance.now(), to: 0 };
    seen.asked.push(entry);
    try {
      return await fetch(request, ...rest);
    } finally {
      entry.to = performance.now();
    }
  };
  new MutationObserver((changes) => {
    if (!changes.some(({ target }) => target.nodeType === 1 && (target.closest('main') || target.querySelector('main')))) return;
    requestAnimationFrame(() => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => { seen.shownAt = performance.now(); };
      port2.postMessage(0);
    });
  }).observe(document, { childList: true, subtree: true, characterData: true });
}

/** In the page: waits until what `path` answered is shown and nothing changes any more. */
async function shown([path, since]) {
  const { seen } = globalThis;
  const fits = new RegExp(path);
  for (let waited = 0; waited < 20_000; waited += 20) {
    await new Promise((resolve) => { setTimeout(resolve, 20); });
    const asked = seen.asked.filter((each) => each.from >= since && fits.test(each.path));
    const [first] = asked;
    if (!first || asked.some(({ to }) => to === 0)) continue;
    const quiet = performance.now() - Math.max(first.to, seen.shownAt);
    if (seen.shownAt < first.to ? quiet < 500 : quiet < 120) continue;
    return { ms: Math.max(seen.shownAt, first.to) - seen.actedAt, api: first.to - first.from, wait: first.from - seen.actedAt };
  }
  throw new Error(`${path} was not shown`);
}

class Visit {
  #found;

  constructor(page, found) {
    this.page = page;
    this.#found = found;
  }

  async #timed(what, path, act) {
    const since = await this.page.evaluate(() => {
      globalThis.seen.actedAt = performance.now();
      return globalThis.seen.actedAt;
    });
    await act();
    this.#add(what, await this.page.evaluate(shown, [path, since]));
  }

  #add(what, { ms, api, wait }) {
    const times = this.#found.get(what) ?? { ms: [], api: [], wait: [] };
    this.#found.set(what, times);
    times.ms.push(ms);
    times.api.push(api);
    times.wait.push(wait);
  }

  /** By its address, as from a bookmark: the whole application is begun. */
  async open(what, where, path) {
    await this.page.goto(where);
    if (what) this.#add(what, await this.page.evaluate(shown, [path, 0]));
    else await this.page.waitForLoadState('networkidle');
  }

  async click(what, path, target) {
    await target.waitFor();
    await this.#timed(what, path, () => target.click());
  }

  /** From the last letter on, with the pause in which more of them are waited for. */
  async type(what, path, box, text) {
    await box.focus();
    await this.#timed(what, path, () => this.page.keyboard.insertText(text));
  }

  async scroll(what, path) {
    await this.#timed(what, path, () => this.page.evaluate(() => {
      globalThis.seen.actedAt = performance.now();
      scrollTo(0, document.documentElement.scrollHeight);
    }));
  }

  /** A filter of the menu: the click that sets it is what counts. */
  async filter(what, path, name, choice) {
    await this.page.getByRole('button', { name: 'Filter', exact: true }).click();
    await this.page.getByRole('menuitem', { name, exact: true }).click();
    await this.#choose(what, path, choice);
  }

  async period(what, path, from, to) {
    await this.page.getByRole('button', { name: from, exact: true }).click();
    await this.#choose(what, path, this.page.getByRole('radio', { name: to }));
  }

  async #choose(what, path, choice) {
    await choice.waitFor();
    await this.#timed(what, path, () => choice.click());
    await this.page.keyboard.press('Escape');
  }
}

async function contacts(page, visit) {
  const list = '/contacts$';
  const heading = (name) => page.getByRole('columnheader', { name }).getByRole('button');
  await visit.open('contacts: by address', '/contacts', list);
  await visit.open('', '/overview');
  await visit.click('contacts: from the overview', list, page.getByRole('link', { name: 'Contacts', exact: true }));
  await visit.scroll('contacts: the next page', list);
  await page.evaluate(() => scrollTo(0, 0));
  await visit.click('contacts: by name, downwards', list, heading('Name'));
  await visit.click('contacts: by last interaction', list, heading('Last interaction'));
  await visit.click('contacts: newest first', list, heading('Added'));
  await visit.filter('contacts: of a group', list, 'Group', page.getByRole('radio').nth(1));
  await visit.open('', '/contacts');
  const box = page.getByLabel('Find by name, address or number');
  await visit.type('contacts: find a name', list, box, isExample ? 'ann' : 'zoë77');
  await visit.open('', '/contacts');
  await visit.type('contacts: find a word that nobody has', list, box, 'xyzzy');
  await visit.open('', '/contacts');
  await visit.click('a contact', '/contacts/[0-9A-Za-z]{13}$', page.locator('main tbody a').first());
}

async function log(page, visit) {
  const list = '/messages$';
  const heading = (name) => page.getByRole('columnheader', { name }).getByRole('button');
  const views = page.getByRole('navigation', { name: 'Views' });
  await visit.open('every message: by address', '/communications/messages', list);
  await visit.open('', '/overview');
  await visit.click('send-outs: from the overview', '/send-outs$',
    page.getByRole('link', { name: 'Communications', exact: true }));
  await visit.click('every message: from the send-outs', list, views.getByRole('link', { name: 'Every message' }));
  await visit.scroll('every message: the next page', list);
  await page.evaluate(() => scrollTo(0, 0));
  await visit.click('every message: by address of the person', list, heading('To'));
  await visit.click('every message: by subject', list, heading('Subject'));
  await visit.click('every message: by status', list, heading('Status'));
  await visit.open('', '/communications/messages');
  await visit.period('every message: of any age', list, 'Last 7 days', 'Of any age');
  await visit.scroll('every message: the next page, of any age', list);
  await page.evaluate(() => scrollTo(0, 0));
  await visit.filter('every message: bounced, of any age', list, 'Status', page.getByRole('checkbox', { name: 'Bounced' }));
  await visit.click('every message: bounced, by address of the person', list, heading('To'));
  await visit.open('', '/communications/messages?period=all');
  const box = page.getByLabel('Find in subject or address');
  await visit.type('every message: find an address, of any age', list, box, isExample ? 'ann' : 'person77@');
  await visit.open('', '/communications/messages?period=all');
  await visit.type('every message: find what nobody has, of any age', list, box, 'xyzzy');
  await visit.open('', '/communications/messages?period=all');
  await visit.click('a message', '/messages/[0-9A-Za-z]{13}$', page.locator('main tbody a').first());
}

async function sendOuts(page, visit) {
  const list = '/send-outs$';
  const heading = (name) => page.getByRole('columnheader', { name }).getByRole('button');
  await visit.open('send-outs: by address', '/communications', list);
  await visit.period('send-outs: of any age', list, 'Last 7 days', 'Of any age');
  await visit.click('send-outs: by subject', list, heading('Subject'));
  await visit.filter('send-outs: mailings', list, 'Type', page.getByRole('checkbox', { name: 'Mailing' }));
  await visit.click('a send-out', '/campaigns/[0-9A-Za-z]{13}/statistics$', page.locator('main tbody a').first());
  await visit.open('the overview: by address', '/overview', '/send-outs$');
}

async function begin(page) {
  await page.goto('/welcome');
  const { is_open: isFirst } = await call(page, 'GET', '/first-visit');
  await (isFirst ? call(page, 'POST', '/first-visit', {
    organisation: 'Quayside Choir', name: 'Ada Blythe', ...ada, locale: 'en', time_zone: 'Europe/Amsterdam',
  }) : call(page, 'POST', '/session', ada));
  for (let waited = 0; isExample && waited < 600; ++waited) {
    const { is_loaded: isLoaded, is_loading: isLoading } = await call(page, 'GET', '/example');
    if (isLoaded || !isLoading) break;
    await page.waitForTimeout(200);
  }
}

const rounded = (ms) => Math.round(ms);
const half = (times) => times.toSorted((one, two) => one - two)[Math.floor(times.length / 2)];

const browser = await openBrowser();
try {
  const { page, context } = await openPage(browser, base, { viewport: { width: 1440, height: 900 } });
  await context.addInitScript(watch);
  await begin(page);
  const found = new Map();
  // The first takes everything into the caches of browser and database, and is not counted.
  for (let round = 0; round <= rounds; ++round) {
    if (round === 1) found.clear();
    const visit = new Visit(page, found);
    for (const part of [contacts, log, sendOuts]) await part(page, visit);
  }
  const steps = Object.fromEntries([...found].map(([what, { ms, api, wait }]) => [what, {
    median_ms: rounded(half(ms)), worst_ms: rounded(Math.max(...ms)), api_ms: rounded(half(api)), before_ms: rounded(half(wait)),
  }]));
  process.stdout.write(JSON.stringify({ steps }));
} finally {
  await browser.close();
}
