import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { builtAdapter } from '../built-adapters.ts';
import { type Answer, type Served, serveHost } from './served.ts';

let served: Served;

async function install(name: 'echo' | 'faulty', change: Record<string, unknown> = {}): Promise<void> {
  const { manifest, component } = await builtAdapter(name);
  await served.host.install({ ...manifest, ...change }, component);
}

const faulty = (operation: string, body = '', headers = {}): Promise<Answer> =>
  served.call(`/v1/adapters/faulty/${operation}`, body, headers);

/** What must be true again after every fault: the adapter answers, and no cell is unaccounted for. */
async function expectWell(): Promise<void> {
  expect((await faulty('count')).status).toBe(200);
  await expect
    .poll(() => {
      const [pool] = served.host.snapshot().pools;
      return pool && pool.counters.created - pool.counters.destroyed - pool.size - pool.creating;
    })
    .toBe(0);
}

describe('a guest that breaks', () => {
  beforeAll(async () => {
    // A thread that a busy machine does not let run must not be mistaken for one that does not stop.
    served = await serveHost({ killGraceMs: 1_000 });
    await install('faulty', { limits: { memoryMaxMiB: 16, outputMaxBytes: 1024 * 1024 } });
  });
  afterAll(() => served.close());

  it.each([
    ['traps', 'trap', 502, 'EXECUTOR_TRAP'],
    ['recurses without end', 'recurse', 502, 'EXECUTOR_STACK_OVERFLOW'],
    ['takes memory until there is none', 'grow', 502, 'EXECUTOR_TRAP'],
    ['returns a result outside its memory', 'wild-result', 502, 'EXECUTOR_BAD_RESULT'],
  ])(
    'and %s is answered with its code, and the next call is served',
    async (_what, operation, status, code) => {
      const answer = await faulty(operation);
      expect([answer.status, answer.code]).toEqual([status, code]);
      await expectWell();
    },
  );

  it('by returning more than allowed is refused and its cell goes on', async () => {
    await faulty('count', '', { 'x-tenant-id': 'large' });
    const answer = await faulty('big-result', String(1024 * 1024 + 1), { 'x-tenant-id': 'large' });
    expect([answer.status, answer.code]).toEqual([502, 'EXECUTOR_OUTPUT_TOO_LARGE']);
    expect((await faulty('count', '', { 'x-tenant-id': 'large' })).bytes.toString()).toBe('2');
  });

  it.each([
    ['bad-input', 400, 'ADAPTER_BAD_INPUT'],
    ['not-found', 404, 'ADAPTER_NOT_FOUND'],
    ['internal', 500, 'ADAPTER_INTERNAL'],
  ])('by its own failure %s says so and keeps its cell', async (kind, status, code) => {
    await faulty('count', '', { 'x-tenant-id': kind });
    const answer = await faulty('fail', kind, { 'x-tenant-id': kind });
    expect([answer.status, answer.code]).toEqual([status, code]);
    expect((await faulty('count', '', { 'x-tenant-id': kind })).bytes.toString()).toBe('2');
  });

  it('by looping is stopped at the deadline of its call with its thread kept, and everybody else is served meanwhile', async () => {
    await install('echo');
    const killedBefore = served.host.snapshot().executors.killed;
    const looping = faulty('loop', '', { 'x-request-timeout-ms': '100' });
    const others = Array.from({ length: 200 }, (_, index) =>
      served.call('/v1/adapters/echo/echo', `${index}`),
    );
    const statuses = new Set((await Promise.all(others.slice(0, 8))).map((answer) => answer.status));
    const answer = await looping;
    expect([answer.status, answer.code]).toEqual([504, 'EXECUTOR_DEADLINE']);
    await Promise.all(others);
    expect([...statuses]).toEqual([200]);
    expect(served.host.snapshot().executors).toMatchObject({ killed: killedBefore, live: 2, spare: 1 });
    await expectWell();
  });

  it('by using more fuel than its operation may is stopped, at the same unit each time, with its thread kept', async () => {
    const { manifest } = await builtAdapter('faulty');
    const operations = { ...manifest.operations, spin: { ...manifest.operations.spin, fuelMax: 5_000_000 } };
    await install('faulty', { operations });
    const killedBefore = served.host.snapshot().executors.killed;
    const within = await faulty('spin', '0');
    expect(within.status).toBe(200);
    expect(Number(within.headers['x-hotcell-fuel'])).toBeGreaterThan(0);
    const used = new Set<unknown>();
    for (const tenant of ['one', 'two', 'three']) {
      const beyond = await faulty('spin', '100', { 'x-tenant-id': `fuel-${tenant}` });
      expect([beyond.status, beyond.code]).toEqual([504, 'EXECUTOR_FUEL']);
      used.add(beyond.headers['x-hotcell-fuel']);
    }
    expect([...used].map(Number)).toEqual([expect.closeTo(5_000_000, -3)]);
    expect(served.host.snapshot().executors.killed).toBe(killedBefore);
    await expectWell();
  });

  it('in its health check is replaced without anybody asking', async () => {
    await install('faulty', { pool: { healthIntervalMs: 1_000 } });
    await faulty('poison-health', '', { 'x-tenant-id': 'ill' });
    await expect
      .poll(
        () => served.host.snapshot().pools.find((pool) => pool.adapter === 'faulty')?.counters.replacements,
        {
          timeout: 10_000,
        },
      )
      .toBe(1);
    expect((await faulty('count', '', { 'x-tenant-id': 'ill' })).bytes.toString()).toBe('1');
  });
});

describe('the only executor', () => {
  beforeAll(async () => {
    served = await serveHost({ executors: 1 });
    await install('faulty', { pool: { max: 32, permits: 64, tenantShare: 1 } });
  });
  afterAll(() => served.close());

  it('killed under twenty calls loses the one that looped and serves the ones that had not begun', async () => {
    const looping = faulty('loop', '', { 'x-request-timeout-ms': '100' });
    const waiting = Array.from({ length: 20 }, () => faulty('count'));
    expect((await looping).code).toBe('EXECUTOR_DEADLINE');
    expect((await Promise.all(waiting)).map((answer) => answer.status)).toEqual(Array(20).fill(200));
    await expectWell();
  });
});

describe('tenants', () => {
  beforeAll(async () => {
    served = await serveHost();
  });
  afterAll(() => served.close());

  it('never see each other in memory or globals, even when they take turns at the only cell', async () => {
    await install('faulty', { pool: { min: 0, max: 1, permits: 4, tenantShare: 1 } });
    const as = (tenant: string) => ({ 'x-tenant-id': tenant });
    for (const [tenant, secret] of [
      ['alice', 'ALICE-CANARY-1'],
      ['bob', 'BOB-CANARY-2'],
    ] as const) {
      const before = await faulty('recall', '', as(tenant));
      expect(before.bytes).toEqual(Buffer.alloc(8));
      await faulty('remember', secret, as(tenant));
      const mine = await faulty('recall', '', as(tenant));
      expect(mine.bytes.subarray(8).toString()).toBe(secret);
      expect(mine.bytes.subarray(0, 8).toString()).toBe(secret.slice(0, 8));
    }
    expect((await faulty('recall', '', as('alice'))).bytes.toString()).not.toContain('CANARY');
  });

  it('in fresh isolation do not even see themselves', async () => {
    await install('faulty', { isolation: 'fresh' });
    await faulty('remember', 'CANARY');
    expect((await faulty('recall')).bytes).toEqual(Buffer.alloc(8));
  });
});
