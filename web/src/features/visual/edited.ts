// What the editor gives back, as a tree whose nodes say what they were in the source. Pure.
import { attributeOf, treeOf, type Element, type Node } from './tree';
import { wordsOf } from './entities';

export type Edited =
  | { kind: 'text'; text: string } // a run of white space is one space
  | { kind: 'leaf'; id: string }
  | EditedElement;

export interface EditedElement {
  kind: 'element';
  id: string | null; // e1: of the source; u1: the editor's own; null: new
  name: string;
  attributes: ReadonlyMap<string, string>; // as written, without quotes and marks
  html: string;
  children: Edited[];
}

const kMarks = /^(data-t$|data-mce-|contenteditable$)/;

function attributesOf(element: Element, html: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const { name, value } of element.attributes) {
    if (kMarks.test(name)) continue;
    found.set(name.startsWith('data-t-') ? name.slice(7) : name, value ? html.slice(...value) : '');
  }
  return found;
}

function nodeOf(node: Node, html: string): Edited | null {
  if (node.kind === 'comment') {
    const id = /^<!--t:(k\d+)-->$/.exec(html.slice(node.from, node.to))?.[1];
    return id ? { kind: 'leaf', id } : null;
  }
  if (node.kind !== 'element') {
    return node.kind === 'text' ? { kind: 'text', text: wordsOf(html.slice(node.from, node.to)) } : null;
  }
  const id = attributeOf(node, 'data-t', html);
  if (id && /^[kn]/.test(id)) return { kind: 'leaf', id };
  return {
    kind: 'element', id: id || null, name: node.name, attributes: attributesOf(node, html),
    html: html.slice(node.from, node.to), children: childrenOf(node, html),
  };
}

function childrenOf(element: Element, html: string): Edited[] {
  return element.children.flatMap((node) => nodeOf(node, html) ?? []);
}

export function editedOf(html: string): EditedElement {
  const root = treeOf(html, 0, html.length, 'plain');
  return { kind: 'element', id: 'root', name: '', attributes: new Map(), html, children: childrenOf(root, html) };
}

export function elementsOf(root: EditedElement): Map<string, EditedElement> {
  const found = new Map<string, EditedElement>();
  const visit = (element: EditedElement) => {
    for (const node of element.children) {
      if (node.kind !== 'element') continue;
      if (node.id && !found.has(node.id)) found.set(node.id, node);
      visit(node);
    }
  };
  visit(root);
  return found;
}

export function leavesOf(root: EditedElement): Set<string> {
  const found = new Set<string>();
  const visit = (node: Edited) => {
    if (node.kind === 'leaf') found.add(node.id);
    else if (node.kind === 'element') node.children.forEach(visit);
  };
  visit(root);
  return found;
}

export function isSameTag(a: EditedElement, b: EditedElement): boolean {
  return a.name === b.name && a.attributes.size === b.attributes.size
    && [...a.attributes].every(([name, value]) => b.attributes.get(name) === value);
}

/** Whether an element is only the editor's own way to hold what it has. */
export function isWrapper(node: Edited): node is EditedElement {
  return node.kind === 'element' && node.id !== null && node.id.startsWith('u');
}

/** The children, with those of the editor's own elements in their places. */
export function flat(children: readonly Edited[]): Edited[] {
  return children.flatMap((node) => (isWrapper(node) ? flat(node.children) : [node]));
}

/**
 * Makes what a person did to the editor's own elements theirs: one that was split, changed, or
 * came to stand beside another is a new element of the message.
 */
export function settleWrappers(root: EditedElement, before: ReadonlyMap<string, EditedElement>): void {
  const seen = new Set<string>();
  const visit = (element: EditedElement) => {
    let last: Edited | null = null;
    for (const node of element.children) {
      if (isWrapper(node)) {
        const was = before.get(node.id ?? '');
        if (!was || seen.has(node.id ?? '') || !isSameTag(was, node) || (last && isWrapper(last) && node.name === 'p')) node.id = null;
        else seen.add(was.id ?? '');
      }
      if (node.kind === 'element') visit(node);
      last = node;
    }
  };
  visit(root);
}
