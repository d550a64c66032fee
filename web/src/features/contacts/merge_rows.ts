// Two contacts side by side: what they differ in, and what of the one that goes is taken over. Pure.
import type { Schema } from '../../api/client';
import { draftOf, fieldValue, type ContactChange } from './contact_draft';
import { addressOf } from './contact_words';

type Contact = Schema<'Contact'>;
type CustomField = Schema<'CustomField'>;

const kTexts = ['first_name', 'last_name', 'name', 'external_id', 'locale', 'time_zone'] as const;
type Text = (typeof kTexts)[number];
const kMain = ['email', 'sms'] as const;
type Main = (typeof kMain)[number];

export interface MergeRow {
  /** "first_name", "field.fee", "main.email". */
  key: string;
  text: Text | null; // null: a field of their own, or
  main?: Main; // the channel of which it is the main address
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
  const mains = kMain.map((main) => ({
    key: `main.${main}`, text: null, main, stays: addressOf(stays, main), goes: addressOf(goes, main),
  }));
  return [...texts, ...mains, ...fields].filter((row) => row.stays !== '' && row.goes !== '' && row.stays !== row.goes);
}

/** The addresses of both, each once, with those that were chosen as the main ones. */
function unitedAddresses(stays: Contact, goes: Contact, chosen: readonly Main[]): Contact['addresses'] {
  const same = (one: string, two: string) => one.toLowerCase() === two.toLowerCase();
  const more = goes.addresses.filter(({ channel, address }) =>
    !stays.addresses.some((each) => each.channel === channel && same(each.address, address)));
  return [...stays.addresses, ...more].map(({ channel, address }) => ({
    channel, address,
    primary: same(address, addressOf(chosen.includes(channel) ? goes : stays, channel)
      || addressOf(goes, channel)),
  }));
}

/** What is to be different from the one that stays; nothing, undefined. */
export function mergeChange(
  stays: Contact, goes: Contact, taken: ReadonlySet<string>, known: readonly Pick<CustomField, 'name' | 'type'>[],
): ContactChange | undefined {
  const rows = mergeRows(stays, goes);
  const wanted = rows.filter(({ key }) => taken.has(key));
  if (wanted.length === 0) return undefined;
  const change: ContactChange = {};
  const fields: Record<string, string | number | boolean | null> = {};
  for (const { key, text, main, goes: theirs } of wanted) {
    const name = key.slice('field.'.length);
    if (text) change[text] = theirs;
    else if (!main) fields[name] = fieldValue(theirs, known.find((field) => field.name === name)?.type);
  }
  const mains = wanted.flatMap(({ main }) => main ?? []);
  if (mains.length > 0) {
    // Whom else an address belongs to was looked at when it was given.
    Object.assign(change, { addresses: unitedAddresses(stays, goes, mains), allow_shared_addresses: true });
  }
  return Object.keys(fields).length > 0 ? { ...change, fields } : change;
}
