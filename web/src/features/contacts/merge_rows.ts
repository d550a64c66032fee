// Two contacts side by side: what they differ in, and what of the one that goes is taken over. Pure.
import type { Schema } from '../../api/client';
import { draftOf, fieldValue, type ContactChange } from './contact_draft';

type Contact = Schema<'Contact'>;
type CustomField = Schema<'CustomField'>;

const kTexts = ['first_name', 'last_name', 'name', 'external_id', 'locale', 'time_zone'] as const;
type Text = (typeof kTexts)[number];

export interface MergeRow {
  /** "first_name", "field.fee". */
  key: string;
  text: Text | null; // null: a field of their own
  stays: string;
  goes: string;
}

/** Where both say something different; what only one of them says is kept without a question. */
export function mergeRows(stays: Contact, goes: Contact): readonly MergeRow[] {
  const [mine, theirs] = [draftOf(stays), draftOf(goes)];
  const texts = kTexts.map((text) => ({ key: text, text, stays: mine[text], goes: theirs[text] }));
  const fields = Object.keys(mine.fields).map((name) => ({
    key: `field.${name}`, text: null, stays: mine.fields[name] ?? '', goes: theirs.fields[name] ?? '',
  }));
  return [...texts, ...fields].filter((row) => row.stays !== '' && row.goes !== '' && row.stays !== row.goes);
}

/** What is to be different from the one that stays; nothing, undefined. */
export function mergeChange(
  rows: readonly MergeRow[], taken: ReadonlySet<string>, known: readonly Pick<CustomField, 'name' | 'type'>[],
): ContactChange | undefined {
  const wanted = rows.filter(({ key }) => taken.has(key));
  if (wanted.length === 0) return undefined;
  const change: ContactChange = {};
  const fields: Record<string, string | number | boolean | null> = {};
  for (const { key, text, goes } of wanted) {
    const name = key.slice('field.'.length);
    if (text) change[text] = goes;
    else fields[name] = fieldValue(goes, known.find((field) => field.name === name)?.type);
  }
  return Object.keys(fields).length > 0 ? { ...change, fields } : change;
}
