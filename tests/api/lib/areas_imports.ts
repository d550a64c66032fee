// Files of people, looked at before they are imported.
import type { Organisation } from './world.js';
import { fresh, send, type Call, type Case } from './cases.js';

const file = (people = 1): Call => {
  const name = fresh('pupil');
  const rows = Array.from({ length: people }, (_, n) => `${name}.${n}@example.org,Anna\n`);
  return {
    query: { file_name: 'class.csv' },
    raw: { type: 'text/csv', bytes: `email,first_name\n${rows.join('')}` },
  };
};

async function given(own: Organisation, people = 1): Promise<Record<string, string>> {
  const answer = await send(own, own.server.url, 'createImport', file(people));
  return { import_id: String((answer.json as { id: string }).id) };
}

async function ended(own: Organisation): Promise<Record<string, string>> {
  const path = await given(own);
  await send(own, own.server.url, 'startImport', { path });
  for (let look = 0; look < 100; ++look) {
    const answer = await send(own, own.server.url, 'getImport', { path });
    if ((answer.json as { state: string }).state === 'finished') break;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return path;
}

// Large enough to be at work for a second.
async function running(own: Organisation): Promise<Record<string, string>> {
  const path = await given(own, 40_000);
  await send(own, own.server.url, 'startImport', { path });
  return path;
}

export const imports: Record<string, Case> = {
  listImports: async () => ({}),
  createImport: async () => file(),
  getImport: async (own) => ({ path: await given(own) }),
  changeImport: async (own) => ({ path: await given(own), body: { groups: ['Pupils'] } }),
  deleteImport: async (own) => ({ path: await given(own) }),
  startImport: async (own) => ({ path: await given(own) }),
  cancelImport: async (own) => ({ path: await running(own) }),
  watchImport: async (own) => ({ path: await ended(own) }),
  getImportReport: async (own) => ({ path: await ended(own) }),
  undoImport: async (own) => ({ path: await ended(own) }),
};
