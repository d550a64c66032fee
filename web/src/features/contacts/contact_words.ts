// Pieces of a contact as text. Pure.
import type { Contact } from './queries';

/** The primary address of a channel; empty without one. */
export function addressOf(contact: Pick<Contact, 'addresses'>, channel: 'email' | 'sms'): string {
  const own = contact.addresses.filter((each) => each.channel === channel);
  return (own.find((each) => each.primary) ?? own[0])?.address ?? '';
}

/** A custom field's value. */
export function fieldText(value: string | number | boolean | null | undefined, locale: string): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'boolean') return value ? '✓' : '✗';
  return typeof value === 'number' ? new Intl.NumberFormat(locale).format(value) : value;
}
