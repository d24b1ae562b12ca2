import { connect, type Socket } from 'node:net';
import { Readable } from 'node:stream';
import { Agent, request } from 'undici';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createFakeClock, type FakeClock } from '../../host/clock.ts';
import { createHttpApp, type HttpApp, serve } from '../../host/http/http.ts';
import {
  BODY_TIMEOUT_MS,
  CONNECTIONS_CHECK_MS,
  DRAIN_REPLY_MS,
  DRAIN_SWEEP_MS,
  LINGER_MS,
  REPLY_STALL_MS,
} from '../../host/http/limits.ts';
import type { Outcome } from '../../host/types.ts';
import { createFakeHost, type FakeHost, httpOptions, INPUT_MAX_BYTES, multipart, ok } from './fake-host.ts';

let fake: FakeHost;
let clock: FakeClock;
let server: HttpApp & { readonly address: string };
let agent: Agent;
/** The server's ends of all connections so far. */
const accepted: Socket[] = [];
const sockets: Socket[] = [];

beforeEach(async () => {
  fake = createFakeHost();
  clock = createFakeClock();
  accepted.length = 0;
  const http = await createHttpApp(fake.host, httpOptions(clock));
  http.app.server.on('connection', (socket: Socket) => accepted.push(socket));
  server = { ...http, address: await http.app.listen({ host: '127.0.0.1', port: 0 }) };
  agent = new Agent();
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await agent.destroy();
  await server.close();
});

const PATH = '/v1/adapters/echo/echo';
type Body = string | Buffer | Readable;
const post = (body: Body) => request(server.address + PATH, { method: 'POST', body, dispatcher: agent });

/** A bare connection: what was received so far, and promises for its text and its end. */
function open(): {
  socket: Socket;
  text: () => string;
  until: (part: string) => Promise<string>;
  end: Promise<string>;
} {
  const { hostname, port } = new URL(server.address);
  const socket = connect(Number(port), hostname);
  sockets.push(socket);
  let text = '';
  const end = new Promise<string>((resolve) => socket.on('close', () => resolve(text)));
  // A reset is an end as well; what counts is what was received before it.
  socket.on('error', () => {});
  const waiting = new Set<() => void>();
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1');
    for (const check of waiting) check();
  });
  const until = (part: string) =>
    new Promise<string>((resolve, reject) => {
      const check = (): void => {
        if (!text.includes(part)) return;
        waiting.delete(check);
        resolve(text);
      };
      waiting.add(check);
      socket.on('close', () => reject(new Error(`closed without ${part}: ${text}`)));
      check();
    });
  return { socket, text: () => text, until, end };
}

const head = (headers: string) => `POST ${PATH} HTTP/1.1\r\nHost: x\r\n${headers}\r\n\r\n`;

