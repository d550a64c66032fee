// Contacts and what hangs on them, groups.
import type { Organisation } from './world.js';
import { fresh, made, send, type Call, type Case } from './cases.js';

export const address = (): string => `${fresh('anna')}@example.org`;

export async function contact(own: Organisation, more: Record<string, string> = {}): Promise<string> {
  return made(own, own.server.url, 'createContact', {
    body: {
      first_name: 'Anna', last_name: fresh('Kowalska'), ...more,
      addresses: [{ channel: 'email', address: address() }],
    },
  });
}

export async function group(own: Organisation, members: string[] = []): Promise<string> {
  const id = await made(own, own.server.url, 'createGroup', { body: { name: fresh('Class 3B') } });
  if (members.length > 0) {
    await send(own, own.server.url, 'addGroupMembers', {
      path: { group_id: id }, body: { contact_ids: members } });
  }
  return id;
}

async function relation(own: Organisation): Promise<Call> {
  return { body: { from_id: await contact(own), to_id: await contact(own), name: 'guardian of',
                   receives_messages: true } };
}
const relationId = async (own: Organisation): Promise<string> =>
  made(own, own.server.url, 'createRelation', await relation(own));
const field = async (own: Organisation): Promise<string> =>
  made(own, own.server.url, 'createCustomField', { body: { label: fresh('Shirt size') } });

async function note(own: Organisation): Promise<Record<string, string>> {
  const contact_id = await contact(own);
  const note_id = await made(own, own.server.url, 'createNote', {
    path: { contact_id }, body: { body: 'Called back.' } });
  return { contact_id, note_id };
}

const of = async (own: Organisation): Promise<Call> => ({ path: { contact_id: await contact(own) } });
const ofGroup = async (own: Organisation): Promise<Call> => ({ path: { group_id: await group(own) } });

export const people: Record<string, Case> = {
  listContacts: async () => ({ query: { sort: '-changed_at', limit: '200' } }),
  createContact: async () => ({
    body: { first_name: 'Jan', addresses: [{ channel: 'email', address: address() }] } }),
  getContact: of,
  changeContact: async (own) => ({ ...(await of(own)), body: { first_name: 'Żaneta' } }),
  deleteContact: of,
  mergeContacts: async (own) => ({ ...(await of(own)), body: { contact_id: await contact(own) } }),
  eraseContact: async (own) => ({ ...(await of(own)), body: { reason: 'asked for it' } }),
  exportContact: of,
  listContactRelations: of,
  listNotes: of,
  createNote: async (own) => ({ ...(await of(own)), body: { body: 'Called back.' } }),
  changeNote: async (own) => ({ path: await note(own), body: { body: 'Called twice.' } }),
  deleteNote: async (own) => ({ path: await note(own) }),
  listActivities: of,
  createActivity: async (own) => ({ ...(await of(own)), body: { type: 'transaction' } }),
  createRelation: async (own) => ({ ...(await relation(own)), isForeignByBody: true }),
  getRelation: async (own) => ({ path: { relation_id: await relationId(own) } }),
  changeRelation: async (own) => ({
    path: { relation_id: await relationId(own) }, body: { receives_messages: false } }),
  deleteRelation: async (own) => ({ path: { relation_id: await relationId(own) } }),
  findDuplicateContacts: async () => ({}),
  exportContacts: async () => ({}),
  listCustomFields: async () => ({}),
  createCustomField: async () => ({ body: { label: fresh('Allergies'), type: 'text' } }),
  getCustomField: async (own) => ({ path: { field_id: await field(own) } }),
  changeCustomField: async (own) => ({ path: { field_id: await field(own) }, body: { label: fresh('L') } }),
  deleteCustomField: async (own) => ({ path: { field_id: await field(own) } }),
  listGroups: async () => ({}),
  createGroup: async () => ({ body: { name: fresh('Choir') } }),
  getGroup: ofGroup,
  changeGroup: async (own) => ({ ...(await ofGroup(own)), body: { name: fresh('Choir') } }),
  deleteGroup: ofGroup,
  addGroupMembers: async (own) => ({ ...(await ofGroup(own)), body: { contact_ids: [await contact(own)] } }),
  removeGroupMembers: async (own) => {
    const member = await contact(own);
    return { path: { group_id: await group(own, [member]) }, body: { contact_ids: [member] } };
  },
};
