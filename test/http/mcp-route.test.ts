import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { adaptersChangedChannel } from '../../host/channels.ts';
import { HostError } from '../../host/errors.ts';
import * as limits from '../../host/http/limits.ts';
import type { Mcp } from '../../host/mcp/face.ts';
import { createMcp } from '../../host/mcp/mcp.ts';
import { createPolicy } from '../../host/policy/policy.ts';
import type { Call, Outcome } from '../../host/types.ts';
import { type Bench, createBench, failed, ok } from './fake-host.ts';

let bench: Bench;
let mcp: Mcp | undefined;
beforeEach(async () => {
  bench = await createBench({
    bodyMaxBytes: 4 * 1024 * 1024,
    openMcp: async () => {
      mcp = createMcp({ host: bench.fake.host, version: '9.9.9' });
      return mcp;
    },
  });
});
afterEach(async () => {
  await bench.close();
  mcp?.close();
  mcp = undefined;
});

const TYPES = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
const send = (body: unknown, headers: Record<string, string> = {}) =>
  bench.inject({
    method: 'POST',
    url: '/mcp',
    headers: { ...TYPES, ...headers },
    payload: typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body),
  });
const request = (method: string, params: object = {}, id: unknown = 1) => ({
  jsonrpc: '2.0',
  id,
  method,
  params,
});
const callEcho = (given: object = { text: 'hello' }, more: object = {}, id: unknown = 1) =>
  request('tools/call', { name: 'echo_say', arguments: given, ...more }, id);
const INITIALIZE = request('initialize', {
  protocolVersion: '2025-11-25',
  capabilities: {},
  clientInfo: { name: 'test', version: '1' },
});
const begin = async (headers: Record<string, string> = {}): Promise<Record<string, string>> => {
  const reply = await send(INITIALIZE, headers);
  expect(reply.statusCode).toBe(200);
  return { ...headers, 'mcp-session-id': String(reply.headers['mcp-session-id']) };
};

describe('a message', () => {
  it('without a session is a connection of its own: tools are called without a handshake', async () => {
    const reply = await send(callEcho());
    expect(reply.json()).toMatchObject({ id: 1, result: { content: [{ type: 'text', text: 'hello' }] } });
    expect(reply.headers['mcp-session-id']).toBeUndefined();
    expect(bench.fake.calls).toHaveLength(1);
  });

  it.each([0, '0', 'a', -1, 2 ** 53 - 1])('is answered under its own id %j', async (id) => {
    expect((await send(callEcho({}, {}, id))).json().id).toBe(id);
  });

  it('that is a notification has no answer', async () => {
    const reply = await send({ jsonrpc: '2.0', method: 'notifications/initialized' });
    expect([reply.statusCode, reply.payload]).toEqual([202, '']);
  });

  it('may come with others, and each request among them has its answer', async () => {
    const reply = await send([
      callEcho({ text: 'a' }, {}, 'a'),
      { jsonrpc: '2.0', method: 'notifications/initialized' },
      request('ping', {}, 'b'),
    ]);
    expect(reply.json().map(({ id }: { id: string }) => id)).toEqual(['a', 'b']);
  });

  it('with the id of another under way is refused, and the other is answered', async () => {
    const replies = (await send([callEcho({ text: 'a' }), callEcho({ text: 'b' })])).json();
    expect(replies[0]).toMatchObject({ id: 1, result: {} });
    expect(replies[1]).toMatchObject({ id: 1, error: { code: -32600 } });
  });

  it.each([
    ['is no JSON', '{"jsonrpc":', 400, -32700],
    ['is not UTF-8', Buffer.from([0x22, 0xff, 0x22]), 400, -32700],
    ['is no message', { hello: 'world' }, 400, -32600],
    ['is null', 'null', 400, -32600],
    ['is an empty batch', [], 400, -32600],
    ['is a batch too long', Array(limits.MCP_BATCH_MAX + 1).fill(request('ping')), 400, -32600],
    ['is nested too deep', '['.repeat(limits.MCP_DEPTH_MAX + 1), 400, -32700],
    ['has too many parts', `[${'1,'.repeat(limits.MCP_TOKENS_MAX)}1]`, 400, -32700],
    ['asks for what is not known', request('tools/juggle'), 200, -32601],
    ['names no tool', request('tools/call', {}), 200, -32603],
    ['names a tool that is not there', request('tools/call', { name: 'echo_nothing' }), 200, -32602],
    ['has a cursor of its own', request('tools/list', { cursor: 'é' }), 200, -32602],
    ['has a timeout that is none', callEcho({}, { _meta: { 'hotcell/timeoutMs': 0 } }), 200, -32602],
  ])('that %s is answered as JSON-RPC has it', async (_what, body, status, code) => {
    const reply = await send(body);
    expect([reply.statusCode, reply.json().error.code]).toEqual([status, code]);
    expect(bench.fake.calls).toHaveLength(0);
  });
});

