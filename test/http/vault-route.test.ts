/** `/v1/vault`: streams through real sockets, tenants apart, and that what is not whole never ends cleanly. */

import { connect, type Socket } from 'node:net';
import { Readable } from 'node:stream';
import { Agent, request } from 'undici';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createFakeClock, type FakeClock } from '../../host/clock.ts';
import { HostError } from '../../host/errors.ts';
import { createHttpApp, type HttpApp } from '../../host/http/http.ts';
import { BODY_TIMEOUT_MS, LINGER_MS } from '../../host/http/limits.ts';
import type { Vault } from '../../host/vault/face.ts';
import { callbackKeys } from '../../host/vault/key-providers.ts';
import { createVault } from '../../host/vault/vault.ts';
import { createBench, createFakeHost, type FakeHost, httpOptions } from './fake-host.ts';

const MiB = 1024 * 1024;
const LIMIT = 12 * MiB;
/** Of the test's own clock. */
const IDLE_MS = 30_000;
const SEALED_CHUNK = 16 * 1024 + 16;
const bytesOf = (length: number): Buffer => Buffer.from(Uint8Array.from({ length }, (_, i) => i % 251));

let fake: FakeHost;
let clock: FakeClock;
/** The server's ends of all connections so far. */
const accepted: Socket[] = [];
let vault: Vault;
let http: HttpApp;
let url: string;
let agent: Agent;

beforeEach(async () => {
  fake = createFakeHost();
  clock = createFakeClock();
  vault = await createVault({
    backend: 'native',
    keys: callbackKeys({
      versions: async () => [{ version: 1, state: 'active' }],
      load: async () => new Uint8Array(32).fill(7),
    }),
  });
  http = await createHttpApp(fake.host, {
    ...httpOptions(clock),
    vault: { vault, streamMaxBytes: LIMIT, streamIdleMs: IDLE_MS },
  });
  accepted.length = 0;
  http.app.server.on('connection', (socket: Socket) => accepted.push(socket));
  url = await http.app.listen({ host: '127.0.0.1', port: 0 });
  agent = new Agent();
});
afterEach(async () => {
  await agent.destroy();
  await http.close();
  await vault.close();
});

type Headers = Record<string, string>;
const post = (what: 'seal' | 'open', body: Uint8Array | Readable, headers: Headers = {}) =>
  request(`${url}/v1/vault/${what}`, { method: 'POST', body, headers, dispatcher: agent });

/** Reads a reply to its end: its bytes, or that it was cut. */
async function read(reply: Awaited<ReturnType<typeof post>>) {
  const parts: Buffer[] = [];
  try {
    for await (const part of reply.body) parts.push(part as Buffer);
    return { status: reply.statusCode, bytes: Buffer.concat(parts), isCut: false };
  } catch {
    return { status: reply.statusCode, bytes: Buffer.concat(parts), isCut: true };
  }
}
const seal = async (bytes: Uint8Array, headers?: Headers) =>
  (await read(await post('seal', bytes, headers))).bytes;
const codeOf = async (reply: Awaited<ReturnType<typeof post>>) => {
  expect(reply.headers['content-type']).toContain('application/problem+json');
  const { code, status } = (await reply.body.json()) as { code: string; status: number };
  expect(reply.statusCode).toBe(status);
  return code;
};

