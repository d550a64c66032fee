// A start tag with some of its attributes changed, and every other octet as it was. Pure.
import type { EditedElement } from './edited';
import { decoded } from './entities';
import type { Attribute } from './scan';
import type { Element } from './tree';

const kLiquid = /\{\{[\s\S]*?\}\}|\{%[\s\S]*?%\}/g;

/** As it is written in a tag: Liquid as a person wrote it. */
export function writtenValue(value: string): string {
  return value.replace(kLiquid, decoded);
}

interface Declaration {
  name: string;
  value: string;
  raw: string;
}

function declarationsOf(style: string): Declaration[] {
  const parts = style.match(/(?:\{\{[\s\S]*?\}\}|\{%[\s\S]*?%\}|"[^"]*"|'[^']*'|\([^)]*\)|&[#\w]+;|[^;])+/g) ?? [];
  return parts.filter((raw) => raw.trim() !== '').map((raw) => {
    const colon = raw.indexOf(':');
    return colon < 0
      ? { name: raw.trim().toLowerCase(), value: '', raw }
      : { name: raw.slice(0, colon).trim().toLowerCase(), value: raw.slice(colon + 1).trim(), raw };
  });
}

/** `raw` with what changed between `before` and `now`, which the editor wrote its own way. */
export function patchStyle(raw: string, before: string, now: string): string {
  const old = new Map(declarationsOf(before).map(({ name, value }) => [name, value]));
  const next = new Map(declarationsOf(now).map(({ name, value }) => [name, value]));
  const mine = declarationsOf(raw);
  const isMine = (name: string) => mine.some((each) => each.name === name);
  const gone = [...old.keys()].filter((name) => !next.has(name));
  const changed = [...next].filter(([name, value]) => old.has(name) && old.get(name) !== value).map(([name]) => name);
  if (![...gone, ...changed].every(isMine)) return now;
  const kept = mine.filter(({ name }) => !gone.includes(name)).map(({ name, raw: text }) =>
    (changed.includes(name) ? text.replace(/:[\s\S]*$/, `: ${next.get(name) ?? ''}`) : text));
  const added = [...next].filter(([name]) => !old.has(name)).map(([name, value]) => ` ${name}: ${value}`);
  if (gone.length === 0 && changed.length === 0) {
    const end = raw.trimEnd();
    return `${end}${end === '' || end.endsWith(';') ? '' : ';'}${added.join(';')}${added.length > 0 ? ';' : ''}`.trimStart();
  }
  return [...kept, ...added].join(';').trim() + (raw.trimEnd().endsWith(';') ? ';' : '');
}

function changeOf(source: string, attribute: Attribute, was: string, now: string): string {
  const raw = attribute.value ? source.slice(...attribute.value) : '';
  const value = attribute.name === 'style' ? patchStyle(raw, was, now) : writtenValue(now);
  return `${source.slice(attribute.from, attribute.from + attribute.name.length)}="${value}"`;
}

/** The start tag of `original`, with what changed between `before` and `now`. */
export function patchTag(source: string, original: Element, before: EditedElement, now: EditedElement): string {
  const edits: { from: number; to: number; text: string }[] = [];
  const nameEnd = original.from + 1 + original.name.length;
  if (now.name !== before.name) edits.push({ from: original.from + 1, to: nameEnd, text: now.name });
  for (const attribute of original.attributes) {
    const was = before.attributes.get(attribute.name);
    const is = now.attributes.get(attribute.name);
    if (was === is || was === undefined) continue;
    const gap = /\s*$/.exec(source.slice(nameEnd, attribute.from))?.[0].length ?? 0;
    edits.push(is === undefined
      ? { from: attribute.from - gap, to: attribute.to, text: '' }
      : { from: attribute.from, to: attribute.to, text: changeOf(source, attribute, was, is) });
  }
  const added = [...now.attributes].filter(([name]) => !before.attributes.has(name));
  if (added.length > 0) {
    const at = original.attributes.at(-1)?.to ?? nameEnd;
    edits.push({ from: at, to: at, text: added.map(([name, value]) => ` ${name}="${writtenValue(value)}"`).join('') });
  }
  let out = '';
  let at = original.from;
  for (const edit of edits.sort((a, b) => a.from - b.from || a.to - b.to)) {
    out += source.slice(at, edit.from) + edit.text;
    at = edit.to;
  }
  return out + source.slice(at, original.inner);
}
