/** What the tests of the pool and of the call's way share: an image with given options, and a pool over fake executors. */

import { createFakeClock, type FakeClock } from '../../host/clock.ts';
import type { HostError } from '../../host/errors.ts';
import { createMemoryBudget, type MemoryBudget } from '../../host/pool/budget.ts';
import type { Lease } from '../../host/pool/lease.ts';
import { type AdapterPool, createAdapterPool } from '../../host/pool/pool.ts';
import type { AdapterImage, Isolation, OperationSpec, PoolOptions, RunResult } from '../../host/types.ts';
import { createFakeExecutor, type FakeExecutor } from './fake-executor.ts';

export interface ImageOptions {
  readonly pool?: Partial<PoolOptions>;
  readonly isolation?: Isolation;
  readonly version?: string;
  readonly idempotent?: boolean;
}

export function imageOf(options: ImageOptions = {}): AdapterImage {
  const { version = '1.0.0', isolation = 'tenant', idempotent = false } = options;
  const operation = (isIdempotent: boolean): OperationSpec => ({
    idempotent: isIdempotent,
    readOnly: false,
    examples: [],
    description: undefined,
    produces: 'application/octet-stream',
    timeoutMs: 1_000,
    inputMaxBytes: 1_000,
    outputMaxBytes: 1_000,
    fuelMax: 1e12,
  });
  const lifted = {
    core: { instance: 0, name: 'f' },
    memory: undefined,
    realloc: undefined,
    postReturn: undefined,
    encoding: 'utf8',
  } as const;
  return {
    id: `echo@${version}`,
    manifest: {
      name: 'echo',
      version,
      description: undefined,
      component: 'echo.wasm',
      sha256: '0'.repeat(64),
      world: 'bytes',
      text: undefined,
      operations: { echo: operation(idempotent) },
      limits: {
        memoryMaxMiB: 1,
        timeoutMs: 1_000,
        inputMaxBytes: 1_000,
        outputMaxBytes: 1_000,
        fuelMax: 1e12,
      },
      pool: {
        min: 0,
        max: 4,
        permits: 0,
        tenantShare: 1,
        acquireTimeoutMs: 1_000,
        healthIntervalMs: 30_000,
        idleMs: 300_000,
        recycleCalls: 10_000,
        recycleAgeMs: 3_600_000,
        recycleMemoryRatio: 0.9,
        maxCrashes: 3,
        replayMax: 2,
        ...options.pool,
      },
      isolation,
      capabilities: {},
    },
    plan: {
      modules: [],
      instances: [],
      types: [],
      resources: [],
      imports: [],
      exports: [],
      handler: { invoke: lifted, health: lifted },
      memoryCount: 1,
      memoryPages: 1,
    },
    modules: [],
    wit: '',
    grants: {},
  };
}

export interface Stage {
  readonly clock: FakeClock;
  readonly executors: FakeExecutor[];
  readonly budget: MemoryBudget;
  readonly pool: AdapterPool;
  /** Acquires with a deadline far away. */
  acquire(tenant?: string, affinity?: string, deadlineInMs?: number): Promise<Lease>;
}

export function createStage(
  options: ImageOptions & {
    readonly executors?: number;
    readonly budget?: number;
    /** Given to every executor before the pool is made. */
    readonly script?: Partial<Pick<FakeExecutor, 'onCreate' | 'onRun' | 'onProbe'>>;
  } = {},
): Stage {
  const clock = createFakeClock();
  const executors = Array.from({ length: options.executors ?? 1 }, (_, id) =>
    createFakeExecutor({ id, clock }),
  );
  for (const executor of executors) {
    executor.onCreate = options.script?.onCreate ?? 'ok';
    executor.onRun = options.script?.onRun ?? 'hold';
    executor.onProbe = options.script?.onProbe ?? 'ok';
  }
  const budget = createMemoryBudget({ limit: options.budget ?? 8_000, collect: () => {} });
  const pool = createAdapterPool({ image: imageOf(options), executors, budget, clock });
  return {
    clock,
    executors,
    budget,
    pool,
    acquire: (tenant = 'a', affinity, deadlineInMs = 60_000) =>
      pool.acquire({ tenant, affinity, deadlineMs: clock.now() + deadlineInMs }),
  };
}

/** Starts a run on the lease, as a call would. */
export function runOn(lease: Lease, clock: FakeClock, deadlineInMs = 60_000): Promise<RunResult> {
  return lease.run({
    operation: 'echo',
    payload: new Uint8Array(),
    deadlineMs: clock.now() + deadlineInMs,
    outputMaxBytes: 1_000,
    fuelMax: 1e12,
    tenant: 'a',
    requestId: 'r1',
    traceparent: undefined,
  });
}

/** Lets everything happen that needs no time. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** How a promise stands now: its value, its error's code, or `pending`. */
export async function stateOf(promise: Promise<unknown>): Promise<string> {
  return Promise.race([
    promise.then(
      () => 'ok',
      (error: { code?: string }) => error.code ?? String(error),
    ),
    settle().then(() => 'pending'),
  ]);
}

/** One whole call that ends well; gives the cell it ran on. */
export async function callOn(
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
export async function cellOf(
  lease: Lease,
  executors: FakeExecutor[],
  clock: Stage['clock'],
): Promise<number> {
  const running = runOn(lease, clock);
  const run = executors.flatMap((executor) => executor.runs).at(-1);
  run?.ok();
  await running;
  return run?.cellId ?? -1;
}

export async function crashOn({ executors, clock, acquire }: Stage, tenant = 'a'): Promise<void> {
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

export const liveOf = (executors: readonly FakeExecutor[]): number =>
  executors.reduce((sum, executor) => sum + executor.liveCells.size, 0);
export const errorOf = (promise: Promise<unknown>): Promise<HostError> =>
  promise.then(
    () => {
      throw new Error('it should have been refused');
    },
    (error: HostError) => error,
  );