describe('over a real socket', () => {
  it('bytes come back as they were sent, in one chunk or in many', async () => {
    const bytes = Buffer.from(Array.from({ length: INPUT_MAX_BYTES }, (_, index) => index % 251));
    const whole = await post(bytes);
    expect(Buffer.from(await whole.body.arrayBuffer())).toEqual(bytes);
    async function* pieces() {
      for (let from = 0; from < bytes.length; from += 100) {
        yield bytes.subarray(from, from + 100);
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
    const chunked = await post(Readable.from(pieces()));
    expect(Buffer.from(await chunked.body.arrayBuffer())).toEqual(bytes);

    // With a length and split in the middle of everything.
    const { socket, until } = open();
    socket.setNoDelay(true);
    socket.write(head('Content-Length: 4'));
    socket.write('ab');
    await expect.poll(() => fake.credentials.length).toBe(3);
    socket.write('cd');
    expect(await until('\r\n\r\nabcd')).toContain('HTTP/1.1 200');
  });

  it('a body announced as too large is refused before a byte of it is sent', async () => {
    const { socket, until } = open();
    socket.write(head(`Content-Length: ${INPUT_MAX_BYTES + 1}`));
    expect(await until('HTTP_BODY_TOO_LARGE')).toContain('HTTP/1.1 413');
    expect(fake.calls).toHaveLength(0);
  });

  it('a body of unknown length is refused as soon as it passes the limit, without its end', async () => {
    const { socket, until } = open();
    socket.write(`${head('Transfer-Encoding: chunked')}${(INPUT_MAX_BYTES + 1).toString(16)}\r\n`);
    socket.write(`${'x'.repeat(INPUT_MAX_BYTES + 1)}\r\n`);
    expect(await until('HTTP_BODY_TOO_LARGE')).toContain('HTTP/1.1 413');
    expect(fake.calls).toHaveLength(0);
  });

  it('a client still sending a refused body can read why, and its connection serves on', async () => {
    const { socket, until } = open();
    socket.write(head('Content-Length: 300000'));
    await until('HTTP_BODY_TOO_LARGE');
    socket.write('x'.repeat(300_000));
    socket.write(`${head('Content-Length: 2')}ok`);
    expect(await until('\r\n\r\nok')).toContain('HTTP/1.1 200');
  });

  it('a client that never ends a refused body is cut off', async () => {
    const { socket, until, end } = open();
    socket.write(head('Content-Length: 300000'));
    await until('HTTP_BODY_TOO_LARGE');
    await clock.advance(LINGER_MS);
    await end;
  });

  it('a body that has not arrived in time is answered 408, however steadily it trickles', async () => {
    const { socket, text, end } = open();
    socket.write(head('Content-Length: 100'));
    for (let sentBytes = 0; sentBytes < 11; sentBytes++) {
      socket.write('x');
      const before = head('Content-Length: 100').length + sentBytes + 1;
      await expect.poll(() => accepted.at(-1)?.bytesRead).toBe(before);
      await clock.advance(BODY_TIMEOUT_MS / 12);
    }
    expect(text()).toBe('');
    await clock.advance(BODY_TIMEOUT_MS / 12 + CONNECTIONS_CHECK_MS);
    const reply = await end;
    expect(reply).toMatch(/^HTTP\/1\.1 408 /);
    expect(reply).toContain('HTTP_REQUEST_TIMEOUT');
    expect(fake.calls).toHaveLength(0);
  });

  it('the time of a body is that of its own request, and a call may take longer', async () => {
    const { promise, resolve } = Promise.withResolvers<Outcome>();
    fake.respond = (call) => (fake.calls.length === 2 ? promise : ok(call.payload));
    const { socket, until } = open();
    socket.write(`${head('Content-Length: 5')}first`);
    await until('\r\n\r\nfirst');
    await clock.advance(BODY_TIMEOUT_MS);
    socket.write(`${head('Content-Length: 4')}slow`);
    await expect.poll(() => fake.calls.length).toBe(2);
    await clock.advance(2 * BODY_TIMEOUT_MS);
    resolve(ok(Buffer.from('second')));
    await until('\r\n\r\nsecond');
  });

  it('a body that nobody asked for ends its connection when it has not arrived in time', async () => {
    const { socket, until, end } = open();
    socket.write('GET /docs/ HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n');
    await until('\r\n\r\n');
    await clock.advance(BODY_TIMEOUT_MS + CONNECTIONS_CHECK_MS);
    expect(await end).not.toContain('408');
  });

  it('a body that breaks off never reaches the adapter', async () => {
    const { socket } = open();
    socket.write(`${head('Content-Length: 10')}abc`);
    await expect.poll(() => fake.credentials.length).toBe(1);
    socket.destroy();
    const after = await post('fine');
    expect(await after.body.text()).toBe('fine');
    expect(fake.calls).toHaveLength(1);
  });

  it.each([
    ['nonsense\r\n\r\n', 400, 'HTTP_MALFORMED'],
    [head('Content-Length: -5'), 400, 'HTTP_MALFORMED'],
    [head('Content-Length: 5\r\nTransfer-Encoding: chunked'), 400, 'HTTP_MALFORMED'],
    [head('X-Evil: a\0b'), 400, 'HTTP_MALFORMED'],
    [head(`X-Long: ${'x'.repeat(20_000)}`), 431, 'HTTP_HEADERS_TOO_LARGE'],
  ])(
    'what is not a request is a problem document and the end of the connection (%#)',
    async (text, status, code) => {
      const { socket, end } = open();
      socket.write(text);
      const reply = await end;
      const [headers = '', body = ''] = reply.split('\r\n\r\n');
      expect(headers).toContain(`HTTP/1.1 ${status} `);
      expect(headers).toContain('application/problem+json');
      expect(JSON.parse(body)).toMatchObject({ status, code });
      expect(fake.calls).toHaveLength(0);
    },
  );

  it('an expectation that nobody knows is ignored, and the reply has a request id', async () => {
    const { socket, until } = open();
    socket.write(`${head('Expect: tea\r\nContent-Length: 2')}hi`);
    expect(await until('\r\n\r\nhi')).toMatch(/^HTTP\/1.1 200 OK\r\nX-Request-Id: /);
  });

  it('a HEAD request has the headers and no body', async () => {
    const reply = await request(`${server.address}/health/live`, { method: 'HEAD', dispatcher: agent });
    expect(reply.statusCode).toBe(200);
    expect(reply.headers['content-length']).toBe('17');
    expect(await reply.body.text()).toBe('');
  });

  it('a large result arrives whole', async () => {
    const bytes = Buffer.alloc(3_000_000, 'z');
    fake.respond = () => ok(bytes);
    const reply = await post('x');
    expect((await reply.body.arrayBuffer()).byteLength).toBe(bytes.length);
  });

  it('a batch is streamed: the first item can be read while a later one still runs', async () => {
    const { promise, resolve } = Promise.withResolvers<Outcome>();
    fake.respond = (call) => (Buffer.from(call.payload).toString() === 'slow' ? promise : ok(call.payload));
    const body = multipart('b', [
      ['X: 1', 'quick'],
      ['X: 1', 'slow'],
    ]);
    const { socket, until } = open();
    socket.write(
      `POST ${PATH}/batch HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/mixed; boundary=b\r\nContent-Length: ${body.length}\r\n\r\n`,
    );
    socket.write(body);
    await until('quick');
    resolve(ok(Buffer.from('at last')));
    await until('at last');
  });

  it('a batch whose client left starts no more items', async () => {
    const held: (() => void)[] = [];
    fake.respond = (call) => new Promise((resolve) => held.push(() => resolve(ok(call.payload))));
    const body = multipart(
      'b',
      Array.from({ length: 100 }, () => ['X: 1', 'x'] as const),
    );
    const { socket } = open();
    socket.write(
      `POST ${PATH}/batch HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/mixed; boundary=b\r\nContent-Length: ${body.length}\r\n\r\n`,
    );
    socket.write(body);
    await expect.poll(() => held.length).toBe(16);
    socket.destroy();
    // A later request is answered only after the server has seen the close before it.
    fake.respond = (call) => ok(call.payload);
    await (await post('x')).body.dump();
    for (const release of held) release();
    await (await post('x')).body.dump();
    expect(fake.calls.length).toBeLessThanOrEqual(16 + 2 + 1);
  });

  it('a batch whose client stops reading loses its connection after the stall limit', async () => {
    fake.respond = () => ok(Buffer.alloc(4_000_000));
    const body = multipart(
      'b',
      Array.from({ length: 40 }, () => ['X: 1', 'x'] as const),
    );
    const { socket, end } = open();
    socket.write(
      `POST ${PATH}/batch HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/mixed; boundary=b\r\nContent-Length: ${body.length}\r\n\r\n`,
    );
    socket.write(body);
    socket.pause();
    // The server notices by its own clock; the client, which reads nothing, does not.
    await expect
      .poll(async () => {
        await clock.advance(REPLY_STALL_MS);
        return accepted.filter((one) => !one.destroyed).length;
      })
      .toBe(0);
    socket.resume();
    await end;
    expect(fake.calls.length).toBeLessThan(40);
  });
});

describe('a served host', () => {
  it('names the address it took, and fails when that is taken', async () => {
    const four = await serve(fake.host, httpOptions(clock));
    expect(four.address).toMatch(/^http:\/\/127\.0\.0\.1:[1-9]\d*$/);
    const reply = await request(`${four.address}/health/live`, { dispatcher: agent });
    expect(await reply.body.json()).toEqual({ state: 'ready' });
    const port = Number(new URL(four.address).port);
    await expect(serve(fake.host, { ...httpOptions(clock), port })).rejects.toThrow('EADDRINUSE');
    await four.close();
  });
});

describe('a drain', () => {
  it('lets the call under way finish, tells its client to go, and takes no new connection', async () => {
    const { promise, resolve } = Promise.withResolvers<Outcome>();
    fake.respond = () => promise;
    const reply = post('x');
    await expect.poll(() => fake.calls.length).toBe(1);
    let isClosed = false;
    const closed = server.close().then(() => {
      isClosed = true;
    });
    const fresh = new Agent();
    await expect(request(`${server.address}/health/live`, { dispatcher: fresh })).rejects.toThrow();
    await fresh.destroy();
    expect(isClosed).toBe(false);
    resolve(ok(Buffer.from('finished')));
    const { statusCode, headers, body } = await reply;
    expect([statusCode, headers.connection, await body.text()]).toEqual([200, 'close', 'finished']);
    await closed;
  });

  it('answers a request that had begun to arrive, and is not ready any more', async () => {
    const ready = open();
    ready.socket.write('GET /health/ready HTTP/1.1\r\nHost: x\r\n');
    const call = open();
    call.socket.write(head('Content-Length: 1').slice(0, -2));
    await expect.poll(() => accepted.filter((one) => one.bytesRead > 0).length).toBe(2);
    const closed = server.close();
    ready.socket.write('\r\n');
    call.socket.write('\r\ny');
    const [notReady, served] = await Promise.all([ready.end, call.end]);
    expect(notReady).toContain('HTTP/1.1 503');
    expect(notReady).toContain('"state":"draining"');
    expect(served).toContain('HTTP/1.1 200');
    expect(served).toContain('Connection: close');
    await closed;
  });

  it('does not wait for idle connections nor for those on which nothing was ever asked', async () => {
    const idle = open();
    idle.socket.write(`${head('Content-Length: 2')}hi`);
    await idle.until('\r\n\r\nhi');
    const silent = open();
    await expect.poll(() => accepted.length).toBe(2);
    await server.close();
    await Promise.all([idle.end, silent.end]);
  });

  it('ends a connection that falls idle without having announced it', async () => {
    const { promise, resolve } = Promise.withResolvers<Outcome>();
    fake.respond = (call) => (fake.calls.length === 2 ? promise : ok(call.payload));
    const body = multipart('b', [
      ['X: 1', 'first'],
      ['X: 1', 'second'],
    ]);
    const { socket, until, end } = open();
    socket.write(
      `POST ${PATH}/batch HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/mixed; boundary=b\r\nContent-Length: ${body.length}\r\n\r\n`,
    );
    socket.write(body);
    expect(await until('first')).not.toContain('Connection: close');
    const closed = server.close();
    await expect.poll(() => server.app.server.listening).toBe(false);
    resolve(ok(Buffer.from('second')));
    await until('\r\n0\r\n\r\n');
    await clock.advance(DRAIN_SWEEP_MS);
    expect(await end).toContain('second');
    await closed;
  });

  it('cuts what is still open at its limit', async () => {
    fake.respond = () => new Promise(() => {});
    const { socket, end } = open();
    socket.write(`${head('Content-Length: 1')}x`);
    await expect.poll(() => fake.calls.length).toBe(1);
    const closed = server.close();
    await clock.advance(httpOptions(clock).drainTimeoutMs + DRAIN_REPLY_MS);
    expect(await end).toBe('');
    await closed;
  });

  it('may be asked for twice', async () => {
    await Promise.all([server.close(), server.close()]);
    await server.close();
  });
});
