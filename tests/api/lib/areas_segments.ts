// Segments, and audiences before they are sent to.
import type { Organisation } from './world.js';
import { contact, group } from './areas_people.js';
import { fresh, made, type Case } from './cases.js';
import type { Json } from './spec.js';

const rule = async (own: Organisation): Promise<Json> => ({
  type: 'all',
  rules: [
    { type: 'field', field: 'first_name', operator: 'starts_with', value: 'an' },
    { type: 'not', rule: { type: 'group', groups: [await group(own)] } },
  ],
});
const segment = async (own: Organisation): Promise<string> =>
  made(own, own.server.url, 'createSegment', {
    body: { name: fresh('Annas'), rule: await rule(own) } });
const of = async (own: Organisation): Promise<{ path: Record<string, string> }> => ({
  path: { segment_id: await segment(own) } });

export const segments: Record<string, Case> = {
  listSegments: async () => ({}),
  createSegment: async (own) => ({
    isForeignByBody: true, body: { name: fresh('Annas'), rule: await rule(own) } }),
  getSegment: of,
  changeSegment: async (own) => ({ ...(await of(own)), body: { description: 'All the Annas.' } }),
  deleteSegment: of,
  listSegmentContacts: of,
  previewSegment: async (own) => ({ isForeignByBody: true, body: { rule: await rule(own) } }),
  previewAudience: async (own) => ({
    isForeignByBody: true,
    body: {
      audience: {
        segments: [await segment(own)], addresses: ['somebody@example.org'],
        exclude: { contacts: [await contact(own)] }, recipients: 'both',
      },
      content: { subject: 'Hello {{ contact.first_name }}', text: 'About {{ student.name }}.' },
    },
  }),
  readAddresses: async () => ({ body: { text: 'a@example.org; nobody, b@example.org' } }),
};
