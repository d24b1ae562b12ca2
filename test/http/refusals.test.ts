import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type HttpRefusedEvent, httpRefusedChannel } from '../../host/channels.ts';
import { HostError } from '../../host/errors.ts';
import { type Bench, createBench, failed, INPUT_MAX_BYTES, multipart } from './fake-host.ts';

let bench: Bench;
const events: HttpRefusedEvent[] = [];
const onRefused = (event: unknown): void => void events.push(event as HttpRefusedEvent);
beforeEach(async () => {
  events.length = 0;
  httpRefusedChannel.subscribe(onRefused);
  bench = await createBench();
});
afterEach(async () => {
  httpRefusedChannel.unsubscribe(onRefused);
  await bench.close();
});

const INVOKE = '/v1/adapters/:name/:operation';
const CANARY = 'c4n4ry';
interface Request {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly url: string;
  readonly headers?: Record<string, string>;
  readonly payload?: string;
}
const json = { 'content-type': 'application/json' };

describe('a request that ends before it is a call', () => {
  it.each<[string, Request, Omit<HttpRefusedEvent, 'requestId'>]>([
    [
      'an adapter that is not there',
      { method: 'POST', url: `/v1/adapters/${CANARY}/echo`, payload: CANARY },
      { method: 'POST', route: INVOKE, status: 404, code: 'REGISTRY_NOT_FOUND' },
    ],
    [
      'a body over the limit',
      { method: 'POST', url: '/v1/adapters/echo/echo', payload: CANARY.repeat(INPUT_MAX_BYTES) },
      { method: 'POST', route: INVOKE, status: 413, code: 'HTTP_BODY_TOO_LARGE' },
    ],
    [
      'a path that no route has',
      { method: 'GET', url: `/${CANARY}?${CANARY}=1` },
      { method: 'GET', route: 'none', status: 404, code: 'HTTP_ROUTE_NOT_FOUND' },
    ],
    [
      'a method that the path does not take',
      { method: 'DELETE', url: '/v1/tools/call' },
      { method: 'DELETE', route: 'none', status: 405, code: 'HTTP_METHOD_NOT_ALLOWED' },
    ],
    [
      'a path that cannot be decoded',
      { method: 'GET', url: `/v1/adapters/%zz${CANARY}` },
      { method: 'GET', route: 'none', status: 400, code: 'HTTP_MALFORMED' },
    ],
    [
      'a tool call that is not one',
      { method: 'POST', url: '/v1/tools/call', headers: json, payload: `{"tool": "${CANARY}"}` },
      { method: 'POST', route: '/v1/tools/call', status: 400, code: 'HTTP_MALFORMED' },
    ],
    [
      'a tool call, answered by an envelope',
      {
        method: 'POST',
        url: '/v1/tools/call',
        headers: json,
        payload: JSON.stringify({ tool: `${CANARY}.echo`, args: { payload: CANARY } }),
      },
      { method: 'POST', route: '/v1/tools/call', status: 404, code: 'REGISTRY_NOT_FOUND' },
    ],
  ])('is told to observers: %s', async (_what, request, event) => {
    const reply = await bench.inject({ ...request, headers: { ...request.headers, 'x-request-id': 'r-1' } });
    expect(reply.statusCode).toBe(event.status);
    expect(events).toEqual([{ ...event, requestId: 'r-1' }]);
    expect(JSON.stringify(events)).not.toContain(CANARY);
  });

  it.each(['/v1/adapters', '/metrics', '/openapi.json', '/docs', '/docs/json'])(
    'is told to observers: a caller without a token at %s',
    async (url) => {
      bench.fake.identify = () => {
        throw new HostError('POLICY_UNAUTHENTICATED', 'a token is needed');
      };
      await bench.inject(url);
      expect(events).toMatchObject([
        { method: 'GET', route: url, status: 401, code: 'POLICY_UNAUTHENTICATED' },
      ]);
    },
  );

  it('is told to observers item by item in a batch', async () => {
    const item = 'Content-Type: application/octet-stream';
    await bench.inject({
      method: 'POST',
      url: '/v1/adapters/echo/echo/batch',
      headers: { 'content-type': 'multipart/mixed; boundary=b', 'x-request-id': 'r-1' },
      payload: multipart('b', [
        [item, 'small'],
        [item, 'x'.repeat(INPUT_MAX_BYTES + 1)],
      ]),
    });
    const route = `${INVOKE}/batch`;
    expect(events).toEqual([
      { requestId: 'r-1.1', method: 'POST', route, status: 413, code: 'HTTP_BODY_TOO_LARGE' },
    ]);
  });

  it('is told to observers when it is no request at all', async () => {
    const address = new URL(await bench.app.listen({ host: '127.0.0.1', port: 0 }));
    const socket = connect(Number(address.port), address.hostname);
    const closed = new Promise((resolve) => socket.on('close', resolve));
    socket.on('error', () => {}).resume();
    socket.write(`${CANARY}\r\n\r\n`);
    await closed;
    expect(events).toMatchObject([{ method: 'unknown', route: 'none', status: 400, code: 'HTTP_MALFORMED' }]);
  });
});

describe('what is no refusal', () => {
  it('a client that stops sending once it has read why, beyond the one refusal it was told', async () => {
    const address = new URL(await bench.app.listen({ host: '127.0.0.1', port: 0 }));
    const socket = connect(Number(address.port), address.hostname);
    const closed = new Promise((resolve) => socket.on('close', resolve));
    socket.on('data', () => socket.end());
    socket.write(
      `POST /v1/adapters/echo/echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 900000\r\n\r\nx`,
    );
    await closed;
    expect(events).toMatchObject([{ status: 413, code: 'HTTP_BODY_TOO_LARGE' }]);
  });

  it('a call that fails has a receipt and is told there', async () => {
    bench.fake.respond = () => failed(new HostError('EXECUTOR_TRAP', 'the guest trapped'));
    const url = '/v1/adapters/echo/echo';
    expect((await bench.inject({ method: 'POST', url, payload: 'x' })).statusCode).toBe(502);
    const call = { tool: 'echo.echo', args: { payload: 'x' } };
    expect((await bench.inject({ method: 'POST', url: '/v1/tools/call', payload: call })).statusCode).toBe(
      502,
    );
    expect(events).toEqual([]);
  });

  it('readiness is an answer, also when it is no', async () => {
    bench.fake.state = 'draining';
    expect((await bench.inject('/health/ready')).statusCode).toBe(503);
    expect(events).toEqual([]);
  });
});
