// What was done in the visual editor, carried into the source it was opened with. What nobody
// touched keeps its octets: an element that is as it was stands as it stood, of one that was
// changed its start tag, its space and its other children do. Pure.
import { editedOf, elementsOf, flat, isSameTag, leavesOf, settleWrappers, type Edited, type EditedElement } from './edited';
import { atomsOf, encoded, wordsOf } from './entities';
import { pairs } from './pairs';
import { patchTag, writtenValue } from './patch_tag';
import { kVoid, type Element, type Node } from './tree';
import { isHidden, type Original } from './view';

const kBlocks = new Set(('address article aside blockquote center div dl dt dd figure footer form h1 h2 h3 h4 h5 h6 header hr li '
  + 'main nav ol p pre section table tbody td tfoot th thead tr ul').split(' '));

// Without anything in them they have no height in most mail programs.
const kPadded = new Set(['p', 'h1', 'h2', 'h3', 'h4', 'td', 'th', 'li', 'div', 'pre']);

const trimmed = (text: string) => text.replace(/^ | $/g, '');

/** The text `raw` was, with what changed between `before` and `now`. */
export function carryText(raw: string, before: string, now: string, write: (text: string) => string): string {
  const atoms = atomsOf(raw);
  const head = atoms[0]?.value === ' ' && !before.startsWith(' ') ? 1 : 0;
  const tail = atoms.length > head && atoms.at(-1)?.value === ' ' && !before.endsWith(' ') ? 1 : 0;
  const core = atoms.slice(head, atoms.length - tail);
  const letters = [...now];
  let first = 0;
  while (first < core.length && first < letters.length && core[first]?.value === letters[first]) first += 1;
  let last = 0;
  while (last < core.length - first && last < letters.length - first
    && core[core.length - 1 - last]?.value === letters[letters.length - 1 - last]) last += 1;
  const joined = (from: number, to: number) => atoms.slice(from, to).map((each) => each.raw).join('');
  return joined(0, head + first) + write(letters.slice(first, letters.length - last).join(''))
    + joined(head + core.length - last, atoms.length);
}

/** Which child of the source each child of the unchanged view is. */
function links(original: Original, element: Element, children: readonly Edited[]): (number | null)[] {
  const { source, ids } = original;
  const places = new Map(element.children.map((node, i) => [ids.get(node) ?? '', i]));
  let next = 0;
  return children.map((child) => {
    if (child.kind !== 'text') {
      const place = places.get(child.id ?? 'new');
      if (place !== undefined) next = Math.max(next, place + 1);
      return place ?? null;
    }
    for (let i = next; i < element.children.length; ++i) {
      const node = element.children[i];
      if (!node || node.kind === 'element') break;
      if (node.kind !== 'text') continue;
      const text = wordsOf(source.slice(node.from, node.to));
      if (trimmed(text) !== trimmed(child.text)) continue;
      next = i + 1;
      return i;
    }
    return null;
  });
}

/** Where the view is not the source: nodes that are missing, or stand elsewhere. */
export function strays(original: Original, view: EditedElement): Node[] {
  const { source, ids } = original;
  const elements = elementsOf(view);
  const found: Node[] = [];
  const hasWords = (node: Node): boolean => (node.kind === 'element'
    ? kVoid.has(node.name) || node.children.some(hasWords)
    : node.kind !== 'text' || source.slice(node.from, node.to).trim() !== '');
  const visit = (element: Element, seen: EditedElement) => {
    const children = flat(seen.children);
    const linked = links(original, element, children);
    const order = linked.filter((each) => each !== null);
    const isInOrder = order.every((place, i) => i === 0 || place > (order[i - 1] ?? 0));
    if (!isInOrder) found.push(element);
    const there = new Set(order);
    element.children.forEach((node, i) => {
      if (!there.has(i)) {
        if (hasWords(node)) found.push(node);
      } else if (node.kind === 'element') {
        const inView = elements.get(ids.get(node) ?? '');
        if (inView) visit(node, inView);
      }
    });
    children.forEach((child, i) => {
      if (linked[i] === null && child.kind === 'text' && child.text.replaceAll('\u00a0', ' ').trim() !== '') found.push(element);
    });
  };
  visit(original.root, view);
  return found;
}

interface Placed {
  child: Edited;
  place: number | null; // in the children of the source
  was: string | null; // a text's words before
}

class Carrier {
  private readonly before: EditedElement;
  private readonly elements: ReadonlyMap<string, EditedElement>;
  private readonly left: Set<string>; // signs that are still somewhere

  private readonly now: EditedElement;

  constructor(private readonly original: Original, view: string, html: string) {
    this.before = editedOf(view);
    this.elements = elementsOf(this.before);
    this.now = editedOf(html);
    settleWrappers(this.now, this.elements);
    this.left = leavesOf(this.now);
  }

  whole(): string {
    const { source, parts, root } = this.original;
    return source.slice(0, parts.from) + this.children(root, this.before, this.now) + source.slice(parts.to);
  }

  private readonly write = (text: string) => encoded(text, this.original.spelling);

