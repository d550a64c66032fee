// The peer of bench/send: nodemailer with pooled connections, HTML and text personalised.
// usage: node nodemailer.mjs PEERS_FOLDER PORT CSV HTML CONNECTIONS N
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';

const [peers, port, csv, html, connections, n] = process.argv.slice(2);
const require = createRequire(join(resolve(peers), 'package.json'));
const nodemailer = require('nodemailer');

const template = readFileSync(html, 'utf8');
const text = template.replace(/<a href="([^"]*)">([^<]*)<\/a>/g, '$2 $1').replace(/<[^>]*>/g, '');
const people = readFileSync(csv, 'utf8').split('\n').slice(1, Number(n) + 1).map((line) => {
  const [email, first_name, last_name, member_number] = line.split(',');
  return { email, first_name, last_name, member_number };
});
const transport = nodemailer.createTransport({
  host: '127.0.0.1', port: Number(port), secure: false, ignoreTLS: true, pool: true,
  maxConnections: Number(connections), maxMessages: Infinity,
});
const fill = (source, person, link) => source.replace(
  /\{\{ (?:contact\.)?(\w+) \}\}/g, (_, name) => (name === 'unsubscribe_url' ? link : person[name]));

let next = 0;
async function worker() {
  while (next < people.length) {
    const person = people[next];
    const link = `http://127.0.0.1:8080/u/${Buffer.from(`${next}-of-this-campaign`).toString('base64url')}`;
    next += 1;
    await transport.sendMail({
      from: 'The office <office@example.org>',
      to: person.email,
      subject: `News for ${person.first_name}`,
      html: fill(template, person, link),
      text: fill(text, person, link),
      headers: { 'List-Unsubscribe': `<${link}>`, 'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click' },
    });
  }
}
await Promise.all(Array.from({ length: Number(connections) * 2 }, worker));
transport.close();
