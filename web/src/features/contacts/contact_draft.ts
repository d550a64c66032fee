// A contact as a form holds it, and what of it was changed. Pure.
import type { Schema } from '../../api/client';

type Contact = Schema<'Contact'>;
type CustomField = Schema<'CustomField'>;
export type Channel = Schema<'Channel'>;
export type ContactChange = Schema<'ContactChange'>;

export interface DraftAddress {
  key: number; // of the row in the form
  channel: Channel;
  address: string;
  primary: boolean;
}

export interface ContactDraft {
  first_name: string;
  last_name: string;
  name: string;
  external_id: string;
  locale: string;
  time_zone: string;
  do_not_contact: boolean;
  addresses: readonly DraftAddress[];
  fields: Readonly<Record<string, string>>;
}

const kTexts = ['first_name', 'last_name', 'name', 'external_id', 'locale', 'time_zone'] as const;

export const kNobody: ContactDraft = {
  first_name: '', last_name: '', name: '', external_id: '', locale: '', time_zone: '', do_not_contact: false,
  addresses: [{ key: 0, channel: 'email', address: '', primary: true }], fields: {},
};

function fieldDraft(value: Contact['fields'][string]): string {
  return value === null ? '' : String(value);
}

export function draftOf(contact: Contact): ContactDraft {
  const both = [contact.first_name, contact.last_name].filter(Boolean).join(' ');
  return {
    first_name: contact.first_name,
    last_name: contact.last_name,
    // A name that is only the two together was never given by itself.
    name: contact.name === both ? '' : contact.name,
    external_id: contact.external_id ?? '',
    locale: contact.locale,
    time_zone: contact.time_zone,
    do_not_contact: contact.do_not_contact,
    addresses: contact.addresses.map(({ channel, address, primary }, key) =>
      ({ key, channel, address, primary: primary ?? false })),
    fields: Object.fromEntries(Object.entries(contact.fields).map(([name, value]) => [name, fieldDraft(value)])),
  };
}

/** A field's text as the API takes it; null takes the value away. What is no number stays text. */
export function fieldValue(text: string, type: CustomField['type'] | undefined): string | number | boolean | null {
  const trimmed = text.trim();
  if (trimmed === '') return null;
  if (type === 'boolean') return trimmed === 'true';
  if (type === 'number') {
    const number = Number(trimmed.replace(',', '.'));
    return Number.isFinite(number) ? number : trimmed;
  }
  return trimmed;
}

/** The addresses that are filled in. */
export function filledIn(draft: ContactDraft): readonly DraftAddress[] {
  return draft.addresses.filter(({ address }) => address.trim() !== '');
}

function plain(addresses: readonly DraftAddress[]) {
  return addresses.map(({ channel, address, primary }) => ({ channel, address: address.trim(), primary }));
}

/** What `after` says that `before` does not; no member for what is the same. */
export function changeOf(
  before: ContactDraft, after: ContactDraft, known: readonly Pick<CustomField, 'name' | 'type'>[],
): ContactChange {
  const change: ContactChange = {};
  for (const name of kTexts) {
    if (after[name].trim() !== before[name]) change[name] = after[name].trim();
  }
  if (after.do_not_contact !== before.do_not_contact) change.do_not_contact = after.do_not_contact;
  const addresses = plain(filledIn(after));
  if (JSON.stringify(addresses) !== JSON.stringify(plain(filledIn(before)))) change.addresses = addresses;
  const fields: Record<string, string | number | boolean | null> = {};
  for (const [name, text] of Object.entries(after.fields)) {
    if (text === (before.fields[name] ?? '')) continue;
    fields[name] = fieldValue(text, known.find((field) => field.name === name)?.type);
  }
  if (Object.keys(fields).length > 0) change.fields = fields;
  return change;
}
