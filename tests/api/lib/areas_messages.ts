// Messages that belong to no campaign, and what can be done with one message.
import type { Organisation } from './world.js';
import { sender } from './areas_content.js';
import { campaign } from './areas_campaigns.js';
import { contact } from './areas_people.js';
import { fresh, made, send, type Call, type Case } from './cases.js';
import { until } from './until.js';

const override = { override_sender: true };

export async function message(own: Organisation, to: string): Promise<string> {
  return made(own, own.server.url, 'sendMessage', {
    body: { to, subject: 'Receipt', text: 'Thank you, {{ data.name }}', data: { name: 'Bo' },
            sender: await sender(own), ...override } });
}

/** One that was asked to be tried later. */
async function deferred(own: Organisation): Promise<string> {
  const id = await message(own, `deferred+${fresh('a')}@home.example`);
  return until(`message ${id} deferred`, async () => {
    const reply = await send(own, own.server.url, 'getMessage', { path: { id } });
    return (reply.json as { status?: string }).status === 'deferred' ? id : undefined;
  });
}

/** One of a campaign, of which nobody knows whether it arrived. */
async function uncertain(own: Organisation): Promise<string> {
  const to = `uncertain+${fresh('a')}@home.example`;
  const id = await campaign(own, { audience: { addresses: [to] } });
  await send(own, own.server.url, 'startCampaign', {
    path: { id }, body: { override_sender: true, override_findings: true } });
  return until(`the message to ${to}`, async () => {
    const reply = await send(own, own.server.url, 'listMessages', { query: { campaign: id } });
    const items = (reply.json as { items?: { id: string; status: string }[] }).items ?? [];
    return items[0]?.status === 'uncertain' ? items[0].id : undefined;
  });
}

const of = (make: (own: Organisation) => Promise<string>) =>
  async (own: Organisation): Promise<Call> => ({ path: { id: await make(own) } });

export const messages: Record<string, Case> = {
  sendMessage: async (own) => ({
    body: { contact_id: await contact(own), kind: 'individual', subject: 'Hello', text: 'Good day',
            sender: await sender(own), ...override },
    isForeignByBody: true }),
  listMessageRecipients: async (own) => ({ path: { contact_id: await contact(own) } }),
  sendMessageAbout: async (own) => {
    const contact_id = await contact(own);
    return { path: { contact_id },
             body: { recipients: [{ contact_id }], subject: 'Hello', text: 'Good day',
                     sender: await sender(own), ...override } };
  },
  cancelMessage: of(deferred),
  sendMessageAgain: of(uncertain),
};
