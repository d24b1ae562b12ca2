/** The way of one call: replay, re-dispatch, reload, deadlines, and what is recorded of it. */

import { describe, expect, test } from 'vitest';
import { invokeChannel } from '../host/channels.ts';
import { HostError } from '../host/errors.ts';
import { invoke, type Rooms } from '../host/invoke.ts';
import { type AdapterPool, createAdapterPool } from '../host/pool/pool.ts';
import { createReplayBudget } from '../host/pool/replay-budget.ts';
import type { Call, Reply } from '../host/types.ts';
import type { FakeExecutor, HeldRun } from './pool/fake-executor.ts';
import { createStage, type ImageOptions, imageOf, type Stage, settle, stateOf } from './pool/stage.ts';

interface Scene extends Stage {
  readonly rooms: Rooms;
  readonly executor: FakeExecutor;
  readonly noted: { calls: number; replays: number };
  active: AdapterPool | undefined;
  call(more?: Partial<Call>): Promise<Reply>;
  /** The run that is first in an executor, once it is there. */
  nextRun(): Promise<HeldRun>;
}

function createScene(
  options: ImageOptions & { readonly executors?: number; readonly replays?: number } = {},
): Scene {
  const stage = createStage(options);
  const { clock } = stage;
  const budget = createReplayBudget(clock);
  const noted = { calls: 0, replays: 0 };
  const replays = {
    noteCall() {
      noted.calls++;
      budget.noteCall();
    },
    take() {
      noted.replays++;
      return options.replays === undefined ? budget.take() : noted.replays <= options.replays;
    },
  };
  const rooms = {
    clock,
    policy: {
      identify: () => ({ tenant: 'a', role: 'caller', name: 'test' }),
      requireAdmin: () => {},
      admit: (
        call: Call,
        spec: { timeoutMs: number; inputMaxBytes: number; outputMaxBytes: number },
        startMs: number,
      ) => ({
        tenant: call.tenant,
        deadlineMs: startMs + (call.timeoutMs ?? spec.timeoutMs),
        inputMaxBytes: spec.inputMaxBytes,
        outputMaxBytes: spec.outputMaxBytes,
      }),
    },
    resolve() {
      if (!scene.active) throw new HostError('REGISTRY_NOT_FOUND', 'there is no adapter "echo"');
      return { pool: scene.active, replays };
    },
  } as Rooms;
  const call = (more: Partial<Call> = {}): Promise<Reply> =>
    invoke(rooms, {
      adapter: 'echo',
      operation: 'echo',
      payload: new Uint8Array(3),
      tenant: 'a',
      requestId: 'r-1',
      ...more,
    });
  const scene: Scene = {
    ...stage,
    rooms,
    executor: stage.executors[0] as FakeExecutor,
    noted,
    active: stage.pool,
    call,
    async nextRun() {
      await settle();
      const run = stage.executors.flatMap((executor) => executor.runs)[0];
      if (!run) throw new Error('nothing runs');
      return run;
    },
  };
  return scene;
}

const codeOf = (reply: Reply): string => reply.receipt.outcome;

