// What the log keeps, in words: its own are for machines.
import type { AuditEntry } from './queries';

/** What entries can be about, as the words before the dot of their actions. */
export const kAbout = ['user', 'session', 'token', 'organisation', 'contact', 'group', 'import', 'suppression', 'problem',
  'campaign', 'message', 'topic', 'trigger', 'domain', 'mailbox', 'provider_webhook', 'returned_mail'] as const;

export const kActions = ['user.begin', 'user.create', 'user.change', 'user.remove', 'user.change_profile',
  'user.change_password', 'user.create_password_link', 'user.redeem_link', 'user.begin_second_factor',
  'user.confirm_second_factor', 'user.remove_second_factor', 'session.start', 'session.end', 'token.create',
  'token.revoke', 'organisation.create', 'organisation.change', 'contact.merge', 'contact.delete', 'contact.erase',
  'contact.export', 'contact.export_list', 'group.delete', 'import.start', 'import.cancel', 'import.undo', 'suppression.create',
  'suppression.import', 'suppression.release', 'problem.fix', 'problem.settle', 'campaign.hide', 'campaign.unhide',
  'campaign.purge', 'message.hide', 'message.unhide', 'message.purge', 'topic.essential', 'topic.not_essential',
  'trigger.lock', 'trigger.unlock', 'domain.create', 'domain.change', 'domain.delete', 'domain.rotate', 'domain.activate',
  'domain.verified', 'domain.not_verified', 'mailbox.create', 'mailbox.delete', 'provider_webhook.create',
  'provider_webhook.delete', 'returned_mail.reread', 'preflight.override', 'example.load'] as const;

type Action = (typeof kActions)[number];
type Undotted<Word extends string> = Word extends `${infer Noun}.${infer Verb}` ? `${Noun}_${Verb}` : never;

/** The key of the catalogue for an action; undefined for one that this program does not know. */
export function actionKey(action: string): Undotted<Action> | undefined {
  const known = kActions.find((each) => each === action);
  return known?.replace('.', '_') as Undotted<Action> | undefined;
}

/** The names of the settings that an entry of `organisation.change` tells. */
export function changedSettings(entry: Pick<AuditEntry, 'action' | 'note'>): string[] {
  if (entry.action !== 'organisation.change') return [];
  // A long note is cut, and then no JSON any more: its names still are.
  return [...entry.note.matchAll(/[{,]\s*"([a-z_]+)":/g)].map((found) => found[1] ?? '');
}

/** What a person added, or what it is called; what is written for machines is left out. */
export function plainNote(entry: Pick<AuditEntry, 'action' | 'note'>): string {
  if (['organisation.change', 'contact.merge', 'user.begin'].includes(entry.action)) return '';
  if (entry.action === 'token.create') return entry.note.split(': ')[0] ?? '';
  if (['import.undo', 'suppression.import', 'returned_mail.reread'].includes(entry.action)) {
    return '';
  }
  return entry.note;
}

/** Where the thing is that an entry is about, if it may still be there. */
export function placeOf(entry: Pick<AuditEntry, 'action' | 'object' | 'object_id'>): string | null {
  if (!entry.object_id || /\.(delete|erase|remove|purge)$/.test(entry.action)) return null;
  const folders: Record<string, string> = {
    contact: '/contacts', group: '/contacts/groups', import: '/contacts/imports',
    campaign: '/communications/send-outs', message: '/communications/messages', domain: '/settings/domains',
    problem: '/problems/addresses',
  };
  const folder = folders[entry.object];
  return folder ? `${folder}/${entry.object_id}` : null;
}
