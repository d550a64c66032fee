// A mail server from npm (smtp-server) whose messages another stranger (mailparser) reads back.
// usage: node reader.mjs PEERS_FOLDER RECORDS BODIES
// Prints `listening PORT`. Per message: the raw octets appended to BODIES, then one JSON line to
// RECORDS with what mailparser understood, then the 250.
import { createHash } from 'node:crypto';
import { appendFileSync, openSync, writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';

const [peers, records, bodies] = process.argv.slice(2);
const require = createRequire(join(resolve(peers), 'package.json'));
const { SMTPServer } = require('smtp-server');
const { simpleParser } = require('mailparser');

const bodiesFile = openSync(bodies, 'a');
let offset = 0;

async function take(raw, session) {
  const at = offset;
  offset += raw.length;
  writeSync(bodiesFile, raw);
  const mail = await simpleParser(raw, { skipHtmlToText: true, skipTextToHtml: true, skipImageLinks: true });
  appendFileSync(records, JSON.stringify({
    mail_from: session.envelope.mailFrom ? session.envelope.mailFrom.address : '',
    mail_args: session.envelope.mailFrom ? session.envelope.mailFrom.args : {},
    rcpt_to: session.envelope.rcptTo.map((r) => r.address),
    offset: at,
    bytes: raw.length,
    sha256: createHash('sha256').update(raw).digest('hex'),
    message_id: mail.messageId,
    from: mail.from?.value,
    to: mail.to?.value,
    reply_to: mail.replyTo?.value,
    subject: mail.subject,
    date: mail.date,
    text: mail.text,
    html: mail.html,
    attachments: mail.attachments.map((a) => ({
      filename: a.filename,
      type: a.contentType,
      disposition: a.contentDisposition,
      bytes: a.size,
      sha256: createHash('sha256').update(a.content).digest('hex'),
    })),
  }) + '\n');
}

const server = new SMTPServer({
  authOptional: true,
  disabledCommands: ['AUTH', 'STARTTLS'],
  disableReverseLookup: true,
  maxClients: 64,
  onData(stream, session, done) {
    const chunks = [];
    stream.on('data', (chunk) => chunks.push(chunk));
    stream.on('error', done);
    stream.on('end', () => {
      take(Buffer.concat(chunks), session).then(() => done(), done);
    });
  },
});
server.on('error', (error) => process.stderr.write(`reader: ${error.message}\n`));
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`listening ${server.server.address().port}\n`);
});
process.on('SIGTERM', () => process.exit(0));
