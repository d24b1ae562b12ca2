/**
 * All executors of a host: a fixed number live ones and one warm spare.
 *
 * A thread takes about 20 ms to boot; so when an executor ends, the spare takes its place at once and a new spare
 * boots behind it. Every live executor holds every loaded image, a new one gets them before anybody sees it. Threads
 * that die as soon as they start are started ever more slowly. The fleet replaces executors; it never moves calls: who
 * had calls on a lost executor hears it from their results.
 */

import type { Services } from '../capability-types.ts';
import { notice } from '../channels.ts';
import type { Clock, Timer } from '../clock.ts';
import { HostError } from '../errors.ts';
import type { AdapterImage, Executor, HostSnapshot } from '../types.ts';
import { ThreadExecutor } from './executor.ts';
import type { ThreadExecutorOptions } from './executor-options.ts';

/** A thread that ends sooner than this after its start counts as a failed start, and the next one waits. */
const QUICK_END_MS = 1_000;
/** Pause before the next start after failed starts; doubled up to the maximum. */
const BACKOFF_MIN_MS = 50;
const BACKOFF_MAX_MS = 5_000;

/** What the fleet needs of an executor, wherever it is placed. */
export interface FleetExecutor extends Executor {
  /** Resolves when it is ready for requests, or dead. */
  online(): Promise<void>;
  /** Asks it to collect garbage between two calls. */
  collect(): void;
}

export interface FleetOptions {
  readonly count: number;
  readonly clock: Clock;
  readonly killGraceMs: number;
  /** Called with every executor that joins, before it gets calls. */
  readonly onJoin: (executor: Executor) => void;
  /** Called when an executor is lost; its cells are gone. */
  readonly onLeave: (executor: Executor) => void;
  readonly onCollected: (executor: Executor, memories: number) => void;
  /** What guests may ask of the host. */
  readonly services?: Services | undefined;
  /** Starts an executor. Default: a thread. */
  readonly startExecutor?: ((options: ThreadExecutorOptions) => FleetExecutor) | undefined;
}

export interface Fleet {
  readonly executors: readonly Executor[];
  load(image: AdapterImage): void;
  unload(imageId: string): void;
  /** Asks every executor to collect garbage between calls. */
  collect(): void;
  stats(): HostSnapshot['executors'];
  close(): Promise<void>;
}

/**
 * Starts `count` executors and a spare; resolves when the executors are ready. One that dies meanwhile is replaced later.
 * Throws EXECUTOR_DIED — none of them could be started.
 */
export async function createFleet(options: FleetOptions): Promise<Fleet> {
  const { clock } = options;
  const { startExecutor = (start) => new ThreadExecutor(start) } = options;
  const live: FleetExecutor[] = [];
  /** Every executor that has not ended: also one that was killed and whose thread still has to notice. */
  const unended = new Set<FleetExecutor>();
  const images = new Map<string, AdapterImage>();
  const counters = { started: 0, killed: 0, died: 0 };
  const startedAt = new WeakMap<Executor, number>();
  let spare: FleetExecutor | undefined;
  /** Only then it may join: calls given to a thread that boots, or fails to, would wait while others could serve them. */
  let isSpareReady = false;
  let backoffMs = 0;
  let retry: Timer | undefined;
  /** The first executors are not all there yet; whoever dies among them is replaced afterwards. */
  let isStarting = true;
  let closed = false;
  let nextId = 0;
  /** Executors that should be live and are not. */
  let missing = options.count;

  const boot = (): FleetExecutor => {
    const executor = startExecutor({
      id: nextId++,
      clock,
      killGraceMs: options.killGraceMs,
      services: options.services,
      onCollected: options.onCollected,
      onEnd: lose,
    });
    counters.started++;
    unended.add(executor);
    startedAt.set(executor, clock.now());
    return executor;
  };

  const join = (executor: FleetExecutor): void => {
    missing--;
    for (const image of images.values()) executor.load(image);
    live.push(executor);
    options.onJoin(executor);
  };

  const bootSpare = (): void => {
    if (isStarting || closed || spare) return;
    let booting: FleetExecutor;
    try {
      booting = boot();
    } catch (cause) {
      // The system has no thread or no memory to give now.
      notice({
        level: 'error',
        event: 'executor.not-started',
        message: 'no executor could be started',
        cause,
      });
      bootSpareLater();
      return;
    }
    spare = booting;
    isSpareReady = false;
    void booting.online().then(() => {
      if (spare !== booting || !booting.alive) return;
      isSpareReady = true;
      if (missing > 0) {
        joinSpare();
        bootSpare();
      }
    });
  };

  const joinSpare = (): void => {
    if (!spare || !isSpareReady) return;
    const ready = spare;
    spare = undefined;
    join(ready);
  };

  const bootSpareLater = (): void => {
    backoffMs = Math.min(BACKOFF_MAX_MS, Math.max(BACKOFF_MIN_MS, backoffMs * 2));
    retry?.cancel();
    retry = clock.after(backoffMs, bootSpare);
  };

  const lose = (executor: Executor, end: 'killed' | 'died' | 'stopped'): void => {
    if (end !== 'stopped') counters[end]++;
    if (executor === spare) spare = undefined;
    // Settles once its thread is gone.
    void executor.stop().then(() => unended.delete(executor as FleetExecutor));
    const index = live.indexOf(executor as FleetExecutor);
    if (index >= 0) {
      live.splice(index, 1);
      missing++;
      options.onLeave(executor);
    }
    if (closed) return;
    notice({
      level: 'warn',
      event: `executor.${end}`,
      message: `executor ${executor.id} was ${end === 'killed' ? 'killed at a deadline' : 'lost'}`,
      fields: { executor: executor.id },
    });
    if (index >= 0) joinSpare();
    const livedMs = clock.now() - (startedAt.get(executor) ?? 0);
    if (end === 'died' && livedMs < QUICK_END_MS) {
      bootSpareLater();
    } else {
      backoffMs = 0;
      bootSpare();
    }
  };

  const close = async (): Promise<void> => {
    closed = true;
    retry?.cancel();
    await Promise.all([...unended].map((executor) => executor.stop()));
  };

  try {
    const first: FleetExecutor[] = [];
    while (first.length < options.count) first.push(boot());
    await Promise.all(first.map((executor) => executor.online()));
    for (const executor of first) if (executor.alive) join(executor);
    if (live.length === 0) throw new HostError('EXECUTOR_DIED', 'no executor could be started');
  } catch (error) {
    await close();
    throw error;
  }
  isStarting = false;
  bootSpare();

  return {
    executors: live,
    load(image) {
      images.set(image.id, image);
      for (const executor of live) executor.load(image);
    },
    unload(imageId) {
      images.delete(imageId);
      for (const executor of live) executor.unload(imageId);
    },
    collect() {
      for (const executor of live) executor.collect();
    },
    stats: () => ({
      live: live.length,
      spare: spare && isSpareReady ? 1 : 0,
      busy: live.filter((executor) => executor.inFlight > 0).length,
      ...counters,
    }),
    close,
  };
}
