/**
 * The linear memories of a thread's cells: lent to those that may have one of a cell before them, and counted until they are gone.
 *
 * A dropped cell's memories reserve address space until the garbage collector has taken them, for all threads of the process: the
 * host counts them, and is told here how many are gone. Those that were given back count as gone: the next cell counts them again.
 */

import type { Cell } from './cell.ts';
import type { Image } from './link.ts';
import { createMemoryShelves, type MemoryLoan, type MemoryShelf } from './memory-shelf.ts';

export interface Memories {
  /** For a cell of this image that is about to be made. */
  open(image: Image): CellMemories;
  /** The image is gone. */
  forget(image: Image): void;
}

export interface CellMemories {
  readonly loan: MemoryLoan;
  /** The cell stands. */
  watch(cell: Cell): void;
  /** The cell is idle and well, and is dropped. */
  giveBack(cell: Cell): void;
}

/** `report` is told how many memories are gone, once for those of one turn of the event loop. */
export function createMemories(report: (count: number) => void): Memories {
  const shelfOf = createMemoryShelves();
  const shelves = new WeakMap<Image, MemoryShelf>();
  let goneCount = 0;

  const gone = (count: number): void => {
    if (count === 0) return;
    if (goneCount === 0) setImmediate(tell);
    goneCount += count;
  };
  const tell = (): void => {
    const count = goneCount;
    goneCount = 0;
    report(count);
  };
  const watched = new FinalizationRegistry<number>(gone);

  return {
    open(image) {
      const { memoryCount } = image.plan;
      const shelf = shelves.get(image) ?? shelfOf(image.lent);
      shelves.set(image, shelf);
      const loan = shelf.open();
      return {
        loan,
        watch: (cell) => watched.register(cell, memoryCount, cell),
        giveBack(cell) {
          const backCount = loan.giveBack();
          if (backCount === 0) return;
          gone(backCount);
          watched.unregister(cell);
          if (backCount < memoryCount) watched.register(cell, memoryCount - backCount, cell);
        },
      };
    },
    forget(image) {
      shelves.get(image)?.close();
    },
  };
}
