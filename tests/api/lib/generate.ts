// Values that a schema takes, and values that it nearly takes.
import fc from 'fast-check';

import { resolved, type Json, type Schema } from './spec.js';

export interface Pool {
  ids: string[]; // of things that exist
}

const oddTexts = [
  '', ' ', 'Anna', 'Łukasz Żółć', '日本', '🎉', '\u202e', 'a\u0000b', '\r\nBcc: x@example.org', '=1+1',
  '{{ contact.first_name }}', '{% for', "'; DROP TABLE contact; --", '<script>alert(1)</script>', '%',
  '_', '\\', '../..', 'null', 'x'.repeat(300), '-', '*', 'ſß', '0'.repeat(13), 'zzzzzzzzzzzzz',
];

function textOf(schema: Schema, pool: Pool): fc.Arbitrary<Json> {
  const most = Math.min((schema['maxLength'] as number | undefined) ?? 60, 60);
  const least = (schema['minLength'] as number | undefined) ?? 0;
  const fits = (text: string): boolean => {
    const length = [...text].length;
    return length >= least && length <= ((schema['maxLength'] as number | undefined) ?? 1e9);
  };
  switch (schema.format) {
    case 'id':
      return pool.ids.length > 0
        ? fc.oneof({ weight: 5, arbitrary: fc.constantFrom(...pool.ids) },
                   { weight: 1, arbitrary: fc.constant('0akx1cmw4zzzz') })
        : fc.constant('0akx1cmw4zzzz');
    case 'date-time':
      return fc.oneof(
        fc.constantFrom('2026-11-22T08:00:00Z', '2027-03-28T02:30:00+01:00', '1900-01-01T00:00:00Z',
                        '2199-12-31T23:59:59.999999Z'),
        fc.date({ min: new Date('2026-01-01'), max: new Date('2028-01-01'), noInvalidDate: true })
          .map((date) => date.toISOString()));
    case 'date':
      return fc.constantFrom('2026-11-22', '2024-02-29', '1950-01-01', '2100-12-31');
    case 'email':
      return fc.oneof(
        fc.integer({ min: 1, max: 5000 }).map((n) => `person${n}@example.org`),
        fc.constantFrom('Jan@Example.ORG', 'żółć@example.org', '"a b"@example.org', 'a@b', '@',
                        `${'x'.repeat(64)}@example.org`).filter(fits));
    case 'uri':
      return fc.constantFrom('https://example.org/', 'http://127.0.0.1/', 'https://example.org/a?b=c');
    case 'time-zone':
      return fc.constantFrom('UTC', 'Europe/Amsterdam', 'America/St_Johns', 'Pacific/Kiritimati');
    case 'locale':
      return fc.constantFrom('en', 'nl', 'nl-BE', 'pl', 'zh-Hant-TW').filter(fits);
  }
  if (typeof schema['pattern'] === 'string') {
    const form = new RegExp(schema['pattern'], 'u');
    return fc.stringMatching(form, { size: 'small' }).filter(fits);
  }
  const odd = oddTexts.filter(fits);
  return fc.oneof(
    fc.string({ minLength: least, maxLength: Math.max(least, most), unit: 'grapheme' }).filter(fits),
    odd.length > 0 ? fc.constantFrom(...odd) : fc.constant('x'.repeat(Math.max(1, least))));
}

/** The names of all schemas that `schema` leads to. */
function reached(schema: unknown, known = new Set<string>()): Set<string> {
  if (schema === null || typeof schema !== 'object') return known;
  const name = (schema as Schema).$ref;
  if (typeof name === 'string') {
    if (known.has(name)) return known;
    known.add(name);
    return reached(resolved(schema as Schema), known);
  }
  for (const inner of Object.values(schema)) reached(inner, known);
  return known;
}

/** Does `schema` lead back to one of `names`? */
function leadsBack(schema: Schema, names: string[]): boolean {
  const all = reached(schema);
  return names.some((name) => all.has(name));
}

/** Values that `schema` takes (but for what only the data can tell). */
export function fitting(schema: Schema, pool: Pool, within: string[] = []): fc.Arbitrary<Json> {
  if (schema.$ref !== undefined) {
    return fitting(resolved(schema), pool, [...within, schema.$ref]);
  }
  if (schema.oneOf) {
    const isDeep = within.length > 6;
    const shallow = schema.oneOf.filter((each) => !leadsBack(each, within));
    const choices = isDeep && shallow.length > 0 ? shallow : schema.oneOf;
    return fc.oneof(...choices.map((each) => fitting(each, pool, within)));
  }
  if (schema.enum) return fc.constantFrom(...schema.enum);
  if (schema.const !== undefined) return fc.constant(schema.const);
  const types = [schema.type ?? 'string'].flat();
  return fc.oneof(...types.map((type) => ofType(type, schema, pool, within)));
}

