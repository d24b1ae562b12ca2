/** What is recorded of a call, how its errors are reported, and how it runs on a pinned cell. */

import { describe, expect, test } from 'vitest';
import { invokeChannel } from '../host/channels.ts';
import { invoke, type Rooms } from '../host/invoke.ts';
import type { Call } from '../host/types.ts';
import { codeOf, createScene } from './invoke-scene.ts';

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

describe('a call that is given up', () => {
  test('while it waits, leaves the line and its permit; nothing was entered', async () => {
    const scene = createScene({ pool: { max: 1 } });
    const lease = await scene.acquire();
    const giving = new AbortController();
    const reply = scene.call({ timeoutMs: 10_000, signal: giving.signal });
    await scene.clock.advance(10);
    giving.abort();
    expect(await reply).toMatchObject({
      outcome: { usage: { attempts: 0 } },
      receipt: { outcome: 'EXECUTOR_CANCELLED' },
    });
    expect(scene.pool.snapshot()).toMatchObject({ waiting: 0, permitsTaken: 1, leased: 1 });
    lease.end();
    scene.pool.assertConsistent();
  });

  test('while it runs, is not replayed, costs its cell and is no crash of the adapter', async () => {
    const scene = createScene({ idempotent: true });
    const giving = new AbortController();
    const reply = scene.call({ signal: giving.signal });
    await scene.nextRun();
    giving.abort();
    expect(await reply).toMatchObject({
      outcome: { usage: { attempts: 1 } },
      receipt: { outcome: 'EXECUTOR_CANCELLED' },
    });
    expect(scene.noted.replays).toBe(0);
    const { permitsTaken, leased, health, counters } = scene.pool.snapshot();
    expect({
      permitsTaken,
      leased,
      health,
      crashes: counters.crashes,
      replacements: counters.replacements,
    }).toEqual({
      permitsTaken: 0,
      leased: 0,
      health: 'healthy',
      crashes: 0,
      replacements: 1,
    });
    scene.pool.assertConsistent();
    expect(scene.executor.violations).toEqual([]);
  });

  test('before it was made, is refused without asking for a cell', async () => {
    const scene = createScene();
    const reply = await scene.call({ signal: AbortSignal.abort() });
    expect(codeOf(reply)).toBe('EXECUTOR_CANCELLED');
    expect(scene.executor.runs).toHaveLength(0);
  });
});
