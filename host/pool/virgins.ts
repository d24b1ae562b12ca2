/**
 * The cells of one adapter version on one executor: a generic-pool, wrapped. The only door to that package.
 *
 * It lends, takes back and destroys; a cell that is bound to a tenant stays on loan until it is destroyed. Traps of
 * generic-pool 3.9 that this file closes:
 * - a failing `create` is tried again at once as long as somebody waits, and its error reaches nobody: so cells are
 *   made before the package hears of them, its `create` only hands over and cannot fail, and nobody waits in its line;
 * - it makes a resource only for a request that finds nothing idle: so while a new cell enters, the idle ones are
 *   on loan to nobody (`aside`), from where they are lent as before;
 * - `destroy` works on loaned resources only, and `acquire` does not say at once what it lends: it lends what came
 *   back last, so a list of our own knows (asserted).
 */

import assert from 'node:assert';
import { createPool } from 'generic-pool';
import { HostError } from '../errors.ts';
import type { Executor } from '../types.ts';
import type { PooledCell } from './pooled-cell.ts';

export interface Virgins {
  readonly executor: Executor;
  /** Cells that wait here, never used (or unbound and used, in shared isolation). */
  readonly idle: number;
  /** Cells on their way: from the start of the creation until they are idle. */
  readonly creating: number;
  /** Takes an idle cell. */
  take(): PooledCell | undefined;
  /** Gives a taken cell back, to be taken again by anybody. */
  putBack(cell: PooledCell): void;
  /** Destroys a taken cell. */
  discard(cell: PooledCell): void;
  /** Creates one more idle cell. Rejects with the creation's error; EXECUTOR_DIED — it came after `end`. */
  grow(): Promise<void>;
  /** From now on nothing stands here: takes all that is idle; what still comes is destroyed at once. */
  end(): PooledCell[];
}

export function createVirgins(options: {
  readonly executor: Executor;
  readonly max: number;
  readonly create: () => Promise<PooledCell>;
  /** A created cell counts from now on: it gets its place, or is destroyed. */
  readonly onCreated: () => void;
  readonly destroy: (cell: PooledCell) => void;
}): Virgins {
  const { executor, create, onCreated, destroy } = options;
  /** Idle in the package's pool, in the order in which it took them back: it lends the last one first. */
  const idle: PooledCell[] = [];
  /** Idle, but on loan while a new cell enters. */
  const aside: PooledCell[] = [];
  const made: PooledCell[] = [];
  let entering = 0;
  let creating = 0;
  let isEnded = false;

  const pool = createPool<PooledCell>(
    {
      async create() {
        const cell = made.shift();
        assert(cell, 'a cell is made before it is asked for');
        return cell;
      },
      async destroy(cell) {
        destroy(cell);
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

  const borrow = (): PooledCell | undefined => {
    const cell = idle.pop();
    if (!cell) return undefined;
    void pool.acquire();
    assert(pool.isBorrowedResource(cell), 'the pool lends what came back last');
    return cell;
  };
  const take = (): PooledCell | undefined => aside.pop() ?? borrow();

  const discard = (cell: PooledCell): void => {
    assert(pool.isBorrowedResource(cell), 'only a taken cell is destroyed');
    void pool.destroy(cell);
  };

  const putBack = (cell: PooledCell): void => {
    assert(pool.isBorrowedResource(cell), 'only a taken cell comes back');
    if (isEnded) {
      discard(cell);
    } else if (entering > 0) {
      aside.push(cell);
    } else {
      idle.push(cell);
      void pool.release(cell);
    }
  };

  const enter = async (cell: PooledCell): Promise<void> => {
    entering++;
    for (let other = borrow(); other; other = borrow()) aside.unshift(other);
    made.push(cell);
    const entered = await pool.acquire();
    entering--;
    onCreated();
    putBack(entered);
    if (entering === 0) for (const other of aside.splice(0)) putBack(other);
  };

  return {
    executor,
    get idle() {
      return idle.length + aside.length;
    },
    get creating() {
      return creating;
    },
    take,
    putBack,
    discard,
    async grow() {
      creating++;
      try {
        const cell = await create();
        if (!isEnded) {
          await enter(cell);
        } else {
          onCreated();
          destroy(cell);
        }
        if (isEnded) throw new HostError('EXECUTOR_DIED', 'the cell came when its place was gone');
      } finally {
        creating--;
      }
    },
    end() {
      isEnded = true;
      const taken: PooledCell[] = [];
      for (let cell = take(); cell; cell = take()) taken.push(cell);
      return taken;
    },
  };
}
