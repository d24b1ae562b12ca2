/**
 * A scripted executor: creations, runs and probes end when and how the test says, without a thread or a guest.
 *
 * It keeps the contract of `Executor` and watches that its users keep theirs: what they do wrong (a cell that is
 * entered twice at once, used or destroyed after its end) is collected in `violations`. `liveCells` are those that
 * were created and neither destroyed nor lost, so that a test can show that nothing leaks.
 */

import type { FakeClock } from '../../host/clock.ts';
import { type ErrorCode, HostError } from '../../host/errors.ts';
import type { AdapterImage, CellInfo, Executor, RunRequest, RunResult } from '../../host/types.ts';

export interface HeldCreation {
  succeed(memoryBytes?: number): void;
  fail(code?: ErrorCode): void;
}

export interface HeldRun {
  readonly cellId: number;
  /** Undefined for a probe. */
  readonly request: RunRequest | undefined;
  ok(options?: { readonly bytes?: Uint8Array; readonly memoryBytes?: number; readonly runMs?: number }): void;
  failure(kind?: 'bad-input' | 'not-found' | 'internal'): void;
  /** The cell is dropped with it. */
  crash(code?: ErrorCode): void;
  /** The guest was never entered, and the cell is well. What a caller gives up ends as begun, and drops its cell. */
  late(): void;
}

export interface FakeExecutor extends Executor {
  readonly liveCells: ReadonlySet<number>;
  /** Held operations in the order in which they came. */
  readonly creations: readonly HeldCreation[];
  readonly runs: readonly HeldRun[];
  readonly probes: readonly HeldRun[];
  readonly violations: readonly string[];
  readonly createdCount: number;
  /** What happens to the next operations: held until the test ends them, or ended at once. */
  onCreate: 'hold' | 'ok' | 'fail';
  onRun: 'hold' | 'ok' | 'crash';
  onProbe: 'hold' | 'ok' | 'failure' | 'crash';
  /** The thread is gone: not alive from now on; what is pending ends with `settle`. */
  kill(): void;
  /**
   * After `kill`: the creations that the thread had committed come true, the other ones reject; the first run was in
   * the guest unless `begun` is false, the ones behind it were not.
   */
  settle(options?: { readonly begun?: boolean; readonly committedCreations?: number }): void;
  /** `kill` and `settle`. */
  die(options?: { readonly begun?: boolean }): void;
}

