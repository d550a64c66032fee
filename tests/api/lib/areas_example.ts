// The example organisation, in an organisation of its own: it is for one that has nobody yet.
import { fresh, send, type Case } from './cases.js';
import { sessionFetch, signIn } from './world.js';

export const examples: Record<string, Case> = {
  getExample: async () => ({}),
  loadExample: async (own) => {
    const as = sessionFetch(own.server, await signIn(own.server, own.email));
    const made = await send(own, own.server.url, 'createOrganisation', { as, body: { name: fresh('choir') } });
    const { organisation_id } = made.json as { organisation_id: string };
    await send(own, own.server.url, 'changeSession', { as, body: { organisation_id } });
    return { as };
  },
};
