// Characters as HTML writes them. Pure.

const kNamed: Record<string, string> = {
  amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: '\u00a0', shy: '\u00ad', iexcl: '¡', cent: '¢', pound: '£',
  yen: '¥', sect: '§', uml: '¨', copy: '©', laquo: '«', reg: '®', deg: '°', plusmn: '±', sup2: '²', sup3: '³',
  acute: '´', micro: 'µ', para: '¶', middot: '·', raquo: '»', frac14: '¼', frac12: '½', frac34: '¾', iquest: '¿',
  Agrave: 'À', Aacute: 'Á', Acirc: 'Â', Atilde: 'Ã', Auml: 'Ä', Aring: 'Å', AElig: 'Æ', Ccedil: 'Ç', Egrave: 'È',
  Eacute: 'É', Ecirc: 'Ê', Euml: 'Ë', Igrave: 'Ì', Iacute: 'Í', Icirc: 'Î', Iuml: 'Ï', Ntilde: 'Ñ', Ograve: 'Ò',
  Oacute: 'Ó', Ocirc: 'Ô', Otilde: 'Õ', Ouml: 'Ö', times: '×', Oslash: 'Ø', Ugrave: 'Ù', Uacute: 'Ú', Ucirc: 'Û',
  Uuml: 'Ü', szlig: 'ß', agrave: 'à', aacute: 'á', acirc: 'â', atilde: 'ã', auml: 'ä', aring: 'å', aelig: 'æ',
  ccedil: 'ç', egrave: 'è', eacute: 'é', ecirc: 'ê', euml: 'ë', igrave: 'ì', iacute: 'í', icirc: 'î', iuml: 'ï',
  ntilde: 'ñ', ograve: 'ò', oacute: 'ó', ocirc: 'ô', otilde: 'õ', ouml: 'ö', divide: '÷', oslash: 'ø', ugrave: 'ù',
  uacute: 'ú', ucirc: 'û', uuml: 'ü', yuml: 'ÿ', OElig: 'Œ', oelig: 'œ', Scaron: 'Š', scaron: 'š', ndash: '–',
  mdash: '—', lsquo: '‘', rsquo: '’', sbquo: '‚', ldquo: '“', rdquo: '”', bdquo: '„', dagger: '†', bull: '•',
  hellip: '…', permil: '‰', prime: '′', lsaquo: '‹', rsaquo: '›', euro: '€', trade: '™', larr: '←', uarr: '↑',
  rarr: '→', darr: '↓', minus: '−', zwnj: '\u200c', zwj: '\u200d', ensp: '\u2002', emsp: '\u2003', thinsp: '\u2009',
};
const kEntity = /&(?:#(\d{1,7})|#[xX]([\da-fA-F]{1,6})|([a-zA-Z][a-zA-Z0-9]{1,31}));/g;

function character(code: number): string | null {
  return code > 0 && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff) ? String.fromCodePoint(code) : null;
}

const kOthers = new Map<string, string | null>();

/** One of the two thousand others: the browser knows them. */
function otherMeaning(name: string): string | null {
  if (typeof document === 'undefined') return null;
  if (!kOthers.has(name)) {
    const place = document.createElement('textarea');
    place.innerHTML = `&${name};`;
    kOthers.set(name, place.value === `&${name};` ? null : place.value);
  }
  return kOthers.get(name) ?? null;
}

function meaning(decimal?: string, hex?: string, name?: string): string | null {
  if (name) return kNamed[name] ?? otherMeaning(name);
  return character(decimal ? parseInt(decimal, 10) : parseInt(hex ?? '', 16));
}

// Stands in hidden first lines; the editor uses it for itself and takes it out.
const kMark = '\ufeff';

/** An entity that is not known here stays as it is written. */
export function decoded(text: string): string {
  return text.replace(kEntity, (raw, decimal?: string, hex?: string, name?: string) => meaning(decimal, hex, name) ?? raw);
}

/** The words of a piece of HTML without tags, as the editor has them. */
export function wordsOf(html: string): string {
  return decoded(html).replaceAll(kMark, '').replace(/[ \t\n\r\f]+/g, ' ');
}

/** One character, or run of white space, and how it is written. */
export interface Atom {
  raw: string;
  value: string; // a space for white space
}

export function atomsOf(text: string): Atom[] {
  const atoms: Atom[] = [];
  const each = new RegExp(`${kEntity.source}|[ \\t\\n\\r\\f]+|[\\s\\S]`, 'gu');
  for (const [raw] of text.matchAll(each)) {
    const value = /^[ \t\n\r\f]/.test(raw) ? ' ' : decoded(raw);
    const last = atoms.at(-1);
    if (value === kMark && last) last.raw += raw;
    else atoms.push({ raw, value });
  }
  return atoms;
}

/** How a text writes what others write as a character: "é" as "&eacute;" where it never has an é. */
export type Spelling = ReadonlyMap<string, string>;

export function spellingOf(source: string): Spelling {
  const spelling = new Map<string, string>();
  for (const { raw, value } of atomsOf(source)) {
    if (raw !== value && raw.startsWith('&') && value.length <= 2 && !spelling.has(value) && !source.includes(value)) {
      spelling.set(value, raw);
    }
  }
  return spelling;
}

const kLiquid = /\{\{[\s\S]*?\}\}|\{%[\s\S]*?%\}/g;

/** `text` as HTML, Liquid in it as it stands. */
export function encoded(text: string, spelling: Spelling): string {
  const plain = (part: string) => [...part].map((each) => {
    if (each === '&') return '&amp;';
    if (each === '<') return '&lt;';
    if (each === '\u00a0') return spelling.get(each) ?? '&nbsp;';
    return each > '\u007f' ? spelling.get(each) ?? each : each;
  }).join('');
  let out = '';
  let at = 0;
  for (const found of text.matchAll(kLiquid)) {
    out += plain(text.slice(at, found.index)) + found[0].replaceAll('\u00a0', ' ');
    at = found.index + found[0].length;
  }
  return out + plain(text.slice(at));
}
