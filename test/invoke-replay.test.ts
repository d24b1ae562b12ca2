/** Which calls are run again, and which version serves them then. */

import { describe, expect, test } from 'vitest';
import { createAdapterPool } from '../host/pool/pool.ts';
import { codeOf, createScene } from './invoke-scene.ts';
import type { FakeExecutor } from './pool/fake-executor.ts';
import { imageOf, settle, stateOf } from './pool/stage.ts';

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

  test('a call that used all of its fuel would use it again, and is not replayed', async () => {
    const scene = createScene({ idempotent: true });
    const reply = scene.call();
    (await scene.nextRun()).crash('EXECUTOR_FUEL');
    expect(codeOf(await reply)).toBe('EXECUTOR_FUEL');
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
