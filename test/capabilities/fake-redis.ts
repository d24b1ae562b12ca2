/**
 * A Redis for tests: the real `redis-server` where the machine has one, otherwise a server that speaks RESP and does what
 * the scripts say. Both on loopback with a password, so that the way in is tested too.
 */

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { SCRIPTS } from '../../host/capabilities/kv-redis.ts';

export const PASSWORD = 'p@ss word/1';

export interface TestRedis extends AsyncDisposable {
  readonly url: string;
  /** Ends every connection, as a restart does. */
  drop(): Promise<void>;
}

export const hasRedisServer = spawnSync('redis-server', ['--version']).status === 0;

export async function startRealRedis(): Promise<TestRedis> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  const server = spawn(
    'redis-server',
    [
      '--port',
      String(port),
      '--bind',
      '127.0.0.1',
      '--save',
      '',
      '--appendonly',
      'no',
      '--requirepass',
      PASSWORD,
    ],
    { stdio: ['ignore', 'pipe', 'ignore'], cwd: '/' },
  );
  await new Promise<void>((resolve, reject) => {
    server.stdout.on('data', (text: Buffer) => String(text).includes('Ready to accept') && resolve());
    server.once('exit', () => reject(new Error('redis-server did not start')));
  });
  return {
    url: urlOf(port),
    async drop() {
      const told = spawnSync('redis-cli', [
        ...['-p', String(port), '-a', PASSWORD],
        ...['CLIENT', 'KILL', 'TYPE', 'normal'],
      ]);
      if (told.status !== 0) throw new Error(`redis-cli: ${told.stderr}`);
    },
    async [Symbol.asyncDispose]() {
      server.kill();
      await once(server, 'exit');
    },
  };
}

const urlOf = (port: number): string => `redis://:${encodeURIComponent(PASSWORD)}@127.0.0.1:${port}/3`;

type Answer = string | number | null | readonly string[];

/** Texts are latin1: one character a byte. With `tls` it speaks TLS. */
export async function startFakeRedis(tls?: TlsOptions): Promise<TestRedis> {
  const hashes = new Map<string, Map<string, string>>();
  const counts = new Map<string, number>();
  const sockets = new Set<Socket>();

  function evaluate(
    script: string,
    [values = '', , bytes = '']: string[],
    [key = '', ...rest]: string[],
  ): Answer {
    const hash = hashes.get(values) ?? new Map<string, string>();
    hashes.set(values, hash);
    const used = counts.get(bytes) ?? 0;
    const put = (value: string, [quota = '', entry = '', most = '']: string[]): 'stored' | 'quota' => {
      const before = hash.get(key);
      const growth =
        before === undefined ? key.length + value.length + Number(entry) : value.length - before.length;
      if (growth > 0 && used + growth > Number(quota)) return 'quota';
      if (before === undefined && hash.size >= Number(most)) return 'quota';
      hash.set(key, value);
      counts.set(bytes, used + growth);
      return 'stored';
    };
    if (script === SCRIPTS.get) return hash.get(key) ?? null;
    if (script === SCRIPTS.set) return put(rest[0] ?? '', rest.slice(1));
    if (script === SCRIPTS.delete) {
      const before = hash.get(key);
      if (before === undefined) return 0;
      hash.delete(key);
      counts.set(bytes, used - key.length - before.length - Number(rest[0]));
      return 1;
    }
    if (script === SCRIPTS.list) {
      const [most = '', count = ''] = rest;
      const isAbove = (name: string) => (key.startsWith('[') ? name >= key.slice(1) : name > key.slice(1));
      const found = [...hash.keys()].filter((name) => isAbove(name) && name < most.slice(1)).sort();
      return found.slice(0, Number(count));
    }
    if (script === SCRIPTS.increment) {
      const before = hash.get(key) ?? '0';
      const sum = /^(0|-?[1-9]\d{0,18})$/.test(before) ? BigInt(before) + BigInt(rest[0] ?? '0') : undefined;
      if (sum === undefined || BigInt.asIntN(64, sum) !== sum) return 'number';
      return put(String(sum), rest.slice(1)) === 'stored' ? String(sum) : 'quota';
    }
    throw new Error('a script this server does not know');
  }

  const serve = (socket: Socket): void => {
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
    let text = '';
    let isKnown = false;
    const answer = ([name = '', ...parts]: string[]): string => {
      const command = name.toUpperCase();
      if (command === 'AUTH') {
        isKnown = Buffer.from(parts[0] ?? '', 'latin1').toString() === PASSWORD;
        return isKnown ? '+OK\r\n' : '-WRONGPASS\r\n';
      }
      if (!isKnown) return '-NOAUTH Authentication required.\r\n';
      if (command === 'SELECT')
        return Number(parts[0]) < 16 ? '+OK\r\n' : '-ERR DB index is out of range\r\n';
      const [script = '', , ...others] = parts;
      return command === 'EVAL'
        ? written(evaluate(script, others.slice(0, 3), others.slice(3)))
        : '-ERR unknown\r\n';
    };
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      for (let read = readCommand(text); read !== undefined; read = readCommand(text)) {
        text = text.slice(read.end);
        // In two pieces, so that no reader may count on whole replies.
        const reply = Buffer.from(answer(read.parts), 'latin1');
        socket.write(reply.subarray(0, 3));
        socket.write(reply.subarray(3));
      }
    });
  };
  const server = (tls ? createTlsServer(tls, serve) : createServer(serve)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: urlOf((server.address() as AddressInfo).port).replace(/^redis/, tls ? 'rediss' : 'redis'),
    async drop() {
      for (const socket of sockets) socket.destroy();
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

function written(answer: Answer): string {
  if (answer === null) return '$-1\r\n';
  if (typeof answer === 'number') return `:${answer}\r\n`;
  if (typeof answer === 'string') return `$${answer.length}\r\n${answer}\r\n`;
  return `*${answer.length}\r\n${answer.map((item) => `$${item.length}\r\n${item}\r\n`).join('')}`;
}

/** The first command in `text`, or undefined while it is not whole. */
function readCommand(text: string): { readonly parts: string[]; readonly end: number } | undefined {
  let end = 0;
  const readCount = (): number => {
    const line = /^[*$](\d+)\r\n/.exec(text.slice(end, end + 20));
    end += line?.[0].length ?? Number.NaN;
    return Number(line?.[1] ?? Number.NaN);
  };
  const parts: string[] = [];
  for (let left = readCount(); left > 0; left--) {
    const length = readCount();
    parts.push(text.slice(end, end + length));
    end += length + 2;
  }
  return parts.length > 0 && end <= text.length ? { parts, end } : undefined;
}
