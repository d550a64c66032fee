// What the visual editor is given for a message. Every element has a number (data-t), and what
// nobody edits there stands as a sign with a number: Liquid, comments, scripts, VML. The numbers
// say afterwards which octets of the source each part was. Pure.
import type { Attribute } from './scan';
import { partsOf, type LetterParts } from './letter_parts';
import { kVoid, treeOf, type Element, type Leaf, type Node, type Whole } from './tree';
import { spellingOf, type Spelling } from './entities';

export interface Original {
  source: string;
  parts: LetterParts;
  root: Element;
  elements: ReadonlyMap<string, Element>;
  parents: ReadonlyMap<Node, Element>;
  leaves: Map<string, Leaf | Whole>;
  ids: ReadonlyMap<Node, string>;
  inserted: Map<string, string>; // tags put in since
  spelling: Spelling;
}

/** What a tag is called, by the tag. */
export type Labels = ReadonlyMap<string, string>;

export interface View {
  html: string;
  styles: string;
  body: readonly { name: string; value: string }[];
}

// A sign in the text would be put out of these by the browser.
const kStructure = new Set(['table', 'tbody', 'thead', 'tfoot', 'tr', 'colgroup', 'ul', 'ol', 'dl', 'menu', 'picture']);
const kLiquid = /\{\{[\s\S]*?\}\}|\{%[\s\S]*?%\}/g;

function escapedValue(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** What stands for a piece of Liquid in the text. */
function sign(id: string, raw: string, labels: Labels): string {
  const isOutput = raw.startsWith('{{');
  const name = /^\{\{-?\s*([\w.]+)/.exec(raw)?.[1];
  const shown = (isOutput ? labels.get(`{{ ${name} }}`) : undefined) ?? raw.replace(/^\{[{%]-?\s*|\s*-?[}%]\}$/g, '');
  return `<span class="${isOutput ? 't-tag' : 't-rule'} mceNonEditable" data-t="${id}" title="${escapedValue(raw)}">`
    + `${escapedValue(shown)}</span>`;
}

function attributeHtml({ name, value }: Attribute, source: string): string {
  if (!/^[a-z_][\w.:-]*$/.test(name) || /^(on|data-mce|data-t$|contenteditable$|autofocus$)/.test(name)) return '';
  if (!value) return ` ${name}=""`;
  const text = source.slice(...value);
  // An address that is Liquid is none yet.
  const isOpenAddress = (name === 'src' || name === 'background' || name === 'srcset') && text.includes('{');
  const safe = text.replace(kLiquid, escapedValue).replaceAll('"', '&quot;').replaceAll('<', '&lt;');
  return isOpenAddress ? ` data-t-${name}="${safe}"` : ` ${name}="${safe}"`;
}

function isSilent(node: Leaf | Whole, within: string): boolean {
  return node.kind !== 'whole' && (node.kind !== 'liquid' || kStructure.has(within));
}

/** Whether nothing of a node is seen in the editor. */
export function isHidden({ parents }: Original, node: Node): boolean {
  return node.kind !== 'element' && node.kind !== 'text' && isSilent(node, parents.get(node)?.name ?? '');
}

class Writer {
  constructor(private readonly original: Original, private readonly labels: Labels) {}

  children(element: Element): string {
    return element.children.map((node) => this.node(node, element.name)).join('');
  }

  private node(node: Node, within: string): string {
    const { source, ids } = this.original;
    const id = ids.get(node) ?? '';
    if (node.kind === 'text') return source.slice(node.from, node.to).replaceAll('<', '&lt;');
    if (node.kind === 'element') {
      const attributes = node.attributes.map((each) => attributeHtml(each, source)).join('');
      // In what is shown whole nothing has a number.
      const begin = `<${node.name}${id ? ` data-t="${id}"` : ''}${attributes}>`;
      return kVoid.has(node.name) ? begin : `${begin}${this.children(node)}</${node.name}>`;
    }
    if (node.kind === 'whole') return `<div class="t-whole mceNonEditable" data-t="${id}">${this.node(node.element, within)}</div>`;
    const raw = source.slice(node.from, node.to);
    if (id === '') return node.kind === 'liquid' && !kStructure.has(within) ? escapedValue(raw) : '';
    if (!isSilent(node, within)) return sign(id, raw, this.labels);
    return `<!--t:${id}-->`;
  }
}

export function originalOf(source: string): Original {
  const parts = partsOf(source);
  const root = treeOf(source, parts.from, parts.to, 'liquid');
  const elements = new Map<string, Element>();
  const parents = new Map<Node, Element>();
  const leaves = new Map<string, Leaf | Whole>();
  const ids = new Map<Node, string>();
  const visit = (element: Element) => {
    for (const node of element.children) {
      parents.set(node, element);
      if (node.kind === 'text') continue;
      const id = `${node.kind === 'element' ? 'e' : 'k'}${ids.size + 1}`;
      ids.set(node, id);
      if (node.kind === 'element') {
        elements.set(id, node);
        visit(node);
      } else leaves.set(id, node);
    }
  };
  visit(root);
  return { source, parts, root, elements, parents, leaves, ids, inserted: new Map(), spelling: spellingOf(source) };
}

export function viewOf(original: Original, labels: Labels): View {
  return {
    html: new Writer(original, labels).children(original.root),
    styles: original.parts.styles.join('\n'),
    body: original.parts.body.filter(({ name }) => ['style', 'class', 'bgcolor', 'dir', 'lang'].includes(name)),
  };
}

/** A tag for the cursor, as the editor gets it. */
export function insertedSign(original: Original, raw: string, labels: Labels): string {
  const id = `n${original.inserted.size + 1}`;
  original.inserted.set(id, raw);
  return sign(id, raw, labels);
}
