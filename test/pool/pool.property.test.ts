/**
 * Whatever happens in whatever order (calls, crashes, failing creations, dying and joining executors, probes, time,
 * closing): the pool keeps its invariants, ends each acquire exactly once, heals, and leaves nothing alive.
 */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Lease } from '../../host/pool/lease.ts';
import type { Isolation, RunResult } from '../../host/types.ts';
import { createFakeExecutor, type FakeExecutor, type HeldRun } from './fake-executor.ts';
import { createStage, runOn, settle, stateOf } from './stage.ts';

type Ending = 'ok' | 'failure' | 'crash' | 'late';

type Command =
  | {
      readonly kind: 'acquire';
      readonly tenant: string;
      readonly affinity: string | undefined;
      readonly inMs: number;
    }
  | { readonly kind: 'run'; readonly pick: number; readonly ending: Ending; readonly memoryBytes: number }
  | { readonly kind: 'end'; readonly pick: number }
  | { readonly kind: 'create'; readonly pick: number; readonly ok: boolean }
  | { readonly kind: 'probe'; readonly pick: number; readonly ending: Ending }
  | { readonly kind: 'script'; readonly pick: number; readonly onCreate: FakeExecutor['onCreate'] }
  | { readonly kind: 'kill'; readonly pick: number; readonly begun: boolean; readonly committed: number }
  | { readonly kind: 'settle'; readonly pick: number }
  | { readonly kind: 'join' }
  | { readonly kind: 'pass'; readonly ms: number };

const pick = fc.nat(1_000);
const ending = fc.constantFrom<Ending>('ok', 'ok', 'ok', 'failure', 'crash', 'late');
const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant('acquire' as const),
      tenant: fc.constantFrom('a', 'b', 'c', 'd'),
      affinity: fc.constantFrom(undefined, undefined, 'key'),
      inMs: fc.constantFrom(0, 5, 500, 5_000, 60_000),
    }),
  },
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant('run' as const),
      pick,
      ending,
      memoryBytes: fc.constantFrom(65_536, 65_536, 1_048_576),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('end' as const), pick }) },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('create' as const), pick, ok: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('probe' as const), pick, ending }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('script' as const),
      pick,
      onCreate: fc.constantFrom<FakeExecutor['onCreate']>('hold', 'hold', 'ok', 'ok', 'fail'),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('kill' as const),
      pick,
      begun: fc.boolean(),
      committed: fc.nat(2),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('settle' as const), pick }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('join' as const) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('pass' as const),
      ms: fc.constantFrom(1, 50, 300, 1_000, 7_000, 31_000),
    }),
  },
);

const scenario = fc.record({
  isolation: fc.constantFrom<Isolation>('tenant', 'tenant', 'shared', 'fresh'),
  min: fc.nat(3),
  max: fc.integer({ min: 3, max: 6 }),
  executors: fc.integer({ min: 1, max: 3 }),
  recycleCalls: fc.constantFrom(3, 10_000),
  budget: fc.constantFrom(5, 8_000, 8_000),
  /** Position of the command at which the pool begins to close. */
  closeAt: fc.option(fc.nat(90)),
  commands: fc.array(command, { minLength: 50, maxLength: 90 }),
});

interface Open {
  readonly lease: Lease;
  readonly tenant: string;
  run: { readonly held: HeldRun; readonly promise: Promise<RunResult> } | undefined;
}

