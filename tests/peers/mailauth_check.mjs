// mailauth (npm), an independent verifier of DKIM signatures.
// usage: node mailauth_check.mjs KEYS RECORDS BODIES
// KEYS: lines `SELECTOR._domainkey.DOMAIN TEXT`. RECORDS: the sink's JSON lines; those with the event
// `message` name a piece of BODIES. Prints one JSON line: how many messages had which results.
import { createReadStream, openSync, readFileSync, readSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const require = createRequire(join(dirname(fileURLToPath(import.meta.url)), 'package.json'));
const { dkimVerify } = require('mailauth/lib/dkim/verify');

const [keys, records, bodies] = process.argv.slice(2);
const zone = new Map(readFileSync(keys, 'utf8').split('\n').filter(Boolean)
  .map((line) => [line.slice(0, line.indexOf(' ')), line.slice(line.indexOf(' ') + 1)]));
const resolver = async (name, type) => {
  const text = type === 'TXT' ? zone.get(name) : undefined;
  if (text !== undefined) return [[text]];
  throw Object.assign(new Error('not found'), { code: 'ENOTFOUND' });
};

const file = openSync(bodies, 'r');
const counts = {};
for await (const line of createInterface({ input: createReadStream(records) })) {
  const record = JSON.parse(line);
  if (record.event !== 'message') continue;
  const octets = Buffer.alloc(record.bytes);
  readSync(file, octets, 0, record.bytes, record.offset);
  const { results } = await dkimVerify(octets, { resolver });
  const told = results
    .map((one) => `${one.algo} ${one.status.result} ${one.status.aligned ?? 'unaligned'}`
                  + (one.status.result === 'pass' ? '' : ` (${one.status.comment})`))
    .sort().join(', ') || 'none';
  counts[told] = (counts[told] ?? 0) + 1;
}
console.log(JSON.stringify(counts));