describe('a stream', () => {
  test.each([0, 1, 16_384, 100_003, 10 * MiB])('of %d bytes comes back as it was', async (length) => {
    const bytes = bytesOf(length);
    const sealed = await post('seal', bytes);
    expect(sealed.headers['content-type']).toBe('application/octet-stream');
    const opened = await read(await post('open', Readable.from((await read(sealed)).bytes)));
    expect([opened.status, opened.isCut, opened.bytes.equals(bytes)]).toEqual([200, false, true]);
  });

  test('goes both ways at the same time: its reply begins before its body has ended', async () => {
    const hold = Promise.withResolvers<void>();
    const body = Readable.from(
      (async function* () {
        yield bytesOf(MiB);
        await hold.promise;
        yield bytesOf(5);
      })(),
    );
    const reply = await post('seal', body);
    const reader = reply.body[Symbol.asyncIterator]();
    let received = 0;
    while (received < MiB / 2) received += ((await reader.next()).value as Buffer).length;
    hold.resolve();
    for (let next = await reader.next(); !next.done; next = await reader.next())
      received += next.value.length;
    expect(received).toBe(56 + MiB + 5 + 65 * 16);
  });

  test.each(['its reply is not taken', 'nobody reads it'])(
    'without an end stands still while %s',
    async (why) => {
      const counts = { asked: 0, taken: 0 };
      const endless = async function* (count: 'asked' | 'taken') {
        // More than all buffers of two sockets can hold.
        while (counts[count] < 64 * MiB) {
          counts[count] += 64 * 1024;
          yield bytesOf(64 * 1024);
        }
      };
      const hold = Promise.withResolvers<void>();
      const never = async function* () {
        yield bytesOf(1);
        await hold.promise;
      };
      const stream = () => (why === 'nobody reads it' ? never() : endless('taken'));
      const still = await createHttpApp(fake.host, {
        ...httpOptions(createFakeClock()),
        vault: {
          vault: { sealStream: stream, openStream: stream },
          streamMaxBytes: 1024 * MiB,
          streamIdleMs: IDLE_MS,
        },
      });
      url = await still.app.listen({ host: '127.0.0.1', port: 0 });
      const reply = await post('seal', Readable.from(endless('asked')));
      for (let before = -1; before !== counts.asked + counts.taken; ) {
        before = counts.asked + counts.taken;
        for (let turn = 0; turn < 300; turn++) await new Promise((resolve) => setImmediate(resolve));
      }
      expect(Math.max(counts.asked, counts.taken)).toBeLessThan(64 * MiB);
      reply.body.on('error', () => {});
      reply.body.destroy();
      hold.resolve();
      await still.close();
    },
  );
});

describe('who may open it', () => {
  test('its tenant with its context, and nobody with another one', async () => {
    const sealed = await seal(bytesOf(1000), { 'x-tenant-id': 'acme', 'x-hotcell-context': 'orders' });
    const open = (headers: Headers) => post('open', sealed, headers);
    const whole = await read(await open({ 'x-tenant-id': 'acme', 'x-hotcell-context': 'orders' }));
    expect(whole.bytes.equals(bytesOf(1000))).toBe(true);
    for (const headers of [
      { 'x-tenant-id': 'other', 'x-hotcell-context': 'orders' },
      { 'x-tenant-id': 'acme', 'x-hotcell-context': 'Orders' },
      { 'x-tenant-id': 'orders', 'x-hotcell-context': 'acme' },
      { 'x-tenant-id': 'acme' },
    ]) {
      expect(await codeOf(await open(headers as Headers))).toBe('VAULT_AUTHENTICATION');
    }
  });

  test('a program under the same words, or what it sealed over HTTP, is no way around', async () => {
    async function* whole() {
      yield bytesOf(10);
    }
    const parts: Uint8Array[] = [];
    for await (const part of vault.sealStream(whole(), { context: 'acme' })) parts.push(part);
    const reply = await post('open', Buffer.concat(parts), { 'x-tenant-id': 'acme' });
    expect(await codeOf(reply)).toBe('VAULT_AUTHENTICATION');
  });

  test('nobody without the token the host wants', async () => {
    fake.identify = () => {
      throw new HostError('POLICY_UNAUTHENTICATED', 'the API token is not known');
    };
    for (const what of ['seal', 'open'] as const) {
      expect(await codeOf(await post(what, bytesOf(10)))).toBe('POLICY_UNAUTHENTICATED');
    }
  });
});

