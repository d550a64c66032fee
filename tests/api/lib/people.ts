// What the stories share: people to write to, a road out, a campaign until its end.
import assert from 'node:assert/strict';

import type { Server } from './server.js';
import { until } from './until.js';
import { must, type Api } from './world.js';

export async function person(
  api: Api, first_name: string, last_name: string, email?: string,
): Promise<string> {
  const addresses = email === undefined ? [] : [{ channel: 'email' as const, address: email }];
  return must(await api.POST('/contacts', { body: { first_name, last_name, addresses } })).id;
}

export async function groupOf(api: Api, name: string, contact_ids: string[]): Promise<string> {
  const { id } = must(await api.POST('/groups', { body: { name } }));
  if (contact_ids.length > 0) {
    must(await api.POST('/groups/{group_id}/members', {
      params: { path: { group_id: id } }, body: { contact_ids } }));
  }
  return id;
}

/** The organisation's mail stays in the sandbox; answers its sender, as an owner trusts it. */
export async function office(api: Api, address: string): Promise<string> {
  must(await api.POST('/transports', { body: { name: 'Try it safely', url: 'sandbox:', is_default: true } }));
  return must(await api.POST('/senders', { body: { name: 'The office', address } })).id;
}

export async function finished(api: Api, id: string, seconds = 60): Promise<void> {
  await until(`campaign ${id} finished`, async () => {
    const now = must(await api.GET('/campaigns/{id}/progress', { params: { path: { id } } }));
    const sum = now.pending + now.in_flight + now.completed + now.failed + now.skipped;
    assert.equal(sum, now.total, 'the counters always sum to the total');
    return now.state.startsWith('finished') ? true : undefined;
  }, seconds);
}

export interface Mail {
  to: string;
  subject: string;
  text: string; // the whole, quoted-printable undone
}

/** What would have left, as its readers would read it. */
export function mail(server: Server): Mail[] {
  return server.sandbox().map((octets) => {
    const unfolded = octets.replace(/\r\n[ \t]/g, ' ');
    const header = (name: string): string =>
      new RegExp(`^${name}: (.*)$`, 'im').exec(unfolded)?.[1]?.trim() ?? '';
    const text = Buffer.from(
      octets.replace(/=\r\n/g, '').replace(/=([0-9A-F]{2})/g, (_, hex: string) =>
        String.fromCharCode(parseInt(hex, 16))), 'latin1').toString('utf8');
    return { to: header('To'), subject: header('Subject'), text };
  });
}
