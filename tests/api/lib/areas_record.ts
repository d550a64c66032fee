// The record: what was sent, to whom, and what became of it.
import type { Organisation } from './world.js';
import { sent } from './areas_campaigns.js';
import { draft, media } from './areas_content.js';
import { contact } from './areas_people.js';
import { send, type Call, type Case } from './cases.js';
import type { Json } from './spec.js';

const once = new Map<string, Promise<{ campaign: string; message: string }>>();

async function record(own: Organisation, more: Record<string, Json> = {}):
    Promise<{ campaign: string; message: string }> {
  const campaign = await sent(own, more);
  const list = await send(own, own.server.url, 'listMessages', { query: { campaign } });
  const message = (list.json as { items: { id: string }[] }).items[0]?.id;
  if (message === undefined) throw new Error(`no message of ${campaign}: ${list.text}`);
  return { campaign, message };
}

function kept(own: Organisation): Promise<{ campaign: string; message: string }> {
  const known = once.get(own.id) ?? record(own);
  once.set(own.id, known);
  return known;
}

async function attachment(own: Organisation): Promise<Call> {
  const attachments = [{ media_id: await media(own) }];
  const { message } = await record(own, { draft: { ...(await draft(own)), attachments } });
  return { path: { id: message, position: '1' } };
}

const ofMessage = async (own: Organisation): Promise<Call> => ({ path: { id: (await kept(own)).message } });
const ofCampaign = async (own: Organisation): Promise<Call> => ({ path: { id: (await kept(own)).campaign } });
const because = { reason: 'Sent by mistake.' };

async function hidden(own: Organisation, kind: 'Message' | 'Campaign'): Promise<Call> {
  const made = await record(own);
  const path = { id: kind === 'Message' ? made.message : made.campaign };
  await send(own, own.server.url, `hide${kind}`, { path, body: because });
  return { path };
}

export const records: Record<string, Case> = {
  listSendOuts: async () => ({}),
  askWhetherItArrived: async () => ({ query: { q: 'anna' } }),
  listMessages: async () => ({}),
  exportMessages: async () => ({}),
  getMessage: ofMessage,
  getMessageContent: ofMessage,
  downloadMessage: ofMessage,
  showMessageHtml: ofMessage,
  downloadMessageAttachment: attachment,
  hideMessage: async (own) => ({ path: { id: (await record(own)).message }, body: because }),
  unhideMessage: async (own) => hidden(own, 'Message'),
  purgeMessage: async (own) => ({ path: { id: (await record(own)).message }, body: because }),
  hideCampaign: async (own) => ({ path: { id: (await record(own)).campaign }, body: because }),
  unhideCampaign: async (own) => hidden(own, 'Campaign'),
  purgeCampaign: async (own) => ({ path: { id: (await record(own)).campaign }, body: because }),
  listRecipients: ofCampaign,
  exportRecipients: ofCampaign,
  getStatistics: ofCampaign,
  getCampaignLinks: ofCampaign,
  listCampaignActivity: ofCampaign,
  listCampaignPrograms: ofCampaign,
  listCampaignDomains: ofCampaign,
  listQueue: async () => ({}),
  steerQueue: async (own) => ({
    isForeignByBody: true, body: { action: 'retry', campaign_id: (await kept(own)).campaign },
  }),
  listSites: async () => ({}),
  suspendSite: async () => ({ body: { name: 'large.example', reason: 'They asked us to.' } }),
  resumeSite: async () => ({ body: { name: 'large.example' } }),
  listSandboxMessages: async () => ({}),
  getSandboxMessage: ofMessage,
  listHistory: async (own) => ({ path: { id: await contact(own) } }),
};
