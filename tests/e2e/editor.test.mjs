// Writing a message as it is seen: TinyMCE in a frame of its own, and the source it leaves alone.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { arrive, barriers, call, check, openPage } from './browser.mjs';

const base = process.env['TIDINGS_URL'];

// What other programs write and other editors damage.
const kHostile = `<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-strict.dtd">
<html xmlns:v="urn:schemas-microsoft-com:vml"><head><title>x</title>
<style>td { color: #111 } @media (max-width: 600px) { .hero { width: 100% !important } }</style>
<!--[if mso]><xml><o:PixelsPerInch>96</o:PixelsPerInch></xml><![endif]--></head>
<BODY style='margin:0;mso-line-height-rule:exactly' BGCOLOR=#eeeeee>
<!--[if mso]><table><tr><td width="600"><![endif]-->
<!--[if !mso]><!--><div class=hero>caf&eacute; &mdash; <b>bold</B>&nbsp;</div><!--<![endif]-->
<v:rect xmlns:v="urn:x" fill="true"><v:textbox>VML</v:textbox></v:rect>
<table cellpadding=0 width="100%">
  {% assign items = "a,b" | split: "," %}{% for item in items %}
  <tr {% if item == "a" %}class="odd"{% endif %}>
    <td align=left style="font:12px/1 Arial;mso-x:y" >{{ item | default: "a < b" }}</td>
    <td><a href="{{ unsubscribe_url | append: "?x" }}" target=_blank>Read<br/>on</a>
  </tr>
  {%- endfor %}
</table>
<center>Old</center>
<p>One<p>Two <img src="{{ organisation.name }}.png" alt='Logo "x"'>
<ul><li>a<li>b</ul><span></span><a name=here></a>
<p style="COLOR:Red;;margin:0 0 0 0">Three<o:p></o:p></p>
<table><tr><td></td><td>&nbsp;</td></tr></table>
<!--[if mso]></td></tr></table><![endif]-->
</BODY></html>
<!-- the end -->`;

let browser;
let page;
let troubles;
const button = (name) => page.getByRole('button', { name, exact: true });
const paper = () => page.frameLocator('iframe[title="Message"]').getByRole('textbox', { name: 'Message' });
const choose = (what) => page.getByRole('radiogroup', { name: 'Way of writing' }).getByText(what, { exact: true }).click();
/** The frame has the keys again, and has done what it was told: it is a process of its own. */
const atPaper = () => paper().evaluate(({ ownerDocument }) => new Promise((done) => {
  const look = () => setTimeout(ownerDocument.hasFocus() ? () => setTimeout(done, 50) : look, 10);
  look();
}));
const source = () => page.getByRole('textbox', { name: 'HTML source' });
const sourceText = () => source().evaluate((place) => [...place.querySelectorAll('.cm-line')].map((line) => line.textContent).join('\n'));

/** The draft that is open, when the server has what is looked for; after a while as it is then. */
async function draft(has) {
  const id = /compose\/([^/]+)/.exec(page.url())[1];
  for (let left = 100; ; --left) {
    const { draft: found } = await call(page, 'GET', `/campaigns/${id}`);
    if (left === 0 || has(found)) return found;
    await page.waitForTimeout(150);
  }
}
const isStored = async (html) => assert.equal((await draft((has) => has.html === html)).html, html);

/** Opens a draft of this HTML at its content. */
async function open(html, mode) {
  const { id } = await call(page, 'POST', '/campaigns', { draft: { subject: 'Letter', html } });
  if (mode) await page.evaluate((wanted) => localStorage.setItem('tidings.editor', wanted), mode);
  await page.goto(`/compose/${id}/content`);
  if (mode !== 'source') await paper().waitFor();
}

/** The frame is held against axe-core too; its page as a whole is the application's. */
async function looked(what) {
  await page.waitForFunction(() => document.getAnimations().every((each) => !(each instanceof CSSTransition)));
  await check(page, troubles, what);
}

before(async () => {
  ({ browser, page, troubles } = await arrive(base));
});
after(async () => browser?.close());

