// Debian's Chromium, driven by playwright-core, and what every page is held against.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

// Without these the browser asks hosts of its maker at every start.
const kFlags = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync'];

export async function openBrowser() {
  return chromium.launch({ executablePath: '/usr/bin/chromium', args: kFlags });
}

/**
 * A page in a browser of its own. `troubles` collects what no page may do: ask another host, break
 * its own policy, throw.
 */
export async function openPage(browser, base, options = {}) {
  const context = await browser.newContext({
    baseURL: base, locale: 'en-GB', timezoneId: 'Europe/Amsterdam', viewport: { width: 1440, height: 900 },
    reducedMotion: 'reduce', // what fades in or out has no contrast
    ...options,
  });
  context.setDefaultTimeout(30_000);
  const page = await context.newPage();
  const troubles = [];
  page.on('pageerror', (error) => troubles.push(`threw: ${error.message}`));
  page.on('console', (message) => {
    if (/Content Security Policy|Refused to|Warning:/.test(message.text()) && message.type() !== 'info') {
      troubles.push(`console: ${message.text()}`);
    }
  });
  page.on('request', (request) => {
    const { origin, protocol } = new URL(request.url());
    if (protocol.startsWith('http') && origin !== base) troubles.push(`asked ${request.url()}`);
  });
  return { page, context, troubles };
}

/** What axe-core calls serious or critical, as sentences. */
export async function barriers(page) {
  // As the page's own script would be, but past its policy.
  await page.evaluate(axe);
  const found = await page.evaluate(() => globalThis.axe.run(document, {
    resultTypes: ['violations'], runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'],
    iframes: false,
  }));
  return found.violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, help, nodes }) =>
      `${id}: ${help}: ${nodes.slice(0, 3).map((node) => node.html.slice(0, 200)).join(' | ')}`);
}

/** A page that is whole: no trouble, no barrier, nothing wider than the window. */
export async function check(page, troubles, what) {
  assert.deepEqual(troubles, [], what);
  let found = await barriers(page);
  if (found.length > 0) { // still appearing: what stays is one
    await page.waitForTimeout(500);
    found = await barriers(page);
  }
  assert.deepEqual(found, [], what);
  const over = await page.evaluate(() =>
    document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.ok(over <= 0, `${what} is ${over} pixels too wide`);
}

export const ada = { email: 'ada@quayside.example.org', password: 'seven turnips under a slow ladder' };

/** A browser of its own, in which Ada has just begun. */
export async function arrive(base, options = {}) {
  const browser = await openBrowser();
  try {
    const opened = await openPage(browser, base, options);
    await begin(opened.page);
    return { browser, ...opened };
  } catch (error) {
    await browser.close();
    throw error;
  }
}

/** The first visit: Ada owns the Quayside Choir. Where mail leaves already it ends at the overview. */
export async function begin(page, leadsTo = '**/overview') {
  await page.goto('/welcome');
  await page.getByLabel('Name of the organisation').fill('Quayside Choir');
  await page.getByLabel('Your name').fill('Ada Blythe');
  await page.getByLabel('E-mail address').fill(ada.email);
  await page.getByLabel('Password', { exact: false }).first().fill(ada.password);
  await page.getByRole('button', { name: 'Begin' }).click();
  await page.waitForURL(leadsTo);
}

/** A call of the API as the page itself would make it. */
export async function call(page, method, path, body) {
  return page.evaluate(async ([verb, where, what]) => {
    const answer = await fetch(`/api/v1${where}`, {
      method: verb, ...(what ? { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(what) } : {}),
    });
    return answer.status === 204 ? null : answer.json();
  }, [method, path, body]);
}