describe('replay', () => {
  test('a begun call of an idempotent operation is replayed on a fresh cell, and the caller sees no crash', async () => {
    const scene = createScene({ idempotent: true });
    const reply = scene.call();
    const first = await scene.nextRun();
    first.crash();
    const second = await scene.nextRun();
    expect(second.cellId).not.toBe(first.cellId);
    second.ok({ bytes: new Uint8Array([7]) });
    expect(await reply).toMatchObject({
      outcome: {
        kind: 'ok',
        bytes: new Uint8Array([7]),
        usage: { attempts: 2, inputBytes: 3, outputBytes: 1 },
      },
      receipt: { outcome: 'ok' },
    });
    expect(scene.pool.snapshot().counters).toMatchObject({ replays: 1, crashes: 1 });
  });

  test('a begun call of an operation that is not idempotent is never run again', async () => {
    const scene = createScene({ idempotent: false });
    const reply = scene.call();
    (await scene.nextRun()).crash('EXECUTOR_STACK_OVERFLOW');
    expect(codeOf(await reply)).toBe('EXECUTOR_STACK_OVERFLOW');
    await settle();
    expect(scene.executor.runs).toHaveLength(0);
    expect(scene.noted.replays, 'the budget is not asked').toBe(0);
  });

  test.each([0, 1, 2])('after %i replays the crash is reported, never hidden', async (replayMax) => {
    const scene = createScene({ idempotent: true, pool: { replayMax } });
    const reply = scene.call();
    for (let n = 0; n <= replayMax; n++) (await scene.nextRun()).crash();
    expect(await reply).toMatchObject({
      outcome: { kind: 'error', error: { code: 'EXECUTOR_TRAP' }, usage: { attempts: replayMax + 1 } },
    });
    expect(scene.pool.snapshot().counters.replays).toBe(replayMax);
  });

  test('after its deadline a crashed call is not replayed', async () => {
    const scene = createScene({ idempotent: true });
    const reply = scene.call({ timeoutMs: 100 });
    const run = await scene.nextRun();
    await scene.clock.advance(100);
    run.crash();
    expect(codeOf(await reply)).toBe('EXECUTOR_TRAP');
  });

  test('every replay keeps the deadline of the first attempt', async () => {
    const scene = createScene({ idempotent: true });
    const startMs = scene.clock.now();
    const reply = scene.call({ timeoutMs: 500 });
    const first = await scene.nextRun();
    await scene.clock.advance(200);
    first.crash();
    const second = await scene.nextRun();
    expect([first, second].map((run) => run.request?.deadlineMs)).toEqual([startMs + 500, startMs + 500]);
    second.ok();
    await reply;
  });

  test('when the replay budget is spent the crash is reported', async () => {
    const scene = createScene({ idempotent: true, replays: 0 });
    const reply = scene.call();
    (await scene.nextRun()).crash();
    expect(codeOf(await reply)).toBe('EXECUTOR_TRAP');
    expect(scene.pool.snapshot().counters.replays).toBe(0);
  });

  test.each([true, false])(
    'a call that never began is dispatched again unseen, idempotent %s',
    async (idempotent) => {
      const scene = createScene({ idempotent, executors: 2, pool: { replayMax: 0 } });
      const reply = scene.call();
      const run = await scene.nextRun();
      const home = scene.executors.find((executor) => executor.runs.includes(run)) as FakeExecutor;
      home.kill();
      scene.pool.leave(home);
      home.settle({ begun: false });
      (await scene.nextRun()).ok();
      expect(await reply).toMatchObject({ outcome: { kind: 'ok', usage: { attempts: 1 } } });
      expect(scene.noted, 'it is one call, and costs no replay').toEqual({ calls: 1, replays: 0 });
    },
  );

  test('a call that was in the guest of a dying executor follows the replay rule', async () => {
    const scene = createScene({ idempotent: true, executors: 2 });
    const reply = scene.call();
    const run = await scene.nextRun();
    const home = scene.executors.find((executor) => executor.runs.includes(run)) as FakeExecutor;
    home.kill();
    scene.pool.leave(home);
    home.settle();
    (await scene.nextRun()).ok();
    expect(await reply).toMatchObject({ outcome: { kind: 'ok', usage: { attempts: 2 } } });
    expect(scene.noted).toEqual({ calls: 1, replays: 1 });
  });

  test('a call that could not begin in time is late, and is not tried again', async () => {
    const scene = createScene({ idempotent: true });
    const reply = scene.call();
    (await scene.nextRun()).late();
    expect(await reply).toMatchObject({
      outcome: {
        kind: 'error',
        error: { code: 'EXECUTOR_DEADLINE', status: 504 },
        usage: { attempts: 0, runMs: 0 },
      },
    });
    expect(scene.pool.snapshot()).toMatchObject({ idle: 1, leased: 0 });
  });
});

