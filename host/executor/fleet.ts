/**
 * All executors of a host: a fixed number live ones and one warm spare.
 *
 * A thread takes about 20 ms to boot; so when an executor ends, the spare takes its place at once and a new spare
 * boots behind it. Every live executor holds every loaded image, a new one gets them before anybody sees it. The
 * fleet replaces executors; it never moves calls: who had calls on a lost executor hears it from their results.
 */

import { notice } from '../channels.ts';
import type { Clock } from '../clock.ts';
import type { AdapterImage, Executor, HostSnapshot } from '../types.ts';
import { ThreadExecutor } from './executor.ts';

/** A thread that ends sooner than this after its start counts as a failed start, and the next one waits. */
const QUICK_END_MS = 1_000;
/** Pause before the next start after failed starts; doubled up to the maximum. */
const BACKOFF_MIN_MS = 50;
const BACKOFF_MAX_MS = 5_000;

export interface FleetOptions {
  readonly count: number;
  readonly clock: Clock;
  readonly killGraceMs: number;
  /** Called with every executor that joins, before it gets calls. */
  readonly onJoin: (executor: Executor) => void;
  /** Called when an executor is lost; its cells are gone. */
  readonly onLeave: (executor: Executor) => void;
  readonly onCollected: (executor: Executor, memories: number) => void;
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

/** Starts `count` executors and a spare; resolves when all of them run. */
export async function createFleet(options: FleetOptions): Promise<Fleet> {
  const { clock } = options;
  const live: ThreadExecutor[] = [];
  const images = new Map<string, AdapterImage>();
  const counters = { started: 0, killed: 0, died: 0, recycled: 0 };
  const startedAt = new WeakMap<Executor, number>();
  let spare: ThreadExecutor | undefined;
  let backoffMs = 0;
  let closed = false;
  let nextId = 0;
  /** Executors that should be live and are not, because no spare was there. */
  let missing = 0;

  const boot = (): ThreadExecutor => {
    const executor = new ThreadExecutor({
      id: nextId++,
      clock,
      killGraceMs: options.killGraceMs,
      onCollected: options.onCollected,
      onEnd: lose,
    });
    counters.started++;
    startedAt.set(executor, clock.now());
    return executor;
  };

  const join = (executor: ThreadExecutor): void => {
    for (const image of images.values()) executor.load(image);
    live.push(executor);
    options.onJoin(executor);
  };

  const bootSpare = (): void => {
    if (closed || spare) return;
    const booting = boot();
    spare = booting;
    void booting.online().then(() => {
      if (missing > 0 && spare === booting && booting.alive) {
        missing--;
        spare = undefined;
        join(booting);
        bootSpare();
      }
    });
  };

  const lose = (executor: Executor, end: 'killed' | 'died' | 'stopped'): void => {
    if (end !== 'stopped') counters[end]++;
    const wasSpare = executor === spare;
    if (wasSpare) spare = undefined;
    const index = live.indexOf(executor as ThreadExecutor);
    if (index >= 0) {
      live.splice(index, 1);
      options.onLeave(executor);
    }
    if (closed) return;
    notice({
      level: 'warn',
      event: `executor.${end}`,
      message: `executor ${executor.id} was ${end === 'killed' ? 'killed at a deadline' : 'lost'}`,
      fields: { executor: executor.id },
    });
    if (index >= 0) {
      if (spare) {
        const replacement = spare;
        spare = undefined;
        join(replacement);
      } else {
        missing++;
      }
    }
    const livedMs = clock.now() - (startedAt.get(executor) ?? 0);
    backoffMs =
      end === 'died' && livedMs < QUICK_END_MS
        ? Math.min(BACKOFF_MAX_MS, Math.max(BACKOFF_MIN_MS, backoffMs * 2))
        : 0;
    if (backoffMs > 0) clock.after(backoffMs, bootSpare);
    else bootSpare();
  };

  const first = Array.from({ length: options.count }, boot);
  await Promise.all(first.map((executor) => executor.online()));
  for (const executor of first) if (executor.alive) join(executor);
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
      spare: spare ? 1 : 0,
      busy: live.filter((executor) => executor.inFlight > 0).length,
      ...counters,
    }),
    async close() {
      closed = true;
      await Promise.all([...live, ...(spare ? [spare] : [])].map((executor) => executor.stop()));
    },
  };
}
