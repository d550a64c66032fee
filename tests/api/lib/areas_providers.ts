// Webhooks of mail services.
import type { Organisation } from './world.js';
import { fresh, send, type Call, type Case } from './cases.js';

const creation = (): Call => ({
  body: { provider: 'ses', topic: `arn:aws:sns:eu-west-1:123456789012:${fresh('bounces')}` } });

const webhook = async (own: Organisation): Promise<Call> => {
  const reply = await send(own, own.server.url, 'createProviderWebhook', creation());
  return { path: { id: (reply.json as { webhook: { id: string } }).webhook.id } };
};

export const providers: Record<string, Case> = {
  listProviderWebhooks: async () => ({}),
  createProviderWebhook: async () => creation(),
  getProviderWebhook: webhook,
  deleteProviderWebhook: webhook,
};