describe('a request that is refused before its message is read', () => {
  it.each([
    ['for its content type', { 'content-type': 'text/plain' }, 415, 'HTTP_UNSUPPORTED_TYPE'],
    ['for what it accepts', { accept: 'text/html' }, 406, 'HTTP_NOT_ACCEPTABLE'],
    ['for its version', { 'mcp-protocol-version': '1999-01-01' }, 400, 'HTTP_MALFORMED'],
    ['for a session that is none', { 'mcp-session-id': 'x' }, 404, 'HTTP_SESSION_UNKNOWN'],
    ['for a key that nothing is kept under', { 'idempotency-key': 'x' }, 400, 'HTTP_MALFORMED'],
    ['for its timeout', { 'x-request-timeout-ms': 'soon' }, 400, 'POLICY_TIMEOUT_INVALID'],
    ['for its length', { 'content-length': String(1e9) }, 413, 'HTTP_BODY_TOO_LARGE'],
  ])('%s is a problem document', async (_why, headers, status, code) => {
    const reply = await send(callEcho(), headers);
    expect([reply.statusCode, reply.json().code]).toEqual([status, code]);
    expect(bench.fake.calls).toHaveLength(0);
  });

  it.each(['POST', 'GET', 'DELETE'] as const)(
    'because a web page sends it, is not heard (%s)',
    async (method) => {
      bench.fake.identify = createPolicy({ loopback: true, tokens: [], clock: bench.clock }).identify;
      const headers = { ...TYPES, origin: 'https://evil.example', host: '127.0.0.1' };
      const reply = await bench.inject({ method, url: '/mcp', headers });
      expect(reply.json().code).toBe('POLICY_ORIGIN_FORBIDDEN');
    },
  );

  it('is one for a host that does not speak the protocol', async () => {
    const other = await createBench();
    const reply = await other.inject({ method: 'POST', url: '/mcp', headers: TYPES, payload: '{}' });
    expect(reply.json().code).toBe('HTTP_ROUTE_NOT_FOUND');
    await other.close();
  });
});

describe('a call', () => {
  it('has the tenant, the ids and the narrower timeout of its request', async () => {
    await send(callEcho({}, { _meta: { 'hotcell/timeoutMs': 7, progressToken: 1 } }), {
      'x-tenant-id': 'acme',
      'x-request-id': 'r-1',
      'x-request-timeout-ms': '9',
    });
    await send(callEcho(), { 'x-request-timeout-ms': '9' });
    expect(bench.fake.calls[0]).toMatchObject({ tenant: 'acme', requestId: 'r-1', timeoutMs: 7 });
    expect(bench.fake.calls[1]).toMatchObject({ timeoutMs: 9 });
  });

  it('that fails is a result that a model can read, with all of the problem but its cause', async () => {
    bench.fake.respond = () =>
      failed(new HostError('POOL_FULL', 'come later', { retryAfterS: 3, cause: new Error('secret') }));
    const { result } = (await send(callEcho())).json();
    expect(result).toMatchObject({
      isError: true,
      content: [{ type: 'text', text: 'POOL_FULL: come later' }],
      _meta: { 'hotcell/problem': { code: 'POOL_FULL', retryable: true, retryAfterS: 3 } },
    });
    expect(JSON.stringify(result)).not.toContain('secret');
  });
});

