// The program under test: `tidings serve` on a fresh folder, its answers checked by itself
// (--check-answers), everything it sends kept in its sandbox.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { request } from 'node:http';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export type Fetch = (request: Request) => Promise<Response>;

function program(): string {
  const path = process.env['TIDINGS'];
  if (!path) throw new Error('TIDINGS names no program: run this by tests/api/run');
  return path;
}

async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const taken = createServer();
    taken.on('error', reject);
    taken.listen(0, '127.0.0.1', () => {
      const { port } = taken.address() as AddressInfo;
      taken.close(() => resolve(port));
    });
  });
}

export class Server {
  readonly folder: string;
  url = '';
  /** Where it takes in returned mail. */
  inbound = 0;
  #process: ChildProcess | undefined;
  #said = '';

  constructor() {
    this.folder = join(mkdtempSync(join(tmpdir(), 'tidings-api-test-')), 'data');
  }

  /** Runs a command of the same program on the same folder; returns what it printed. */
  command(...words: string[]): string {
    const done = spawnSync(program(), [...words, '--data', this.folder], { encoding: 'utf8' });
    if (done.status !== 0) {
      throw new Error(`tidings ${words.join(' ')} ended with ${done.status}: ${done.stderr}`);
    }
    return done.stdout;
  }

  /** `environment`: of the program, beyond our own. */
  async start(environment: Record<string, string> = {}): Promise<this> {
    const listen = `127.0.0.1:${await freePort()}`;
    const words = ['serve', '--data', this.folder, '--listen', listen, '--check-answers'];
    const database = process.env['TIDINGS_API_DATABASE'];
    if (database) words.push('--database', database);
    this.inbound = await freePort();
    const inbound = { TIDINGS_INBOUND_LISTEN: `127.0.0.1:${this.inbound}` };
    const env = { ...process.env, ...inbound, ...environment };
    const child = spawn(program(), words, { stdio: ['ignore', 'pipe', 'pipe'], env });
    this.#process = child;
    const served = new Promise<string>((resolve, reject) => {
      const hear = (chunk: Buffer): void => {
        this.#said += chunk.toString();
        const match = /on (http:\/\/\S+)/.exec(this.#said);
        if (match?.[1]) resolve(match[1]);
      };
      child.stdout.on('data', hear);
      child.stderr.on('data', hear);
      child.on('exit', (code) => reject(new Error(`serve ended with ${code}: ${this.#said}`)));
    });
    this.url = await served;
    return this;
  }

  /** What the program said on its own: reports of answers outside the specification stand here. */
  get said(): string {
    return this.#said;
  }

  get socket(): string {
    return join(this.folder, 'tidings.sock');
  }

  async stop(): Promise<void> {
    const child = this.#process;
    if (child && child.exitCode === null) {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      await ended;
    }
    rmSync(join(this.folder, '..'), { recursive: true, force: true });
  }

  /** A fetch that goes through the folder's socket: the person at the machine. */
  local: Fetch = async (asked) => {
    const body = Buffer.from(await asked.arrayBuffer());
    const url = new URL(asked.url);
    const headers = Object.fromEntries(asked.headers.entries());
    if (body.length > 0) headers['content-length'] = String(body.length);
    return new Promise((resolve, reject) => {
      const sent = request(
        { socketPath: this.socket, path: url.pathname + url.search, method: asked.method, headers },
        (got) => {
          const chunks: Buffer[] = [];
          got.on('data', (chunk: Buffer) => chunks.push(chunk));
          got.on('error', reject);
          got.on('end', () => {
            const status = got.statusCode ?? 0;
            const answer = new Headers();
            for (const [name, value] of Object.entries(got.headers)) {
              for (const one of [value ?? ''].flat()) answer.append(name, one);
            }
            const empty = status === 204 || status === 304;
            resolve(
              new Response(empty ? null : Buffer.concat(chunks), { status, headers: answer }),
            );
          });
        },
      );
      sent.on('error', reject);
      sent.end(body);
    });
  };

  /** The octets of everything that would have left, oldest first. */
  sandbox(): string[] {
    const folder = join(this.folder, 'sandbox');
    const files: string[] = [];
    const walk = (at: string): void => {
      for (const name of readdirSync(at)) {
        const path = join(at, name);
        if (statSync(path).isDirectory()) walk(path);
        else if (name.endsWith('.eml')) files.push(path);
      }
    };
    try {
      walk(folder);
    } catch {
      return [];
    }
    return files.sort().map((path) => readFileSync(path, 'latin1'));
  }
}
