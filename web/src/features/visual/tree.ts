// The tree of a piece of HTML, each node with its place in the text. End tags may be left out as
// HTML allows (§13.1.2.4). Pure.
import { scan, type Attribute, type Token } from './scan';

export interface Leaf {
  kind: 'text' | 'liquid' | 'comment' | 'opaque';
  from: number;
  to: number;
}

/** An element that is shown and not edited: the editor would turn it inside out. */
export interface Whole {
  kind: 'whole';
  from: number;
  to: number;
  element: Element;
}

export interface Element {
  kind: 'element';
  name: string;
  attributes: readonly Attribute[];
  from: number;
  inner: number; // where its start tag ends
  until: number; // where its end tag begins
  to: number;
  children: Node[];
}

export type Node = Leaf | Whole | Element;

export const kVoid = new Set([
  'area', 'base', 'br', 'col', 'embed', 'hr', 'img', 'input', 'link', 'meta', 'param', 'source', 'track', 'wbr',
]);
// Nothing in them is edited: kept as they stand, whole.
const kOpaque = new Set(['iframe', 'object', 'svg', 'math', 'noscript', 'template', 'select', 'video', 'audio', 'canvas', 'map']);
const kClosesP = new Set(('address article aside blockquote center details dialog dir div dl fieldset figcaption figure footer '
  + 'form h1 h2 h3 h4 h5 h6 header hgroup hr main menu nav ol p pre section table ul li dd dt').split(' '));
// A start tag of the first ends the open ones named after it, up to the last.
const kEnds: Record<string, readonly [readonly string[], readonly string[]]> = {
  li: [['li'], ['ul', 'ol', 'menu']], dt: [['dt', 'dd'], ['dl']], dd: [['dt', 'dd'], ['dl']],
  td: [['td', 'th'], ['tr', 'table']], th: [['td', 'th'], ['tr', 'table']],
  tr: [['tr'], ['tbody', 'thead', 'tfoot', 'table']],
  tbody: [['tbody', 'thead', 'tfoot'], ['table']], thead: [['tbody', 'thead', 'tfoot'], ['table']],
  tfoot: [['tbody', 'thead', 'tfoot'], ['table']],
};
const kScopes = new Set(['table', 'td', 'th', 'caption', 'button']);

const isOpaque = (name: string) => kOpaque.has(name) || name.includes(':');

class Builder {
  readonly root: Element;
  private readonly open: Element[];

  constructor(from: number, to: number) {
    this.root = { kind: 'element', name: '', attributes: [], from, inner: from, until: to, to, children: [] };
    this.open = [this.root];
  }

  take(token: Token): void {
    if (token.kind === 'open') this.begin(token);
    else if (token.kind === 'close') this.end(token);
    else if (token.kind === 'raw') this.add({ kind: 'opaque', from: token.from, to: token.to });
    else this.add({ kind: token.kind, from: token.from, to: token.to });
  }

  finish(): Element {
    this.popTo(1, this.root.to);
    return this.root;
  }

  private get top(): Element {
    return this.open[this.open.length - 1] ?? this.root;
  }

  private add(node: Node): void {
    const last = this.top.children.at(-1);
    if (node.kind === 'text' && last?.kind === 'text' && last.to === node.from) last.to = node.to;
    else this.top.children.push(node);
  }

  /** Closes what is open above `depth`, without end tags. */
  private popTo(depth: number, at: number): void {
    while (this.open.length > depth) {
      const element = this.open.pop();
      if (element) element.until = element.to = at;
    }
  }

  private openDepth(names: readonly string[], stops: ReadonlySet<string>): number {
    for (let i = this.open.length - 1; i > 0; --i) {
      const name = this.open[i]?.name ?? '';
      if (names.includes(name)) return i;
      if (stops.has(name)) return -1;
    }
    return -1;
  }

  private begin({ name, from, to, attributes }: Token & { kind: 'open' }): void {
    const ends = kEnds[name];
    if (ends) {
      const depth = this.openDepth(ends[0], new Set(ends[1]));
      if (depth > 0) this.popTo(depth, from);
    }
    if (kClosesP.has(name)) {
      const depth = this.openDepth(['p'], kScopes);
      if (depth > 0) this.popTo(depth, from);
    }
    const element: Element = { kind: 'element', name, attributes, from, inner: to, until: to, to, children: [] };
    this.top.children.push(element);
    if (!kVoid.has(name)) this.open.push(element);
  }

  private end({ name, from, to }: Token & { kind: 'close' }): void {
    const stops = name === 'table' ? new Set<string>() : new Set(['table', 'td', 'th'].filter((each) => each !== name));
    const depth = this.openDepth([name], ['tr', 'tbody', 'thead', 'tfoot'].includes(name) ? new Set(['table']) : stops);
    const element = this.open[depth];
    if (depth < 1 || !element) {
      this.add({ kind: 'comment', from, to }); // ends nothing
      return;
    }
    this.popTo(depth + 1, from);
    this.open.pop();
    element.until = from;
    element.to = to;
  }
}

function hasBlock(element: Element): boolean {
  return element.children.some((node) => node.kind === 'element' && (kClosesP.has(node.name) || hasBlock(node)));
}

/** What is never edited becomes one leaf. */
function folded(element: Element): Element {
  element.children = element.children.map((node) => {
    if (node.kind !== 'element') return node;
    if (isOpaque(node.name)) return { kind: 'opaque', from: node.from, to: node.to };
    const element = folded(node);
    // A link round a block.
    return node.name === 'a' && hasBlock(node) ? { kind: 'whole', from: node.from, to: node.to, element } : element;
  });
  return element;
}

/** The tree of source[from, to). */
export function treeOf(source: string, from: number, to: number, liquid: 'liquid' | 'plain'): Element {
  const builder = new Builder(from, to);
  for (const token of scan(source, liquid)) {
    if (token.from >= from && token.to <= to) builder.take(token);
  }
  const root = builder.finish();
  return liquid === 'liquid' ? folded(root) : root;
}

export function attributeOf(element: Element, name: string, source: string): string | null {
  const found = element.attributes.find((each) => each.name === name);
  if (!found) return null;
  return found.value ? source.slice(...found.value) : '';
}
