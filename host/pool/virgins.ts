/**
 * The cells of one adapter version on one executor: a generic-pool, wrapped. The only door to that package.
 *
 * It creates, lends and takes back; a cell that is bound to a tenant stays on loan until it is destroyed, so `max`
 * covers bound cells too. Traps of generic-pool 3.9 that this file closes: a failing `create` is tried again at once
 * as long as somebody waits, so a failure is handed to the waiter as a value and rejects only when nobody waits;
 * `destroy` works on loaned resources only; there is no call that adds a resource, so `grow` borrows what is idle
 * plus as many as are wanted and gives each back at once.
 */

import { createPool } from 'generic-pool';
import type { Executor } from '../types.ts';
import type { PooledCell } from './pooled-cell.ts';

type Resource = { readonly cell: PooledCell } | { readonly error: unknown };

export interface Virgins {
  readonly executor: Executor;
  /** Cells that wait here, never used (or unbound and used, in shared isolation). */
  readonly idle: number;
  /** Creations under way. */
  readonly creating: number;
  /** An idle cell, or a new one when none is idle. Rejects with the creation's error. */
  take(): Promise<PooledCell>;
  /** Gives a taken cell back, to be taken again by anybody. */
  putBack(cell: PooledCell): void;
  /** Destroys a taken cell. */
  discard(cell: PooledCell): void;
  /** Creates `count` more idle cells; resolves when all were tried. Failures go to `onGrowFailed`. */
  grow(count: number): Promise<void>;
}

export function createVirgins(options: {
  readonly executor: Executor;
  readonly max: number;
  readonly create: () => Promise<PooledCell>;
  readonly destroy: (cell: PooledCell) => void;
}): Virgins {
  const { executor, create, destroy } = options;
  const resources = new Map<PooledCell, Resource>();
  let creating = 0;

  const pool = createPool<Resource>(
    {
      async create() {
        creating++;
        try {
          const cell = await create();
          const resource = { cell };
          resources.set(cell, resource);
          return resource;
        } catch (error) {
          // Somebody waits: the failure is theirs. Nobody waits: `grow` hears of it by the event below.
          if (pool.pending > 0) return { error };
          throw error;
        } finally {
          creating--;
        }
      },
      async destroy(resource) {
        if ('cell' in resource) {
          resources.delete(resource.cell);
          destroy(resource.cell);
        }
      },
    },
    // Limits, timeouts and eviction are the adapter pool's: here they would be clamped or swallowed silently.
    {
      max: options.max,
      min: 0,
      autostart: false,
      testOnBorrow: false,
      evictionRunIntervalMillis: 0,
      fifo: false,
    },
  );
  // The creator has told the pool's owner already; without a listener the event would be lost silently here.
  pool.on('factoryCreateError', () => {});

  const take = async (): Promise<PooledCell> => {
    const resource = await pool.acquire();
    if ('cell' in resource) return resource.cell;
    void pool.destroy(resource);
    throw resource.error;
  };

  return {
    executor,
    get idle() {
      return pool.available;
    },
    get creating() {
      return creating;
    },
    take,
    putBack(cell) {
      const resource = resources.get(cell);
      if (resource) void pool.release(resource);
    },
    discard(cell) {
      const resource = resources.get(cell);
      if (resource) void pool.destroy(resource);
    },
    async grow(count) {
      const loans = Array.from({ length: pool.available + count }, async () => {
        const resource = await pool.acquire();
        if ('cell' in resource) void pool.release(resource);
        else void pool.destroy(resource);
      });
      await Promise.all(loans);
    },
  };
}
