import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HostError } from '../../host/errors.ts';
import type { Outcome } from '../../host/types.ts';
import { type Bench, createBench, failed, httpOptions, ok } from './fake-host.ts';

let bench: Bench;
let answers = 0;
beforeEach(async () => {
  bench = await createBench();
  answers = 0;
  bench.fake.respond = () => ok(Buffer.from(`answer ${++answers}`));
});
afterEach(() => bench.close());

const post = (key: string, options: { body?: string; url?: string; tenant?: string; on?: Bench } = {}) => {
  const headers: Record<string, string> = { 'idempotency-key': key };
  if (options.tenant !== undefined) headers['x-tenant-id'] = options.tenant;
  const url = options.url ?? '/v1/adapters/echo/echo';
  return (options.on ?? bench).inject({ method: 'POST', url, headers, payload: options.body ?? 'body' });
};

describe('the same idempotency key', () => {
  it('is carried out once and answered the same way, and says so', async () => {
    const first = await post('k');
    const second = await post('k');
    expect([first.body, second.body]).toEqual(['answer 1', 'answer 1']);
    expect(first.headers['idempotency-replayed']).toBeUndefined();
    expect(second.headers['idempotency-replayed']).toBe('true');
    expect(second.headers['x-hotcell-adapter-version']).toBe('1.0.0');
    expect(second.headers['x-request-id']).not.toBe(first.headers['x-request-id']);
    expect(bench.fake.calls).toHaveLength(1);
  });

  it('is another key for another tenant, operation or route', async () => {
    await post('k');
    await post('k', { tenant: 'other' });
    await post('k', { url: '/v1/adapters/echo/say' });
    await bench.inject({
      method: 'POST',
      url: '/v1/tools/call',
      headers: { 'idempotency-key': 'k' },
      payload: { tool: 'echo.echo', args: { payload: 'body' } },
    });
    expect(bench.fake.calls).toHaveLength(4);
  });

  it('with another body is refused, before and after the first has ended', async () => {
    const { promise, resolve } = Promise.withResolvers<Outcome>();
    bench.fake.respond = () => promise;
    const first = post('k', { body: 'one' });
    await expect.poll(() => bench.fake.calls.length).toBe(1);
    const during = await post('k', { body: 'two' });
    resolve(ok(Buffer.from('done')));
    await first;
    const after = await post('k', { body: 'two' });
    for (const reply of [during, after]) {
      expect([reply.statusCode, reply.json().code]).toEqual([422, 'HTTP_IDEMPOTENCY_MISMATCH']);
    }
    expect(bench.fake.calls).toHaveLength(1);
  });

  it('waits for the first while that is under way', async () => {
    const { promise, resolve } = Promise.withResolvers<Outcome>();
    bench.fake.respond = () => promise;
    const both = [post('k'), post('k')];
    await expect.poll(() => bench.fake.credentials.length).toBe(2);
    resolve(ok(Buffer.from('once')));
    const replies = await Promise.all(both);
    expect(replies.map((reply) => reply.body)).toEqual(['once', 'once']);
    expect(replies.map((reply) => reply.headers['idempotency-replayed'])).toEqual([undefined, 'true']);
    expect(bench.fake.calls).toHaveLength(1);
  });

  it("keeps the adapter's own 4xx", async () => {
    bench.fake.respond = () => failed(new HostError('ADAPTER_BAD_INPUT', `no ${++answers}`));
    const replies = [await post('k'), await post('k')];
    expect(replies.map((reply) => [reply.statusCode, reply.json().detail])).toEqual([
      [400, 'no 1'],
      [400, 'no 1'],
    ]);
  });

  it.each([
    'POOL_FULL',
    'POOL_TENANT_SHARE',
    'EXECUTOR_TRAP',
    'EXECUTOR_DEADLINE',
    'ADAPTER_INTERNAL',
  ] as const)('does not keep %s: the retry is carried out', async (code) => {
    bench.fake.respond = () => (++answers === 1 ? failed(new HostError(code, 'no')) : ok(Buffer.from('yes')));
    expect((await post('k')).json().code).toBe(code);
    const retry = await post('k');
    expect([retry.statusCode, retry.body]).toEqual([200, 'yes']);
    expect(retry.headers['idempotency-replayed']).toBeUndefined();
  });

  it('is forgotten after its time', async () => {
    await post('k');
    await bench.clock.advance(599_999);
    expect((await post('k')).body).toBe('answer 1');
    await bench.clock.advance(2);
    expect((await post('k')).body).toBe('answer 2');
  });

  it('gives way to newer ones by count and by bytes', async () => {
    const few = await createBench({ idempotency: { ttlMs: 1_000, maxEntries: 2, maxBytes: 100_000 } });
    for (const key of ['a', 'b', 'c', 'c', 'b', 'a']) await post(key, { on: few });
    expect(few.fake.calls).toHaveLength(4);
    await few.close();

    const small = await createBench({ idempotency: { ttlMs: 1_000, maxEntries: 100, maxBytes: 5_000 } });
    small.fake.respond = () => ok(Buffer.alloc(1_500));
    for (const key of ['a', 'b', 'c', 'c', 'b', 'a']) await post(key, { on: small });
    expect(small.fake.calls).toHaveLength(4);
    await small.close();
  });

  it.each([
    ['entries', { maxEntries: 4, maxBytes: 1_000_000 }],
    ['bytes', { maxEntries: 1_000, maxBytes: 9_000 }],
  ])('outlives a flood of another tenant that fills the %s of the store', async (_, limits) => {
    const on = await createBench({ idempotency: { ttlMs: 600_000, ...limits } });
    on.fake.respond = () => ok(Buffer.alloc(1_500));
    await post('mine', { on, tenant: 'quiet' });
    for (let index = 0; index < 50; index++) await post(`flood-${index}`, { on, tenant: 'loud' });
    expect((await post('mine', { on, tenant: 'quiet' })).headers['idempotency-replayed']).toBe('true');
    expect((await post('flood-49', { on, tenant: 'loud' })).headers['idempotency-replayed']).toBe('true');
    expect(on.fake.calls).toHaveLength(51);
    await on.close();
  });

  it.each([
    { maxEntries: 0, maxBytes: 1_000_000 },
    { maxEntries: 100, maxBytes: 0 },
  ])('is not kept at all where %j says so', async (limits) => {
    const on = await createBench({ idempotency: { ttlMs: 600_000, ...limits } });
    await post('k', { on });
    await post('k', { on });
    expect(on.fake.calls).toHaveLength(2);
    await on.close();
  });

  it('is not kept for an answer larger than the whole store', async () => {
    const options = httpOptions(bench.clock).idempotency;
    const small = await createBench({ idempotency: { ...options, maxBytes: 1_000 } });
    small.fake.respond = () => ok(Buffer.alloc(2_000));
    await post('k', { on: small });
    expect((await post('k', { on: small })).statusCode).toBe(200);
    expect(small.fake.calls).toHaveLength(2);
    await small.close();
  });

  it.each(['', 'with space', 'ü', 'x'.repeat(256)])('is refused when it is %j', async (key) => {
    const reply = await post(key);
    expect([reply.statusCode, reply.json().code]).toEqual([400, 'HTTP_MALFORMED']);
    expect(bench.fake.calls).toHaveLength(0);
  });
});
