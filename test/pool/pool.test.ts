/** What a pool promises to those who ask it for cells, shown over scripted executors. */

import { describe, expect, test } from 'vitest';
import { type HostError, hasCode } from '../../host/errors.ts';
import type { Lease } from '../../host/pool/lease.ts';
import { createFakeExecutor, type FakeExecutor } from './fake-executor.ts';
import { createStage, imageOf, runOn, type Stage, settle, stateOf } from './stage.ts';

/** One whole call that ends well; gives the cell it ran on. */
async function callOn(
  { executors, clock, acquire }: Stage,
  tenant = 'a',
  affinity?: string,
): Promise<number> {
  const lease = await acquire(tenant, affinity);
  const cell = await cellOf(lease, executors, clock);
  lease.end();
  return cell;
}

/** Runs once, well, on an open lease; gives its cell. */
async function cellOf(lease: Lease, executors: FakeExecutor[], clock: Stage['clock']): Promise<number> {
  const running = runOn(lease, clock);
  const run = executors.flatMap((executor) => executor.runs).at(-1);
  run?.ok();
  await running;
  return run?.cellId ?? -1;
}

async function crashOn({ executors, clock, acquire }: Stage, tenant = 'a'): Promise<void> {
  const lease = await acquire(tenant);
  const running = runOn(lease, clock);
  executors
    .flatMap((executor) => executor.runs)
    .at(-1)
    ?.crash();
  await running;
  lease.end();
  await settle();
}

const liveOf = (executors: readonly FakeExecutor[]): number =>
  executors.reduce((sum, executor) => sum + executor.liveCells.size, 0);
const errorOf = (promise: Promise<unknown>): Promise<HostError> =>
  promise.then(
    () => {
      throw new Error('it should have been refused');
    },
    (error: HostError) => error,
  );

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

