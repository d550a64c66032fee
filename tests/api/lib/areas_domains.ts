// Sending domains and their keys.
import type { Organisation } from './world.js';
import { fresh, made, type Call, type Case } from './cases.js';

// Short keys: they are made at once.
const keys = { algorithms: ['ed25519-sha256'] };
const name = (): string => `${fresh('school')}.example`;
const domain = async (own: Organisation): Promise<Call> => ({
  path: { domain_id: await made(own, own.server.url, 'createDomain', { body: { name: name(), keys } }) } });

export const domains: Record<string, Case> = {
  listDomains: async () => ({}),
  createDomain: async () => ({ body: { name: name(), keys } }),
  getDomain: domain,
  changeDomain: async (own) => ({ ...(await domain(own)), body: { return_path_domain: '' } }),
  deleteDomain: domain,
  rotateDomainKeys: async (own) => ({ ...(await domain(own)), body: keys }),
  activateDomainKeys: domain,
  checkDomain: domain,
};
