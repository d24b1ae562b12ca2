/** Who gets which cell, and how a pool ends, shown over scripted executors. */

import { describe, expect, test } from 'vitest';
import { createAdapterPool } from '../../host/pool/pool.ts';
import type { FakeExecutor } from './fake-executor.ts';
import { callOn, cellOf, createStage, errorOf, imageOf, liveOf, runOn, settle, stateOf } from './stage.ts';

describe('who gets which cell', () => {
  test('a tenant gets its own idle cell before a virgin', async () => {
    const stage = createStage({ pool: { min: 2 } });
    await stage.pool.warm();
    const first = await callOn(stage);
    expect(await callOn(stage)).toBe(first);
    expect(stage.pool.snapshot().counters).toMatchObject({ hits: 2, misses: 0 });
  });

  test('without a cell of its own a tenant gets a virgin of the least busy executor', async () => {
    const stage = createStage({ executors: 2, pool: { min: 4, max: 8 } });
    await stage.pool.warm();
    const [busy, quiet] = stage.executors as [FakeExecutor, FakeExecutor];
    const cells = [...busy.liveCells];
    void busy.run(cells[0] as number, {
      operation: 'x',
      payload: new Uint8Array(),
      deadlineMs: 0,
      beginByMs: 0,
      outputMaxBytes: 0,
    });
    await callOn(stage, 'b');
    await settle();
    const lease = await stage.acquire('c');
    void runOn(lease, stage.clock);
    expect(quiet.runs).toHaveLength(1);
  });

  test('without a virgin a new cell is made on a free slot', async () => {
    const stage = createStage();
    const cell = await callOn(stage);
    expect(stage.executors[0]?.liveCells).toContain(cell);
    expect(stage.pool.snapshot().counters).toMatchObject({ hits: 0, misses: 1, created: 1 });
  });

  test('when the pool is full, the oldest idle bound cell of anybody makes room, and nobody inherits it', async () => {
    const stage = createStage({ pool: { max: 3 } });
    const cellA = await callOn(stage, 'a');
    const cellB = await callOn(stage, 'b');
    const cellC = await callOn(stage, 'c');
    const cellD = await callOn(stage, 'd');
    expect([cellA, cellB, cellC]).not.toContain(cellD);
    expect([...(stage.executors[0]?.liveCells ?? [])].sort()).toEqual([cellB, cellC, cellD].sort());
    expect(await callOn(stage, 'b')).toBe(cellB);
    stage.pool.assertConsistent();
  });

  test('a cell with the wanted affinity is preferred to a more recent one', async () => {
    const stage = createStage();
    const [one, two] = await Promise.all([stage.acquire('a', 'key-1'), stage.acquire('a', 'key-2')]);
    const cellOne = await cellOf(one, stage.executors, stage.clock);
    const cellTwo = await cellOf(two, stage.executors, stage.clock);
    one.end();
    two.end();
    expect(await callOn(stage, 'a', 'key-1')).toBe(cellOne);
    expect(await callOn(stage, 'a', 'key-2')).toBe(cellTwo);
  });

  test('a fresh cell serves one call and is destroyed', async () => {
    const stage = createStage({ isolation: 'fresh' });
    const first = await callOn(stage);
    expect(await callOn(stage)).not.toBe(first);
    await settle();
    expect(liveOf(stage.executors)).toBe(0);
    expect(stage.pool.snapshot().counters).toMatchObject({ returns: 2, replacements: 0, destroyed: 2 });
  });

  test('a shared cell serves one tenant after another', async () => {
    const stage = createStage({ isolation: 'shared' });
    expect(await callOn(stage, 'a')).toBe(await callOn(stage, 'b'));
  });
});

describe('closing', () => {
  test('a pool that closes refuses new calls and those who wait', async () => {
    const stage = createStage({ pool: { max: 1 } });
    const lease = await stage.acquire();
    const waiting = errorOf(stage.acquire());
    await settle();
    const closing = stage.pool.close(5_000);
    expect((await waiting).code).toBe('POOL_CLOSED');
    expect((await errorOf(stage.acquire())).code).toBe('POOL_CLOSED');
    lease.end();
    await closing;
  });

  test('closing waits for leased cells, for everybody who closes, and nothing lives afterwards', async () => {
    const stage = createStage({ pool: { min: 2 } });
    await stage.pool.warm();
    const lease = await stage.acquire();
    const closings = [stage.pool.close(5_000), stage.pool.close(5_000)];
    expect(await Promise.all(closings.map(stateOf))).toEqual(['pending', 'pending']);
    lease.end();
    expect(await Promise.all(closings.map(stateOf))).toEqual(['ok', 'ok']);
    expect(liveOf(stage.executors)).toBe(0);
    expect(stage.pool.snapshot()).toMatchObject({ size: 0, creating: 0 });
  });

  test('closing waits no longer than its grace; a lease that ends later still leaves nothing', async () => {
    const stage = createStage();
    const lease = await stage.acquire();
    const closing = stage.pool.close(5_000);
    await stage.clock.advance(5_000);
    expect(await stateOf(closing)).toBe('ok');
    lease.end();
    expect(liveOf(stage.executors)).toBe(0);
    stage.pool.assertConsistent();
  });

  test.each([0, 10_000])(
    'a cell that is being made while the pool closes dies at birth, after %i ms too',
    async (afterMs) => {
      const stage = createStage({ script: { onCreate: 'hold' }, pool: { min: 2 } });
      const waiting = errorOf(stage.acquire());
      await settle();
      const closing = stage.pool.close(5_000);
      expect((await waiting).code).toBe('POOL_CLOSED');
      expect(await stateOf(closing)).toBe('pending');
      await stage.clock.advance(afterMs);
      for (const creation of [...(stage.executors[0]?.creations ?? [])]) creation.succeed();
      await closing;
      await settle();
      expect(liveOf(stage.executors)).toBe(0);
      expect(stage.pool.snapshot()).toMatchObject({ size: 0, leased: 0, creating: 0, permitsTaken: 0 });
      stage.pool.assertConsistent();
    },
  );

  test('a cell that is probed while the pool closes comes home and dies', async () => {
    const stage = createStage({ script: { onProbe: 'hold' } });
    await callOn(stage);
    await stage.clock.advance(30_000);
    const closing = stage.pool.close(5_000);
    expect(await stateOf(closing)).toBe('pending');
    stage.executors[0]?.probes[0]?.ok();
    await closing;
    expect(liveOf(stage.executors)).toBe(0);
  });

  test('the old version of an adapter closes while the new one serves from the same executors', async () => {
    const stage = createStage({ pool: { min: 1 } });
    const { clock, executors, budget } = stage;
    await stage.pool.warm();
    const old = await stage.acquire();
    const next = createAdapterPool({
      image: imageOf({ version: '2.0.0', pool: { min: 1 } }),
      executors,
      budget,
      clock,
    });
    await next.warm();
    const closing = stage.pool.close(5_000);
    const lease = await next.acquire({ tenant: 'a', deadlineMs: clock.now() + 1_000 });
    expect(lease.image.manifest.version).toBe('2.0.0');
    expect(old.image.manifest.version).toBe('1.0.0');
    await cellOf(old, executors, clock);
    old.end();
    await closing;
    lease.end();
    await settle();
    next.assertConsistent();
    expect(liveOf(executors)).toBe(next.snapshot().size);
  });
});