describe('backpressure', () => {
  test('a tenant beyond its share is refused at once with a time to retry after', async () => {
    const stage = createStage({ pool: { max: 2, permits: 4, tenantShare: 0.5 } });
    await stage.acquire('a');
    await stage.acquire('a');
    const error = await errorOf(stage.acquire('a'));
    expect(error).toMatchObject({ code: 'POOL_TENANT_SHARE', status: 429, retryAfterS: 1 });
  });

  test('beyond all permits everybody is refused at once with a time to retry after', async () => {
    const stage = createStage({ pool: { max: 2, permits: 2 } });
    await stage.acquire('a');
    await stage.acquire('a');
    const error = await errorOf(stage.acquire('b'));
    expect(error).toMatchObject({ code: 'POOL_FULL', status: 503, retryAfterS: 1 });
    expect(stage.pool.snapshot()).toMatchObject({ waiting: 0, permitsTaken: 2 });
  });

  test('a refused call gives its permit back', async () => {
    const stage = createStage({ pool: { max: 1, permits: 2 } });
    const lease = await stage.acquire();
    const waiting = stage.acquire();
    void waiting.catch(() => {});
    await stage.clock.advance(1_001);
    expect(stage.pool.snapshot().permitsTaken).toBe(1);
    lease.end();
    expect(stage.pool.snapshot().permitsTaken).toBe(0);
  });

  test('who waits too long is told that no cell became free', async () => {
    const stage = createStage({ pool: { max: 1 } });
    await stage.acquire();
    const error = errorOf(stage.acquire('b'));
    await stage.clock.advance(1_000);
    expect(await error).toMatchObject({ code: 'POOL_TIMEOUT', retryAfterS: 1 });
    expect(stage.pool.snapshot()).toMatchObject({ waiting: 0, counters: { waits: 1, refusals: 1 } });
  });

  test('nobody waits past the deadline of the call', async () => {
    const stage = createStage({ pool: { max: 1 } });
    await stage.acquire();
    const error = errorOf(stage.acquire('b', undefined, 50));
    await stage.clock.advance(50);
    expect((await error).code).toBe('EXECUTOR_DEADLINE');
  });

  test('a call is not held past its deadline by a creation that does not end', async () => {
    const stage = createStage({ script: { onCreate: 'hold' } });
    const error = errorOf(stage.acquire('a', undefined, 100));
    await stage.clock.advance(100);
    expect((await error).code).toBe('EXECUTOR_DEADLINE');
    stage.executors[0]?.creations[0]?.succeed();
    await settle();
    expect(stage.pool.snapshot(), 'the late cell is kept').toMatchObject({
      idle: 1,
      leased: 0,
      permitsTaken: 0,
    });
  });

  test('a call that cannot expect a cell in time is refused without waiting', async () => {
    const stage = createStage({ pool: { max: 1, permits: 9 } });
    const first = await stage.acquire();
    const running = runOn(first, stage.clock);
    await stage.clock.advance(400);
    stage.executors[0]?.runs[0]?.ok();
    await running;
    expect(stage.pool.snapshot().leased).toBe(1);
    expect((await errorOf(stage.acquire('b', undefined, 300))).code).toBe('EXECUTOR_DEADLINE');
    expect(await stateOf(stage.acquire('b', undefined, 5_000))).toBe('pending');
    expect(await stateOf(stage.acquire('b', undefined, 5_000))).toBe('pending');
    expect((await errorOf(stage.acquire('b', undefined, 5_000))).code).toBe('POOL_TIMEOUT');
  });

  test('an idle session does not make the pool believe that calls are long', async () => {
    const stage = createStage({ pool: { max: 1 } });
    const session = await stage.acquire();
    await cellOf(session, stage.executors, stage.clock);
    await stage.clock.advance(20_000);
    session.end();
    await stage.acquire('a');
    expect(await stateOf(stage.acquire('b'))).toBe('pending');
  });

  test('those who wait are served in turn across tenants, first come first served within one', async () => {
    const stage = createStage({ isolation: 'shared', pool: { max: 1, permits: 10 } });
    let lease = await stage.acquire('x');
    const served: string[] = [];
    const opened: Lease[] = [];
    for (const [tenant, name] of [
      ['a', 'a1'],
      ['a', 'a2'],
      ['a', 'a3'],
      ['b', 'b1'],
      ['c', 'c1'],
    ] as const) {
      void stage.acquire(tenant).then((got) => {
        served.push(name);
        opened.push(got);
      });
    }
    await settle();
    for (let n = 0; n < 5; n++) {
      lease.end();
      await settle();
      lease = opened.at(-1) as Lease;
    }
    expect(served).toEqual(['a1', 'b1', 'c1', 'a2', 'a3']);
  });

  test('a free cell goes to who waits, not to who comes', async () => {
    const stage = createStage({ isolation: 'shared', pool: { max: 1 } });
    const lease = await stage.acquire();
    const waiting = stage.acquire('b');
    await settle();
    lease.end();
    const late = stage.acquire('c');
    expect(await stateOf(waiting)).toBe('ok');
    expect(await stateOf(late)).toBe('pending');
  });
});

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

