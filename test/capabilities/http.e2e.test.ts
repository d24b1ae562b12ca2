/** Requests of guests that are granted, over real sockets: whole, streamed, redirected, limited, given up. */

import type { IncomingMessage } from 'node:http';
import { expect, it } from 'vitest';
import { createFakeClock } from '../../host/clock.ts';
import { codeOf, header, headerText, httpGrant, MiB, serve, stage, textOf } from './stage.ts';

const bodyOf = async (request: IncomingMessage): Promise<string> => {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  return Buffer.concat(pieces).toString('latin1');
};

it('a request is sent as it was said, and its answer comes back as it is', async () => {
  await using host = stage();
  await using server = await serve(async (request, response) => {
    response.writeHead(207, [
      ...['x-twice', '1', 'x-twice', '2', 'x-bytes', 'caf\xe9'],
      ...[
        'x-saw',
        JSON.stringify([request.headers.host, request.headers['x-own'], request.headers.traceparent]),
      ],
      ...['x-encoding', String(request.headers['accept-encoding'])],
    ]);
    response.end(`${request.method}:${await bodyOf(request)}`);
  });
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  const guest = host.guest({ http: httpGrant() }, { traceparent });
  const answer = await guest
    .send(`http://127.0.0.1:${server.port}/a?b=c#d`, {
      method: 'POST',
      headers: [header('X-Own', 'yes')],
      body: new Uint8Array(Buffer.from('hello')),
    })
    .catch((error: unknown) => error);
  // A port that is not the scheme's own has to be granted by number.
  expect(answer).toMatchObject({ code: 'denied' });
  const granted = host.guest({ http: httpGrant({ hosts: [`127.0.0.1:${server.port}`] }) }, { traceparent });
  const { status, headers, body } = await granted.send(`http://0x7f.1:${server.port}/a?b=c#d`, {
    method: 'POST',
    headers: [header('X-Own', 'yes')],
    body: new Uint8Array(Buffer.from('hello')),
  });
  expect([status, textOf(body)]).toEqual([207, 'POST:hello']);
  expect(headers.filter(({ name }) => name === 'x-twice').map(({ value }) => textOf(value))).toEqual([
    '1',
    '2',
  ]);
  expect(headerText(headers, 'x-bytes')).toBe('caf\xe9');
  expect(headerText(headers, 'connection')).toBeUndefined();
  expect(JSON.parse(headerText(headers, 'x-saw') ?? '')).toEqual([
    `127.0.0.1:${server.port}`,
    'yes',
    traceparent,
  ]);
  expect(headerText(headers, 'x-encoding')).toBe('identity');
  expect(server.seen).toEqual(['POST /a?b=c']);
});

it('a request and its response are streamed, with trailers, in the sizes that were asked for', async () => {
  await using host = stage();
  await using server = await serve((request, response) => {
    response.writeHead(200, { trailer: 'x-sum' });
    let sum = 0;
    request.on('data', (piece: Buffer) => {
      sum += piece.length;
      response.write(piece);
    });
    request.on('end', () => {
      response.addTrailers({ 'x-sum': `${sum}`, 'x-got': request.trailers['x-sent'] ?? '' });
      response.end();
    });
  });
  const guest = host.guest({ http: httpGrant({ hosts: [`127.0.0.1:${server.port}`] }) });
  const { id } = await guest.call('http.open', {
    method: 'PUT',
    scheme: 'http',
    authority: `127.0.0.1:${server.port}`,
    pathWithQuery: '/',
    headers: [],
    hasBody: true,
  });
  const sent = Uint8Array.from({ length: 300_000 }, (_, index) => index % 251);
  // Full duplex: what is written comes back before all of it is written.
  await guest.call('http.write', { id, bytes: sent.slice(0, 1000) });
  expect((await guest.call('http.response', { id })).status).toBe(200);
  const got: Uint8Array[] = [];
  const first = await guest.call('http.read', { id, maxBytes: 400 });
  expect(first.bytes?.byteLength).toBeLessThanOrEqual(400);
  got.push(first.bytes ?? new Uint8Array());
  const writing = (async () => {
    for (let at = 1000; at < sent.length; at += 50_000) {
      await guest.call('http.write', { id, bytes: sent.slice(at, at + 50_000) });
    }
    await guest.call('http.finish', { id, trailers: [header('x-sent', 'all')] });
  })();
  for (;;) {
    const piece = await guest.call('http.read', { id, maxBytes: 10_000 });
    if (piece.end) {
      expect([headerText(piece.trailers, 'x-sum'), headerText(piece.trailers, 'x-got')]).toEqual([
        '300000',
        'all',
      ]);
      break;
    }
    expect(piece.bytes.byteLength).toBeLessThanOrEqual(10_000);
    got.push(piece.bytes);
  }
  await writing;
  expect(Buffer.concat(got).equals(Buffer.from(sent))).toBe(true);
});