test('a letter is written as it is seen, with a detail of each recipient', async () => {
  await open('<p>Dear reader,</p>\n<p>We sing on Friday.</p>\n');
  await looked('the visual editor');
  const frame = page.frames().find((each) => each.url().endsWith('/editor'));
  assert.deepEqual(await barriers(frame), [], 'the page in the frame');
  await paper().getByText('We sing on Friday.').click();
  await page.keyboard.press('End');
  await page.keyboard.type(' Come too, ');
  await page.getByRole('complementary', { name: 'Personal details' }).getByRole('button', { name: /First name/ }).first().click();
  await paper().getByText('First name').waitFor();
  await atPaper();
  await page.keyboard.type('!');
  await page.keyboard.press('Enter');
  await page.keyboard.type('Ada & Co < all');
  const expected = '<p>Dear reader,</p>\n<p>We sing on Friday. Come too, {{ contact.first_name }}!</p>\n<p>Ada &amp; Co &lt; all</p>\n';
  await isStored(expected);
  await choose('Source');
  await source().waitFor();
  assert.equal(await sourceText(), expected);
});

const corpus = ['newsletter', 'children', 'rehearsals'].map((name) =>
  [name, readFileSync(new URL(`../../examples/${name}.html`, import.meta.url), 'utf8')]);

for (const [name, html] of [['a hostile page', kHostile], ...corpus]) {
  test(`${name}: opened and left as it was, every octet is`, async () => {
    await open(html, 'visual');
    await paper().click();
    await page.keyboard.type('x');
    await page.waitForTimeout(300);
    await page.keyboard.press('Control+z');
    await page.getByRole('textbox', { name: 'Subject' }).fill('Looked at');
    assert.equal((await draft(({ subject }) => subject === 'Looked at')).html, html);
  });
}

test('one word changed in a hostile page changes that word', async () => {
  await open(kHostile, 'visual');
  await paper().getByText('bold').dblclick();
  await page.keyboard.type('brave');
  await isStored(kHostile.replace('bold', 'brave'));
});

test('what the editor would change is said, and stays in the source', async () => {
  const html = '<p>One</p>\n<font color=red><center>Old</center></font>\n';
  await page.evaluate(() => localStorage.setItem('tidings.editor', 'visual'));
  await open(html, 'source');
  await choose('Visual');
  await page.getByText('Line 2 cannot be shown here without being changed').waitFor();
  await source().waitFor();
  await looked('what cannot be shown');
  assert.equal(await sourceText(), html);
});

test('what a letter needs is a button away: headings, lists, stress, links, pictures, tables', async () => {
  await open('<p>Dear reader,</p>\n', 'visual');
  await paper().getByText('Dear reader,').click();
  await page.getByRole('combobox', { name: 'Kind of paragraph' }).selectOption('Heading 2');
  await atPaper();
  await page.keyboard.press('End');
  await page.keyboard.press('Enter');
  await button('Italic').click();
  await atPaper();
  await page.keyboard.type('Soon');
  await button('Italic').click();
  await atPaper();
  await page.keyboard.type(': ');
  await button('Link').click();
  const link = page.getByRole('dialog', { name: 'Link' });
  await link.getByRole('textbox', { name: 'Address' }).fill('choir.example.org/dates?a=1&b=2');
  await link.getByRole('textbox', { name: 'Words of the link' }).fill('our dates');
  await looked('the question for a link');
  await link.getByRole('button', { name: 'Put it in' }).click();
  await paper().getByRole('link', { name: 'our dates' }).waitFor();
  await atPaper();
  await page.keyboard.press('Enter');
  await button('List with bullets').click();
  await atPaper();
  await page.keyboard.type('one');
  await page.keyboard.press('Enter');
  await page.keyboard.type('two');
  await page.keyboard.press('Enter');
  await page.keyboard.press('Enter');
  await button('Picture').click();
  const picture = page.getByRole('dialog', { name: 'Picture' });
  const [chooser] = await Promise.all([page.waitForEvent('filechooser'), picture.getByRole('button', { name: /Choose a picture/ }).click()]);
  await chooser.setFiles({ name: 'dot.png', mimeType: 'image/png', buffer: Buffer.from(
    'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M/wHwAEBgIApD5fRAAAAABJRU5ErkJggg==', 'base64') });
  await picture.locator('input[value*="/m/"]').waitFor();
  await picture.getByRole('textbox', { name: 'What it shows' }).fill('A dot');
  await picture.getByRole('button', { name: 'Put it in' }).click();
  await paper().getByRole('img', { name: 'A dot' }).waitFor();
  await atPaper();
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('Enter');
  await button('Table').click();
  await page.getByRole('dialog', { name: 'Table' }).getByRole('button', { name: 'Put it in' }).click();
  await paper().getByRole('table').waitFor();
  await atPaper();
  await page.keyboard.type('cell');
  await button('Table').click();
  await looked('what can be done to a table');
  await page.getByRole('menuitem', { name: 'Delete the column' }).click();
  await paper().getByText('cell').waitFor({ state: 'detached' });
  const { html } = await draft((has) => has.html.match(/<td/g)?.length === 3 && has.html.includes('<h2>'));
  assert.match(html, /^<h2>Dear reader,<\/h2>\n<p><em>Soon<\/em>: <a href="https:\/\/choir\.example\.org\/dates\?a=1&amp;b=2">our dates<\/a><\/p>\n<ul><li>one<\/li><li>two<\/li><\/ul>\n/);
  assert.match(html, /<p><img src="http:\/\/localhost:\d+\/m\/[^"]+" alt="A dot"><\/p>/);
  assert.equal(html.match(/<td/g).length, 3);
  assert.doesNotMatch(html, /data-t|data-mce|contenteditable|mce-/);
});

