import { describe, expect, it } from 'vitest';
import en from './en.json';
import fr from './fr.json';
import nl from './nl.json';
import pl from './pl.json';

type Tree = { [key: string]: string | Tree };

function flat(tree: Tree, prefix = ''): Map<string, string> {
  const out = new Map<string, string>();
  for (const [key, value] of Object.entries(tree)) {
    if (typeof value === 'string') out.set(prefix + key, value);
    else for (const [k, v] of flat(value, `${prefix}${key}.`)) out.set(k, v);
  }
  return out;
}

const kPlural = /_(zero|one|two|few|many|other)$/;
const stem = (key: string) => key.replace(kPlural, '');
const holes = (text: string) => [...new Set(text.match(/\{\{\w+\}\}|<\/?\w+>/g) ?? [])].sort();

const english = flat(en);
const others = { nl: flat(nl), pl: flat(pl), fr: flat(fr) };

const files = import.meta.glob<string>('../../**/*.{ts,tsx}', {
  query: '?raw', import: 'default', eager: true,
});
const code = Object.entries(files)
  .filter(([name]) => !name.endsWith('.test.ts') && !name.endsWith('.d.ts'))
  .map(([, text]) => text).join('\n');

describe.each(Object.entries(others))('the catalogue in %s', (language, catalogue) => {
  it('has every key of the English one, and no other', () => {
    const want = [...new Set([...english.keys()].map(stem))].sort();
    const have = [...new Set([...catalogue.keys()].map(stem))].sort();
    expect(have).toEqual(want);
  });

  it('has every plural that the language knows', () => {
    const plurals = new Intl.PluralRules(language).resolvedOptions().pluralCategories;
    const counted = new Set([...english.keys()].filter((key) => kPlural.test(key)).map(stem));
    const missing = [...counted].flatMap((key) => plurals
      .map((plural) => `${key}_${plural}`)
      .filter((full) => !catalogue.has(full)));
    expect(missing).toEqual([]);
  });

  it('leaves no text empty and fills in the same values', () => {
    const wrong: string[] = [];
    for (const [key, text] of catalogue) {
      const original = english.get(key) ?? english.get(`${stem(key)}_other`) ?? '';
      if (text.trim() === '') wrong.push(key);
      if (holes(text).join() !== holes(original).join() && !/_(one|zero)$/.test(key)) wrong.push(key);
    }
    expect(wrong).toEqual([]);
  });
});

describe('the English catalogue', () => {
  it('holds nothing that no screen says', () => {
    // A group whose keys are put together from a word (status.${word}) is used as a whole.
    const whole = [...code.matchAll(/[`']([a-z_.]+)\.\$\{/g)].map((match) => `${match[1]}.`);
    const unused = [...new Set([...english.keys()].map(stem))].filter((key) =>
      !code.includes(`'${key}'`) && !code.includes(`"${key}"`) &&
      !whole.some((group) => key.startsWith(group)));
    expect(unused).toEqual([]);
  });
});
