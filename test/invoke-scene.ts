/** One adapter over scripted executors, and the way of a call through its pool. */

import { HostError } from '../host/errors.ts';
import { invoke, type Rooms } from '../host/invoke.ts';
import type { AdapterPool } from '../host/pool/pool.ts';
import { createReplayBudget } from '../host/pool/replay-budget.ts';
import type { Call, Reply } from '../host/types.ts';
import type { FakeExecutor, HeldRun } from './pool/fake-executor.ts';
import { createStage, type ImageOptions, type Stage, settle } from './pool/stage.ts';

export interface Scene extends Stage {
  readonly rooms: Rooms;
  readonly executor: FakeExecutor;
  readonly noted: { calls: number; replays: number };
  active: AdapterPool | undefined;
  call(more?: Partial<Call>): Promise<Reply>;
  /** The run that is first in an executor, once it is there. */
  nextRun(): Promise<HeldRun>;
}

export function createScene(
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
      identify: () => ({ tenant: 'a', role: 'caller', name: 'test', hasToken: false }),
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

/** `ok` or the error code. */
export const codeOf = (reply: Reply): string => reply.receipt.outcome;
