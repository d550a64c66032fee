// HTML as a run of tokens that together are every octet of it. Liquid is one token wherever it
// stands, quotes and angle brackets within it included. Pure.

export interface Attribute {
  name: string; // lower case
  from: number;
  to: number;
  value: readonly [from: number, to: number] | null; // without its quotes
}

interface Span {
  from: number;
  to: number;
}

export type Token =
  | (Span & { kind: 'text' | 'liquid' | 'comment' })
  | (Span & { kind: 'raw'; name: string }) // an element whose content is no HTML, to its end tag
  | (Span & { kind: 'open'; name: string; attributes: readonly Attribute[] })
  | (Span & { kind: 'close'; name: string });

const kRaw = new Set(['script', 'style', 'title', 'textarea', 'xmp', 'noembed', 'noframes', 'xml']);
const kSpace = /[ \t\n\r\f]/;

function after(source: string, needle: string, from: number): number {
  const at = source.indexOf(needle, from);
  return at < 0 ? source.length : at + needle.length;
}

/** Where the Liquid that begins at `at` ends; `at` where none does. */
function liquidEnd(source: string, at: number): number {
  if (source[at] !== '{' || (source[at + 1] !== '{' && source[at + 1] !== '%')) return at;
  const end = source.indexOf(source[at + 1] === '{' ? '}}' : '%}', at + 2);
  if (end < 0) return at;
  const block = /^\{%-?\s*(raw|comment)\s*-?%\}$/.exec(source.slice(at, end + 2))?.[1];
  if (!block) return end + 2;
  const closing = new RegExp(`\\{%-?\\s*end${block}\\s*-?%\\}`, 'g');
  closing.lastIndex = end + 2;
  return closing.exec(source) ? closing.lastIndex : end + 2;
}

class Scanner {
  constructor(private readonly source: string, private readonly knowsLiquid: boolean) {}

  tokens(): Token[] {
    const { source } = this;
    const tokens: Token[] = [];
    let text = 0;
    for (let at = 0; at < source.length;) {
      const token = this.tokenAt(at);
      if (!token) {
        at += 1;
        continue;
      }
      if (at > text) tokens.push({ kind: 'text', from: text, to: at });
      tokens.push(token);
      at = token.to;
      text = at;
    }
    if (source.length > text) tokens.push({ kind: 'text', from: text, to: source.length });
    return tokens;
  }

  private tokenAt(at: number): Token | null {
    const { source } = this;
    if (source[at] === '{') {
      const to = this.liquid(at);
      return to > at ? { kind: 'liquid', from: at, to } : null;
    }
    if (source[at] !== '<') return null;
    const next = source[at + 1] ?? '';
    if (source.startsWith('<!--', at)) {
      // RFC-free corner of HTML §13.2.5: <!--> and <!---> are whole comments.
      const short = /^<!--+>/.exec(source.slice(at, at + 6));
      return { kind: 'comment', from: at, to: short ? at + short[0].length : after(source, '-->', at + 4) };
    }
    if (next === '!' || next === '?') return { kind: 'comment', from: at, to: after(source, '>', at + 2) };
    if (next === '/') return this.close(at);
    return /[a-z]/i.test(next) ? this.open(at) : null;
  }

  private liquid(at: number): number {
    return this.knowsLiquid ? liquidEnd(this.source, at) : at;
  }

  private close(at: number): Token {
    const to = after(this.source, '>', at + 2);
    const name = /^[^\s/>]*/.exec(this.source.slice(at + 2, to))?.[0].toLowerCase() ?? '';
    return /^[a-z]/.test(name) ? { kind: 'close', from: at, to, name } : { kind: 'comment', from: at, to };
  }

  private open(from: number): Token {
    const { source } = this;
    let at = from + 1;
    while (at < source.length && !/[\s/>]/.test(source[at] ?? '')) at += 1;
    const name = source.slice(from + 1, at).toLowerCase();
    const attributes: Attribute[] = [];
    while (at < source.length && source[at] !== '>') {
      const skipped = this.liquid(at);
      if (skipped > at) at = skipped;
      else if (kSpace.test(source[at] ?? '') || source[at] === '/') at += 1;
      else at = this.attribute(at, attributes);
    }
    const to = Math.min(at + 1, source.length);
    if (!kRaw.has(name)) return { kind: 'open', from, to, name, attributes };
    const closing = new RegExp(`</${name}[\\s/>]`, 'gi');
    closing.lastIndex = to;
    const found = closing.exec(source);
    return { kind: 'raw', from, to: found ? after(source, '>', closing.lastIndex - 1) : source.length, name };
  }

  private attribute(from: number, attributes: Attribute[]): number {
    const { source } = this;
    let at = from + 1;
    while (at < source.length && !/[\s/>=]/.test(source[at] ?? '') && this.liquid(at) === at) at += 1;
    const name = source.slice(from, at).toLowerCase();
    let next = at;
    while (kSpace.test(source[next] ?? '')) next += 1;
    if (source[next] !== '=') {
      attributes.push({ name, from, to: at, value: null });
      return at;
    }
    next += 1;
    while (kSpace.test(source[next] ?? '')) next += 1;
    const quote = source[next] === '"' || source[next] === "'" ? source[next] : null;
    const begin = quote ? next + 1 : next;
    let end = begin;
    while (end < source.length && (quote ? source[end] !== quote : !/[\s>]/.test(source[end] ?? ''))) {
      end = Math.max(this.liquid(end), end + 1);
    }
    const to = quote ? Math.min(end + 1, source.length) : end;
    attributes.push({ name, from, to, value: [begin, end] });
    return to;
  }
}

export function scan(source: string, liquid: 'liquid' | 'plain'): Token[] {
  return new Scanner(source, liquid === 'liquid').tokens();
}
