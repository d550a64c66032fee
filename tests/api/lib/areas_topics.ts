// Topics, what contacts chose, and what events send.
import type { Organisation } from './world.js';
import { contact } from './areas_people.js';
import { fresh, made, send, type Call, type Case } from './cases.js';

const topic = async (own: Organisation): Promise<string> =>
  made(own, own.server.url, 'createTopic', { body: { name: fresh('News') } });
const ofTopic = async (own: Organisation): Promise<Call> => ({ path: { topic_id: await topic(own) } });
const of = async (own: Organisation): Promise<Call> => ({ path: { contact_id: await contact(own) } });
const nothing = { everything: false, text: 'Send me nothing.' };

/** A contact who chose to get nothing, and what undoes that. */
async function chosen(own: Organisation): Promise<Call> {
  const { path } = await of(own);
  const reply = await send(own, own.server.url, 'changePreferences', { path: path!, body: nothing });
  return { path: path!, body: { undo: (reply.json as { undo: string }).undo } };
}

const event = (): string => fresh('event').toLowerCase();
async function trigger(own: Organisation): Promise<Record<string, string>> {
  const name = event();
  await send(own, own.server.url, 'createTrigger', { body: { event: name } });
  return { event: name };
}

export const topics: Record<string, Case> = {
  listTopics: async () => ({ query: { archived: 'true' } }),
  createTopic: async () => ({ body: { name: fresh('Trips'), channels: ['email', 'sms'] } }),
  getTopic: ofTopic,
  changeTopic: async (own) => ({ ...(await ofTopic(own)), body: { description: 'Every month' } }),
  deleteTopic: ofTopic,
  getPreferences: of,
  changePreferences: async (own) => ({ ...(await of(own)), body: nothing }),
  undoPreferences: chosen,
  unsubscribeContact: async (own) => ({ ...(await of(own)), body: { note: 'asked by phone' } }),
  resubscribeContact: async (own) => ({ ...(await of(own)), body: { note: 'asked by letter' } }),
  listTriggers: async () => ({}),
  createTrigger: async () => ({ body: { event: event(), label: 'Parcel sent' } }),
  getTrigger: async (own) => ({ path: await trigger(own) }),
  changeTrigger: async (own) => ({ path: await trigger(own), body: { is_enabled: false } }),
  deleteTrigger: async (own) => ({ path: await trigger(own) }),
};
