import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HostError } from '../../host/errors.ts';
import { type Bench, createBench, failed, INPUT_MAX_BYTES, ok } from './fake-host.ts';

let bench: Bench;
beforeEach(async () => {
  bench = await createBench();
});
afterEach(() => bench.close());

const call = (payload: unknown, headers: Record<string, string> = {}) =>
  bench.inject({
    method: 'POST',
    url: '/v1/tools/call',
    headers: { 'content-type': 'application/json', ...headers },
    payload: typeof payload === 'string' ? payload : JSON.stringify(payload),
  });

describe('a tool call', () => {
  it('is answered by the envelope', async () => {
    const reply = await call({ tool: 'echo.say', args: { payload: 'grüß' }, plan_id: 'p', step_index: 0 });
    expect(reply.statusCode).toBe(200);
    expect(reply.json()).toEqual({
      success: true,
      result: { payload: 'grüß', encoding: 'utf8' },
      error: null,
      execution_id: reply.headers['x-request-id'],
      timestamp: '2023-11-14T22:13:20.000Z',
      plan_id: 'p',
      step_index: 0,
    });
    expect(reply.headers['x-hotcell-adapter-version']).toBe('1.0.0');
  });

  it('names base64 for an operation that does not promise text, and for text that is none', async () => {
    const binary = await call({ tool: 'echo.echo', args: { payload: 'hi' } });
    expect(binary.json().result).toEqual({ payload: 'aGk=', encoding: 'base64' });
    bench.fake.respond = () => ok(Buffer.from([0xff, 0xfe]));
    const broken = await call({ tool: 'echo.say', args: { payload: '' } });
    expect(broken.json().result).toEqual({ payload: '//4=', encoding: 'base64' });
  });

  it('brings any bytes through base64 unchanged', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), async (bytes) => {
        const payload = Buffer.from(bytes).toString('base64');
        const reply = await call({ tool: 'echo.echo', args: { payload, encoding: 'base64' } });
        expect(reply.json().result).toEqual({ payload, encoding: 'base64' });
        expect(Buffer.from(bench.fake.calls.at(-1)?.payload ?? [1])).toEqual(Buffer.from(bytes));
      }),
      { numRuns: 50 },
    );
  });

  it('may carry any text, however much it looks like JSON', async () => {
    const characters = fc.constantFrom('"', '\\', '[', '{', ',', ':', '\n', 'u', 'é', ' ');
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: characters, maxLength: 400 }), async (payload) => {
        const reply = await call({ tool: 'echo.say', args: { payload }, plan_id: payload.slice(0, 256) });
        expect(reply.json().result).toEqual({ payload, encoding: 'utf8' });
      }),
      { numRuns: 100 },
    );
  });

  it.each([
    ['lists', (many: number) => `{"tool":[${'[],'.repeat(many)}[]]}`],
    ['nested lists', (many: number) => '['.repeat(many * 2)],
    ['fields', (many: number) => `{${Array.from({ length: many }, (_, i) => `"${i}":1`).join()}}`],
  ])('of nothing but %s is refused before it becomes objects in memory', async (_, body) => {
    const reply = await call(body(5_001));
    expect(reply.statusCode).toBe(400);
    expect(reply.json()).toMatchObject({
      code: 'HTTP_MALFORMED',
      detail: expect.stringMatching(/at most 10000 members and items/),
    });
    expect(bench.fake.calls).toEqual([]);
  });

  it.each(['a', 'aGk', 'aGk=\n', 'aGk*', 'a===', '====', 'aG=k'])(
    'refuses the payload %j as base64',
    async (payload) => {
      const reply = await call({ tool: 'echo.echo', args: { payload, encoding: 'base64' } });
      expect(reply.statusCode).toBe(400);
      expect(reply.json().problems[0].at).toBe('/args/payload');
    },
  );

  it('lists every problem at once with its JSON pointer, and turns nothing into something else', async () => {
    const reply = await call({ tool: 3, args: { encoding: 'rot13', 'x/y': 1 }, step_index: -1, more: true });
    expect([reply.statusCode, reply.json().code]).toEqual([400, 'HTTP_MALFORMED']);
    const pointers = reply.json().problems.map((problem: { at: string }) => problem.at);
    expect(pointers.sort()).toEqual(
      ['/args/encoding', '/args/payload', '/args/x~1y', '/more', '/step_index', '/tool'].sort(),
    );
    expect(bench.fake.calls).toHaveLength(0);
  });

  it.each(['', '{', 'null', '[]', '"x"', '{"tool":"echo.echo","args":{}', '\ufeff{}'])(
    'refuses the body %j',
    async (body) => {
      const reply = await call(body);
      expect([reply.statusCode, reply.json().code]).toEqual([400, 'HTTP_MALFORMED']);
      expect(reply.headers['content-type']).toBe('application/problem+json');
    },
  );

  it('refuses JSON that is not UTF-8 instead of replacing bytes', async () => {
    const body = Buffer.from('{"tool":"echo.echo","args":{"payload":"\xff"}}', 'latin1');
    const reply = await bench.inject({
      method: 'POST',
      url: '/v1/tools/call',
      headers: { 'content-type': 'application/json' },
      payload: body,
    });
    expect(reply.json().code).toBe('HTTP_MALFORMED');
  });

  it.each(['text/plain', 'application/octet-stream', 'application/jsonx'])(
    'refuses the content type %s',
    async (type) => {
      const reply = await call({ tool: 'echo.echo', args: { payload: '' } }, { 'content-type': type });
      expect([reply.statusCode, reply.json().code]).toEqual([415, 'HTTP_UNSUPPORTED_TYPE']);
    },
  );

  it.each(['echo', 'echo.', '.echo', ''])('refuses the tool name %j', async (tool) => {
    expect((await call({ tool, args: { payload: '' } })).statusCode).toBe(400);
  });

  it('that fails has success false, the error, and its HTTP status', async () => {
    bench.fake.respond = () => failed(new HostError('POOL_FULL', 'all taken', { retryAfterS: 3 }));
    const reply = await call({ tool: 'echo.echo', args: { payload: '' } });
    expect(reply.statusCode).toBe(503);
    expect(reply.headers['retry-after']).toBe('3');
    expect(reply.headers['content-type']).toBe('application/json');
    expect(reply.json()).toMatchObject({
      success: false,
      result: null,
      error: {
        code: 'POOL_FULL',
        title: 'All permits of the adapter are taken',
        detail: 'all taken',
        retryable: true,
      },
    });
  });

  it('of an unknown tool is answered by the envelope as well', async () => {
    for (const [tool, code] of [
      ['nope.echo', 'REGISTRY_NOT_FOUND'],
      ['echo.constructor', 'REGISTRY_OPERATION_NOT_FOUND'],
    ]) {
      const reply = await call({ tool, args: { payload: '' } });
      expect([reply.statusCode, reply.json().success, reply.json().error.code]).toEqual([404, false, code]);
    }
  });

  it('measures the limit on the decoded payload', async () => {
    const fits = Buffer.alloc(INPUT_MAX_BYTES).toString('base64');
    const over = Buffer.alloc(INPUT_MAX_BYTES + 1).toString('base64');
    const send = (payload: string) => call({ tool: 'echo.echo', args: { payload, encoding: 'base64' } });
    expect((await send(fits)).statusCode).toBe(200);
    expect((await send(over)).json().error.code).toBe('HTTP_BODY_TOO_LARGE');
  });

  it('is carried out once under an idempotency key, with the same execution id', async () => {
    const send = () => call({ tool: 'echo.echo', args: { payload: '' } }, { 'idempotency-key': 'k' });
    const [first, second] = [await send(), await send()];
    expect(second.headers['idempotency-replayed']).toBe('true');
    expect(second.json().execution_id).toBe(first.json().execution_id);
    expect(bench.fake.calls).toHaveLength(1);
  });

  it('takes a large payload without exhausting the matcher', async () => {
    const big = await createBench({ bodyMaxBytes: 10_000_000 });
    const payload = 'A'.repeat(8_000_000);
    const reply = await big.inject({
      method: 'POST',
      url: '/v1/tools/call',
      headers: { 'content-type': 'application/json' },
      payload: JSON.stringify({ tool: 'echo.echo', args: { payload, encoding: 'base64' } }),
    });
    expect(reply.json().error.code).toBe('HTTP_BODY_TOO_LARGE');
    await big.close();
  });
});
