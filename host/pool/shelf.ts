/**
 * Idle cells that are bound to a tenant: by tenant and executor, and in order of last use over all tenants.
 *
 * A tenant gets its most recently used cell on its least busy executor, or a recent one that carries the wanted
 * affinity. Whoever needs room takes the least recently used of all. Taking costs the same with ten cells or with
 * thousands.
 */

import type { Executor } from '../types.ts';
import type { PooledCell } from './pooled-cell.ts';

/** How many recent cells of an executor are looked at for an affinity. */
const AFFINITY_SCAN = 32;

export interface Shelf {
  readonly size: number;
  put(cell: PooledCell): void;
  /** Takes this tenant's best idle cell. */
  take(tenant: string, affinity: string | undefined): PooledCell | undefined;
  /** Takes the least recently used cell of anybody. */
  takeOldest(): PooledCell | undefined;
  /** Takes all cells for which `wanted` is true. */
  takeWhere(wanted: (cell: PooledCell) => boolean): PooledCell[];
}

export function createShelf(): Shelf {
  const byTenant = new Map<string, Map<Executor, PooledCell[]>>();
  // A Set keeps insertion order: the first is the least recently used.
  const all = new Set<PooledCell>();

  const remove = (cell: PooledCell): void => {
    all.delete(cell);
    const stacks = byTenant.get(cell.tenant as string);
    const stack = stacks?.get(cell.executor);
    if (!stacks || !stack) return;
    if (stack.at(-1) === cell) stack.pop();
    else stack.splice(stack.indexOf(cell), 1);
    if (stack.length === 0) stacks.delete(cell.executor);
    if (stacks.size === 0) byTenant.delete(cell.tenant as string);
  };

  const withAffinity = (stacks: Map<Executor, PooledCell[]>, affinity: string): PooledCell | undefined => {
    for (const stack of stacks.values()) {
      const from = Math.max(0, stack.length - AFFINITY_SCAN);
      const found = stack.findLast((cell, index) => index >= from && cell.affinities.has(affinity));
      if (found) return found;
    }
    return undefined;
  };

  return {
    get size() {
      return all.size;
    },
    put(cell) {
      const tenant = cell.tenant as string;
      let stacks = byTenant.get(tenant);
      if (!stacks) {
        stacks = new Map();
        byTenant.set(tenant, stacks);
      }
      const stack = stacks.get(cell.executor);
      if (stack) stack.push(cell);
      else stacks.set(cell.executor, [cell]);
      all.add(cell);
    },
    take(tenant, affinity) {
      const stacks = byTenant.get(tenant);
      if (!stacks) return undefined;
      let cell = affinity === undefined ? undefined : withAffinity(stacks, affinity);
      if (!cell) {
        let best: PooledCell[] | undefined;
        let bestWaitMs = Number.POSITIVE_INFINITY;
        for (const [executor, stack] of stacks) {
          // A cell behind a long call is no idle cell.
          const { waitMs } = executor;
          if (waitMs < bestWaitMs) {
            best = stack;
            bestWaitMs = waitMs;
          }
        }
        cell = best?.at(-1);
      }
      if (cell) remove(cell);
      return cell;
    },
    takeOldest() {
      for (const cell of all) {
        remove(cell);
        return cell;
      }
      return undefined;
    },
    takeWhere(wanted) {
      const taken = [...all].filter(wanted);
      for (const cell of taken) remove(cell);
      return taken;
    },
  };
}
