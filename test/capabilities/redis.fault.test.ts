/** When Redis is lost, silent, wrong or somebody else, the guest is told so, and nothing is done twice. */

import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { describe, expect, it, vi } from 'vitest';
import { StoreUnavailable } from '../../host/capabilities/kv.ts';
import { createRedisKv, SCRIPTS } from '../../host/capabilities/kv-redis.ts';
import { createRedis } from '../../host/capabilities/redis.ts';
import { createServices } from '../../host/capabilities/services.ts';
import { noticeChannel } from '../../host/channels.ts';
import { createFakeClock } from '../../host/clock.ts';
import { makeCertificate } from './certificate.ts';
import { hasRedisServer, PASSWORD, startFakeRedis, startRealRedis } from './fake-redis.ts';

const MiB = 1024 * 1024;
const key = Buffer.from('k');
/** ioredis's pause before it connects again is real time: asked until it is over, however long that takes. */
const PATIENCE = { timeout: 20_000, interval: 20 };

const redisAt = (url: string, timeoutMs = 2000) => createRedis({ url, timeoutMs });
const KEYS = ['a', 'b', 'c'];
/** What an operator could read of an error. */
const written = (error: unknown): string => {
  const { message, stack, cause } = error as Error;
  return `${message} ${stack} ${cause === undefined ? '' : written(cause)} ${JSON.stringify(error)}`;
};
const failure = async (call: Promise<unknown>): Promise<string> => {
  const error = await call.then(
    (value) => new Error(`it answered: ${value}`),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(StoreUnavailable);
  return written(error);
};

/** A server that does with each piece it is sent what `answer` says. */
async function serveBytes(answer: (socket: Socket, count: number) => void, port = 0) {
  let count = 0;
  let connections = 0;
  const server = createServer((socket) => {
    connections++;
    socket.on('error', () => socket.destroy());
    socket.on('data', () => answer(socket, ++count));
  }).listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    url: `redis://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen: () => ({ count, connections }),
    [Symbol.dispose]: () => void server.close(),
  };
}

const servers: [string, () => ReturnType<typeof startFakeRedis>][] = [
  ['a server that speaks RESP', () => startFakeRedis()],
];
if (hasRedisServer) servers.push(['redis-server', startRealRedis]);
else console.warn('NOT TESTED against a real Redis: this machine has no redis-server in its PATH');

describe.each(servers)('%s', (_name, start) => {
  it('that is lost fails what is asked of it, does nothing twice, and is found again', async () => {
    await using redis = await start();
    const clock = createFakeClock();
    const notices: unknown[] = [];
    const listener = (event: unknown): void => void notices.push(event);
    noticeChannel.subscribe(listener);
    await using services = createServices({ clock, kvUrl: redis.url, kvMaxBytes: 0 });
    const session = services.open({
      adapter: 'a',
      tenant: 't',
      requestId: 'r',
      deadlineMs: Number.POSITIVE_INFINITY,
      traceparent: undefined,
      grants: { kv: { maxBytes: 10_000 } },
    });
    const increment = () => session.call('kv.increment', { key: 'k', by: 1n });
    try {
      expect(await increment()).toEqual({ value: 1n });
      await redis.drop();
      // The loss may be seen before or after the next command: either way it is told, and not repeated.
      await expect(increment()).rejects.toMatchObject({ code: 'unavailable' });
      await expect(increment()).rejects.toMatchObject({ code: 'unavailable' });
      expect(await vi.waitFor(increment, PATIENCE)).toEqual({ value: 2n });
      expect(notices).toHaveLength(1);
      expect(JSON.stringify(notices)).toContain('capabilities.store-unavailable');
    } finally {
      noticeChannel.unsubscribe(listener);
    }
  });

  it('that refuses the password is not asked for more, and the error holds no password', async () => {
    await using redis = await start();
    const wrong = redisAt(redis.url.replace(/:[^:@/]*@/, ':wrong-one@'));
    const text = await failure(wrong.run(SCRIPTS.get, KEYS, ['key-of-a-guest']));
    expect(text).toContain('WRONGPASS');
    expect(text).not.toMatch(/wrong-one|key-of-a-guest/);
    await wrong.close();
  });

  it('that refuses the database is not asked for more in another one', async () => {
    await using redis = await start();
    const store = createRedisKv({ url: redis.url.replace(/\/3$/, '/9999') });
    const text = await failure(store.set('n', key, key, MiB));
    expect(text).toContain('DB index is out of range');
    expect(text).not.toContain(PASSWORD);
    await store.close();
    const zero = createRedisKv({ url: redis.url.replace(/\/3$/, '/0') });
    expect(await zero.get('n', key)).toBeUndefined();
    await zero.close();
  });
});

it('a store that nobody serves is unavailable, and is used once somebody does', async () => {
  using gone = await serveBytes(() => {});
  gone[Symbol.dispose]();
  const redis = redisAt(gone.url);
  const get = () => redis.run(SCRIPTS.get, KEYS, ['k']);
  expect(await failure(get())).toContain('ECONNREFUSED');
  expect(await failure(get())).toContain('a moment ago');
  using _back = await serveBytes((socket) => socket.write('$1\r\nv\r\n'), gone.port);
  expect(String(await vi.waitFor(get, PATIENCE))).toBe('v');
  await redis.close();
});

it('a store that is silent is given up after its time, and everything behind it with it', async () => {
  const sockets: Socket[] = [];
  using server = await serveBytes((socket) => void sockets.push(socket));
  const redis = redisAt(server.url, 50);
  const get = () => redis.run(SCRIPTS.get, KEYS, ['k']);
  const texts = await Promise.all([failure(get()), failure(get())]);
  for (const text of texts) expect(text).toContain('did not answer in time');
  expect(await failure(get())).toContain('a moment ago');
  if (sockets[0]?.closed === false) await once(sockets[0], 'close');
  await redis.close();
});

it('a store that is silent about the password is given up too', async () => {
  using server = await serveBytes(() => {});
  const redis = redisAt(server.url.replace('//', '//:secret@'), 50);
  expect(await failure(redis.run(SCRIPTS.get, KEYS, ['k']))).not.toContain('secret');
  await redis.close();
});

it('a command whose answer was lost is never sent again', async () => {
  using server = await serveBytes((socket, count) => {
    if (count === 1) socket.destroy();
    else socket.write('$1\r\n7\r\n');
  });
  const redis = redisAt(server.url);
  const increment = (name: string) => redis.run(SCRIPTS.increment, KEYS, [name]);
  expect(await failure(increment('lost'))).toContain('the store was lost');
  expect(String(await vi.waitFor(() => increment('later'), PATIENCE))).toBe('7');
  expect(server.seen()).toEqual({ count: 2, connections: 2 });
  await redis.close();
});

it('what waits for a store that stalls is bounded, in number and in bytes', async () => {
  const sockets = new Set<Socket>();
  using server = await serveBytes((socket) => void sockets.add(socket));
  const redis = redisAt(server.url, 60_000);
  const set = (value: string | Uint8Array) => redis.run(SCRIPTS.set, KEYS, [value]).catch(String);
  const waiting = Array.from({ length: 64 }, () => set(new Uint8Array(MiB)));
  expect(await set(' ')).toContain('too many commands');
  waiting.push(...Array.from({ length: 10_000 - 64 }, () => set('')));
  expect(await set('')).toContain('too many commands');
  await vi.waitFor(() => expect(sockets.size).toBe(1), PATIENCE);
  for (const socket of sockets) socket.destroy();
  for (const text of await Promise.all(waiting)) expect(text).toContain('the store was lost');
  expect(await set(' ')).toContain('a moment ago');
  await redis.close();
});

it('a store that is closed refuses at once, and so does what waited for it', async () => {
  const sockets = new Set<Socket>();
  using server = await serveBytes((socket) => void sockets.add(socket));
  const redis = redisAt(server.url, 60_000);
  const get = () => redis.run(SCRIPTS.get, KEYS, ['k']);
  const waiting = failure(get());
  await vi.waitFor(() => expect(sockets.size).toBe(1), PATIENCE);
  await redis.close();
  await redis.close();
  expect(await waiting).toContain('the store was lost');
  expect(await failure(get())).toContain('the store is closed');
  await redisAt(server.url).close();
  expect(server.seen().connections).toBe(1);
});

it('an answer that is too long is not waited for, and many that are not are no long one', async () => {
  using flood = await serveBytes((socket) => socket.write(`$9999999\r\n${'x'.repeat(3 * MiB)}`));
  const flooded = redisAt(flood.url, 60_000);
  expect(await failure(flooded.run(SCRIPTS.get, KEYS, ['k']))).toContain('too long');
  await flooded.close();
  using fair = await serveBytes((socket) => socket.write(`$${MiB}\r\n${'x'.repeat(MiB)}\r\n`));
  const served = redisAt(fair.url);
  for (let times = 0; times < 4; times++) {
    expect(((await served.run(SCRIPTS.get, KEYS, ['k'])) as Buffer).length).toBe(MiB);
  }
  await served.close();
});

it.each([
  ['no RESP at all', 'HTTP/1.1 400 Bad Request\r\n\r\n'],
  ['two answers to one command', '+a\r\n+b\r\n'],
  ['a list of a length that no list has', '*99999999999\r\n'],
  ['a string that does not end where it says', '$3\r\nabcdef\r\n'],
])('a store that says %s is not believed again', async (_name, text) => {
  using server = await serveBytes((socket) => socket.write(text));
  const redis = redisAt(server.url);
  const get = () => redis.run(SCRIPTS.get, KEYS, ['k']);
  // An answer that came before the nonsense is one.
  await get().catch((error: unknown) => expect(error).toBeInstanceOf(StoreUnavailable));
  await vi.waitFor(async () => expect(await failure(get())).toContain('a moment ago'), PATIENCE);
  await redis.close();
});

it.each([
  ['a number', ':1\r\n'],
  ['a list', '*1\r\n$1\r\na\r\n'],
  ['lists within lists', `${'*1\r\n'.repeat(1000)}$1\r\na\r\n`],
  ['an error', '-ERR no\r\n'],
])('a store that answers %s where that cannot be is unavailable', async (_name, text) => {
  using server = await serveBytes((socket) => socket.write(text));
  const store = createRedisKv({ url: server.url });
  await failure(store.get('n', key));
  await failure(store.set('n', key, key, MiB));
  await failure(store.increment('n', key, 1n, MiB));
  if (!text.startsWith('*1\r\n$')) await failure(store.list('n', key, undefined));
  if (!text.startsWith(':')) await failure(store.delete('n', key));
  await store.close();
});

it('over TLS a store is believed by its certificate alone', async (context) => {
  const made = makeCertificate();
  if (made === undefined) {
    context.skip('NOT TESTED: there is no openssl to make a certificate with');
    return;
  }
  const names: string[] = [];
  const SNICallback = (name: string, done: (error: null) => void): void => {
    names.push(name);
    done(null);
  };
  await using redis = await startFakeRedis({ ...made, SNICallback });
  const trusting = createRedisKv({ url: redis.url, ca: made.cert });
  expect(await trusting.increment('n', key, 1n, MiB)).toBe(1n);
  const doubting = createRedisKv({ url: redis.url });
  expect(await failure(doubting.get('n', key))).toContain('SELF_SIGNED');
  const another = createRedisKv({ url: redis.url.replace('127.0.0.1', 'localhost'), ca: made.cert });
  expect(await failure(another.get('n', key))).toContain('ERR_TLS_CERT_ALTNAME_INVALID');
  expect(names).toEqual(['localhost']);
  for (const store of [trusting, doubting, another]) await store.close();
});
