/** When Redis is lost, silent, wrong or hostile, the guest is told so, and no increment is done twice. */

import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createRedisConnection } from '../../host/capabilities/redis-connection.ts';
import { createReplyReader } from '../../host/capabilities/redis-replies.ts';
import { createServices } from '../../host/capabilities/services.ts';
import { noticeChannel } from '../../host/channels.ts';
import { createFakeClock } from '../../host/clock.ts';
import { startFakeRedis } from './fake-redis.ts';

/** A server that answers each piece it is sent with what `answer` says. */
async function serveBytes(answer: (count: number) => string | undefined) {
  let count = 0;
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.on('data', () => {
      const text = answer(++count);
      if (text !== undefined) socket.write(text);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `redis://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seenCount: () => count,
    [Symbol.dispose]: () => void server.close(),
  };
}

it('a lost connection fails what was under way, once; after a pause there is another', async () => {
  await using redis = await startFakeRedis();
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
    await clock.advance(250);
    expect(await increment()).toEqual({ value: 2n });
    expect(notices).toHaveLength(1);
    expect(JSON.stringify(notices)).toContain('capabilities.store-unavailable');
  } finally {
    noticeChannel.unsubscribe(listener);
  }
});

it('a store that is silent is given up after its time, and everything behind it with it', async () => {
  using server = await serveBytes(() => undefined);
  const clock = createFakeClock();
  const connection = createRedisConnection({ url: server.url, clock, timeoutMs: 100 });
  const both = [connection.command(['GET', 'a']), connection.command(['GET', 'b'])].map((call) =>
    call.catch((error: unknown) => String(error)),
  );
  while (server.seenCount() < 1) await new Promise((turn) => setImmediate(turn));
  await clock.advance(100);
  expect(await Promise.all(both)).toEqual(Array(2).fill('Error: the store did not answer in time'));
  await expect(connection.command(['GET', 'a'])).rejects.toThrow('a moment ago');
});

it('a password that is refused ends the connection, and is not in the error', async () => {
  await using redis = await startFakeRedis();
  const url = redis.url.replace(/:[^:@/]*@/, ':wrong-one@');
  const connection = createRedisConnection({ url, clock: createFakeClock() });
  const error = await connection.command(['EVAL', 'x']).catch((reason: unknown) => reason as Error);
  expect(error).toBeInstanceOf(Error);
  expect(`${error} ${String((error as Error).cause)} ${(error as Error).stack}`).not.toContain('wrong-one');
});

it.each([
  ['no RESP at all', 'HTTP/1.1 400 Bad Request\r\n\r\n'],
  ['two replies for one command', '+a\r\n+b\r\n'],
  ['a length beyond every bound', '$999999999\r\n'],
  ['a list beyond every bound', '*999999\r\n'],
  ['lists within lists', `${'*1\r\n'.repeat(1000)}`],
  ['a string that does not end where it says', '$3\r\nabcdef\r\n'],
  ['a number that is none', ':1e3\r\n'],
])('a store that says %s is not believed again', async (_name, text) => {
  using server = await serveBytes(() => text);
  const connection = createRedisConnection({ url: server.url, clock: createFakeClock() });
  const first = await connection.command(['GET', 'a']).catch((error: unknown) => error);
  if (text.startsWith('+')) await new Promise((turn) => setImmediate(turn));
  else expect(first).toBeInstanceOf(Error);
  await expect(connection.command(['GET', 'a'])).rejects.toThrow();
});

it('replies are the same however they are cut into pieces', () => {
  const value = fc.oneof(
    fc.constant(['$-1\r\n', null] as const),
    fc.integer().map((n) => [`:${n}\r\n`, n] as const),
    fc.string({ unit: 'binary-ascii' }).map((s) => [`$${s.length}\r\n${s}\r\n`, s] as const),
  );
  const reply = fc.oneof(
    value,
    fc
      .array(value, { maxLength: 5 })
      .map(
        (items) =>
          [
            `*${items.length}\r\n${items.map(([text]) => text).join('')}`,
            items.map(([, plain]) => plain),
          ] as const,
      ),
  );
  const plain = (given: unknown): unknown =>
    given instanceof Uint8Array
      ? Buffer.from(given).toString('latin1')
      : Array.isArray(given)
        ? given.map(plain)
        : given;
  fc.assert(
    fc.property(fc.array(reply), fc.infiniteStream(fc.integer({ min: 1, max: 9 })), (replies, sizes) => {
      const bytes = Buffer.from(replies.map(([text]) => text).join(''), 'latin1');
      const reader = createReplyReader();
      const got: unknown[] = [];
      for (let at = 0; at < bytes.length; ) {
        const end = at + (sizes.next().value as number);
        for (const one of reader.take(bytes.subarray(at, end)))
          got.push(one.kind === 'value' ? plain(one.value) : one);
        at = end;
      }
      expect(got).toEqual(replies.map(([, expected]) => expected));
    }),
  );
});
