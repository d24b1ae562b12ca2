/**
 * Totals per adapter over all the pools it ever had, so that no counter goes back when a reload replaces a pool.
 *
 * Pools are told apart by the image they serve. A pool's last word is its closed event; where none came, its last
 * snapshot counts. A pool that shows up after its closed event (it was read a moment before) is not counted twice.
 */

import type { PoolSnapshot } from '../types.ts';

export const POOL_COUNTERS = ['hits', 'misses', 'waits', 'returns', 'replacements', 'crashes'] as const;
export type PoolCounter = (typeof POOL_COUNTERS)[number];
export type Totals = Record<PoolCounter, number>;

export interface PoolTotals {
  /** All pools of one snapshot of the host. */
  observe(pools: readonly PoolSnapshot[]): void;
  /** The last snapshot of one pool. */
  close(pool: PoolSnapshot): void;
  /** By adapter name. */
  totals(): Map<string, Totals>;
}

const none = (): Totals => ({ hits: 0, misses: 0, waits: 0, returns: 0, replacements: 0, crashes: 0 });

/** Element-wise: within one pool a counter never falls, whatever order its snapshots arrive in. */
function merge(a: Totals, b: Totals, how: (a: number, b: number) => number): Totals {
  const result = none();
  for (const counter of POOL_COUNTERS) result[counter] = how(a[counter], b[counter]);
  return result;
}
const add = (a: number, b: number): number => a + b;

export function createPoolTotals(): PoolTotals {
  const past = new Map<string, Totals>();
  const live = new Map<string, { readonly adapter: string; readonly totals: Totals }>();
  /** Closed, and possibly still in a snapshot. */
  const closed = new Set<string>();

  function update(pool: PoolSnapshot): void {
    const before = live.get(pool.imageId)?.totals ?? none();
    live.set(pool.imageId, { adapter: pool.adapter, totals: merge(before, pool.counters, Math.max) });
  }

  function bury(imageId: string): void {
    const pool = live.get(imageId);
    if (pool === undefined) return;
    live.delete(imageId);
    past.set(pool.adapter, merge(past.get(pool.adapter) ?? none(), pool.totals, add));
  }

  return {
    observe(pools) {
      const present = new Set(pools.map((pool) => pool.imageId));
      for (const pool of pools) if (!closed.has(pool.imageId)) update(pool);
      for (const imageId of [...live.keys()]) if (!present.has(imageId)) bury(imageId);
      for (const imageId of closed) if (!present.has(imageId)) closed.delete(imageId);
    },

    close(pool) {
      if (closed.has(pool.imageId)) return;
      update(pool);
      bury(pool.imageId);
      closed.add(pool.imageId);
    },

    totals() {
      const result = new Map(past);
      for (const { adapter, totals } of live.values()) {
        result.set(adapter, merge(result.get(adapter) ?? none(), totals, add));
      }
      return result;
    },
  };
}