it('a body is exactly as long as was said, and never longer than granted', async () => {
  await using host = stage();
  await using server = await serve(async (request, response) => {
    response.end(`${request.headers['content-length']}:${await bodyOf(request)}`);
  });
  const authority = `127.0.0.1:${server.port}`;
  const guest = host.guest({ http: httpGrant({ hosts: [authority], requestMaxBytes: 100 }) });
  const open = (bodyBytes?: number, method = 'POST') =>
    guest.call('http.open', {
      method,
      scheme: 'http',
      authority,
      pathWithQuery: '/',
      headers: [],
      hasBody: true,
      bodyBytes,
    });
  const write = (id: number, length: number) =>
    guest.call('http.write', { id, bytes: new Uint8Array(length) });

  expect(await codeOf(open(101))).toBe('too-large');
  const long = await open(10);
  await write(long.id, 8);
  expect(await codeOf(write(long.id, 3))).toBe('invalid');
  const short = await open(10);
  await write(short.id, 8);
  expect(await codeOf(guest.call('http.finish', { id: short.id }))).toBe('invalid');
  expect(await codeOf(guest.call('http.response', { id: short.id }))).toBe('invalid');
  const chunked = await open();
  await write(chunked.id, 100);
  expect(await codeOf(write(chunked.id, 1))).toBe('too-large');
  expect(
    await codeOf(guest.send(`http://${authority}/`, { method: 'POST', body: new Uint8Array(101) })),
  ).toBe('too-large');
  // A body of a GET has framing too: without it the next request on the connection would begin in it.
  const get = await open(undefined, 'GET');
  await guest.call('http.write', {
    id: get.id,
    bytes: new Uint8Array(Buffer.from('POST /x HTTP/1.1\r\n\r\n')),
  });
  await guest.call('http.finish', { id: get.id });
  expect((await guest.call('http.response', { id: get.id })).status).toBe(200);
  expect(server.seen.filter((line) => line.includes('/x'))).toEqual([]);
});

it('a response over the limit is told as that, by its length or when it is met', async () => {
  await using host = stage();
  await using server = await serve((request, response) => {
    if (request.url === '/said') response.setHeader('content-length', 1001);
    if (request.url === '/exact') response.end('x'.repeat(1000));
    else response.end('x'.repeat(1001));
  });
  const authority = `127.0.0.1:${server.port}`;
  const guest = host.guest({ http: httpGrant({ hosts: [authority], responseMaxBytes: 1000 }) });
  expect((await guest.send(`http://${authority}/exact`)).body.byteLength).toBe(1000);
  expect(await codeOf(guest.send(`http://${authority}/said`))).toBe('too-large');
  expect(await codeOf(guest.send(`http://${authority}/chunked`))).toBe('too-large');
  expect((await guest.send(`http://${authority}/said`, { method: 'HEAD' })).body.byteLength).toBe(0);
  expect(host.services.snapshot().heldBytes).toBe(0);
});

it('a request may have limits of its own: the redirect beyond is the answer, the rest of a body is left out', async () => {
  await using host = stage();
  await using server = await serve((request, response) => {
    const count = Number(request.url?.slice(1));
    if (count > 0) response.writeHead(302, { location: `/${count - 1}` }).end('over there');
    else response.writeHead(200, { 'content-length': 3 * MiB }).end(Buffer.alloc(3 * MiB, 'x'));
  });
  const authority = `127.0.0.1:${server.port}`;
  const guest = host.guest({ http: httpGrant({ hosts: [authority], responseMaxBytes: MiB }) });
  const send = (path: string, more: { redirectsMax?: number; bodyMaxBytes?: number }) =>
    guest.send(`http://${authority}${path}#part`, more);
  expect(await send('/2', { redirectsMax: 0 })).toMatchObject({
    status: 302,
    truncated: false,
    url: `http://${authority}/2`,
  });
  expect(await send('/2', { redirectsMax: 1 })).toMatchObject({ status: 302, url: `http://${authority}/1` });
  const found = await send('/2', { redirectsMax: 2, bodyMaxBytes: 1000 });
  expect(found).toMatchObject({ status: 200, truncated: true, url: `http://${authority}/0` });
  expect(found.body.byteLength).toBe(1000);
  expect((await send('/0', { bodyMaxBytes: 0 })).body.byteLength).toBe(0);
  // No more than is granted, and without a limit of its own longer is an error as before.
  expect((await send('/0', { bodyMaxBytes: 2 * MiB })).body.byteLength).toBe(MiB);
  expect(await codeOf(send('/0', {}))).toBe('too-large');
  expect(await codeOf(send('/7', { redirectsMax: 9 }))).toBe('failed');
  for (const wrong of [-1, 0.5, '1', null]) {
    expect(
      await codeOf(
        guest.callAnyhow('http.send', {
          method: 'GET',
          url: `http://${authority}/0`,
          headers: [],
          redirectsMax: wrong,
        }),
      ),
    ).toBe('invalid');
  }
});

