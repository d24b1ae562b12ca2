/**
 * What keeps a pool at its size and its cells well: topping up virgins, shrinking, health probes.
 *
 * Virgins: `min` of them while the pool is quiet; once the load has moved the target above `min`, only as many as
 * bring the whole pool to its target, at least one. Otherwise the reserve for new tenants would itself push the
 * utilisation out of the 60 to 80 % band.
 */

import { notice } from '../channels.ts';
import type { Clock } from '../clock.ts';
import type { PoolOptions, RunResult } from '../types.ts';
import type { PooledCell } from './pooled-cell.ts';
import type { Sizing } from './sizing.ts';
import type { Stock } from './stock.ts';

/** A health probe that takes longer has failed. */
const PROBE_TIMEOUT_MS = 1_000;

export interface Upkeep {
  /** Cells out for a probe: alive, neither idle nor leased. */
  readonly probing: ReadonlySet<PooledCell>;
  /** True when fewer virgins stand ready than wanted. */
  isShort(): boolean;
  /** Creates virgins up to the goal; resolves when all were tried. */
  topUp(): Promise<void>;
  /** Destroys what has been idle too long and half of what is above the target. */
  shrink(): void;
  /** Probes every idle cell that was not used for an interval. */
  checkHealth(): Promise<void>;
  /** Probes one cell that was taken; puts it back, or destroys it and sees to another. */
  probe(cell: PooledCell): Promise<'well' | 'ill' | 'lost'>;
}

export function createUpkeep(options: {
  readonly adapter: string;
  readonly pool: PoolOptions;
  readonly stock: Stock;
  readonly sizing: Sizing;
  readonly clock: Clock;
  readonly leasedCount: () => number;
  /** False while the breaker is open or the pool closes: no reserve is created then. */
  readonly mayCreate: () => boolean;
  /** An idle cell was replaced because it failed its probe. */
  readonly onReplaced: () => void;
  /** Idle cells may be there now for those who wait. */
  readonly onIdle: () => void;
}): Upkeep {
  const { adapter, pool, stock, sizing, clock } = options;
  const probing = new Set<PooledCell>();

  const virginGoal = (): number => {
    const bound = stock.idleBound + options.leasedCount() + probing.size;
    const goal = sizing.target <= pool.min ? pool.min : Math.max(1, sizing.target - bound);
    return Math.min(goal, pool.max - bound);
  };

  const topUp = async (): Promise<void> => {
    if (!options.mayCreate()) return;
    const growing: Promise<void>[] = [];
    for (let missing = virginGoal() - stock.idleVirgins - stock.coming; missing > 0; missing--) {
      const grown = stock.grow();
      if (!grown) break;
      growing.push(grown);
    }
    // A failure is counted and told by the stock; here nobody waits for the cell, and the next tick tries again.
    await Promise.allSettled(growing);
  };

  const judge = (result: RunResult): 'well' | 'ill' | 'lost' => {
    if (result.kind === 'ok') return 'well';
    // An executor too busy to begin the probe says nothing about the cell.
    if (result.kind === 'not-begun') return result.cellLost ? 'lost' : 'well';
    return 'ill';
  };

  const probe = async (cell: PooledCell): Promise<'well' | 'ill' | 'lost'> => {
    probing.add(cell);
    const result = await cell.executor.probe(cell.id, clock.now() + PROBE_TIMEOUT_MS);
    probing.delete(cell);
    const health = judge(result);
    if (result.kind === 'crash' || health === 'lost') cell.isLost = true;
    if (health === 'well') {
      stock.putBack(cell);
    } else {
      if (health === 'ill') {
        stock.slots.crashed(cell.slot);
        options.onReplaced();
        const message = `a cell of adapter ${adapter} failed its health check`;
        notice({ level: 'warn', event: 'pool.unhealthy', message, fields: { adapter } });
      }
      stock.discard(cell);
      void topUp();
    }
    options.onIdle();
    return health;
  };

  return {
    probing,
    isShort: () => stock.idleVirgins < virginGoal(),
    topUp,
    shrink() {
      const now = clock.now();
      for (const cell of stock.takeBound((idle) => now - idle.idleSinceMs >= pool.idleMs))
        stock.discard(cell);
      const leased = options.leasedCount();
      const surplus = stock.idle + leased - Math.max(sizing.target, leased + 1);
      // Half of the surplus a tick: a load that comes back finds most of its cells.
      let excess = Math.max(0, Math.ceil(surplus / 2));
      for (const cell of stock.takeVirgins(Math.min(excess, stock.idleVirgins - virginGoal()))) {
        excess--;
        stock.discard(cell);
      }
      // In a quiet pool the bound cells stay until `idleMs`: they are some tenant's warm state.
      for (; excess > 0 && sizing.target > pool.min; excess--) {
        const oldest = stock.takeOldestBound();
        if (!oldest) break;
        stock.discard(oldest);
      }
    },
    async checkHealth() {
      const since = clock.now() - pool.healthIntervalMs;
      const bound = stock.takeBound((cell) => cell.idleSinceMs <= since);
      const virgins = stock.takeVirgins(stock.idleVirgins);
      await Promise.all([...bound, ...virgins].map(probe));
    },
    probe,
  };
}
