/** How a pool keeps its cells well and its size right. */

import { describe, expect, test } from 'vitest';
import type { FakeExecutor } from './fake-executor.ts';
import { callOn, cellOf, crashOn, createStage, errorOf, liveOf, runOn, settle, stateOf } from './stage.ts';

describe('wear', () => {
  test.each([
    ['after its number of calls', { recycleCalls: 1 }, 0, 65_536],
    ['after its time', { recycleAgeMs: 10_000 }, 10_000, 65_536],
    ['when its memory has grown near the limit', { recycleMemoryRatio: 0.5 }, 0, 600_000],
  ])('a cell is replaced %s', async (_name, pool, afterMs, memoryBytes) => {
    const stage = createStage({ pool });
    const lease = await stage.acquire();
    await stage.clock.advance(afterMs);
    const running = runOn(lease, stage.clock);
    const run = stage.executors[0]?.runs[0];
    run?.ok({ memoryBytes });
    await running;
    lease.end();
    await settle();
    expect(stage.executors[0]?.liveCells).not.toContain(run?.cellId);
    expect(stage.pool.snapshot().counters).toMatchObject({ returns: 1, replacements: 1, destroyed: 1 });
  });

  test('an idle cell that fails its health check is replaced', async () => {
    const stage = createStage({ pool: { min: 1 } });
    await stage.pool.warm();
    const [sick] = stage.executors[0]?.liveCells ?? [];
    const [executor] = stage.executors as [FakeExecutor];
    executor.onProbe = 'failure';
    await stage.clock.advance(30_000);
    expect(executor.liveCells).not.toContain(sick);
    expect(stage.pool.snapshot()).toMatchObject({ idle: 1, counters: { replacements: 1 } });
    stage.pool.assertConsistent();
  });

  test('a health check behind a busy executor, or beside an open breaker, costs no cell', async () => {
    const stage = createStage({ script: { onProbe: 'hold' }, pool: { max: 20, permits: 100 } });
    const [executor] = stage.executors as [FakeExecutor];
    const kept = await callOn(stage, 'keeper');
    for (let n = 0; n < 25; n++) await crashOn(stage, 'a').catch(() => {});
    expect(stage.pool.snapshot().breaker).toBe('open');
    await stage.clock.advance(31_000);
    for (const probe of [...executor.probes]) probe.late();
    await settle();
    expect(executor.liveCells).toContain(kept);
    expect(stage.pool.snapshot().counters.replacements).toBe(stage.pool.snapshot().counters.crashes);
  });

  test('a cell under its health check is neither lent nor lost', async () => {
    const stage = createStage({ script: { onProbe: 'hold' }, pool: { max: 1 } });
    const cell = await callOn(stage);
    await stage.clock.advance(30_000);
    const waiting = stage.acquire();
    expect(await stateOf(waiting)).toBe('pending');
    stage.pool.assertConsistent();
    stage.executors[0]?.probes[0]?.ok();
    expect(await cellOf(await waiting, stage.executors, stage.clock)).toBe(cell);
  });

  test('idle bound cells go after their idle time, virgins stay', async () => {
    const stage = createStage({ pool: { min: 1, idleMs: 60_000 } });
    await callOn(stage, 'a');
    await callOn(stage, 'b');
    await stage.clock.advance(61_000);
    expect(stage.pool.snapshot()).toMatchObject({ idle: 1, idleBound: 0 });
    expect(liveOf(stage.executors)).toBe(1);
  });

  test('virgins are made up as tenants bind cells, as far as max allows', async () => {
    const stage = createStage({ pool: { min: 2, max: 4 } });
    await stage.pool.warm();
    const virgins = (): number => stage.pool.snapshot().idle - stage.pool.snapshot().idleBound;
    expect(virgins()).toBe(2);
    for (const [tenant, left] of [
      ['a', 2],
      ['b', 2],
      ['c', 1],
      ['d', 0],
    ] as const) {
      await callOn(stage, tenant);
      await settle();
      expect(virgins()).toBe(left);
    }
    expect(stage.pool.snapshot().size).toBe(4);
  });

  test('warming makes all of min, also when the first cell comes long before the others', async () => {
    const stage = createStage({ executors: 2, script: { onCreate: 'hold' }, pool: { min: 4 } });
    const warm = stage.pool.warm();
    stage.executors[0]?.creations[0]?.succeed();
    expect(await stateOf(warm)).toBe('pending');
    for (const executor of stage.executors)
      for (const creation of [...executor.creations]) creation.succeed();
    await warm;
    expect(stage.pool.snapshot()).toMatchObject({ idle: 4, creating: 0 });
  });

  test('warming fails with an adapter whose new cells fail their health check, and leaves no other harm', async () => {
    const stage = createStage({ script: { onProbe: 'failure' }, pool: { min: 2 } });
    expect((await errorOf(stage.pool.warm())).code).toBe('POOL_CREATE_FAILED');
    stage.pool.assertConsistent();
    await stage.pool.close(0);
    expect(liveOf(stage.executors)).toBe(0);
  });

  test('an executor that dies while a new pool is probed does not fail the warming', async () => {
    const stage = createStage({ executors: 2, script: { onProbe: 'hold' }, pool: { min: 2 } });
    const warm = stage.pool.warm();
    await settle();
    const probed = stage.executors.find((executor) => executor.probes.length > 0);
    probed?.kill();
    stage.pool.leave(probed as FakeExecutor);
    probed?.settle({ begun: false });
    await settle();
    for (const executor of stage.executors) for (const probe of [...executor.probes]) probe.ok();
    await warm;
    stage.pool.assertConsistent();
    expect(stage.pool.snapshot().idle).toBe(2);
  });
});
