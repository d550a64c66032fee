import { describe, expect, it } from 'vitest';
import { carry, carryText, strayLines } from './carry';
import { isPlain, partsOf } from './letter_parts';
import { patchStyle } from './patch_tag';
import { scan } from './scan';
import { insertedSign, originalOf, viewOf, type Original } from './view';

const files = {
  ...import.meta.glob<string>('../../../../examples/*.html', { query: '?raw', import: 'default', eager: true }),
  // Mail made by others, where it lies beside the checkout.
  ...import.meta.glob<string>('../../../../../shared/corpora/html/**/*.html', { query: '?raw', import: 'default', eager: true }),
};

/** As an editor puts things its own way: space between blocks gone, a tbody in each table. */
function normalised(html: string): string {
  let number = 0;
  return html.replace(/>\s+</g, (gap) => (gap.length > 2 ? '><' : gap)).replace(/\s+/g, ' ')
    .replace(/(<table[^>]*>)((?:<!--t:k\d+-->)*<tr)/g, (_, table: string, row: string) => `${table}<tbody data-t="u${(number += 1)}">${row}`)
    .replace(/<\/tr>((?:<!--t:k\d+-->)*)<\/table>/g, '</tr>$1</tbody></table>');
}

function opened(source: string): { original: Original; view: string } {
  const original = originalOf(source);
  return { original, view: normalised(viewOf(original, new Map()).html) };
}

/** The source after `change` was made in the editor. */
function after(source: string, change: (view: string) => string): string {
  const { original, view } = opened(source);
  const now = change(view);
  expect(now).not.toBe(view);
  return carry(original, view, now);
}

const kHostile = `<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-strict.dtd">\r
<html xmlns:v="urn:schemas-microsoft-com:vml"><head><title>x</title><style>td{color:#111}</style>
<!--[if mso]><xml><o:PixelsPerInch>96</o:PixelsPerInch></xml><![endif]--></head>
<BODY style='margin:0;mso-line-height-rule:exactly' BGCOLOR=#eee>
<!--[if mso]><table><tr><td width="600"><![endif]-->
<!--[if !mso]><!--><div class=hero>caf&eacute; &mdash; <b>bold</B>&nbsp;</div><!--<![endif]-->
<v:rect xmlns:v="urn:x" fill="true"><v:textbox>VML</v:textbox></v:rect>
<table cellpadding=0 width="100%">
  {% for item in items %}
  <tr {% if item.odd %}class="odd"{% endif %}>
    <td align=left style="font:12px/1 Arial;mso-x:y" >{{ item.name | default: "a < b" }}</td>
    <td><a href="{{ base }}/x?a=1&b={{ item.id | append: "q" }}" target=_blank>Read<br/>on</a>
  </tr>
  {%- endfor %}
</table>
<p>One<p>Two <img src={{ logo }} alt='Logo "x"'>
<ul><li>a<li>b</ul>
<!--[if mso]></td></tr></table><![endif]-->
</BODY></html>
<!-- the end -->`;

