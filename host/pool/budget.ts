/**
 * The budget of wasm memories: host-wide, or for each executor where each is a process of its own.
 *
 * V8 reserves 8 GiB of address space for each linear memory, zero-page ones too, and one process can hold about
 * 16,300 of them over all its threads; an allocation beyond that kills the thread that asked, and a thread's dead
 * memories count until *its* collector has run. So every memory counts from creation until its executor reports it
 * collected, and above 60 % of the budget the executors are asked to collect between calls. Executors in processes have
 * an address space each: then every executor has the whole limit to itself.
 */

import type { Executor } from '../types.ts';

/** Part of the budget above which garbage is collected on purpose. */
const COLLECT_ABOVE = 0.6;
/** A full collection takes milliseconds; asking again sooner than after so many further creations brings nothing. */
const COLLECT_EVERY = 256;

export interface MemoryBudget {
  readonly live: number;
  /** Of all together. */
  readonly limit: number;
  /** Counts `memories` of a new cell; false when the budget is spent. */
  reserve(executor: Executor, memories: number): boolean;
  /** `memories` of the executor are gone for good. */
  release(executor: Executor, memories: number): void;
  /** The executor ended, and all its memories with it. */
  forget(executor: Executor): void;
}

export function createMemoryBudget(options: {
  /** Memories of one process. */
  readonly limit: number;
  /** Executors that are processes of their own. Default: all are threads of one. */
  readonly processCount?: number | undefined;
  /** Asks all executors to collect garbage. */
  readonly collect: () => void;
}): MemoryBudget {
  const { limit, processCount } = options;
  const byExecutor = new Map<Executor, number>();
  let live = 0;
  let reservedSinceCollect = 0;
  return {
    get live() {
      return live;
    },
    limit: limit * (processCount ?? 1),
    reserve(executor, memories) {
      reservedSinceCollect += memories;
      const held = byExecutor.get(executor) ?? 0;
      const inProcess = (processCount === undefined ? live : held) + memories;
      const isTight = inProcess > limit * COLLECT_ABOVE;
      const fits = inProcess <= limit;
      if (isTight && (reservedSinceCollect >= COLLECT_EVERY || !fits)) {
        reservedSinceCollect = 0;
        options.collect();
      }
      if (!fits) return false;
      live += memories;
      byExecutor.set(executor, held + memories);
      return true;
    },
    release(executor, memories) {
      const held = byExecutor.get(executor);
      // A report can arrive after the executor was forgotten: it is already counted there.
      if (held === undefined) return;
      const gone = Math.min(held, memories);
      byExecutor.set(executor, held - gone);
      live -= gone;
    },
    forget(executor) {
      live -= byExecutor.get(executor) ?? 0;
      byExecutor.delete(executor);
    },
  };
}
