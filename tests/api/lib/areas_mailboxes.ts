// Mailboxes that returned mail is collected from. Nothing answers where these are: visits fail.
import type { Organisation } from './world.js';
import { fresh, made, type Call, type Case } from './cases.js';

const creation = (): Call => ({
  body: { url: `imaps://${fresh('bounces')}@127.0.0.1:1/`, password: 'geheim' } });
const mailbox = async (own: Organisation): Promise<Call> => ({
  path: { id: await made(own, own.server.url, 'createMailbox', creation()) } });

export const mailboxes: Record<string, Case> = {
  listMailboxes: async () => ({}),
  createMailbox: async () => creation(),
  getMailbox: mailbox,
  deleteMailbox: mailbox,
  testMailbox: async () => creation(),
  pollMailbox: mailbox,
};
