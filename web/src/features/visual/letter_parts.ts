// A message's HTML in three: what stands before its body, what is read, and what stands after.
// Pure.
import { scan, type Token } from './scan';

export interface LetterParts {
  from: number; // source[from, to) is what is read
  to: number;
  styles: readonly string[]; // of its head
  body: readonly { name: string; value: string }[]; // attributes
}

const kHeadTags = new Set(['html', 'head', 'meta', 'link', 'base']);
const kHeadRaw = new Set(['style', 'title', 'script', 'xml']);

function isOfHead(token: Token, source: string): boolean {
  switch (token.kind) {
    case 'text': return source.slice(token.from, token.to).trim() === '';
    case 'comment': return true;
    case 'raw': return kHeadRaw.has(token.name);
    case 'open': return kHeadTags.has(token.name);
    case 'close': return token.name === 'head';
    case 'liquid': return false;
  }
}

function beginOf(tokens: readonly Token[], source: string, body: Token | undefined): number {
  if (body) return body.to;
  const head = tokens.find((each) => each.kind === 'close' && each.name === 'head');
  if (head) return head.to;
  if (!tokens.some((each) => each.kind === 'open' && kHeadTags.has(each.name))) return 0;
  return tokens.find((each) => !isOfHead(each, source))?.from ?? source.length;
}

export function partsOf(source: string): LetterParts {
  const tokens = scan(source, 'liquid');
  const body = tokens.find((each): each is Token & { kind: 'open' } => each.kind === 'open' && each.name === 'body');
  const from = beginOf(tokens, source, body);
  const ends = tokens.filter((each) => each.kind === 'close' && each.from >= from);
  const end = ends.findLast((each) => each.kind === 'close' && each.name === 'body')
    ?? ends.findLast((each) => each.kind === 'close' && each.name === 'html');
  const styles = tokens.filter((each) => each.kind === 'raw' && each.name === 'style')
    .map((each) => source.slice(each.from, each.to).replace(/^<style[^>]*>/i, '').replace(/<\/style[^>]*>$/i, ''));
  return {
    from, to: end?.from ?? source.length, styles,
    body: (body?.attributes ?? []).flatMap(({ name, value }) => (value ? [{ name, value: source.slice(...value) }] : [])),
  };
}

/** Whether somebody wrote a letter here, rather than built a page: nothing but what is read. */
export function isPlain(source: string): boolean {
  const { from, to } = partsOf(source);
  return from === 0 && to === source.length && !scan(source, 'liquid').some((each) =>
    each.kind === 'raw' || (each.kind === 'comment' && /^<!--\[if|^<!\[/i.test(source.slice(each.from, each.to))));
}