describe('crashes', () => {
  test('a crashed cell is replaced and counted', async () => {
    const stage = createStage({ pool: { min: 1 } });
    await stage.pool.warm();
    await crashOn(stage);
    expect(stage.pool.snapshot()).toMatchObject({
      leased: 0,
      counters: { crashes: 1, replacements: 1, returns: 0 },
    });
    expect(stage.pool.snapshot().idle).toBe(1);
    expect(stage.executors[0]?.violations).toEqual([]);
    stage.pool.assertConsistent();
  });

  test("a guest's own error is no crash", async () => {
    const stage = createStage();
    const lease = await stage.acquire();
    const running = runOn(lease, stage.clock);
    stage.executors[0]?.runs[0]?.failure('internal');
    expect((await running).kind).toBe('failure');
    lease.end();
    expect(stage.pool.snapshot()).toMatchObject({
      idle: 1,
      health: 'healthy',
      counters: { crashes: 0, returns: 1 },
    });
  });

  test('a slot that only crashes rests, and the pool serves again when the rest is over', async () => {
    const stage = createStage({ pool: { max: 1 } });
    for (let n = 0; n < 3; n++) await crashOn(stage);
    expect(stage.pool.snapshot()).toMatchObject({ health: 'crashed', restingSlots: 1 });
    const waiting = stage.acquire();
    expect(await stateOf(waiting)).toBe('pending');
    await stage.clock.advance(100);
    await cellOf(await waiting, stage.executors, stage.clock);
    (await waiting).end();
    expect(stage.pool.snapshot().health).toBe('healthy');
  });

  const openBreaker = async (stage: Stage): Promise<void> => {
    for (let n = 0; n < 20; n++) await crashOn(stage);
    expect(stage.pool.snapshot().breaker).toBe('open');
  };

  test('an adapter that mostly crashes is refused for a pause, then tried with one call', async () => {
    const stage = createStage({ pool: { max: 20 } });
    await openBreaker(stage);
    expect(await errorOf(stage.acquire())).toMatchObject({ code: 'POOL_BREAKER_OPEN', retryAfterS: 1 });
    await stage.clock.advance(1_000);
    const trial = await stage.acquire();
    expect((await errorOf(stage.acquire())).code).toBe('POOL_BREAKER_OPEN');
    await cellOf(trial, stage.executors, stage.clock);
    trial.end();
    expect(stage.pool.snapshot().breaker).toBe('closed');
  });

  test('calls refused for other reasons let no second trial in', async () => {
    const stage = createStage({ pool: { max: 20, permits: 2, tenantShare: 0.5 } });
    await openBreaker(stage);
    await stage.clock.advance(1_000);
    await stage.acquire('a');
    expect((await errorOf(stage.acquire('a'))).code).toBe('POOL_TENANT_SHARE');
    expect((await errorOf(stage.acquire('b'))).code).toBe('POOL_BREAKER_OPEN');
  });

  test('a trial that ends without a run leaves the trial to the next call', async () => {
    const stage = createStage({ pool: { max: 20 } });
    await openBreaker(stage);
    await stage.clock.advance(1_000);
    (await stage.acquire()).end();
    await callOn(stage);
    expect(stage.pool.snapshot().breaker).toBe('closed');
  });

  test('a call that began before the breaker opened does not close it', async () => {
    const stage = createStage({ pool: { max: 40 } });
    const old = await stage.acquire('old');
    const running = runOn(old, stage.clock);
    await openBreaker(stage);
    await stage.clock.advance(1_000);
    const trial = await stage.acquire();
    stage.executors[0]?.runs[0]?.ok();
    await running;
    old.end();
    expect(stage.pool.snapshot().breaker).toBe('half-open');
    trial.end();
  });

  test('a failing creation is reported once, does not spin, and heals', async () => {
    const stage = createStage({ script: { onCreate: 'hold' }, pool: { max: 1 } });
    const [executor] = stage.executors as [FakeExecutor];
    for (let n = 0; n < 3; n++) {
      const error = errorOf(stage.acquire());
      await settle();
      expect(executor.creations).toHaveLength(1);
      executor.creations[0]?.fail();
      expect((await error).code).toBe('POOL_CREATE_FAILED');
      await settle();
      expect(executor.creations).toHaveLength(0);
    }
    const waiting = stage.acquire();
    await settle();
    expect(executor.creations, 'the slot rests').toHaveLength(0);
    await stage.clock.advance(100);
    executor.creations[0]?.succeed();
    expect(await stateOf(waiting)).toBe('ok');
  });

  test('when the cell of one call cannot be made, the next who waits is not forgotten', async () => {
    const stage = createStage({ script: { onCreate: 'hold' }, pool: { max: 1 } });
    const [executor] = stage.executors as [FakeExecutor];
    const first = errorOf(stage.acquire('a'));
    const second = stage.acquire('b');
    await settle();
    executor.creations[0]?.fail();
    expect((await first).code).toBe('POOL_CREATE_FAILED');
    await settle();
    executor.creations[0]?.succeed();
    expect(await stateOf(second)).toBe('ok');
  });

  test('without memory in the budget a call is refused, and served when memory was collected', async () => {
    const stage = createStage({ budget: 1 });
    const [executor] = stage.executors as [FakeExecutor];
    const lease = await stage.acquire('a');
    expect((await errorOf(stage.acquire('b'))).code).toBe('POOL_BUDGET');
    stage.budget.release(executor, 1);
    expect(await stateOf(stage.acquire('b'))).toBe('ok');
    lease.end();
    stage.pool.assertConsistent();
  });
});

