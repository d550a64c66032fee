// To whom one message goes, of those it may go to. Pure.
import type { Recipient } from './queries';

/** One choice: a person at an address. */
export function recipientKey(recipient: Pick<Recipient, 'contact_id' | 'address'>): string {
  return `${recipient.contact_id} ${recipient.address ?? ''}`;
}

export function canGet(recipient: Pick<Recipient, 'outcome'>): boolean {
  return recipient.outcome === 'send' || recipient.outcome === 'ask';
}

/** The contact at the main address; where that cannot be written to, whoever receives messages about them. */
export function usualRecipients(all: readonly Recipient[], contact: string): readonly string[] {
  const main = all.filter((each) => each.is_primary && canGet(each));
  const own = main.filter((each) => each.contact_id === contact);
  return (own.length > 0 ? own : main).map(recipientKey);
}
