/** One suite over every store: what is stored, what it may take, whose it is. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ENTRY_BYTES, type KvStore, LIST_MAX_COUNT, namespaceOf } from '../../host/capabilities/kv.ts';
import { createMemoryKv } from '../../host/capabilities/kv-memory.ts';
import { createRedisKv } from '../../host/capabilities/kv-redis.ts';
import { hasRedisServer, startFakeRedis, startRealRedis, type TestRedis } from './fake-redis.ts';

const MiB = 1024 * 1024;
const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));
const text = (value: Uint8Array | undefined): string | undefined => value && Buffer.from(value).toString();

interface Stage extends AsyncDisposable {
  readonly store: KvStore;
}

async function onRedis(starting: Promise<TestRedis>): Promise<Stage> {
  const redis = await starting;
  const store = createRedisKv({ url: redis.url });
  return {
    store,
    async [Symbol.asyncDispose]() {
      await store.close();
      await redis[Symbol.asyncDispose]();
    },
  };
}

const stages: [string, () => Promise<Stage>][] = [
  [
    'memory',
    async () => ({ store: createMemoryKv({ maxBytes: 64 * MiB }), async [Symbol.asyncDispose]() {} }),
  ],
  ['a server that speaks RESP', () => onRedis(startFakeRedis())],
];
if (hasRedisServer) stages.push(['redis-server', () => onRedis(startRealRedis())]);
else console.warn('NOT TESTED against a real Redis: this machine has no redis-server in its PATH');

describe.each(stages)('a store in %s', (_name, open) => {
  it('gives back the bytes it was given, and nothing where nothing was', async () => {
    await using stage = await open();
    const { store } = stage;
    const value = Uint8Array.from({ length: 70_000 }, (_, index) => index % 251);
    expect(await store.get('a', bytes('k'))).toBeUndefined();
    expect(await store.set('a', bytes('k'), value, MiB)).toBe('stored');
    expect(await store.get('a', bytes('k'))).toEqual(value);
    expect(await store.set('a', bytes('k'), bytes(''), MiB)).toBe('stored');
    expect(await store.get('a', bytes('k'))).toEqual(new Uint8Array());
    expect(await store.delete('a', bytes('k'))).toBe(true);
    expect(await store.delete('a', bytes('k'))).toBe(false);
    expect(await store.get('a', bytes('k'))).toBeUndefined();
  });

  it('keeps the bytes as they were handed over, whatever their caller does with them afterwards', async () => {
    await using stage = await open();
    const { store } = stage;
    const value = bytes('abc');
    const storing = store.set('n', bytes('k'), value, MiB);
    value.fill(0);
    expect(await storing).toBe('stored');
    const got = await store.get('n', bytes('k'));
    expect([text(got), got?.buffer.byteLength]).toEqual(['abc', 3]);
    got?.fill(1);
    expect(text(await store.get('n', bytes('k')))).toBe('abc');
  });

  it('lists keys in the order of their bytes, page by page', async () => {
    await using stage = await open();
    const { store } = stage;
    const keys = ['b', 'a', 'ab', 'a\u{1f600}', 'a\uffee', 'é', 'a\0', 'a[', 'a('];
    for (const key of keys) await store.set('n', bytes(key), bytes('1'), MiB);
    const listed = async (prefix: string, after?: string) =>
      (await store.list('n', bytes(prefix), after === undefined ? undefined : bytes(after))).map(text);
    const inOrder = keys.toSorted((x, y) => Buffer.compare(Buffer.from(x), Buffer.from(y)));
    expect(await listed('')).toEqual(inOrder);
    expect(await listed('a')).toEqual(inOrder.filter((key) => key.startsWith('a')));
    expect(await listed('a', 'a(')).toEqual(['a[', 'ab', 'a\uffee', 'a\u{1f600}']);
    expect(await listed('a', 'aZ')).toEqual(['a[', 'ab', 'a\uffee', 'a\u{1f600}']);
    expect(await listed('a', 'zz')).toEqual([]);
    expect(await listed('b', 'a')).toEqual(['b']);
    for (let index = 0; index < LIST_MAX_COUNT + 5; index++) {
      await store.set('m', bytes(`k${String(index).padStart(5, '0')}`), bytes(''), MiB);
    }
    const first = await store.list('m', bytes('k'), undefined);
    expect(first.length).toBe(LIST_MAX_COUNT);
    expect((await store.list('m', bytes('k'), first.at(-1))).length).toBe(5);
  });

  it('counts without losing a step, up to the ends of an s64', async () => {
    await using stage = await open();
    const { store } = stage;
    const add = (by: bigint, key = 'c') => store.increment('n', bytes(key), by, MiB);
    const sums = await Promise.all(Array.from({ length: 100 }, () => add(1n)));
    expect(new Set(sums).size).toBe(100);
    expect(await add(2n ** 53n)).toBe(2n ** 53n + 100n);
    expect(await add(1n)).toBe(2n ** 53n + 101n);
    expect(await add(-(2n ** 53n) - 201n)).toBe(-100n);
    expect(await add(2n ** 63n - 1n, 'most')).toBe(2n ** 63n - 1n);
    expect(await add(1n, 'most')).toBe('number');
    expect(await add(-(2n ** 63n), 'least')).toBe(-(2n ** 63n));
    expect(await add(-1n, 'least')).toBe('number');
    for (const wrong of ['', '01', '+1', '1.0', ' 1', '0x1', '99999999999999999999', 'one']) {
      await store.set('n', bytes('w'), bytes(wrong), MiB);
      expect(await add(1n, 'w'), wrong).toBe('number');
      expect(text(await store.get('n', bytes('w')))).toBe(wrong);
    }
  });

  it('never holds more than the quota, whatever is done in whatever order', async () => {
    await using stage = await open();
    const { store } = stage;
    let round = 0;
    const key = fc.string({ minLength: 1, maxLength: 6, unit: fc.constantFrom('a', 'b', '9') });
    const step = fc.oneof(
      fc.record({ kind: fc.constant('set' as const), key, length: fc.nat(200) }),
      fc.record({ kind: fc.constant('delete' as const), key, length: fc.constant(0) }),
      fc.record({ kind: fc.constant('increment' as const), key, length: fc.nat(1_000_000) }),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 40 }),
        fc.integer({ min: 70, max: 900 }),
        async (steps, quota) => {
          const space = `quota-${round++}`;
          await Promise.all(
            steps.map((one) => {
              const name = bytes(one.key);
              if (one.kind === 'set') return store.set(space, name, bytes('x'.repeat(one.length)), quota);
              if (one.kind === 'delete') return store.delete(space, name);
              return store.increment(space, name, BigInt(one.length), quota);
            }),
          );
          let sum = 0;
          const keys = await store.list(space, bytes(''), undefined);
          for (const name of keys) {
            sum += ENTRY_BYTES + name.byteLength + ((await store.get(space, name))?.byteLength ?? Number.NaN);
          }
          expect(sum).toBeLessThanOrEqual(quota);
          // What is deleted is free again, to the byte.
          for (const name of keys) await store.delete(space, name);
          expect(await store.set(space, bytes('k'), bytes('x'.repeat(quota - ENTRY_BYTES - 1)), quota)).toBe(
            'stored',
          );
          expect(await store.set(space, bytes('l'), bytes(''), quota)).toBe('quota');
          expect(await store.increment(space, bytes('l'), 1n, quota)).toBe('quota');
          expect(await store.get(space, bytes('l'))).toBeUndefined();
        },
      ),
      { numRuns: 40 },
    );
  });

  it('keeps apart whatever two adapters and tenants are called', async () => {
    await using stage = await open();
    const { store } = stage;
    const nasty = fc.string({
      minLength: 1,
      maxLength: 6,
      unit: fc.constantFrom(...'a:/_{}%*\0\n.~-'.split(''), '_002f', 'é'),
    });
    await fc.assert(
      fc.asyncProperty(nasty, nasty, nasty, nasty, async (adapter, tenant, otherAdapter, otherTenant) => {
        fc.pre(adapter !== otherAdapter || tenant !== otherTenant);
        const [mine, theirs] = [namespaceOf(adapter, tenant), namespaceOf(otherAdapter, otherTenant)];
        await store.set(mine, bytes('k'), bytes('mine'), 100);
        expect(await store.get(theirs, bytes('k'))).toBeUndefined();
        expect(await store.list(theirs, bytes(''), undefined)).toEqual([]);
        expect(await store.delete(theirs, bytes('k'))).toBe(false);
        expect(await store.increment(theirs, bytes('k'), 1n, 100)).toBe(1n);
        expect(text(await store.get(mine, bytes('k')))).toBe('mine');
        await store.delete(theirs, bytes('k'));
        await store.delete(mine, bytes('k'));
      }),
      { numRuns: 100 },
    );
  });
});

it('the memory of all namespaces together is bounded, and nothing is forgotten to make room', async () => {
  const store = createMemoryKv({ maxBytes: 3 * (ENTRY_BYTES + 11) });
  for (const space of ['a', 'b', 'c']) {
    expect(await store.set(space, bytes('k'), bytes('0123456789'), MiB)).toBe('stored');
  }
  expect(await store.set('d', bytes('k'), bytes(''), MiB)).toBe('full');
  expect(await store.increment('d', bytes('k'), 1n, MiB)).toBe('full');
  expect(text(await store.get('a', bytes('k')))).toBe('0123456789');
  expect(await store.set('a', bytes('k'), bytes('0'), MiB)).toBe('stored');
  await store.delete('b', bytes('k'));
  expect(await store.set('d', bytes('k'), bytes(''), MiB)).toBe('stored');
});
