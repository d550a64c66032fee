// Senders, mail servers, templates, media, previews, test sends.
import type { Organisation } from './world.js';
import { contact } from './areas_people.js';
import { fresh, made, send, type Call, type Case } from './cases.js';

const png = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64');

const ready = new Map<string, Promise<string>>();
/** A sender of the organisation, whose mail stays in the sandbox. */
export async function sender(own: Organisation): Promise<string> {
  let made = ready.get(own.id);
  if (made === undefined) {
    made = (async () => {
      await transport(own, true);
      return newSender(own);
    })();
    ready.set(own.id, made);
  }
  return made;
}

const newSender = async (own: Organisation): Promise<string> =>
  made(own, own.server.url, 'createSender', {
    body: { name: 'School of the North', address: `${fresh('office')}@school.example` } });

const transport = async (own: Organisation, is_default = false): Promise<string> =>
  made(own, own.server.url, 'createTransport', {
    body: { name: fresh('Try it safely'), url: 'sandbox:', is_default } });

export async function draft(own: Organisation): Promise<Record<string, string>> {
  return {
    sender_id: await sender(own), subject: 'Hello {{ contact.first_name }}',
    html: '<p>Dear {{ contact.name }}, see you on Friday. <a href="{{ unsubscribe_url }}">No more</a></p>',
  };
}

const template = async (own: Organisation): Promise<string> =>
  made(own, own.server.url, 'createTemplate', {
    body: { name: fresh('Letter'), kind: 'campaign', draft: await draft(own) } });

export async function media(own: Organisation): Promise<string> {
  return made(own, own.server.url, 'uploadMedia', upload());
}
const upload = (): Call => ({
  query: { file_name: `${fresh('picture')}.png` }, bytes: { type: 'image/png', octets: png } });

const senderPath = async (own: Organisation): Promise<Call> => ({ path: { id: await newSender(own) } });
const transportPath = async (own: Organisation): Promise<Call> => ({ path: { id: await transport(own) } });
const templatePath = async (own: Organisation): Promise<Call> => ({ path: { id: await template(own) } });
const mediaPath = async (own: Organisation): Promise<Call> => ({ path: { id: await media(own) } });

async function changedTemplate(own: Organisation): Promise<Call> {
  const id = await template(own);
  await send(own, own.server.url, 'changeTemplate', { path: { id }, body: { draft: { subject: 'Two' } } });
  return { path: { id, version: '1' } };
}

export const content: Record<string, Case> = {
  listSenders: async () => ({}),
  createSender: async () => ({ body: { address: `${fresh('info')}@school.example` } }),
  getSender: senderPath,
  changeSender: async (own) => ({ ...(await senderPath(own)), body: { name: 'The office' } }),
  deleteSender: senderPath,
  verifySender: async (own) => {
    await sender(own);
    return { ...(await senderPath(own)), body: {} };
  },
  listTransports: async () => ({}),
  createTransport: async () => ({ body: { name: fresh('Safe'), url: 'sandbox:' } }),
  getTransport: transportPath,
  changeTransport: async (own) => ({ ...(await transportPath(own)), body: { name: fresh('Safe') } }),
  deleteTransport: transportPath,
  testTransport: async (own) => ({ body: { transport_id: await transport(own) }, isForeignByBody: true }),
  listTemplates: async () => ({}),
  createTemplate: async (own) => ({
    body: { name: fresh('Welcome'), draft: await draft(own) }, isForeignByBody: true }),
  getTemplate: templatePath,
  changeTemplate: async (own) => ({ ...(await templatePath(own)), body: { name: fresh('New name') } }),
  deleteTemplate: templatePath,
  duplicateTemplate: templatePath,
  listTemplateVersions: templatePath,
  getTemplateVersion: changedTemplate,
  restoreTemplateVersion: changedTemplate,
  listMedia: async () => ({}),
  uploadMedia: async () => upload(),
  getMedia: mediaPath,
  deleteMedia: mediaPath,
  getMediaContent: mediaPath,
  listTags: async () => ({}),
  previewDraft: async (own) => ({
    body: { draft: await draft(own), contact_id: await contact(own) }, isForeignByBody: true }),
  preflightDraft: async (own) => ({ body: { draft: await draft(own) } }),
  sendTest: async (own) => ({
    body: { draft: await draft(own), addresses: ['editor@school.example'],
            contact_id: await contact(own) }, isForeignByBody: true }),
};