async function play(input: typeof scenario extends fc.Arbitrary<infer T> ? T : never): Promise<void> {
  const { isolation, min, max, recycleCalls } = input;
  const stage = createStage({
    isolation,
    executors: input.executors,
    budget: input.budget,
    pool: { min, max, recycleCalls, permits: 3 * max, tenantShare: 0.75, idleMs: 20_000 },
  });
  const { clock, pool, budget } = stage;
  const all: FakeExecutor[] = [...stage.executors];
  const live: FakeExecutor[] = [...stage.executors];
  const dead: { readonly executor: FakeExecutor; readonly begun: boolean; readonly committed: number }[] = [];
  const open: Open[] = [];
  const tenantsOf = new Map<number, string>();
  let asked = 0;
  let ended = 0;
  let closing: Promise<void> | undefined;

  const at = <T>(list: readonly T[], index: number): T | undefined => list[index % Math.max(1, list.length)];
  /** Every lease runs at once, so that two leases on one cell would show as a cell entered twice. */
  const startRun = (entry: Open): void => {
    if (entry.run || !entry.lease.isAlive) return;
    const before = new Set(all.flatMap((executor) => executor.runs));
    const promise = runOn(entry.lease, clock);
    const held = all.flatMap((executor) => executor.runs).find((run) => !before.has(run));
    if (!held) return;
    const last = tenantsOf.get(held.cellId);
    if (isolation !== 'shared') expect(last ?? entry.tenant, 'one cell serves one tenant').toBe(entry.tenant);
    if (isolation === 'fresh') expect(last, 'a fresh cell serves one call').toBeUndefined();
    tenantsOf.set(held.cellId, entry.tenant);
    entry.run = { held, promise };
    void promise.then(() => {
      entry.run = undefined;
    });
  };
  const endLease = (entry: Open): void => {
    const index = open.indexOf(entry);
    if (index >= 0) open.splice(index, 1);
    entry.lease.end();
    entry.lease.end();
  };
  const conclude = (held: HeldRun | undefined, how: Ending, memoryBytes: number): void => {
    if (how === 'ok') held?.ok({ memoryBytes });
    else if (how === 'failure') held?.failure();
    else if (how === 'crash') held?.crash();
    else held?.late();
  };
  const acquire = (tenant: string, affinity: string | undefined, inMs: number): void => {
    asked++;
    let endings = 0;
    const end = (): void => {
      ended++;
      expect(++endings, 'an acquire ends once').toBe(1);
    };
    stage.acquire(tenant, affinity, inMs).then(
      (lease) => {
        end();
        const entry: Open = { lease, tenant, run: undefined };
        open.push(entry);
        startRun(entry);
      },
      (error: { code?: string }) => {
        end();
        expect(error.code, String(error)).toMatch(/^(POOL_|EXECUTOR_DEADLINE)/);
      },
    );
  };
  const settleDead = (index: number): void => {
    const [gone] = dead.splice(index % Math.max(1, dead.length), 1);
    gone?.executor.settle({ begun: gone.begun, committedCreations: gone.committed });
  };
  const join = (): void => {
    const executor = createFakeExecutor({ id: all.length, clock });
    all.push(executor);
    live.push(executor);
    pool.join(executor);
  };

  for (const [index, step] of input.commands.entries()) {
    if (index === input.closeAt) closing = pool.close(5_000);
    switch (step.kind) {
      case 'acquire':
        acquire(step.tenant, step.affinity, step.inMs);
        break;
      case 'run': {
        const entry = at(open, step.pick);
        if (!entry) break;
        const { run } = entry;
        if (run) {
          conclude(run.held, step.ending, step.memoryBytes);
          await run.promise;
        }
        endLease(entry);
        break;
      }
      case 'end': {
        const entry = at(open, step.pick);
        if (entry && !entry.run) endLease(entry);
        break;
      }
      case 'create': {
        const creation = at(
          live.flatMap((executor) => executor.creations),
          step.pick,
        );
        if (step.ok) creation?.succeed();
        else creation?.fail();
        break;
      }
      case 'probe':
        conclude(
          at(
            live.flatMap((executor) => executor.probes),
            step.pick,
          ),
          step.ending,
          65_536,
        );
        break;
      case 'script': {
        const executor = at(live, step.pick);
        if (!executor) break;
        executor.onCreate = step.onCreate;
        executor.onProbe = step.onCreate === 'hold' ? 'hold' : 'ok';
        break;
      }
      case 'kill': {
        const executor = at(live, step.pick);
        if (!executor) break;
        live.splice(live.indexOf(executor), 1);
        executor.kill();
        pool.leave(executor);
        budget.forget(executor);
        dead.push({ executor, begun: step.begun, committed: step.committed });
        break;
      }
      case 'settle':
        settleDead(step.pick);
        break;
      case 'join':
        if (live.length < 4) join();
        break;
      case 'pass':
        await clock.advance(step.ms);
        break;
    }
    await settle();
    pool.assertConsistent();
    const { leased, size, creating, permitsTaken, permits } = pool.snapshot();
    expect(leased, 'every open lease is counted, and nothing else').toBe(open.length);
    expect(size + creating, 'cells and those to come are never above max').toBeLessThanOrEqual(
      max + dead.length * max,
    );
    expect(size).toBeLessThanOrEqual(max);
    expect(permitsTaken).toBeLessThanOrEqual(permits);
    expect(all.flatMap((executor) => executor.violations)).toEqual([]);
  }

  // All faults end: what is under way ends well, the dead are buried, a new executor comes.
  while (dead.length > 0) settleDead(0);
  for (const executor of live) executor.onCreate = executor.onProbe = 'ok';
  const finishAll = async (): Promise<void> => {
    for (let round = 0; round < 20; round++) {
      for (const executor of live) {
        for (const creation of [...executor.creations]) creation.succeed();
        for (const held of [...executor.probes, ...executor.runs]) held.ok();
      }
      await settle();
      for (const entry of [...open]) if (!entry.run) endLease(entry);
      await settle();
    }
  };
  await finishAll();
  // Waiters are served or time out, rests and pauses end.
  for (let second = 0; second < 3; second++) {
    await clock.advance(1_000);
    await finishAll();
  }
  expect(ended, 'each acquire has ended').toBe(asked);
  expect(pool.snapshot()).toMatchObject({ leased: 0, waiting: 0, creating: 0, permitsTaken: 0 });

  if (!closing) {
    for (const executor of all) budget.forget(executor);
    join();
    await clock.advance(120_000);
    acquire('a', undefined, 5_000);
    await finishAll();
    expect(pool.snapshot().breaker, 'the breaker heals with one good call').toBe('closed');
    const { idle, idleBound } = pool.snapshot();
    if (input.budget >= max) {
      expect(idle - idleBound, 'the reserve stands again').toBeGreaterThanOrEqual(
        Math.min(min, max - idleBound),
      );
    }
    // No slot was lost on the way: the pool can still lend `max` cells at once.
    for (const executor of all) budget.forget(executor);
    if (input.budget > 2 * max) {
      for (let n = 0; n < max; n++) acquire(at(['a', 'b'], n) as string, undefined, 60_000);
      await settle();
      await settle();
      expect(pool.snapshot().leased, 'max cells can be lent at once').toBe(max);
      await finishAll();
    }
    pool.assertConsistent();
    closing = pool.close(5_000);
  }
  await clock.advance(10_000);
  expect(await stateOf(closing)).toBe('ok');
  expect(pool.snapshot()).toMatchObject({
    size: 0,
    idle: 0,
    leased: 0,
    waiting: 0,
    creating: 0,
    permitsTaken: 0,
  });
  expect(
    all.reduce((sum, executor) => sum + executor.liveCells.size, 0),
    'after close nothing lives',
  ).toBe(0);
  expect(all.flatMap((executor) => executor.violations)).toEqual([]);
  pool.assertConsistent();
}

test('no order of events breaks an invariant, loses a slot, or leaves a cell behind', async () => {
  await fc.assert(fc.asyncProperty(scenario, play), { numRuns: 400 });
}, 60_000);
