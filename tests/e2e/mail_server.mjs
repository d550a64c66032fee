// A mail server of which a test says how it greets and whom it refuses, and that keeps what it took.
import { createServer } from 'node:net';

export async function startMailServer({ greeting = '220 harbour.example.org ESMTP', refuse = () => null } = {}) {
  const taken = []; // { to, text } for each message
  const sockets = new Set();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
    const say = (line) => socket.write(`${line}\r\n`);
    let to = '';
    let text = null; // an array of lines while a message comes in
    const command = (line) => {
      const verb = line.slice(0, 4).toUpperCase();
      if (verb === 'EHLO') return say('250-harbour.example.org\r\n250 8BITMIME');
      if (verb === 'RCPT') {
        to = /<([^>]*)>/.exec(line)?.[1] ?? '';
        return say(refuse(to) ?? '250 2.1.5 ok');
      }
      if (verb === 'DATA') {
        text = [];
        return say('354 go on');
      }
      if (verb === 'QUIT') return socket.end('221 2.0.0 bye\r\n');
      return say('250 2.0.0 ok');
    };
    const content = (line) => {
      if (line !== '.') return text.push(line.replace(/^\./, ''));
      taken.push({ to, text: text.join('\r\n') });
      text = null;
      return say('250 2.0.0 taken');
    };
    let rest = '';
    socket.setEncoding('latin1').on('data', (octets) => {
      const lines = (rest + octets).split('\r\n');
      rest = lines.pop();
      for (const line of lines) (text ? content : command)(line);
    });
    say(greeting);
    if (!greeting.startsWith('220')) socket.end();
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  return {
    port: server.address().port, taken,
    stop: () => new Promise((done) => {
      server.close(done);
      for (const socket of sockets) socket.destroy();
    }),
  };
}
