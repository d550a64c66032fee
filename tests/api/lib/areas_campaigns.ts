// Campaigns in every state of their life, by the shortest way there.
import type { Organisation } from './world.js';
import { draft, sender } from './areas_content.js';
import { contact, group } from './areas_people.js';
import { fresh, made, send, type Call, type Case } from './cases.js';
import { until } from './until.js';
import type { Json } from './spec.js';

async function act(own: Organisation, operation: string, id: string, body?: Json): Promise<void> {
  const reply = await send(own, own.server.url, operation, {
    path: { id }, ...(body === undefined ? {} : { body }) });
  if (reply.status >= 300) throw new Error(`${operation}: ${reply.status} ${reply.text}`);
}

async function state(own: Organisation, id: string): Promise<string> {
  const reply = await send(own, own.server.url, 'getCampaign', { path: { id } });
  return (reply.json as { state: string }).state;
}

async function reach(own: Organisation, id: string, wanted: string[]): Promise<string> {
  return until(`campaign ${id} ${wanted.join(' or ')}`, async () => {
    const now = await state(own, id);
    return wanted.includes(now) ? now : undefined;
  });
}

export async function campaign(own: Organisation, more: Record<string, Json> = {}): Promise<string> {
  return made(own, own.server.url, 'createCampaign', {
    body: { name: fresh('Open day'), draft: await draft(own),
            audience: { contacts: [await contact(own)] }, ...more },
  });
}

const go = { override_sender: true, override_findings: true };

/** One that is sent, to one person. */
export async function sent(own: Organisation, more: Record<string, Json> = {}): Promise<string> {
  const id = await campaign(own, more);
  await act(own, 'startCampaign', id, go);
  await reach(own, id, ['finished', 'finished with errors']);
  return id;
}

/** One that runs, and will for hours. */
async function slow(own: Organisation): Promise<string> {
  const people = [await contact(own), await contact(own), await contact(own)];
  const id = await campaign(own, { audience: { contacts: people }, rate_per_second: 0.001 });
  await act(own, 'startCampaign', id, go);
  await reach(own, id, ['running']);
  return id;
}

async function paused(own: Organisation): Promise<string> {
  const id = await slow(own);
  await act(own, 'pauseCampaign', id, {});
  await reach(own, id, ['paused']);
  return id;
}

/** One with somebody who has no address. */
async function withSkipped(own: Organisation): Promise<string> {
  const nobody = await made(own, own.server.url, 'createContact', { body: { first_name: 'Nobody' } });
  return sent(own, { audience: { contacts: [await contact(own), nobody] } });
}

// Started on a screen: it waits for second thoughts.
async function secondThought(own: Organisation): Promise<string> {
  const id = await campaign(own);
  await send(own, own.server.url, 'startCampaign', { as: 'session', path: { id }, body: go });
  return id;
}

async function held(own: Organisation): Promise<string> {
  await sender(own);
  const sender_id = await made(own, own.server.url, 'createSender', {
    body: { address: `${fresh('unverified')}@school.example` } });
  const id = await campaign(own, { draft: { ...(await draft(own)), sender_id } });
  await send(own, own.server.url, 'startCampaign', { path: { id }, body: { override_findings: true } });
  await reach(own, id, ['held']);
  return id;
}

const of = (make: (own: Organisation) => Promise<string>, body?: Json) =>
  async (own: Organisation): Promise<Call> => ({
    path: { id: await make(own) }, ...(body === undefined ? {} : { body }) });

export const campaigns: Record<string, Case> = {
  listCampaigns: async () => ({}),
  createCampaign: async (own) => ({
    body: { name: fresh('Fair'), draft: await draft(own), audience: { groups: [await group(own)] } },
    isForeignByBody: true }),
  getCampaign: of(campaign),
  changeCampaign: of(campaign, { name: 'Another name' }),
  deleteCampaign: of(campaign),
  startCampaign: of(campaign, go),
  scheduleCampaign: of(campaign, { at: '2030-12-01T08:00', time_zone: 'Europe/Amsterdam', ...go }),
  stopCampaign: of(secondThought),
  releaseCampaign: of(held, go),
  pauseCampaign: of(slow, {}),
  resumeCampaign: of(paused),
  abortCampaign: of(slow),
  copyCampaign: of(campaign),
  resendCampaign: of(withSkipped, { outcome: 'skipped' }),
  correctCampaign: of(slow, {}),
  checkCampaign: of(campaign),
  showCampaignPreview: of(campaign),
  getCampaignProgress: of(campaign),
  watchCampaign: of(sent),
};
