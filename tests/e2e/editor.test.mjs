// Writing a message as it is seen: TinyMCE in a frame of its own, and the source it leaves alone.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { arrive, barriers, call, check } from './browser.mjs';

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
const saved = () => page.getByText(/^Saved \d\d:\d\d$/).waitFor();
const paper = () => page.frameLocator('iframe[title="Message"]').getByRole('textbox', { name: 'Message' });
const choose = (what) => page.getByRole('radiogroup', { name: 'Way of writing' }).getByText(what, { exact: true }).click();
const source = () => page.getByRole('textbox', { name: 'HTML source' });
const sourceText = () => source().evaluate((place) => [...place.querySelectorAll('.cm-line')].map((line) => line.textContent).join('\n'));

/** What the server has of the draft that is open. */
async function stored() {
  const id = /compose\/([^/]+)/.exec(page.url())[1];
  return (await call(page, 'GET', `/campaigns/${id}`)).draft.html;
}

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
  await page.keyboard.type('!');
  await page.keyboard.press('Enter');
  await page.keyboard.type('Ada & Co < all');
  await saved();
  await page.waitForTimeout(1500);
  const expected = '<p>Dear reader,</p>\n<p>We sing on Friday. Come too, {{ contact.first_name }}!</p>\n<p>Ada &amp; Co &lt; all</p>\n';
  assert.equal(await stored(), expected);
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
    await page.waitForTimeout(400);
    await saved();
    await page.waitForTimeout(1200);
    assert.equal(await stored(), html);
  });
}

test('one word changed in a hostile page changes that word', async () => {
  await open(kHostile, 'visual');
  await paper().getByText('bold').dblclick();
  await page.keyboard.type('brave');
  await page.waitForTimeout(400);
  await saved();
  await page.waitForTimeout(1200);
  assert.equal(await stored(), kHostile.replace('bold', 'brave'));
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