it('a redirect is followed five times, as the method allows, and leaves credentials behind at another origin', async () => {
  await using host = stage();
  await using other = await serve(async (request, response) => {
    const { authorization, cookie, 'x-kept': kept } = request.headers;
    response.end(JSON.stringify([request.method, authorization, cookie, kept, await bodyOf(request)]));
  });
  await using server = await serve((request, response) => {
    const [, status, count] = /^\/(\d+)\/(\d+)/.exec(request.url ?? '') ?? [];
    const left = Number(count);
    const location = left > 1 ? `/${status}/${left - 1}` : `http://127.0.0.1:${other.port}/end`;
    response.writeHead(Number(status), { location }).end('x');
  });
  const authority = `127.0.0.1:${server.port}`;
  const guest = host.guest({
    http: httpGrant({ hosts: [authority, `127.0.0.1:${other.port}`], callMaxRequests: 100 }),
  });
  const headers = [header('Authorization', 'Bearer s'), header('Cookie', 'a=b'), header('x-kept', 'k')];
  const post = { method: 'POST', headers, body: new Uint8Array(Buffer.from('body')) };
  const answered = async (path: string) =>
    JSON.parse(textOf((await guest.send(`http://${authority}${path}`, post)).body));
  expect(await answered('/302/1')).toEqual(['GET', null, null, 'k', '']);
  expect(await answered('/303/2')).toEqual(['GET', null, null, 'k', '']);
  expect(await answered('/307/5')).toEqual(['POST', null, null, 'k', 'body']);
  expect(await codeOf(guest.send(`http://${authority}/307/6`))).toBe('failed');
  const few = host.guest({ http: httpGrant({ hosts: [authority], callMaxRequests: 3 }) });
  expect(await codeOf(few.send(`http://${authority}/302/5`))).toBe('quota');
});

it('what takes too long is ended at its timeout, its connection with it', async () => {
  const clock = createFakeClock();
  await using host = stage({ clock });
  const arrived: IncomingMessage[] = [];
  await using server = await serve((request, response) => {
    arrived.push(request);
    if (request.url === '/slow-body') response.write('first');
  });
  const authority = `127.0.0.1:${server.port}`;
  const guest = host.guest({ http: httpGrant({ hosts: [authority], timeoutMs: 5000 }) });
  const open = (pathWithQuery: string, timeouts: object) =>
    guest.call('http.open', {
      method: 'GET',
      scheme: 'http',
      authority,
      pathWithQuery,
      headers: [],
      hasBody: false,
      ...timeouts,
    });
  const arrival = async (count: number) => {
    while (arrived.length < count) await new Promise((turn) => setImmediate(turn));
    const request = arrived[count - 1] as IncomingMessage;
    request.on('error', () => undefined);
    return new Promise((done) => request.once('close', done));
  };

  const whole = codeOf(guest.send(`http://${authority}/`, { timeoutMs: 100 }));
  const gone = arrival(1);
  while (arrived.length < 1) await new Promise((turn) => setImmediate(turn));
  await clock.advance(99);
  expect(arrived[0]?.destroyed).toBe(false);
  await clock.advance(1);
  expect(await whole).toBe('timeout');
  await gone;

  const first = await open('/first', { firstByteTimeoutMs: 50 });
  const noHead = codeOf(guest.call('http.response', { id: first.id }));
  const second = arrival(2);
  while (arrived.length < 2) await new Promise((turn) => setImmediate(turn));
  await clock.advance(50);
  expect(await noHead).toBe('timeout');
  await second;

  const body = await open('/slow-body', { betweenBytesTimeoutMs: 50 });
  await guest.call('http.response', { id: body.id });
  expect(textOf((await guest.call('http.read', { id: body.id, maxBytes: 100 })).bytes)).toBe('first');
  // A guest that takes its time is not a server that stands still.
  await clock.advance(1000);
  const standing = codeOf(guest.call('http.read', { id: body.id, maxBytes: 100 }));
  await clock.advance(50);
  expect(await standing).toBe('timeout');

  const late = host.guest({ http: httpGrant({ hosts: [authority] }) }, { deadlineMs: clock.now() + 20 });
  const dead = codeOf(late.send(`http://${authority}/`, { timeoutMs: 10_000 }));
  await clock.advance(20);
  expect(await dead).toBe('timeout');
  expect(await codeOf(late.send(`http://${authority}/`))).toBe('timeout');
});

