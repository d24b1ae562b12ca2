/** The cache of handles: which one goes, when it is forgotten, and that one derivation serves all who wait. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createFakeClock } from '../../host/clock.ts';
import type { KeyRef } from '../../host/vault/backend.ts';
import { createKeyCache, type KeyLease } from '../../host/vault/key-cache.ts';

const name = (text: string): Uint8Array => Buffer.from(text);

function stage(options: { maxCount?: number; derive?: (key: KeyRef) => Promise<void> } = {}) {
  const clock = createFakeClock();
  const derived: KeyRef[] = [];
  const forgotten: number[] = [];
  const cache = createKeyCache({
    maxCount: options.maxCount ?? 10,
    ttlMs: 3_600_000,
    clock,
    async derive(key) {
      derived.push(key);
      await options.derive?.(key);
    },
    forget: (handle) => forgotten.push(handle),
  });
  const use = async (context: string, version = 1): Promise<number> => {
    const lease = await cache.acquire(version, name(context));
    lease.release();
    return lease.key.handle;
  };
  return { clock, derived, forgotten, cache, use };
}

test('a context has one handle for each version of the key', async () => {
  const { use, cache } = stage();
  const first = await use('a');
  expect([await use('a'), (await use('a', 2)) === first, (await use('b')) === first]).toEqual([
    first,
    false,
    false,
  ]);
  expect(cache.snapshot()).toEqual({ size: 3, hits: 1, misses: 3, evictions: 0, expiries: 0 });
});

test('contexts of any bytes are told apart', async () => {
  const { cache } = stage();
  const handles = new Set<number>();
  for (let byte = 0; byte < 256; byte++) {
    if (byte % 5 === 0) continue;
    const lease = await cache.acquire(1, Uint8Array.of(byte, 0xc3));
    lease.release();
    handles.add(lease.key.handle);
  }
  expect(handles.size).toBe(204);
});

test('a caller who changes the bytes of a context afterwards changes no key', async () => {
  const { cache, derived } = stage();
  const context = Buffer.from('orders');
  (await cache.acquire(1, context)).release();
  context.fill(0);
  expect(Buffer.from(derived[0]?.context ?? '').toString()).toBe('orders');
});

test('many who want a new context at the same time wait for one derivation', async () => {
  let finish: () => void = () => {};
  const { derived, cache } = stage({
    derive: () =>
      new Promise((resolve) => {
        finish = resolve;
      }),
  });
  const waiting = Array.from({ length: 50 }, () => cache.acquire(1, name('a')));
  let doneCount = 0;
  for (const one of waiting) void one.then(() => doneCount++);
  await new Promise((resolve) => setImmediate(resolve));
  expect([derived.length, doneCount]).toEqual([1, 0]);
  finish();
  const handles = (await Promise.all(waiting)).map(({ key }) => key.handle);
  expect(new Set(handles).size).toBe(1);
});

test('a derivation that failed fails all who wait and is tried again by the next', async () => {
  let isBroken = true;
  const { derived, use, cache } = stage({
    async derive() {
      if (isBroken) throw new Error('no key');
    },
  });
  const results = await Promise.allSettled([use('a'), use('a')]);
  expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(cache.snapshot().size).toBe(0);
  isBroken = false;
  await use('a');
  expect(derived.length).toBe(2);
});

describe('a handle', () => {
  test('goes when its time is over, on the next use or by itself', async () => {
    const { clock, use, forgotten, cache } = stage();
    const [a, b] = [await use('a'), await use('b')];
    await clock.advance(3_599_000);
    expect([await use('a'), forgotten]).toEqual([a, []]);
    await clock.advance(1_000);
    expect(await use('a')).not.toBe(a);
    expect(forgotten.toSorted()).toEqual([a, b]);
    expect(cache.snapshot()).toMatchObject({ size: 1, expiries: 2 });
  });

  test('in use is forgotten only after its last user', async () => {
    const { use, forgotten, cache } = stage({ maxCount: 1 });
    const leases: KeyLease[] = [await cache.acquire(1, name('a')), await cache.acquire(1, name('a'))];
    await use('b');
    expect(forgotten).toEqual([]);
    leases[0]?.release();
    leases[0]?.release();
    expect(forgotten).toEqual([]);
    leases[1]?.release();
    expect(forgotten).toEqual([leases[1]?.key.handle]);
  });

  test('of a dropped version goes, others stay', async () => {
    const { use, forgotten, cache } = stage();
    const [old, current] = [await use('a', 1), await use('a', 2)];
    cache.drop(1);
    expect(forgotten).toEqual([old]);
    expect(await use('a', 2)).toBe(current);
  });
});

test('the context used longest ago goes first, as a list that is kept in order says', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 6 }),
      fc.array(fc.nat({ max: 9 }), { maxLength: 60 }),
      async (max, uses) => {
        const { use, forgotten, cache } = stage({ maxCount: max });
        let model: { context: number; handle: number }[] = [];
        const gone: number[] = [];
        let hits = 0;
        for (const context of uses) {
          const known = model.find((one) => one.context === context);
          const handle = await use(`${context}`);
          if (known !== undefined) {
            hits++;
            expect(handle).toBe(known.handle);
          }
          model = [...model.filter((one) => one.context !== context), { context, handle }];
          if (model.length > max) gone.push(...model.splice(0, 1).map((one) => one.handle));
        }
        expect(forgotten).toEqual(gone);
        expect(cache.snapshot()).toMatchObject({ size: model.length, hits, misses: uses.length - hits });
        cache.close();
      },
    ),
  );
});