describe('reload', () => {
  test('a call that waits while its version is replaced is served by the new version', async () => {
    const scene = createScene({ pool: { max: 1 } });
    const busy = scene.call();
    const held = await scene.nextRun();
    const waiting = scene.call();
    await settle();
    const { executors, budget, clock } = scene;
    const next = createAdapterPool({ image: imageOf({ version: '2.0.0' }), executors, budget, clock });
    scene.active = next;
    const closing = scene.pool.close(5_000);
    await settle();
    held.ok();
    (await scene.nextRun()).ok();
    expect((await busy).receipt).toMatchObject({ version: '1.0.0', outcome: 'ok' });
    expect((await waiting).receipt).toMatchObject({ version: '2.0.0', outcome: 'ok' });
    expect(scene.noted.calls).toBe(2);
    await closing;
  });

  test('a replay after a reload runs on the new version', async () => {
    const scene = createScene({ idempotent: true });
    const reply = scene.call();
    const held = await scene.nextRun();
    const { executors, budget, clock } = scene;
    scene.active = createAdapterPool({ image: imageOf({ version: '2.0.0' }), executors, budget, clock });
    void scene.pool.close(5_000);
    held.crash();
    (await scene.nextRun()).ok();
    expect((await reply).receipt).toMatchObject({ version: '2.0.0', outcome: 'ok', usage: { attempts: 2 } });
  });

  test('an adapter that is removed while calls wait is not found any more', async () => {
    const scene = createScene({ pool: { max: 1 } });
    void scene.call();
    await settle();
    const waiting = scene.call();
    await settle();
    scene.active = undefined;
    void scene.pool.close(0);
    expect(codeOf(await waiting)).toBe('REGISTRY_NOT_FOUND');
  });

  test('a version that stays closed is reported instead of being asked for ever', async () => {
    const scene = createScene();
    await scene.pool.close(0);
    expect(codeOf(await scene.call())).toBe('POOL_CLOSED');
  });
});

describe('what is recorded', () => {
  test('waiting ends where the first guest begins, and running is the last attempt', async () => {
    const scene = createScene({ idempotent: true, pool: { max: 1 } });
    const lease = await scene.acquire();
    const reply = scene.call({ timeoutMs: 10_000 });
    await scene.clock.advance(40);
    lease.end();
    const first = await scene.nextRun();
    await scene.clock.advance(300);
    first.crash();
    const second = await scene.nextRun();
    await scene.clock.advance(20);
    second.ok();
    const { usage } = (await reply).outcome;
    expect(usage).toMatchObject({ queueMs: 40, runMs: 20, attempts: 2 });
  });

  test('a call that was refused has waited and not run', async () => {
    const scene = createScene({ pool: { max: 1 } });
    await scene.acquire();
    const reply = scene.call({ timeoutMs: 100 });
    await scene.clock.advance(100);
    expect(await reply).toMatchObject({
      outcome: {
        kind: 'error',
        usage: { queueMs: 100, runMs: 0, attempts: 0, inputBytes: 3, outputBytes: 0 },
      },
      receipt: {
        requestId: 'r-1',
        adapter: 'echo',
        version: '1.0.0',
        operation: 'echo',
        tenant: 'a',
        outcome: 'EXECUTOR_DEADLINE',
      },
    });
  });

  test.each([
    ['bad-input', 'ADAPTER_BAD_INPUT'],
    ['not-found', 'ADAPTER_NOT_FOUND'],
    ['internal', 'ADAPTER_INTERNAL'],
  ] as const)("the guest's own error %s is reported as %s and costs no cell", async (failure, code) => {
    const scene = createScene({ idempotent: true });
    const reply = scene.call();
    (await scene.nextRun()).failure(failure);
    expect(codeOf(await reply)).toBe(code);
    expect(scene.pool.snapshot()).toMatchObject({ idle: 1, counters: { crashes: 0 } });
  });

  test('an unknown operation is refused before a cell is asked for, and names the known ones', async () => {
    const scene = createScene();
    const { outcome } = await scene.call({ operation: 'toString' });
    expect(outcome).toMatchObject({ kind: 'error', error: { code: 'REGISTRY_OPERATION_NOT_FOUND' } });
    expect(outcome.kind === 'error' && outcome.error.detail).toContain('echo');
    expect(scene.pool.snapshot().counters.created).toBe(0);
  });

  test('whatever is thrown on the way is an outcome, and its cause stays inside', async () => {
    const scene = createScene();
    const rooms: Rooms = {
      ...scene.rooms,
      resolve() {
        throw new TypeError('/secret/path');
      },
    };
    const call: Call = {
      adapter: 'x',
      operation: 'y',
      payload: new Uint8Array(),
      tenant: 'a',
      requestId: 'r',
    };
    const { outcome, receipt } = await invoke(rooms, call);
    expect(receipt).toMatchObject({ version: '', outcome: 'HOST_INTERNAL' });
    expect(outcome.kind === 'error' && outcome.error.detail).not.toContain('secret');
  });

  test('a lease ends also when running throws', async () => {
    const scene = createScene();
    scene.executor.run = () => {
      throw new RangeError('the payload cannot be copied');
    };
    expect(codeOf(await scene.call())).toBe('HOST_INTERNAL');
    expect(scene.pool.snapshot()).toMatchObject({ leased: 0, permitsTaken: 0 });
  });

  test('observers hear of each call once, with its error and trace context', async () => {
    const scene = createScene();
    const heard: unknown[] = [];
    const listen = (event: unknown): void => void heard.push(event);
    invokeChannel.subscribe(listen);
    try {
      const reply = invoke(
        scene.rooms,
        { adapter: 'echo', operation: 'echo', payload: new Uint8Array(), tenant: 'a', requestId: 'r-2' },
        'trace-context',
      );
      (await scene.nextRun()).crash();
      const { receipt } = await reply;
      expect(heard).toMatchObject([
        { receipt, error: { code: 'EXECUTOR_TRAP' }, traceparent: 'trace-context' },
      ]);
    } finally {
      invokeChannel.unsubscribe(listen);
    }
  });
});

