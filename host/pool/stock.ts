/**
 * All cells of one adapter version: how they come, where the idle ones stand, how they go.
 *
 * Every cell occupies a slot from the start of its creation to its destruction, so the slots are the one truth about
 * `max`. Idle virgins stand in one generic-pool per executor, idle bound cells on the shelf. The stock decides which
 * idle cell is best; who may ask, and who waits, is the pool's affair.
 */

import { cellCreatedChannel, notice } from '../channels.ts';
import type { Clock } from '../clock.ts';
import { HostError, hasCode } from '../errors.ts';
import type { AdapterImage, Executor } from '../types.ts';
import type { MemoryBudget } from './budget.ts';
import type { PooledCell } from './pooled-cell.ts';
import { createShelf } from './shelf.ts';
import { createSlots, type Slots } from './slots.ts';
import { createVirgins, type Virgins } from './virgins.ts';

export interface Stock {
  readonly slots: Slots;
  readonly counters: { created: number; destroyed: number; hits: number; misses: number };
  /** Idle cells, and the parts of it. */
  readonly idle: number;
  readonly idleBound: number;
  readonly idleVirgins: number;
  /** Creations under way. */
  readonly coming: number;
  /** A cell now, a promise of one, or undefined: there is none and no room for one. */
  take(tenant: string, affinity: string | undefined): PooledCell | Promise<PooledCell> | undefined;
  /** Puts a cell that is well back among the idle ones. */
  putBack(cell: PooledCell): void;
  /** Destroys a cell that was taken. */
  discard(cell: PooledCell): void;
  /** Creates one idle virgin where fewest stand; undefined when there is no room for it. */
  grow(): Promise<void> | undefined;
  /** Takes idle bound cells for which `wanted` is true. */
  takeBound(wanted: (cell: PooledCell) => boolean): PooledCell[];
  takeOldestBound(): PooledCell | undefined;
  /** Takes up to `count` idle virgins. */
  takeVirgins(count: number): Promise<PooledCell>[];
  join(executor: Executor): void;
  /** Drops what was idle on a lost executor; cells that are taken are marked lost by whoever took them. */
  leave(executor: Executor): Promise<void>;
}

