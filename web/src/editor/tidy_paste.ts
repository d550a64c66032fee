// What is pasted from a word processor or a page, down to what a letter needs: its words, links,
// lists, tables, headings and stress. Pure.
import { scan, type Attribute } from '../features/visual/scan';

const kKept = new Set(('a b blockquote br code em h1 h2 h3 h4 h5 h6 hr i img li ol p pre s strong sub sup table tbody td tfoot th '
  + 'thead tr u ul').split(' '));
const kParagraphs = new Set(['div', 'section', 'article', 'header', 'footer', 'main']);
const kAttributes: Record<string, readonly string[]> = {
  a: ['href'], img: ['src', 'alt', 'width', 'height'], td: ['colspan', 'rowspan'], th: ['colspan', 'rowspan'], ol: ['start'],
};

function isSafe(name: string, value: string): boolean {
  return name === 'href' ? /^(https?:|mailto:|tel:|#|\{\{)/i.test(value.trim())
    : name !== 'src' || /^https?:/i.test(value.trim());
}

function valueOf(source: string, { value }: Attribute): string {
  return value ? source.slice(...value).replaceAll('"', '&quot;') : '';
}

/** Word writes its lists as paragraphs with a mark. */
const kListMark = /<!\[if !supportLists\]>[\s\S]*?<!\[endif\]>/gi;

export function tidied(html: string): string {
  const fragment = /<!--StartFragment-->([\s\S]*?)<!--EndFragment-->/i.exec(html)?.[1] ?? html;
  const source = fragment.replace(kListMark, '').replace(/<head[\s>][\s\S]*?<\/head>/gi, '');
  let out = '';
  for (const token of scan(source, 'plain')) {
    if (token.kind === 'text') out += source.slice(token.from, token.to).replace(/\s+/g, ' ');
    if (token.kind !== 'open' && token.kind !== 'close') continue;
    const name = kParagraphs.has(token.name) ? 'p' : token.name;
    if (!kKept.has(name)) continue;
    if (token.kind === 'close') {
      out += `</${name}>`;
      continue;
    }
    const kept = token.attributes.filter((each) => kAttributes[name]?.includes(each.name) && isSafe(each.name, valueOf(source, each)));
    if (name === 'img' && !kept.some((each) => each.name === 'src')) continue;
    out += `<${name}${kept.map((each) => ` ${each.name}="${valueOf(source, each)}"`).join('')}>`;
  }
  return out.replace(/<p>\s*(&nbsp;|\u00a0)?\s*<\/p>/g, '').replace(/<p>\s*(?=<p>)/g, '').trim();
}