  private node(child: Edited): string {
    const { source, leaves, inserted } = this.original;
    if (child.kind === 'text') return this.write(child.text);
    if (child.kind === 'leaf') {
      const leaf = leaves.get(child.id);
      return leaf ? source.slice(leaf.from, leaf.to) : inserted.get(child.id) ?? '';
    }
    return this.element(child);
  }

  private element(now: EditedElement): string {
    const { source, elements } = this.original;
    const was = now.id ? elements.get(now.id) : undefined;
    const before = now.id ? this.elements.get(now.id) : undefined;
    if (!was || !before) return this.fresh(now);
    if (now.html === before.html) return source.slice(was.from, was.to);
    const begin = isSameTag(before, now) ? source.slice(was.from, was.inner) : patchTag(source, was, before, now);
    const isRenamed = before.name !== now.name;
    const end = isRenamed ? `</${now.name}>` : source.slice(was.until, was.to);
    return begin + this.padded(now, this.children(was, before, now)) + end;
  }

  private fresh(now: EditedElement): string {
    const attributes = [...now.attributes].map(([name, value]) => ` ${name}="${writtenValue(value)}"`).join('');
    const begin = `<${now.name}${attributes}>`;
    if (kVoid.has(now.name)) return begin;
    return `${begin}${this.padded(now, now.children.map((each) => this.node(each)).join(''))}</${now.name}>`;
  }

  /** An empty line that somebody made stays one. */
  private padded({ name, children }: EditedElement, inner: string): string {
    const isEmpty = inner.trim() === '' && children.every((each) => each.kind !== 'text' || each.text.trim() === '');
    return isEmpty && kPadded.has(name) ? '&nbsp;' : inner;
  }

  /** The children there are now, each with its place among those of the source. */
  private placed(was: Element, before: EditedElement, now: EditedElement): { placed: Placed[]; seen: Set<number> } {
    const old = flat(before.children);
    const next = flat(now.children);
    const linked = links(this.original, was, old);
    const key = (child: Edited) => {
      if (child.kind === 'text') return `text ${child.text}`;
      return child.kind === 'leaf' ? child.id : child.id ?? `new ${child.html}`;
    };
    const placed: Placed[] = next.map((child) => ({ child, place: null, was: null }));
    let i = 0;
    let j = 0;
    for (const [a, b] of [...pairs(old.map(key), next.map(key)), [old.length, next.length] as const]) {
      // Between what stayed, a text is the text that was there.
      const words = old.slice(i, a).flatMap((child, k) => (child.kind === 'text' ? [{ text: child.text, at: i + k }] : []));
      for (const one of placed.slice(j, b)) {
        const word = one.child.kind === 'text' ? words.shift() : undefined;
        if (word) Object.assign(one, { place: linked[word.at] ?? null, was: word.text });
      }
      const one = placed[b];
      if (one) one.place = linked[a] ?? null;
      i = a + 1;
      j = b + 1;
    }
    return { placed, seen: new Set(linked.filter((each) => each !== null)) };
  }

  private children(was: Element, before: EditedElement, now: EditedElement): string {
    const { source } = this.original;
    const { placed, seen } = this.placed(was, before, now);
    const raw = (node: Node) => source.slice(node.from, node.to);
    let out = '';
    let at = 0;
    const keepUntil = (end: number) => {
      let isAfterGone = false;
      for (; at < end; ++at) {
        const node = was.children[at];
        if (!node) continue;
        const isSpace = node.kind === 'text' && raw(node).trim() === '';
        const isGone = seen.has(at) && !this.stays(node);
        // With what is gone goes the space after it.
        if (!isGone && !(isSpace && isAfterGone)) out += raw(node);
        isAfterGone = isGone;
      }
    };
    for (const { child, place, was: words } of placed) {
      if (place === null || place < at) {
        out += this.layout(was, at, child) + this.node(child);
        continue;
      }
      keepUntil(place);
      const node = was.children[place];
      if (node?.kind === 'text' && child.kind === 'text') {
        out += words === null ? raw(node) : carryText(raw(node), words, child.text, this.write);
      } else out += this.node(child);
      at = place + 1;
    }
    keepUntil(was.children.length);
    return out;
  }

  /** A comment, a script or VML that nobody sees is not deleted with what stands around it. */
  private stays(node: Node): boolean {
    return isHidden(this.original, node) && !this.left.has(this.original.ids.get(node) ?? '');
  }

  /** A new block begins where the last one began. */
  private layout(was: Element, at: number, child: Edited): string {
    if (child.kind !== 'element' || !kBlocks.has(child.name)) return '';
    const gap = [was.children[at - 2], was.children[at]].find((node) =>
      node?.kind === 'text' && /^\s*\n\s*$/.test(this.original.source.slice(node.from, node.to)));
    return gap && at > 0 ? this.original.source.slice(gap.from, gap.to) : '';
  }
}

/** `view`: what the editor gave back of it unchanged; `html`: what it gives back now. */
export function carry(original: Original, view: string, html: string): string {
  return html === view ? original.source : new Carrier(original, view, html).whole();
}

/** The lines of the source that the editor would not give back as they are, from 1. */
export function strayLines(original: Original, view: string): number[] {
  const lines = strays(original, editedOf(view)).map(({ from }) => original.source.slice(0, from).split('\n').length);
  return [...new Set(lines)].sort((a, b) => a - b);
}
