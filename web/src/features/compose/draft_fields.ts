// A draft as its screens change it: one flat record, so that what two windows changed can be put
// together member by member. Pure.
import type { Schema } from '../../api/client';

export type Campaign = Schema<'Campaign'>;
export type Audience = Schema<'Audience'>;
export type DraftAttachment = Schema<'DraftAttachment'>;
type Fields = Schema<'CampaignFields'>;

export interface DraftFields {
  name: string;
  audience: Audience;
  rate_per_second: number;
  packages: Schema<'Packages'>;
  copy_to_me: string;
  copy_to_organisation: boolean;
  sender_id: string | null;
  reply_to: string;
  subject: string;
  preheader: string;
  html: string;
  text: string;
  attachments: readonly DraftAttachment[];
  topic_id: string | null;
}
export type FieldName = keyof DraftFields;
export type Change = Partial<DraftFields>;

const kOfMessage: readonly FieldName[] = [
  'sender_id', 'reply_to', 'subject', 'preheader', 'html', 'text', 'attachments', 'topic_id',
];

export function fieldsOf({ draft, ...campaign }: Campaign): DraftFields {
  return {
    name: campaign.name, audience: campaign.audience, rate_per_second: campaign.rate_per_second,
    packages: campaign.packages, copy_to_me: campaign.copy_to_me,
    copy_to_organisation: campaign.copy_to_organisation, sender_id: draft.sender_id ?? null,
    reply_to: draft.reply_to ?? '', subject: draft.subject ?? '', preheader: draft.preheader ?? '',
    html: draft.html ?? '', text: draft.text ?? '', attachments: draft.attachments ?? [],
    topic_id: draft.topic_id ?? null,
  };
}

/** What is asked of the API for a change: its members alone. */
export function patchOf(change: Change): Fields {
  const patch: Record<string, unknown> = {};
  const draft: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(change)) {
    if (!kOfMessage.includes(name as FieldName)) patch[name] = value;
    else if (name === 'attachments') draft[name] = attachmentsOf(value as readonly DraftAttachment[]);
    else draft[name] = value;
  }
  return (Object.keys(draft).length > 0 ? { ...patch, draft } : patch) as Fields;
}

/** Without what the server says of them itself. */
function attachmentsOf(attachments: readonly DraftAttachment[]) {
  return attachments.map(({ media_id, file_name, description }) => ({
    media_id, ...(file_name ? { file_name } : {}), ...(description ? { description } : {}),
  }));
}

/** The whole message for a preview, a preflight or a test. */
export function draftOf(fields: DraftFields, campaign: Campaign): Schema<'Draft'> {
  const { draft } = patchOf(Object.fromEntries(kOfMessage.map((name) => [name, fields[name]])));
  const { locale, tracking } = campaign.draft;
  return { ...draft, ...(locale ? { locale } : {}), ...(tracking ? { tracking } : {}) };
}

/** With the members of every object by name: the server has an order of its own. */
function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, member]) => [name, inOrder(member)]));
}

export function isSame(a: unknown, b: unknown): boolean {
  return a === b || JSON.stringify(inOrder(a)) === JSON.stringify(inOrder(b));
}

/** The members of `change` that are not so in `fields`. */
export function openIn(change: Change, fields: DraftFields): Change {
  return Object.fromEntries(Object.entries(change)
    .filter(([name, value]) => !isSame(value, fields[name as FieldName])));
}

/** The members that were changed here and, otherwise, there too since both knew `base`. */
export function clashes(base: Change, mine: Change, theirs: DraftFields): FieldName[] {
  return (Object.keys(mine) as FieldName[]).filter((name) =>
    !isSame(base[name], theirs[name]) && !isSame(mine[name], theirs[name]));
}

/** The member that a place in what was asked belongs to: "/draft/html" is html. */
export function fieldAt(pointer: string): FieldName | null {
  const [first = '', second = ''] = pointer.split('/').slice(1);
  const name = first === 'draft' ? second : first;
  return (kOfMessage as readonly string[]).includes(name) || (first === name && name !== '')
    ? name as FieldName : null;
}