export function createStock(options: {
  readonly image: AdapterImage;
  readonly budget: MemoryBudget;
  readonly clock: Clock;
  readonly executors: readonly Executor[];
  /** Called before any count changes. */
  readonly observe: () => void;
  /** A creation failed by the adapter's fault. */
  readonly onCreateFailed: () => void;
}): Stock {
  const { image, budget, clock, observe } = options;
  const { manifest, plan } = image;
  const adapter = manifest.name;
  const { max, maxCrashes } = manifest.pool;
  const slots = createSlots({ count: max, maxCrashes, clock });
  const shelf = createShelf();
  const virgins = new Map<Executor, Virgins>();
  const counters = { created: 0, destroyed: 0, hits: 0, misses: 0 };
  let coming = 0;

  const instantiate = async (executor: Executor): Promise<PooledCell> => {
    const slot = slots.take();
    if (!slot) {
      throw new HostError(
        'POOL_CREATE_FAILED',
        `every free slot of adapter "${adapter}" rests after crashes`,
        {
          retryAfterS: 1,
        },
      );
    }
    if (!budget.reserve(executor, plan.memoryCount)) {
      slots.free(slot);
      throw new HostError('POOL_BUDGET', `${budget.live} of ${budget.limit} wasm memories are in use`, {
        retryAfterS: 1,
      });
    }
    coming++;
    try {
      const info = await executor.createCell(image.id);
      observe();
      counters.created++;
      if (cellCreatedChannel.hasSubscribers) cellCreatedChannel.publish({ adapter, createMs: info.createMs });
      const now = clock.now();
      return {
        id: info.id,
        executor,
        slot,
        createdMs: now,
        tenant: undefined,
        calls: 0,
        memoryBytes: info.memoryBytes,
        idleSinceMs: now,
        isLost: false,
        affinities: new Set(),
      };
    } catch (error) {
      // The failed instance is garbage that nobody watches; it is counted as gone at once.
      budget.release(executor, plan.memoryCount);
      if (!hasCode(error, 'EXECUTOR_DIED')) {
        slots.crashed(slot);
        options.onCreateFailed();
        const message = `a cell of adapter ${adapter} could not be created`;
        notice({ level: 'warn', event: 'pool.create-failed', message, fields: { adapter }, cause: error });
      }
      slots.free(slot);
      throw error;
    } finally {
      coming--;
    }
  };

  const destroy = (cell: PooledCell): void => {
    observe();
    counters.destroyed++;
    slots.free(cell.slot);
    if (!cell.isLost) cell.executor.destroyCell(cell.id);
  };

  const discard = (cell: PooledCell): void => {
    const home = virgins.get(cell.executor);
    if (home) home.discard(cell);
    else destroy(cell);
  };

  const leastBusy = (needsIdle: boolean): Virgins | undefined => {
    let best: Virgins | undefined;
    let bestLoad = Number.POSITIVE_INFINITY;
    for (const home of virgins.values()) {
      if (!home.executor.alive || (needsIdle && home.idle === 0)) continue;
      const load = home.executor.inFlight + home.creating;
      if (load < bestLoad) {
        best = home;
        bestLoad = load;
      }
    }
    return best;
  };

  const idleVirgins = (): number => {
    let count = 0;
    for (const home of virgins.values()) count += home.idle;
    return count;
  };

  const join = (executor: Executor): void => {
    virgins.set(executor, createVirgins({ executor, max, create: () => instantiate(executor), destroy }));
  };
  for (const executor of options.executors) join(executor);

  return {
    slots,
    counters,
    get idle() {
      return shelf.size + idleVirgins();
    },
    get idleBound() {
      return shelf.size;
    },
    get idleVirgins() {
      return idleVirgins();
    },
    get coming() {
      return coming;
    },
    take(tenant, affinity) {
      const bound = shelf.take(tenant, affinity);
      if (bound) {
        counters.hits++;
        return bound;
      }
      const ready = leastBusy(true);
      if (ready) {
        counters.hits++;
        return ready.take();
      }
      if (!slots.hasFree()) {
        const oldest = shelf.takeOldest();
        if (!oldest) return undefined;
        discard(oldest);
      }
      const home = slots.hasFree() ? leastBusy(false) : undefined;
      if (!home) return undefined;
      counters.misses++;
      return home.take();
    },
    putBack(cell) {
      if (cell.tenant === undefined) virgins.get(cell.executor)?.putBack(cell);
      else shelf.put(cell);
    },
    discard,
    grow() {
      let home: Virgins | undefined;
      for (const candidate of virgins.values()) {
        if (!candidate.executor.alive) continue;
        if (!home || candidate.idle + candidate.creating < home.idle + home.creating) home = candidate;
      }
      return home && slots.hasFree() ? home.grow(1) : undefined;
    },
    takeBound: (wanted) => shelf.takeWhere(wanted),
    takeOldestBound: () => shelf.takeOldest(),
    takeVirgins(count) {
      const taken: Promise<PooledCell>[] = [];
      // Taking is synchronous in its effect: `idle` falls before the promise settles.
      for (const home of virgins.values())
        while (taken.length < count && home.idle > 0) taken.push(home.take());
      return taken;
    },
    join,
    async leave(executor) {
      const home = virgins.get(executor);
      virgins.delete(executor);
      const lost = shelf.takeWhere((cell) => cell.executor === executor);
      const takes: Promise<PooledCell>[] = [];
      while (home && home.idle > 0) takes.push(home.take());
      for (const cell of [...lost, ...(await Promise.all(takes))]) {
        cell.isLost = true;
        destroy(cell);
      }
    },
  };
}
