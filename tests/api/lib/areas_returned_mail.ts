// Mail that came back: taken in by SMTP, once for each organisation.
import { connect } from 'node:net';

import type { Organisation } from './world.js';
import { fresh, made, send, type Call, type Case } from './cases.js';
import { until } from './until.js';

/** The last answer to these lines, each said after the answer to the one before. */
async function speak(port: number, lines: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    let heard = '';
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => {
      heard += text;
      const last = /^\d{3} .*\r\n$/m.exec(heard.slice(heard.lastIndexOf('\n', heard.length - 2) + 1));
      if (!last) return;
      const line = lines.shift();
      if (line === undefined || heard.startsWith('5') || heard.startsWith('4')) {
        socket.destroy();
        resolve(heard);
      } else {
        heard = '';
        socket.write(`${line}\r\n`);
      }
    });
    socket.on('error', reject);
  });
}

async function take(own: Organisation): Promise<string> {
  const name = `${fresh('returns')}.example`;
  const keys = { algorithms: ['ed25519-sha256'] };
  const to = `abuse@b.${name}`;
  const body = { name, keys, return_path_domain: `b.${name}` };
  await made(own, own.server.url, 'createDomain', { body });
  // The domain counts within two seconds.
  await until('the listener takes mail in', async () => {
    const answer = await speak(own.server.inbound, [
      'EHLO c.example', 'MAIL FROM:<>', `RCPT TO:<${to}>`, 'DATA', 'Subject: x\r\n\r\nHello\r\n.']);
    return answer.startsWith('250') ? true : undefined;
  });
  const list = await send(own, own.server.url, 'listReturnedMail', {});
  const id = (list.json as { items: { id: string }[] }).items[0]?.id;
  if (id === undefined) throw new Error(`no returned mail: ${list.text}`);
  return id;
}

const once = new Map<string, Promise<string>>();
const mail = async (own: Organisation): Promise<Call> => {
  const known = once.get(own.id) ?? take(own);
  once.set(own.id, known);
  return { path: { returned_mail_id: await known } };
};

export const returned: Record<string, Case> = {
  listReturnedMail: async () => ({}),
  countReturnedMail: async () => ({}),
  rereadReturnedMail: async () => ({ body: { kind: 'other' } }),
  getReturnedMail: mail,
  getReturnedMailFile: mail,
};
