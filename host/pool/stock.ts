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
  /** Takes the best idle cell for this tenant. */
  take(tenant: string, affinity: string | undefined): PooledCell | undefined;
  /** Puts a cell that is well back among the idle ones; destroys it when its place is gone. */
  putBack(cell: PooledCell): void;
  /** Destroys a cell that was taken. */
  discard(cell: PooledCell): void;
  /** True when `create` would begin. */
  hasRoom(): boolean;
  /**
   * Creates an idle virgin for somebody who waits, on the least busy executor; the least recently used idle bound cell
   * makes room for it. Undefined when there is no room. Rejects with the creation's error.
   */
  create(): Promise<void> | undefined;
  /** Creates an idle virgin for the reserve, where fewest stand. As `create`, but takes nobody's place. */
  grow(): Promise<void> | undefined;
  /** Takes idle bound cells for which `wanted` is true. */
  takeBound(wanted: (cell: PooledCell) => boolean): PooledCell[];
  takeOldestBound(): PooledCell | undefined;
  /** Takes up to `count` idle virgins. */
  takeVirgins(count: number): PooledCell[];
  join(executor: Executor): void;
  /** Drops what was idle on a lost executor; cells that are taken are marked lost by whoever took them. */
  leave(executor: Executor): void;
  /** Destroys what is idle now, and every cell that is still made or put back afterwards. */
  close(): void;
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
  /** A creation ended, well or not: there is an idle cell more, or room for one. */
  readonly onCreateEnd: () => void;
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
  let isClosed = false;

  const instantiate = async (executor: Executor): Promise<PooledCell> => {
    const slot = slots.take();
    if (!slot) {
      throw new HostError(
        'POOL_CREATE_FAILED',
        `every free slot of adapter "${adapter}" rests after crashes`,
        { retryAfterS: 1 },
      );
    }
    if (!budget.reserve(executor, plan.memoryCount)) {
      slots.free(slot);
      throw new HostError('POOL_BUDGET', `${budget.live} of ${budget.limit} wasm memories are in use`, {
        retryAfterS: 1,
      });
    }
    try {
      const info = await executor.createCell(image.id);
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
    }
  };

  const onCreated = (): void => {
    observe();
    counters.created++;
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

  const best = (
    isPossible: (home: Virgins) => boolean,
    loadOf: (home: Virgins) => number,
  ): Virgins | undefined => {
    let found: Virgins | undefined;
    for (const home of virgins.values()) {
      if (!home.executor.alive || !isPossible(home)) continue;
      if (!found || loadOf(home) < loadOf(found)) found = home;
    }
    return found;
  };
  const any = (): boolean => true;
  const busy = (home: Virgins): number => home.executor.waitMs + home.creating;
  const standing = (home: Virgins): number => home.idle + home.creating;

  const growAt = async (home: Virgins): Promise<void> => {
    coming++;
    try {
      await home.grow();
    } finally {
      coming--;
      options.onCreateEnd();
    }
  };

  const idleVirgins = (): number => {
    let count = 0;
    for (const home of virgins.values()) count += home.idle;
    return count;
  };

  const join = (executor: Executor): void => {
    virgins.set(
      executor,
      createVirgins({ executor, max, create: () => instantiate(executor), onCreated, destroy }),
    );
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
      return shelf.take(tenant, affinity) ?? best((home) => home.idle > 0, busy)?.take();
    },
    putBack(cell) {
      const home = virgins.get(cell.executor);
      if (isClosed || !home || cell.isLost) discard(cell);
      else if (cell.tenant === undefined) home.putBack(cell);
      else shelf.put(cell);
    },
    discard,
    hasRoom: () => best(any, busy) !== undefined && (slots.hasFree() || shelf.size > 0),
    create() {
      const home = best(any, busy);
      if (!home) return undefined;
      if (!slots.hasFree()) {
        const oldest = shelf.takeOldest();
        if (oldest) discard(oldest);
        if (!slots.hasFree()) return undefined;
      }
      counters.misses++;
      return growAt(home);
    },
    grow() {
      const home = best(any, standing);
      return home && slots.hasFree() ? growAt(home) : undefined;
    },
    takeBound: (wanted) => shelf.takeWhere(wanted),
    takeOldestBound: () => shelf.takeOldest(),
    takeVirgins(count) {
      const taken: PooledCell[] = [];
      for (const home of virgins.values()) {
        while (taken.length < count) {
          const cell = home.take();
          if (!cell) break;
          taken.push(cell);
        }
      }
      return taken;
    },
    join,
    leave(executor) {
      const lost = shelf.takeWhere((cell) => cell.executor === executor);
      const home = virgins.get(executor);
      if (home) lost.push(...home.end());
      for (const cell of lost) {
        cell.isLost = true;
        discard(cell);
      }
      virgins.delete(executor);
    },
    close() {
      isClosed = true;
      const idle = shelf.takeWhere(() => true);
      for (const home of virgins.values()) idle.push(...home.end());
      for (const cell of idle) discard(cell);
    },
  };
}
