// Addresses that must not be written to.
import type { Organisation } from './world.js';
import { fresh, made, type Case } from './cases.js';

const address = (): string => `${fresh('stop')}@example.org`;

const suppression = async (own: Organisation): Promise<Record<string, string>> => ({
  suppression_id: await made(own, own.server.url, 'createSuppression', { body: { address: address() } }),
});

export const suppressions: Record<string, Case> = {
  listSuppressions: async () => ({}),
  createSuppression: async () => ({ body: { address: address(), note: 'asked by phone' } }),
  importSuppressions: async () => ({ body: { addresses: [address(), address()] } }),
  getSuppression: async (own) => ({ path: await suppression(own) }),
  releaseSuppression: async (own) => ({
    path: await suppression(own), body: { note: 'signed up again' } }),
};