function ofType(type: string, schema: Schema, pool: Pool, within: string[]): fc.Arbitrary<Json> {
  switch (type) {
    case 'null':
      return fc.constant(null);
    case 'boolean':
      return fc.boolean();
    case 'integer': {
      const min = Math.max((schema['minimum'] as number | undefined) ?? 0, Number.MIN_SAFE_INTEGER);
      const max = Math.min((schema['maximum'] as number | undefined) ?? 1e6, Number.MAX_SAFE_INTEGER);
      return fc.oneof(fc.constantFrom(min, max), fc.integer({ min, max: Math.min(max, min + 1000) }));
    }
    case 'number': {
      const min = (schema['minimum'] as number | undefined) ?? 0;
      const max = (schema['maximum'] as number | undefined) ?? 1e6;
      return fc.oneof(fc.constantFrom(min, max),
                      fc.double({ min, max, noNaN: true, noDefaultInfinity: true }));
    }
    case 'array': {
      const least = (schema['minItems'] as number | undefined) ?? 0;
      const most = Math.min((schema['maxItems'] as number | undefined) ?? 3, least + 3);
      if (least === 0 && within.length > 6 && leadsBack(schema.items ?? {}, within)) {
        return fc.constant([]);
      }
      const item = fitting(schema.items ?? {}, pool, within);
      return schema['uniqueItems'] === true
        ? fc.uniqueArray(item, {
            minLength: least, maxLength: most, selector: (value) => JSON.stringify(value) })
        : fc.array(item, { minLength: least, maxLength: within.length > 6 ? least : most });
    }
    case 'object':
      return ofObject(schema, pool, within);
    default:
      return textOf(schema, pool);
  }
}

function ofObject(schema: Schema, pool: Pool, within: string[]): fc.Arbitrary<Json> {
  const members = Object.fromEntries(
    Object.entries(schema.properties ?? {})
      .filter(([name, each]) => within.length <= 6 || (schema.required ?? []).includes(name) ||
                                !leadsBack(each, within))
      .map(([name, each]) => [name, fitting(each, pool, within)]));
  const told = fc.record(members, { requiredKeys: schema.required ?? [] });
  const others = schema.additionalProperties;
  if (typeof others !== 'object' || (within.length > 6 && leadsBack(others, within))) {
    return told as fc.Arbitrary<Json>;
  }
  const free = fc.dictionary(fc.constantFrom('a', 'first name', 'ż', '__proto__x', 'z9'),
                             fitting(others, pool, within), { maxKeys: 2 });
  return fc.tuple(told, free).map(([a, b]) => ({ ...b, ...a }) as Json);
}

type Path = (string | number)[];
function places(value: Json, at: Path = []): Path[] {
  if (Array.isArray(value)) return [at, ...value.flatMap((each, i) => places(each, [...at, i]))];
  if (value === null || typeof value !== 'object') return [at];
  return [at, ...Object.entries(value).flatMap(([name, each]) => places(each, [...at, name]))];
}

function replaced(value: Json, at: Path, by: (old: Json) => Json | undefined): Json {
  const [first, ...rest] = at;
  if (first === undefined) return by(value) ?? null;
  const copy = structuredClone(value) as Record<string | number, Json>;
  const inner = copy[first] ?? null;
  const changed = rest.length > 0 ? replaced(inner, rest, by) : by(inner);
  if (changed === undefined) delete copy[first];
  else copy[first] = changed;
  return copy as Json;
}

/** `value` with one place changed: gone, of another type, odd, huge, or with a member too many. */
export function bent(value: Json, pool: Pool): fc.Arbitrary<Json> {
  const all = places(value);
  return fc
    .tuple(fc.constantFrom(...all), fc.integer({ min: 0, max: 6 }), fc.constantFrom(...oddTexts),
           fc.jsonValue({ maxDepth: 2 }))
    .map(([at, kind, odd, json]) =>
      replaced(value, at, (old) => {
        switch (kind) {
          case 0:
            return at.length > 0 ? undefined : old;
          case 1:
            return odd;
          case 2:
            return json as Json;
          case 3:
            return typeof old === 'number' ? old * -1e15 : [old];
          case 4:
            return old !== null && typeof old === 'object' && !Array.isArray(old)
              ? { ...old, [odd || 'x']: json as Json } : null;
          case 5:
            return pool.ids[Math.abs(odd.length) % Math.max(1, pool.ids.length)] ?? odd;
          default:
            return Array.isArray(old) ? Array.from({ length: 300 }, () => old[0] ?? null) : 1e308;
        }
      }));
}