describe('executors that die and join', () => {
  const bury = (stage: Stage, executor: FakeExecutor, how?: Parameters<FakeExecutor['settle']>[0]): void => {
    executor.kill();
    stage.pool.leave(executor);
    stage.budget.forget(executor);
    executor.settle(how);
  };

  test('idle cells of a dead executor are gone at once, with their slots and memories', async () => {
    const stage = createStage({ executors: 2, pool: { min: 2, max: 2 } });
    await stage.pool.warm();
    bury(stage, stage.executors[0] as FakeExecutor);
    stage.pool.assertConsistent();
    await settle();
    expect(stage.pool.snapshot()).toMatchObject({ idle: 2, counters: { created: 3, destroyed: 1 } });
    expect(stage.executors[1]?.liveCells.size).toBe(2);
    expect(stage.budget.live).toBe(2);
  });

  test('a call in the guest of a dying executor has crashed, one behind it has not begun', async () => {
    const stage = createStage();
    const [one, two] = [await stage.acquire(), await stage.acquire()];
    const results = [runOn(one, stage.clock), runOn(two, stage.clock)];
    bury(stage, stage.executors[0] as FakeExecutor);
    expect(await Promise.all(results)).toMatchObject([
      { kind: 'crash', error: { code: 'EXECUTOR_DIED' } },
      { kind: 'not-begun', cellLost: true },
    ]);
    expect([one.isAlive, two.isAlive]).toEqual([false, false]);
    one.end();
    two.end();
    expect(stage.pool.snapshot()).toMatchObject({ size: 0, counters: { crashes: 1, destroyed: 2 } });
    stage.pool.assertConsistent();
  });

  test('a lease whose executor died before its call runs nothing and loses no slot', async () => {
    const stage = createStage({ executors: 2, pool: { max: 1 } });
    const lease = await stage.acquire();
    const home = stage.executors.find((executor) => executor.liveCells.size > 0) as FakeExecutor;
    bury(stage, home);
    expect(await runOn(lease, stage.clock)).toMatchObject({ kind: 'not-begun', reason: 'executor-died' });
    lease.end();
    expect(await stateOf(stage.acquire())).toBe('ok');
  });

  test('a cell that is being made on a dying executor is made on another one', async () => {
    const stage = createStage({ executors: 2, script: { onCreate: 'hold' } });
    const waiting = stage.acquire();
    await settle();
    const home = stage.executors.find((executor) => executor.creations.length > 0) as FakeExecutor;
    const other = stage.executors.find((executor) => executor !== home) as FakeExecutor;
    bury(stage, home);
    await settle();
    other.creations[0]?.succeed();
    expect(await stateOf(waiting)).toBe('ok');
    expect(stage.pool.snapshot().counters.crashes, 'nobody is to blame').toBe(0);
  });

  test('a cell that a dead thread had still committed occupies no slot', async () => {
    const stage = createStage({ executors: 2, script: { onCreate: 'hold' }, pool: { min: 2, max: 2 } });
    const warm = stage.pool.warm();
    await settle();
    const [dying, other] = stage.executors as [FakeExecutor, FakeExecutor];
    dying.kill();
    stage.pool.leave(dying);
    dying.settle({ committedCreations: 1 });
    other.creations[0]?.succeed();
    await warm;
    await stage.clock.advance(1_000);
    other.creations[0]?.succeed();
    await settle();
    expect(stage.pool.snapshot()).toMatchObject({ idle: 2, creating: 0 });
    stage.pool.assertConsistent();
  });

  test('when all executors are gone calls wait, and the first that joins serves them', async () => {
    const stage = createStage();
    bury(stage, stage.executors[0] as FakeExecutor);
    const waiting = stage.acquire();
    expect(await stateOf(waiting)).toBe('pending');
    stage.pool.join(createFakeExecutor({ id: 9, clock: stage.clock }));
    expect(await stateOf(waiting)).toBe('ok');
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
    const { createAdapterPool } = await import('../../host/pool/pool.ts');
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

test('a refusal is a HostError that its code tells apart', async () => {
  const stage = createStage({ pool: { max: 1, permits: 1 } });
  await stage.acquire();
  expect(hasCode(await errorOf(stage.acquire()), 'POOL_TENANT_SHARE')).toBe(true);
});