describe('a call that is cancelled', () => {
  /** Ends when it is given up. */
  const respond = ({ signal }: Call): Promise<Outcome> =>
    new Promise((resolve) => {
      signal?.addEventListener('abort', () =>
        resolve(failed(new HostError('EXECUTOR_CANCELLED', 'given up'))),
      );
    });
  const cancelled = (requestId: unknown) => ({
    jsonrpc: '2.0',
    method: 'notifications/cancelled',
    params: { requestId },
  });

  it.each([0, 'a'])('by a message of its session with id %j is given up, and has no answer', async (id) => {
    bench.fake.respond = respond;
    const session = await begin();
    const reply = send(callEcho({}, {}, id), session);
    await expect.poll(() => bench.fake.calls.length).toBe(1);
    expect((await send(cancelled(id), session)).statusCode).toBe(202);
    const { statusCode, headers, payload } = await reply;
    expect([statusCode, headers['content-type'], payload]).toEqual([200, 'text/event-stream', '']);
    expect(bench.fake.calls[0]?.signal?.aborted).toBe(true);
  });

  it('by another session is not', async () => {
    let finish = (_: Outcome): void => {};
    bench.fake.respond = () => new Promise((resolve) => (finish = resolve));
    const session = await begin();
    const reply = send(callEcho({}, {}, 5), session);
    await expect.poll(() => bench.fake.calls.length).toBe(1);
    await send(cancelled(5), await begin());
    await send(cancelled(5));
    finish(ok(Buffer.from('done')));
    expect((await reply).json()).toMatchObject({ id: 5, result: { content: [{ text: 'done' }] } });
  });

  it('by the end of its session is given up', async () => {
    bench.fake.respond = respond;
    const session = await begin();
    const reply = send(callEcho(), session);
    await expect.poll(() => bench.fake.calls.length).toBe(1);
    await bench.inject({ method: 'DELETE', url: '/mcp', headers: session });
    expect((await reply).payload).toBe('');
    expect(bench.fake.calls[0]?.signal?.aborted).toBe(true);
  });
});

describe('a session', () => {
  const ask = async (session: Record<string, string>) => (await send(request('ping'), session)).statusCode;

  it('of one tenant does not exist for another', async () => {
    const session = await begin({ 'x-tenant-id': 'a' });
    expect(await ask(session)).toBe(200);
    expect(await ask({ ...session, 'x-tenant-id': 'b' })).toBe(404);
    const end = await bench.inject({
      method: 'DELETE',
      url: '/mcp',
      headers: { ...session, 'x-tenant-id': 'b' },
    });
    expect(end.statusCode).toBe(404);
    expect(await ask(session)).toBe(200);
  });

  it('that nobody used for half an hour is forgotten, and one that was used is not', async () => {
    const used = await begin();
    const unused = await begin();
    await bench.clock.advance(limits.MCP_SESSION_IDLE_MS - limits.MCP_SESSION_SWEEP_MS);
    expect(await ask(used)).toBe(200);
    await bench.clock.advance(2 * limits.MCP_SESSION_SWEEP_MS);
    expect([await ask(used), await ask(unused)]).toEqual([200, 404]);
  });

  it("makes room for its tenant's next by being the longest unused, and never another tenant's", async () => {
    const others = await begin({ 'x-tenant-id': 'other' });
    const first = await begin();
    await bench.clock.advance(1);
    const second = await begin();
    for (let n = 2; n < limits.MCP_SESSIONS_PER_TENANT_MAX; n++) {
      await bench.clock.advance(1);
      await begin();
    }
    expect(await ask(first)).toBe(200);
    await bench.clock.advance(1);
    await begin();
    expect([await ask(first), await ask(others), await ask(second)]).toEqual([200, 200, 404]);
  });

  it('that fails to begin is none', async () => {
    const reply = await send(request('initialize', {}));
    expect(reply.json().error).toBeDefined();
    expect(reply.headers['mcp-session-id']).toBeUndefined();
  });

  it('needs its id for its stream and its end, and HEAD has no stream', async () => {
    for (const method of ['GET', 'DELETE'] as const) {
      const reply = await bench.inject({ method, url: '/mcp', headers: { accept: 'text/event-stream' } });
      expect(reply.json().code).toBe('HTTP_MALFORMED');
    }
    const head = await bench.inject({ method: 'HEAD', url: '/mcp', headers: await begin() });
    expect(head.statusCode).toBe(405);
  });

  it('without a stream is told of a change when it opens one', async () => {
    const session = await begin();
    await send({ jsonrpc: '2.0', method: 'notifications/initialized' }, session);
    adaptersChangedChannel.publish({ adapter: 'echo' });
    const stream = bench.inject({
      method: 'GET',
      url: '/mcp',
      headers: { ...session, accept: 'text/event-stream' },
    });
    // A second one takes the place of the first, which ends.
    const next = bench.inject({ method: 'GET', url: '/mcp', headers: { ...session, accept: '*/*' } });
    expect((await stream).payload).toContain('notifications/tools/list_changed');
    await bench.inject({ method: 'DELETE', url: '/mcp', headers: session });
    expect((await next).payload).toBe(': hotcell\n\n');
  });
});