describe('on a pinned cell', () => {
  const pinnedCall: Call = {
    adapter: 'echo',
    operation: 'echo',
    payload: new Uint8Array(3),
    tenant: 'a',
    requestId: 'r',
  };

  test('calls run on the same cell, which stays leased', async () => {
    const scene = createScene();
    const lease = await scene.acquire();
    const cells: number[] = [];
    for (let n = 0; n < 2; n++) {
      const reply = invoke(scene.rooms, pinnedCall, undefined, lease);
      const run = await scene.nextRun();
      cells.push(run.cellId);
      run.ok();
      expect(codeOf(await reply)).toBe('ok');
      expect(scene.pool.snapshot().leased).toBe(1);
    }
    expect(cells[1]).toBe(cells[0]);
  });

  test('a crash is reported, idempotent or not', async () => {
    const scene = createScene({ idempotent: true });
    const lease = await scene.acquire();
    const reply = invoke(scene.rooms, pinnedCall, undefined, lease);
    (await scene.nextRun()).crash();
    expect(codeOf(await reply)).toBe('EXECUTOR_TRAP');
    expect(scene.noted.replays).toBe(0);
  });

  test('a call that never began because the cell is gone loses the session, and is not dispatched elsewhere', async () => {
    const scene = createScene({ executors: 2 });
    const lease = await scene.acquire();
    for (const executor of scene.executors) {
      if (executor.liveCells.size === 0) continue;
      executor.kill();
      scene.pool.leave(executor);
    }
    const reply = await invoke(scene.rooms, pinnedCall, undefined, lease);
    expect(reply).toMatchObject({
      receipt: { outcome: 'POOL_SESSION_LOST' },
      outcome: { usage: { attempts: 0 } },
    });
  });

  test("after a reload or removal the receipt still names the cell's own version", async () => {
    const scene = createScene();
    const lease = await scene.acquire();
    scene.active = undefined;
    const reply = invoke(scene.rooms, pinnedCall, undefined, lease);
    (await scene.nextRun()).ok();
    expect((await reply).receipt).toMatchObject({ version: '1.0.0', outcome: 'ok' });
  });
});

test('no call is left without an answer when everything dies at once', async () => {
  const scene = createScene({ idempotent: true, pool: { max: 2, permits: 8 } });
  const replies = Array.from({ length: 6 }, () => scene.call());
  await settle();
  scene.executor.kill();
  scene.pool.leave(scene.executor);
  scene.executor.settle();
  await scene.clock.advance(2_000);
  for (const reply of replies) expect(await stateOf(reply)).toBe('ok');
  expect(scene.pool.snapshot()).toMatchObject({ leased: 0, waiting: 0, permitsTaken: 0 });
});