describe('a source', () => {
  it.each(Object.entries({ ...files, kHostile }))('%s is every octet of its tokens', (_, source) => {
    expect(scan(source, 'liquid').map(({ from, to }) => source.slice(from, to)).join('')).toBe(source);
  });

  it.each(Object.entries({ ...files, kHostile }))('%s comes back as it was when nothing is done', (_, source) => {
    const { original, view } = opened(source);
    expect(strayLines(original, view)).toEqual([]);
    expect(carry(original, view, view)).toBe(source);
  });

  it.each(Object.entries({ ...files, kHostile }))('%s changes only where a word is put in', (_, source) => {
    const { original, view } = opened(source);
    const places = [...view.matchAll(/>[^<>]*?(?<![&\w])([a-z]{3,})[^<>]*</gi)].filter(({ 0: text }) => !text.startsWith('>-->'));
    expect(places.length).toBeGreaterThan(2);
    for (const place of places.slice(0, 60)) {
      if (/class="t-(tag|rule)[^<>]*$/.test(view.slice(0, place.index))) continue; // a sign, which is whole
      const at = place.index + place[0].indexOf(place[1] ?? '') + 1;
      const now = carry(original, view, `${view.slice(0, at)}ZZZ${view.slice(at)}`);
      expect(now.replace('ZZZ', '')).toBe(source);
    }
  });
});

describe('what is done in the editor', () => {
  it('changes its own octets alone', () => {
    expect(after(kHostile, (view) => view.replace('>Read<', '>Look<'))).toBe(kHostile.replace('>Read<', '>Look<'));
    expect(after(kHostile, (view) => view.replace('bold', 'bolder'))).toBe(kHostile.replace('bold', 'bolder'));
    expect(after(kHostile, (view) => view.replace('Two ', '<strong>Two</strong> ')))
      .toBe(kHostile.replace('Two ', '<strong>Two</strong> '));
  });

  it('splits and adds paragraphs in lines of their own', () => {
    const source = '<div>\n  <p class=a>One two</p>\n  <p>Three</p>\n</div>\n';
    expect(after(source, (view) => view.replace('One two</p>', 'One</p><p data-t="e2" class="a">two</p>')))
      .toBe('<div>\n  <p class=a>One</p>\n  <p class=a>two</p>\n  <p>Three</p>\n</div>\n');
    expect(after(source, (view) => view.replace('</div>', '<p>Four &lt; &amp;</p></div>')))
      .toBe('<div>\n  <p class=a>One two</p>\n  <p>Three</p>\n  <p>Four &lt; &amp;</p>\n</div>\n');
    expect(after(source, (view) => view.replace(/<p data-t="e2".*?<\/p>/, '')))
      .toBe('<div>\n  <p>Three</p>\n</div>\n');
  });

  it('takes away no comment and no rule that nobody saw', () => {
    const now = after(kHostile, (view) => view.replace(/<!--t:k\d+-->/g, ''));
    expect(now).toBe(kHostile);
  });

  it('leaves a link round a block whole', () => {
    const source = '<p>a</p>\n<A href="{{ x }}"><table><tr><td>b {{ c }}</table></A>\n<p>d</p>';
    expect(viewOf(originalOf(source), new Map()).html).toContain('data-t="k2"><a href="{{ x }}"><table><tr><td>b {{ c }}</td></tr></table></a></div>');
    expect(after(source, (view) => view.replace('>d<', '>dd<'))).toBe(source.replace('>d<', '>dd<'));
    expect(after(source, (view) => view.replace(/<div.*<\/div>/, ''))).toBe('<p>a</p>\n<p>d</p>');
  });

  it('keeps the marks of a hidden first line', () => {
    const source = '<div>First&nbsp;&zwnj;&#65279;&#847; end</div>';
    const { original } = opened(source);
    const view = viewOf(original, new Map()).html.replace('&#65279;', '');
    expect(strayLines(original, view)).toEqual([]);
    expect(carry(original, view, view.replace('end', 'last'))).toBe(source.replace('end', 'last'));
  });

  it('deletes what was seen, Liquid too', () => {
    expect(after('<p>Dear {{ name }},</p>', (view) => view.replace(/<span.*?<\/span>/, ''))).toBe('<p>Dear ,</p>');
  });

  it('puts in a tag as it is written', () => {
    const original = originalOf('<p>Dear you</p>');
    const view = viewOf(original, new Map()).html;
    const tag = '{{ contact.first_name | default: "friend" }}';
    expect(carry(original, view, view.replace('you', insertedSign(original, tag, new Map([['{{ contact.first_name }}', 'First name']]))))).toBe(`<p>Dear ${tag}</p>`);
    expect(carry(original, view, view.replace('you', '{{ a | default: "x &amp; y" }} &amp;'))).toBe('<p>Dear {{ a | default: "x & y" }} &amp;</p>');
  });

  it('keeps an empty line that was made, and the empty ones there were', () => {
    const source = '<p>a</p>\n<p></p>\n<p>b</p>';
    expect(after(source, (view) => view.replace('b</p>', 'b</p><p data-t="e3"></p><p></p>')))
      .toBe('<p>a</p>\n<p></p>\n<p>b</p>\n<p>&nbsp;</p>\n<p>&nbsp;</p>');
  });

  it('writes letters as the source does', () => {
    expect(after('<p>caf&eacute;</p>', (view) => view.replace('caf&eacute;', 'café, thé'))).toBe('<p>caf&eacute;, th&eacute;</p>');
    expect(after('<p>café</p>', (view) => view.replace('café', 'café thé'))).toBe('<p>café thé</p>');
  });

  it('changes one attribute of a tag', () => {
    const source = '<P  CLASS=x style="color:red;mso-a:b"\n {% if y %}id="z"{% endif %} >text</P>';
    expect(after(source, (view) => view.replace('style="color:red;mso-a:b"', 'style="color:red;mso-a:b;text-align: center;"')))
      .toBe('<P  CLASS=x style="color:red;mso-a:b; text-align: center;"\n {% if y %}id="z"{% endif %} >text</P>');
    expect(after('<a href="{{ x }}" title=t>y</a>', (view) => view.replace(/href="[^"]*"/, 'href="https://a.example/?a=1&amp;b={{ c | d: &quot;e&quot; }}"')))
      .toBe('<a href="https://a.example/?a=1&amp;b={{ c | d: "e" }}" title=t>y</a>');
    expect(after('<p>a</p>', (view) => view.replace('<p ', '<h2 ').replace('</p>', '</h2>'))).toBe('<h2>a</h2>');
    expect(after('<p align=left>a</p>', (view) => view.replace(' align="left"', ''))).toBe('<p>a</p>');
  });

  it('makes what holds bare text a paragraph only when it must', () => {
    const original = originalOf('Hello\n<p>there</p>');
    const view = '<p data-t="u1">Hello</p><p data-t="e1">there</p>';
    expect(strayLines(original, view)).toEqual([]);
    expect(carry(original, view, view.replace('Hello', 'Hi'))).toBe('Hi\n<p>there</p>');
    expect(carry(original, view, view.replace('Hello</p>', 'Hello</p><p data-t="u1">new</p>')))
      .toBe('Hello\n<p>new</p><p>there</p>');
    expect(carry(original, view, view.replace('<p data-t="u1"', '<p data-t="u1" style="text-align: center;"')))
      .toBe('<p style="text-align: center;">Hello</p><p>there</p>');
  });
});

it('a view that is not the source says in which lines', () => {
  const original = originalOf('<p>a</p>\n<div>b</div>\n<p>c</p>');
  expect(strayLines(original, '<p data-t="e1">a</p><p data-t="e3">c</p>')).toEqual([2]);
  expect(strayLines(original, '<div data-t="e2">b</div><p data-t="e1">a</p><p data-t="e3">c</p>')).toEqual([1]);
  expect(strayLines(original, '<p data-t="e1">a</p><div data-t="e2">b</div><p data-t="e3">other</p>')).toEqual([3]);
});

it('styles keep what was not changed', () => {
  expect(patchStyle('color:RED;mso-x:y', 'color: red; mso-x: y;', 'color: blue; mso-x: y;')).toBe('color: blue;mso-x:y');
  expect(patchStyle('a:b', 'a: b;', '')).toBe('');
  expect(patchStyle('', '', 'text-align: center;')).toBe('text-align: center;');
  expect(patchStyle('margin-top:1px;margin:0', 'margin: 0;', 'margin: 2px;')).toBe('margin-top:1px;margin: 2px');
});

it('a text keeps its entities and its space', () => {
  const write = (text: string) => text.replaceAll('é', '&eacute;');
  expect(carryText('\n  caf&eacute;\n  au&nbsp;lait\n', 'café au\u00a0lait', 'cafés au\u00a0lait', write)).toBe('\n  caf&eacute;s\n  au&nbsp;lait\n');
  expect(carryText('a', 'a', '', write)).toBe('');
  expect(carryText(' a ', ' a ', 'b', write)).toBe('b');
});

it('a message is read between its body tags', () => {
  const of = (source: string) => {
    const { from, to } = partsOf(source);
    return source.slice(from, to);
  };
  expect(of('<p>a</p>')).toBe('<p>a</p>');
  expect(of('<html><body class=x><p>a</p></body></html>')).toBe('<p>a</p>');
  expect(of('<!doctype html>\n<title>t</title>\n<p>a</p>')).toBe('<!doctype html>\n<title>t</title>\n<p>a</p>');
  expect(of('<!doctype html><meta charset=utf-8>\n<p>a</p></html>\n')).toBe('<p>a</p>');
  expect(of('<head><!--</head><body>--></head>x')).toBe('x');
  expect(isPlain('<p>a {{ b }}</p>')).toBe(true);
  expect(isPlain('<!--[if mso]>x<![endif]--><p>a</p>')).toBe(false);
  expect(isPlain('<body><p>a</p></body>')).toBe(false);
});