test('what is pasted from a word processor becomes a plain letter', async () => {
  await open('<p>Here: x</p>', 'visual');
  await paper().getByText('Here: x').click();
  await page.keyboard.press('End');
  await paper().evaluate((place) => {
    const data = new DataTransfer();
    data.setData('text/html', '<html xmlns:o="urn:schemas-microsoft-com:office:office"><body><!--StartFragment-->'
      + '<p class=MsoNormal style="mso-margin-top-alt:auto;color:red" onclick="x()"><b>Strong</b> <span style="font-family:Calibri">words</span><o:p></o:p></p>'
      + '<!--EndFragment--></body></html>');
    place.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }));
  });
  await paper().getByText('Strong').waitFor();
  await isStored('<p>Here: x</p><p><b>Strong</b> words</p>');
});

test('a message is written and made bold with the keyboard alone', async () => {
  await open('<p>Hello</p>', 'visual');
  const press = (...keys) => keys.reduce((done, key) => done.then(() => page.keyboard.press(key)), Promise.resolve());
  await page.getByRole('radio', { name: 'Visual' }).focus();
  await press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute('aria-label')), 'Kind of paragraph');
  await press('Tab', 'ArrowRight');
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute('aria-label')), 'Italic');
  await press('Tab');
  await atPaper();
  await press('Control+End');
  await page.keyboard.type(' there');
  await press('Alt+F10');
  await page.waitForFunction(() => document.activeElement.closest('[role=toolbar]'));
  await press('ArrowLeft', 'Enter');
  await atPaper();
  await page.keyboard.type(' bold');
  await press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.tagName === 'IFRAME'), false, 'Tab leaves the text');
  await isStored('<p>Hello there<strong> bold</strong></p>');
});

test('the frame can neither ask the server nor read what the application keeps', async () => {
  const frame = page.frames().find((each) => each.url().endsWith('/editor'));
  assert.equal(await frame.evaluate(() => self.origin), 'null');
  assert.equal(await frame.evaluate(() => fetch('/api/v1/me').then(() => 'answered', () => 'refused')), 'refused');
  assert.equal(await frame.evaluate(() => {
    try {
      return document.cookie + localStorage.length;
    } catch {
      return 'refused';
    }
  }), 'refused');
  troubles.length = 0; // the policy said so
});

test('a phone writes too, in the dark', async () => {
  const state = await page.context().storageState();
  const phone = await openPage(browser, base, {
    storageState: state, viewport: { width: 390, height: 844 }, colorScheme: 'dark', locale: 'pl-PL',
  });
  await phone.page.goto(new URL(page.url()).pathname);
  await phone.page.frameLocator('iframe').getByRole('textbox').getByText('Hello').click();
  await phone.page.keyboard.type('O');
  await phone.page.getByRole('button', { name: 'Kursywa' }).waitFor();
  await phone.page.waitForTimeout(600);
  await check(phone.page, phone.troubles, 'the visual editor on a phone');
  await phone.context.close();
});
