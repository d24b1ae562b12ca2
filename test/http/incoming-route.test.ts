/**
 * The route of adapters that answer HTTP, over a host that asks the connection itself: what a thread that has lost its mind may
 * say, and when a slow client is told from a slow guest.
 */

import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HostError } from '../../host/errors.ts';
import { decodePlain } from '../../host/plain-data.ts';
import { ServiceFailure } from '../../host/service-failure.ts';
import type { CallExchange, IncomingRequestHead } from '../../host/service-incoming.ts';
import { adapterDetail, type Bench, createBench, failed, ok } from './fake-host.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text);
const HEAD = { status: 200, headers: [], hasBody: true };

describe('the route of an adapter that answers HTTP', () => {
  let bench: Bench;
  beforeEach(async () => {
    bench = await createBench();
    const detail = adapterDetail();
    const handle = { ...detail.manifest.operations.echo } as (typeof detail.manifest.operations)[string];
    bench.fake.detail = {
      ...detail,
      manifest: { ...detail.manifest, world: 'wasi:http/proxy', operations: { handle } },
    };
  });
  afterEach(() => bench.close());

  /** The guest of the next call. */
  const guest = (run: (exchange: CallExchange) => Promise<void>): void => {
    bench.fake.respond = async ({ exchange }) => {
      if (!exchange) throw new Error('a call without a connection');
      exchange.begin({ version: '1.0.0', attempt: 1, deadlineMs: bench.clock.now() + 10_000 });
      try {
        await run(exchange);
      } catch (error) {
        return failed(exchange.error ?? new HostError('EXECUTOR_IMPORT_FAILED', String(error)));
      }
      return exchange.error ? failed(exchange.error) : ok(new Uint8Array(0));
    };
  };

  it('shows the path behind it and gives the response as it comes', async () => {
    let head: IncomingRequestHead | undefined;
    guest(async (exchange) => {
      head = decodePlain(exchange.head) as IncomingRequestHead;
      expect(await exchange.call('request.read', { maxBytes: 3 })).toEqual({ bytes: bytes('hel') });
      expect(await exchange.call('request.read', { maxBytes: 9 })).toEqual({ bytes: bytes('lo') });
      expect(await exchange.call('request.read', { maxBytes: 9 })).toEqual({ end: true, trailers: [] });
      await exchange.call('response.head', { ...HEAD, status: 203 });
      await exchange.call('response.write', { bytes: bytes('good') });
      await exchange.call('response.finish', { trailers: [] });
    });
    await bench.app.listen({ host: '127.0.0.1', port: 0 });
    const { port } = bench.app.server.address() as AddressInfo;
    const url = `http://127.0.0.1:${port}/v1/adapters/echo/http/a//b?c=%20`;
    const answer = await fetch(url, { method: 'PATCH', body: 'hello' });
    expect([answer.status, await answer.text()]).toEqual([203, 'good']);
    expect(head).toMatchObject({ method: 'PATCH', pathWithQuery: '/a//b?c=%20', scheme: 'http' });
  });

  it('sends the bytes of a header as they are, with the body and before it', async () => {
    await bench.app.listen({ host: '127.0.0.1', port: 0 });
    const { port } = bench.app.server.address() as AddressInfo;
    const url = `http://127.0.0.1:${port}/v1/adapters/echo/http/`;
    for (const isLate of [false, true]) {
      let headCame = (): void => {};
      const head = new Promise<void>((resolve) => {
        headCame = resolve;
      });
      guest(async (exchange) => {
        const headers = [{ name: 'x-latin', value: Uint8Array.of(0xfc) }];
        await exchange.call('response.head', { ...HEAD, headers });
        if (isLate) await head;
        await exchange.call('response.write', { bytes: bytes('good') });
        await exchange.call('response.finish', { trailers: [] });
      });
      const answer = await fetch(url);
      headCame();
      expect([answer.headers.get('x-latin'), await answer.text()]).toEqual(['\u00fc', 'good']);
    }
  });

  it.each<[string, string, object]>([
    ['an informational status', 'response.head', { ...HEAD, status: 101 }],
    ['no status', 'response.head', { ...HEAD, status: '200' }],
    [
      'a header with a line break',
      'response.head',
      { ...HEAD, headers: [{ name: 'a', value: bytes('b\r\nc: d') }] },
    ],
    ['a name with a colon', 'response.head', { ...HEAD, headers: [{ name: 'a:', value: bytes('b') }] }],
    ['a value that is a text', 'response.head', { ...HEAD, headers: [{ name: 'a', value: 'b' }] }],
    [
      'transfer-encoding',
      'response.head',
      { ...HEAD, headers: [{ name: 'Transfer-Encoding', value: bytes('x') }] },
    ],
    [
      'a length among its headers',
      'response.head',
      { ...HEAD, headers: [{ name: 'content-length', value: bytes('1') }] },
    ],
    [
      'headers without end',
      'response.head',
      { ...HEAD, headers: [{ name: 'a', value: new Uint8Array(70_000).fill(97) }] },
    ],
    ['no list of headers', 'response.head', { ...HEAD, headers: 'none' }],
    ['a negative length', 'response.head', { ...HEAD, bodyBytes: -1 }],
    ['a piece before its head', 'response.write', { bytes: bytes('x') }],
    ['a piece that is a text', 'response.write', { bytes: 'x' }],
    ['an end before its head', 'response.finish', { trailers: [] }],
    ['a read of nothing', 'request.read', { maxBytes: 0 }],
  ])('takes %s for an error of its own', async (_what, method, argument) => {
    guest(async (exchange) => {
      const refused = await exchange.call(method, argument).catch((error: unknown) => error);
      expect(refused).toBeInstanceOf(Error);
      expect(refused).not.toBeInstanceOf(ServiceFailure);
      throw refused;
    });
    const answer = await bench.inject('/v1/adapters/echo/http/');
    expect([answer.statusCode, answer.json().code]).toEqual([502, 'EXECUTOR_IMPORT_FAILED']);
  });

  it('takes a second head, and more or less than was declared, for errors of its own', async () => {
    const seen: string[] = [];
    guest(async (exchange) => {
      const attempt = async (method: string, argument: object): Promise<void> => {
        await exchange.call(method, argument).catch((error: Error) => seen.push(error.message));
      };
      await attempt('response.head', { ...HEAD, bodyBytes: 3 });
      await attempt('response.head', HEAD);
      await attempt('response.finish', { trailers: [] });
      await attempt('response.write', { bytes: bytes('four') });
    });
    await bench.app.listen({ host: '127.0.0.1', port: 0 });
    const { port } = bench.app.server.address() as AddressInfo;
    const cut = await fetch(`http://127.0.0.1:${port}/v1/adapters/echo/http/`).then(
      (response) => response.text(),
      (error: Error) => error,
    );
    expect(cut).toBeInstanceOf(Error);
    expect(seen).toEqual([
      'a guest sent a second head',
      'a guest wrote less than it had declared',
      'a guest wrote more than it had declared',
    ]);
  });

  it('gives up a client that sends nothing more while the guest still has time', async () => {
    await bench.app.listen({ host: '127.0.0.1', port: 0 });
    const { port } = bench.app.server.address() as AddressInfo;
    const asked = Promise.withResolvers<void>();
    guest(async (exchange) => {
      await exchange.call('request.read', { maxBytes: 9 });
      const reading = exchange.call('request.read', { maxBytes: 9 });
      asked.resolve();
      await expect(reading).rejects.toMatchObject({ code: 'timeout' });
      expect(bench.clock.now()).toBeLessThan(1_700_000_010_000);
    });
    const socket = connect(port, '127.0.0.1');
    socket.write('POST /v1/adapters/echo/http/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9\r\n\r\nhalf');
    await asked.promise;
    await bench.clock.advance(8_999);
    await bench.clock.advance(1);
    const [answer] = await once(socket, 'data');
    expect(String(answer)).toMatch(/^HTTP\/1\.1 408 .*"HTTP_REQUEST_TIMEOUT"/s);
    socket.destroy();
  });

  it('refuses what it cannot cut: a client of HTTP/1.0', async () => {
    await bench.app.listen({ host: '127.0.0.1', port: 0 });
    const { port } = bench.app.server.address() as AddressInfo;
    const socket = connect(port, '127.0.0.1');
    socket.write('GET /v1/adapters/echo/http/ HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n');
    const [answer] = await once(socket, 'data');
    expect(String(answer)).toContain('HTTP_MALFORMED');
    expect(bench.fake.calls).toEqual([]);
    socket.destroy();
  });

  it('asks nobody for an adapter of another world, whose batches of an operation named http still work', async () => {
    bench.fake.detail = adapterDetail();
    const answer = await bench.inject('/v1/adapters/echo/http/');
    expect([answer.statusCode, answer.json().code]).toEqual([404, 'REGISTRY_OPERATION_NOT_FOUND']);
    const batch = await bench.inject({ method: 'POST', url: '/v1/adapters/echo/http/batch', payload: '' });
    expect(batch.json().detail).toContain('no operation of this name');
    const { echo } = bench.fake.detail.manifest.operations;
    const operations = { http: echo as NonNullable<typeof echo> };
    bench.fake.detail = { ...bench.fake.detail, manifest: { ...bench.fake.detail.manifest, operations } };
    bench.clock.advance(2_000);
    const found = await bench.inject({ method: 'POST', url: '/v1/adapters/echo/http/batch', payload: '' });
    expect(found.json().code).toBe('HTTP_UNSUPPORTED_TYPE');
  });
});