describe('what is not whole', () => {
  test.each([1, 16, SEALED_CHUNK, 700_000])('is cut, when its last %d bytes are missing', async (lost) => {
    const sealed = await seal(bytesOf(MiB + 5));
    const { status, bytes, isCut } = await read(await post('open', sealed.subarray(0, sealed.length - lost)));
    expect([status, isCut]).toEqual([200, true]);
    expect(bytes.equals(bytesOf(MiB + 5).subarray(0, bytes.length))).toBe(true);
  });

  test('is cut after a change in its last byte, and its connection has no last chunk', async () => {
    const sealed = await seal(bytesOf(MiB));
    sealed[sealed.length - 1] = (sealed.at(-1) ?? 0) ^ 1;
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    const parts: Buffer[] = [];
    socket.on('data', (part: Buffer) => parts.push(part));
    // A reset is an end as well; what counts is what was received before it.
    socket.on('error', () => {});
    const ended = new Promise<void>((resolve) => socket.on('close', () => resolve()));
    socket.write(
      `POST /v1/vault/open HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${sealed.length}\r\n\r\n`,
    );
    socket.write(sealed);
    await ended;
    const text = Buffer.concat(parts).toString('latin1');
    expect(text).toMatch(/^HTTP\/1\.1 200 /);
    expect(text.endsWith('\r\n0\r\n\r\n')).toBe(false);
  });

  test('is a problem document, when not even its beginning is sound', async () => {
    const sealed = await seal(bytesOf(100));
    expect(await codeOf(await post('open', sealed.subarray(0, 55)))).toBe('VAULT_TRUNCATED');
    expect(await codeOf(await post('open', bytesOf(5 * MiB)))).toBe('VAULT_AUTHENTICATION');
  });
});

/** A client that writes when it is told to. */
function openSocket() {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  const parts: Buffer[] = [];
  socket.on('data', (part: Buffer) => parts.push(part));
  // A reset is an end as well; what counts is what was received before it.
  socket.on('error', () => {});
  const received = () => Buffer.concat(parts).toString('latin1');
  const ended = new Promise<string>((resolve) => socket.on('close', () => resolve(received())));
  return { socket, received, ended };
}
const head = (what: 'seal' | 'open', length: number): string =>
  `POST /v1/vault/${what} HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${length}\r\n\r\n`;

describe('time', () => {
  test('a body may take as long as it likes, as long as it does not stand still', async () => {
    const bytes = bytesOf(200_000);
    const stepBytes = 20_000;
    const { socket, received, ended } = openSocket();
    socket.write(head('seal', bytes.length));
    const headBytes = head('seal', bytes.length).length;
    for (let from = 0; from < bytes.length; from += stepBytes) {
      socket.write(bytes.subarray(from, from + stepBytes));
      await expect.poll(() => accepted.at(-1)?.bytesRead).toBe(headBytes + from + stepBytes);
      if (from + stepBytes < bytes.length) await clock.advance(IDLE_MS - 1);
    }
    // Otherwise this test has shown nothing.
    expect(9 * (IDLE_MS - 1)).toBeGreaterThan(2 * BODY_TIMEOUT_MS);
    await expect.poll(() => received().endsWith('\r\n0\r\n\r\n')).toBe(true);
    expect(received()).toMatch(/^HTTP\/1\.1 200 /);
    socket.end();
    await ended;
  });

  test('a body that stands still before its reply has begun is answered 408', async () => {
    const { socket, received, ended } = openSocket();
    socket.write(head('open', 1_000));
    socket.write(bytesOf(20));
    await expect.poll(() => clock.advance(IDLE_MS).then(received)).toContain('HTTP_REQUEST_TIMEOUT');
    expect(received()).toMatch(/^HTTP\/1\.1 408 /);
    await clock.advance(LINGER_MS);
    await ended;
    expect(vault.snapshot().queues.stream).toEqual({ running: 0, waiting: 0 });
  });

  test('a body that stands still in the middle is cut, and leaves its place', async () => {
    const { socket, received, ended } = openSocket();
    socket.write(head('seal', 1_000_000));
    socket.write(bytesOf(100_000));
    await expect.poll(() => clock.advance(IDLE_MS).then(() => socket.destroyed)).toBe(true);
    const text = await ended;
    expect(text).toMatch(/^HTTP\/1\.1 200 /);
    expect(text.endsWith('\r\n0\r\n\r\n')).toBe(false);
    expect(received()).not.toContain('408');
    expect(vault.snapshot().queues.stream).toEqual({ running: 0, waiting: 0 });
  });

  test('while nobody reads a body, it does not stand still', async () => {
    const hold = Promise.withResolvers<void>();
    async function* stream(source: AsyncIterable<Uint8Array>) {
      await hold.promise;
      for await (const part of source) yield part;
    }
    const slow = await createHttpApp(fake.host, {
      ...httpOptions(clock),
      vault: {
        vault: { sealStream: stream, openStream: stream },
        streamMaxBytes: LIMIT,
        streamIdleMs: IDLE_MS,
      },
    });
    url = await slow.app.listen({ host: '127.0.0.1', port: 0 });
    const { socket, received } = openSocket();
    socket.write(head('seal', 5));
    await expect.poll(() => fake.credentials.length).toBe(1);
    await clock.advance(2 * BODY_TIMEOUT_MS);
    hold.resolve();
    socket.write('hello');
    await expect.poll(received).toContain('hello');
    socket.destroy();
    await slow.close();
  });
});

