// What needs a person.
import type { Organisation } from './world.js';
import { message } from './areas_messages.js';
import { fresh, send, type Case } from './cases.js';
import { until } from './until.js';

/** An address that the sandbox refused. */
async function problem(own: Organisation): Promise<Record<string, string>> {
  const to = `bounce+${fresh('a')}@home.example`;
  await message(own, to);
  const problem_id = await until(`${to} on the list`, async () => {
    const reply = await send(own, own.server.url, 'listAddressProblems', {});
    const items = (reply.json as { items?: { id: string; address: string }[] }).items ?? [];
    return items.find((each) => each.address === to)?.id;
  });
  return { problem_id };
}

export const problems: Record<string, Case> = {
  listAddressProblems: async (own) => { await problem(own); return {}; },
  getAddressProblem: async (own) => ({ path: await problem(own) }),
  settleAddressProblem: async (own) => ({ path: await problem(own), body: { note: 'left' } }),
  fixAddressProblem: async (own) => ({
    path: await problem(own),
    body: { address: `${fresh('right')}@home.example`, send_again: true } }),
  listCampaignProblems: async () => ({}),
  countProblems: async () => ({}),
  listAlerts: async () => ({}),
};
