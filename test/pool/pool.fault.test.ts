/** Crashing guests, failing creations, dying executors: what breaks is replaced, and nothing is lost or leaks. */

import { describe, expect, test } from 'vitest';
import { createFakeExecutor, type FakeExecutor } from './fake-executor.ts';
import {
  callOn,
  cellOf,
  crashOn,
  createStage,
  errorOf,
  runOn,
  type Stage,
  settle,
  stateOf,
} from './stage.ts';

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

describe('an adapter none of whose cells can be made', () => {
  test('troubles one executor and once when it is installed, and its author learns why', async () => {
    const stage = createStage({ executors: 2, script: { onCreate: 'hold' }, pool: { min: 4 } });
    const warm = stage.pool.warm();
    await settle();
    const creations = stage.executors.flatMap((executor) => executor.creations);
    expect(creations).toHaveLength(1);
    // Neither time nor executors that come and go make another one meanwhile.
    stage.pool.join(createFakeExecutor({ id: 9, clock: stage.clock }));
    await stage.clock.advance(3_000);
    expect(stage.pool.snapshot().creating).toBe(1);
    creations[0]?.fail();
    await expect(warm).rejects.toMatchObject({
      code: 'POOL_CREATE_FAILED',
      detail: 'the instantiation failed',
    });
    await settle();
    expect(stage.pool.snapshot()).toMatchObject({ size: 0, creating: 0, counters: { crashes: 1 } });
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
    await settle();
    for (const creation of [...other.creations]) creation.succeed();
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
