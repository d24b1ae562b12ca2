import { expect, test } from 'vitest';
import { createFakeClock } from '../../host/clock.ts';
import type { Lease } from '../../host/pool/lease.ts';
import { createSizing, SIZING_TICK_MS } from '../../host/pool/sizing.ts';
import { createStage } from './stage.ts';

const make = (min: number, max: number) => {
  const clock = createFakeClock();
  const sizing = createSizing({ min, max, clock });
  const ticks = async (count: number, leased: number, idle: number): Promise<void> => {
    for (let n = 0; n < count; n++) {
      await clock.advance(SIZING_TICK_MS);
      sizing.tick(leased, idle);
    }
  };
  return { clock, sizing, ticks };
};

test('a quiet pool keeps its minimum, an overloaded one its maximum', async () => {
  const { sizing, ticks } = make(4, 16);
  await ticks(10, 0, 4);
  expect(sizing.target).toBe(4);
  await ticks(30, 16, 0);
  expect([sizing.target, Math.round(sizing.utilisation * 100)]).toEqual([16, 100]);
});

test('a steady load moves the target to where 60 to 80 % are leased, and leaves it there', async () => {
  for (let busy = 3; busy <= 20; busy++) {
    const { sizing, ticks } = make(2, 32);
    await ticks(60, busy, 0);
    const { target } = sizing;
    expect(busy / target, `${busy} of ${target}`).toBeGreaterThanOrEqual(0.6);
    expect(busy / target, `${busy} of ${target}`).toBeLessThanOrEqual(0.8);
    await ticks(60, busy, target - busy);
    expect(sizing.target).toBe(target);
  }
});

test('utilisation is weighted by time: half a second leased of one second is a half', async () => {
  const { clock, sizing } = make(1, 4);
  for (let n = 0; n < 60; n++) {
    sizing.observe(0, 1);
    await clock.advance(500);
    sizing.observe(0, 1);
    await clock.advance(500);
    sizing.tick(1, 0);
  }
  expect(sizing.utilisation).toBeCloseTo(0.5, 2);
});

test('a spike of one tick does not fill the pool', async () => {
  const { sizing, ticks } = make(2, 40);
  await ticks(30, 2, 2);
  await ticks(1, 40, 0);
  expect(sizing.target).toBeLessThan(25);
  await ticks(30, 2, 2);
  expect(sizing.target).toBeLessThanOrEqual(4);
});

/** Calls arrive each `everyMs`, of several tenants in turn, and each holds its cell for `holdMs`. */
async function load(
  stage: ReturnType<typeof createStage>,
  tenants: number,
  everyMs: number,
  holdMs: number,
  forMs: number,
) {
  const held: { readonly lease: Lease; readonly untilMs: number }[] = [];
  const samples: number[] = [];
  const endMs = stage.clock.now() + forMs;
  for (let n = 0; stage.clock.now() < endMs; n++) {
    while (held[0] && held[0].untilMs <= stage.clock.now()) held.shift()?.lease.end();
    held.push({ lease: await stage.acquire(`t${n % tenants}`), untilMs: stage.clock.now() + holdMs });
    await stage.clock.advance(everyMs);
    const { leased, size } = stage.pool.snapshot();
    // What settles: the second half.
    if (stage.clock.now() > endMs - forMs / 2) samples.push(leased / size);
  }
  for (const { lease } of held) lease.end();
  return samples.reduce((sum, sample) => sum + sample, 0) / samples.length;
}

test.each([
  ['of one tenant', 1],
  ['of three tenants', 3],
])('a pool under a steady load %s settles between 60 and 80 % utilisation', async (_name, tenants) => {
  const stage = createStage({ executors: 2, pool: { min: 2, max: 40, permits: 200 } });
  await stage.pool.warm();
  const utilisation = await load(stage, tenants, 50, 450, 60_000);
  const { target, utilisation: smoothed } = stage.pool.snapshot();
  expect(target).toBeGreaterThan(2);
  expect(target).toBeLessThan(40);
  for (const ratio of [utilisation, smoothed]) {
    expect(ratio).toBeGreaterThanOrEqual(0.6);
    expect(ratio).toBeLessThanOrEqual(0.8);
  }
  stage.pool.assertConsistent();
});

test('when the load is gone the pool shrinks to its minimum', async () => {
  const stage = createStage({ isolation: 'shared', pool: { min: 2, max: 40, permits: 200 } });
  await stage.pool.warm();
  await load(stage, 3, 50, 450, 20_000);
  expect(stage.pool.snapshot().size).toBeGreaterThan(8);
  await stage.clock.advance(60_000);
  expect(stage.pool.snapshot()).toMatchObject({ target: 2, size: 2, idle: 2 });
  expect(stage.executors[0]?.liveCells.size).toBe(2);
});
