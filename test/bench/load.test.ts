/** The load generator: what it reads, what it counts, what it refuses. */

import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { generateLoad } from '../../bench/load.ts';
import { runLoadProcess } from '../../bench/load-process.ts';
import { createResponseReader } from '../../bench/load-response.ts';

const response = (status: number, body: string, name = 'Content-Length'): string =>
  `HTTP/1.1 ${status} Whatever\r\nX-Other: content-length: 999\r\n${name}: ${Buffer.byteLength(body)}\r\n\r\n${body}`;

function readAll(chunks: readonly Buffer[]): { statuses: number[]; readable: boolean } {
  const statuses: number[] = [];
  const reader = createResponseReader((status) => statuses.push(status));
  return { readable: chunks.every((chunk) => reader.read(chunk)), statuses };
}

describe('a response stream', () => {
  test('is read alike wherever it is cut', () => {
    const stream = Buffer.from(
      response(200, 'a\r\n\r\nb') + response(503, '', 'CONTENT-LENGTH') + response(201, 'x'),
    );
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 0, max: stream.length }), { maxLength: 12 }), (cuts) => {
        const edges = [0, ...cuts.toSorted((a, b) => a - b), stream.length];
        const chunks = edges.slice(1).map((end, index) => stream.subarray(edges[index], end));
        expect(readAll(chunks)).toEqual({ readable: true, statuses: [200, 503, 201] });
      }),
    );
  });

  test('without a length, with an endless head or in another protocol is unreadable', () => {
    expect(readAll([Buffer.from('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n')]).readable).toBe(
      false,
    );
    expect(readAll([Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 1x\r\n\r\n')]).readable).toBe(false);
    expect(readAll([Buffer.from('SSH-2.0-OpenSSH_9.2\r\n\r\n')]).readable).toBe(false);
    expect(readAll([Buffer.alloc(20_000, 'a')]).readable).toBe(false);
  });

  test('of a 204 ends with its head', () => {
    const stream = Buffer.from(`HTTP/1.1 204 No Content\r\n\r\n${response(200, 'x')}`);
    expect(readAll([stream])).toEqual({ readable: true, statuses: [204, 200] });
  });
});

describe('load', () => {
  let server: Server | undefined;

  afterEach(() => {
    server?.closeAllConnections();
    server?.close();
    server = undefined;
  });

  async function listen(listener: RequestListener): Promise<string> {
    server = createServer(listener).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/echo`;
  }

  test('from a second process reaches the server with the body it was told', async () => {
    const bodies = new Set<string>();
    const url = await listen(async (request, reply) => {
      const body = Buffer.concat(await request.toArray());
      bodies.add(`${request.method} ${request.headers['x-tenant-id']} ${body.toString('hex')}`);
      reply.setHeader('content-length', body.length).end(body);
    });
    const report = await runLoadProcess({
      url,
      headers: ['X-Tenant-Id: bench'],
      bodyBytes: 4,
      connections: 2,
      warmUpMs: 0,
      durationMs: 500,
    });
    expect([...bodies]).toEqual(['POST bench 00010203']);
    expect(report.requests).toBeGreaterThan(0);
    expect(report).toMatchObject({ non2xx: 0, brokenConnections: 0, unanswered: 0 });
  });

  test('ends at its count and counts every status that is not 2xx', async () => {
    let served = 0;
    const url = await listen((request, reply) => {
      request.resume();
      reply.statusCode = ++served % 4 === 0 ? 503 : 200;
      reply.setHeader('content-length', 2).end('ok');
    });
    const report = await generateLoad({
      url,
      connections: 3,
      warmUpMs: 0,
      durationMs: 60_000,
      requestsMax: 40,
    });
    expect(served).toBe(40);
    expect(report).toMatchObject({ requests: 40, non2xx: 10, statuses: { 503: 10 }, unanswered: 0 });
  });

  test('counts a connection that breaks and the request that dies with it', async () => {
    let served = 0;
    const url = await listen((request, reply) => {
      request.resume();
      if (++served === 5) request.socket.destroy();
      else reply.setHeader('content-length', 0).end();
    });
    const report = await generateLoad({ url, connections: 1, warmUpMs: 0, durationMs: 60_000 });
    expect(report).toMatchObject({ requests: 4, brokenConnections: 1, unanswered: 1 });
  });

  test('in an open loop opens a connection for each request that finds none, and numbers bodies from its seed', async () => {
    const numbers: number[] = [];
    const held: (() => void)[] = [];
    const url = await listen(async (request, reply) => {
      const body = Buffer.concat(await request.toArray());
      numbers.push(body.readUInt32LE(body.length - 4));
      held.push(() => reply.setHeader('content-length', 0).end());
      // Nobody is answered before six have come: on fewer connections than that they never would.
      if (numbers.length >= 6) for (const release of held.splice(0)) release();
    });
    const report = await generateLoad({
      url,
      body: new Uint8Array(8),
      numbered: true,
      seed: 100,
      perSecond: 1_000,
      arrivals: 'uniform',
      connections: 6,
      warmUpMs: 0,
      durationMs: 60_000,
      requestsMax: 9,
      samples: true,
    });
    expect(numbers.toSorted()).toEqual([100, 101, 102, 103, 104, 105, 106, 107, 108]);
    expect(report).toMatchObject({ requests: 9, connectionsOpened: 6, non2xx: 0, brokenConnections: 0 });
    expect(report.samples).toHaveLength(9);
  });

  test('refuses every address but loopback, and bounds its options', async () => {
    const options = { connections: 1, warmUpMs: 0, durationMs: 100 };
    const refused = [
      'http://10.0.0.1/',
      'http://example.com/',
      'https://127.0.0.1/',
      'http://[::2]/',
      'http://0.0.0.0/',
    ];
    for (const url of refused) await expect(generateLoad({ ...options, url })).rejects.toThrow(/refused/);
    const url = 'http://127.0.0.1:9/';
    await expect(generateLoad({ ...options, url, connections: 2_000 })).rejects.toThrow(/connections/);
    await expect(generateLoad({ ...options, url, durationMs: 1e9 })).rejects.toThrow(/durationMs/);
    await expect(generateLoad({ ...options, url, headers: ['X: y\r\nZ: a'] })).rejects.toThrow(/line break/);
  });
});