it('the end of a call ends what it left open, and what it waits for', async () => {
  await using host = stage();
  let closed = 0;
  await using server = await serve((request) => void request.on('close', () => closed++));
  const authority = `127.0.0.1:${server.port}`;
  const guest = host.guest({ http: httpGrant({ hosts: [authority] }) });
  const waits = Array.from({ length: 3 }, () => codeOf(guest.send(`http://${authority}/`)));
  while (server.seen.length < 3) await new Promise((turn) => setImmediate(turn));
  expect(host.services.snapshot().sessions).toBe(1);
  guest.session.end();
  guest.session.end();
  expect(await Promise.all(waits)).toEqual(['timeout', 'timeout', 'timeout']);
  expect(await codeOf(guest.send(`http://${authority}/`))).toBe('timeout');
  while (closed < 3) await new Promise((turn) => setImmediate(turn));
  expect(host.services.snapshot().sessions).toBe(0);
});

it('a call has sixteen requests open at once and no more, and those that are over do not count', async () => {
  await using host = stage();
  await using server = await serve(
    (request, response) => void (request.url === '/quick' && response.end('x')),
  );
  const authority = `127.0.0.1:${server.port}`;
  const guest = host.guest({ http: httpGrant({ hosts: [authority], callMaxRequests: 40 }) });
  const open = () =>
    guest.call('http.open', {
      method: 'GET',
      scheme: 'http',
      authority,
      pathWithQuery: '/',
      headers: [],
      hasBody: false,
    });
  for (let count = 0; count < 5; count++) await guest.send(`http://${authority}/quick`);
  const opened = await Promise.all(Array.from({ length: 16 }, open));
  expect(await codeOf(open())).toBe('quota');
  await guest.call('http.close', { id: opened[3]?.id ?? 0 });
  await guest.call('http.close', { id: 12345 });
  expect(await codeOf(guest.call('http.response', { id: opened[3]?.id ?? 0 }))).toBe('invalid');
  expect(await codeOf(open())).toBe('none');
});

it('a connection is kept for the same adapter and tenant, and for nobody else', async () => {
  await using host = stage();
  const ports: (number | undefined)[] = [];
  await using server = await serve((request, response) => {
    ports.push(request.socket.remotePort);
    response.end('x');
  });
  const authority = `127.0.0.1:${server.port}`;
  const grants = { http: httpGrant({ hosts: [authority] }) };
  await host.guest(grants).send(`http://${authority}/`);
  await host.guest(grants).send(`http://${authority}/`);
  await host.guest(grants, { tenant: 'two' }).send(`http://${authority}/`);
  await host.guest(grants, { adapter: 'other' }).send(`http://${authority}/`);
  expect(ports[1]).toBe(ports[0]);
  expect(new Set(ports).size).toBe(3);
});

it('a server that breaks off, refuses or does not speak HTTP has failed, and is named by a code alone', async () => {
  await using host = stage();
  await using server = await serve((request, response) => {
    if (request.url === '/raw') request.socket.end('SSH-2.0-x\r\n\r\n');
    else if (request.url === '/head')
      response.socket?.end(`HTTP/1.1 200 OK\r\nx: ${'y'.repeat(70_000)}\r\n\r\n`);
    else response.writeHead(200, { 'content-length': 10 }).write('half', () => request.socket.destroy());
  });
  const authority = `127.0.0.1:${server.port}`;
  const guest = host.guest({
    http: httpGrant({ hosts: [authority, '127.0.0.1:1'], responseMaxBytes: 4 * MiB }),
  });
  expect(await codeOf(guest.send(`http://${authority}/half`))).toBe('failed');
  expect(await codeOf(guest.send(`http://${authority}/raw`))).toBe('failed');
  expect(await codeOf(guest.send(`http://${authority}/head`))).toBe('too-large');
  await expect(guest.send('http://127.0.0.1:1/?secret')).rejects.toThrow(
    /^the connection failed: ECONNREFUSED$/,
  );
});