describe('refused', () => {
  test('is a body over the limit: at once where its length is announced, else cut while it is read', async () => {
    expect(await codeOf(await post('seal', bytesOf(LIMIT + 1)))).toBe('HTTP_BODY_TOO_LARGE');
    const unannounced = Readable.from(
      (function* () {
        for (let count = 0; count < 13; count++) yield bytesOf(MiB);
      })(),
    );
    expect(await read(await post('seal', unannounced))).toMatchObject({ status: 200, isCut: true });
  });

  test.each([
    [{ 'x-hotcell-context': 'x'.repeat(1025) }, 'HTTP_MALFORMED'],
    [{ 'x-hotcell-context': 'a\tb' }, 'HTTP_MALFORMED'],
    [{ 'idempotency-key': 'k' }, 'HTTP_MALFORMED'],
    [{ 'content-encoding': 'gzip' }, 'HTTP_UNSUPPORTED_TYPE'],
  ])('are headers %j', async (headers, code) => {
    expect(await codeOf(await post('seal', bytesOf(10), headers as unknown as Headers))).toBe(code);
  });

  test('is HTTP/1.0, whose replies cannot show that they were cut', async () => {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    socket.end('POST /v1/vault/seal HTTP/1.0\r\nHost: localhost\r\nContent-Length: 1\r\n\r\nx');
    const parts: Buffer[] = [];
    for await (const part of socket) parts.push(part as Buffer);
    expect(Buffer.concat(parts).toString()).toContain('this route needs HTTP/1.1');
  });

  test('is everything on a host without keys, which says how to give it some', async () => {
    const bench = await createBench();
    for (const what of ['seal', 'open']) {
      const reply = await bench.inject({ method: 'POST', url: `/v1/vault/${what}`, payload: 'x' });
      expect([reply.statusCode, reply.json().code]).toEqual([404, 'VAULT_NOT_CONFIGURED']);
      expect(reply.json().detail).toMatch(/--vault-key-file.*HOTCELL_VAULT_KEYS/);
    }
    await bench.close();
  });
});

test('a tenant has its share of streams, and the next one when one of them has ended', async () => {
  const hold = Promise.withResolvers<void>();
  const body = () =>
    Readable.from(
      (async function* () {
        yield bytesOf(10);
        await hold.promise;
      })(),
    );
  const acme = { 'x-tenant-id': 'acme' };
  const running = await Promise.all(Array.from({ length: 5 }, () => post('seal', body(), acme)));
  expect(running.map(({ statusCode }) => statusCode)).toEqual([200, 200, 200, 200, 200]);
  const sixth = await post('open', bytesOf(10), acme);
  expect(sixth.headers['retry-after']).toBe('1');
  expect(await codeOf(sixth)).toBe('VAULT_TENANT_SHARE');
  expect((await seal(bytesOf(10), { 'x-tenant-id': 'other' })).length).toBe(56 + 10 + 16);
  hold.resolve();
  for (const reply of running) expect((await read(reply)).isCut).toBe(false);
  expect((await seal(bytesOf(10), acme)).length).toBe(56 + 10 + 16);
});

test('a client that leaves ends its stream, and the vault goes on', async () => {
  const reply = await post('seal', bytesOf(10 * MiB));
  reply.body.on('error', () => {});
  reply.body.destroy();
  const sealed = await seal(bytesOf(10));
  expect((await read(await post('open', sealed))).bytes.equals(bytesOf(10))).toBe(true);
  await vault.close();
  expect(vault.snapshot().queues.stream).toEqual({ running: 0, waiting: 0 });
});