export function createFakeExecutor(options: {
  readonly id: number;
  readonly clock: FakeClock;
}): FakeExecutor {
  const { id, clock } = options;
  const liveCells = new Set<number>();
  const creations: (HeldCreation & { readonly die: () => void })[] = [];
  const runs: HeldRun[] = [];
  const probes: HeldRun[] = [];
  const violations: string[] = [];
  const settlers = new Map<HeldRun, (result: RunResult) => void>();
  let alive = true;
  let nextCell = 1;
  let createdCount = 0;

  const without = <T>(list: T[], item: T): boolean => {
    const index = list.indexOf(item);
    if (index >= 0) list.splice(index, 1);
    return index >= 0;
  };

  const hold = (
    cellId: number,
    request: RunRequest | undefined,
  ): { held: HeldRun; promise: Promise<RunResult> } => {
    const list = request ? runs : probes;
    const isEntered = [...runs, ...probes].some((other) => other.cellId === cellId);
    if (isEntered) violations.push(`cell ${cellId} was entered while it ran`);
    if (!liveCells.has(cellId)) violations.push(`cell ${cellId} was used after its end`);
    const startMs = clock.now();
    const took = (): number => clock.now() - startMs;
    let settle: (result: RunResult) => void = () => {};
    const promise = new Promise<RunResult>((resolve) => {
      settle = resolve;
    });
    const end = (result: RunResult): void => {
      if (!without(list, held)) throw new Error('this run has ended already');
      settlers.delete(held);
      settle(result);
    };
    const held: HeldRun = {
      cellId,
      request,
      ok: ({ bytes = new Uint8Array(), memoryBytes = 65_536, runMs = took() } = {}) =>
        end({ kind: 'ok', bytes, runMs, memoryBytes }),
      failure: (failure = 'internal') =>
        end({ kind: 'failure', failure, message: 'the guest says no', runMs: took(), memoryBytes: 65_536 }),
      crash(code = 'EXECUTOR_TRAP') {
        liveCells.delete(cellId);
        end({ kind: 'crash', error: new HostError(code, 'the guest trapped'), runMs: took() });
      },
      late: () => end({ kind: 'not-begun', reason: 'late', cellLost: false }),
    };
    const giveUp = (): void => {
      if (!settlers.has(held)) return;
      liveCells.delete(cellId);
      end({ kind: 'cancelled', isBegun: true, runMs: took() });
    };
    request?.signal?.addEventListener('abort', giveUp);
    list.push(held);
    settlers.set(held, end);
    return { held, promise };
  };
  const gone: RunResult = { kind: 'not-begun', reason: 'executor-died', cellLost: true };
  const died = (): HostError =>
    new HostError('EXECUTOR_DIED', 'the executor died while the cell was created');

  const executor: FakeExecutor = {
    id,
    liveCells,
    creations,
    runs,
    probes,
    violations,
    onCreate: 'ok',
    onRun: 'hold',
    onProbe: 'ok',
    get createdCount() {
      return createdCount;
    },
    get alive() {
      return alive;
    },
    get inFlight() {
      return creations.length + runs.length + probes.length;
    },
    get waitMs() {
      return executor.inFlight;
    },
    load(_image: AdapterImage) {},
    unload(_imageId: string) {},
    createCell(_imageId: string) {
      if (!alive) return Promise.reject(died());
      const startMs = clock.now();
      return new Promise<CellInfo>((resolve, reject) => {
        const creation = {
          succeed(memoryBytes = 65_536) {
            if (!without(creations, creation)) throw new Error('this creation has ended already');
            const cellId = id * 100_000 + nextCell++;
            createdCount++;
            // A cell that a dead thread had committed exists for nobody.
            if (alive) liveCells.add(cellId);
            resolve({ id: cellId, createMs: clock.now() - startMs, memoryBytes });
          },
          fail(code: ErrorCode = 'POOL_CREATE_FAILED') {
            if (!without(creations, creation)) throw new Error('this creation has ended already');
            reject(new HostError(code, 'the instantiation failed'));
          },
          die() {
            if (without(creations, creation)) reject(died());
          },
        };
        creations.push(creation);
        if (executor.onCreate === 'ok') creation.succeed();
        else if (executor.onCreate === 'fail') creation.fail();
      });
    },
    destroyCell(cellId) {
      if ([...runs, ...probes].some((other) => other.cellId === cellId))
        violations.push(`cell ${cellId} was destroyed while it ran`);
      if (alive && !liveCells.delete(cellId)) violations.push(`cell ${cellId} was destroyed after its end`);
    },
    run(cellId, request) {
      if (!alive) return Promise.resolve(gone);
      const { held, promise } = hold(cellId, request);
      if (executor.onRun === 'ok') held.ok();
      else if (executor.onRun === 'crash') held.crash();
      return promise;
    },
    probe(cellId) {
      if (!alive) return Promise.resolve(gone);
      const { held, promise } = hold(cellId, undefined);
      if (executor.onProbe === 'ok') held.ok();
      else if (executor.onProbe === 'failure') held.failure();
      else if (executor.onProbe === 'crash') held.crash();
      return promise;
    },
    async stop() {
      executor.die();
    },
    kill() {
      alive = false;
      liveCells.clear();
    },
    settle({ begun = true, committedCreations = 0 } = {}) {
      for (const creation of creations.slice(0, committedCreations)) creation.succeed();
      const [first, ...behind] = [...runs, ...probes];
      if (first && begun) {
        const error = new HostError('EXECUTOR_DIED', 'the executor ended while this call was running');
        settlers.get(first)?.({ kind: 'crash', error, runMs: 1 });
      } else if (first) {
        settlers.get(first)?.(gone);
      }
      for (const held of behind) settlers.get(held)?.(gone);
      for (const creation of [...creations]) creation.die();
    },
    die(how) {
      executor.kill();
      executor.settle(how);
    },
  };
  return executor;
}
