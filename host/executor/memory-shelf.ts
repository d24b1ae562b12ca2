/**
 * Memories that serve one cell after another: those of a cell that ended well are wiped and given to the next cell of the version.
 *
 * Only for cells that take nothing from the host (`registry/memory-loan.ts`): no other code than the guest's own ever writes to
 * their memory, so once the cell is over nobody does. Always: a memory belongs to one cell at a time; every byte of it is zero when
 * it is lent; one that grew is not kept, because a memory cannot shrink.
 */

import type { LentMemory } from '../types.ts';

/** Name of the import by which a module takes its memory. `registry/memory-loan.ts` writes it. */
export const LENT_IMPORT = 'hotcell!memory';
const PAGE_BYTES = 65_536;
/** 64 MiB a thread: kept memories are resident. */
const KEPT_MAX_PAGES = 1_024;
/** Of one version and module: more cells than these are hardly ever begun anew at once. */
const KEPT_MAX_COUNT = 32;
/** V8 keeps a list of a memory's instances, dead ones too until they are collected. */
const USES_MAX = 1_000;

interface Lent {
  readonly module: number;
  readonly memory: WebAssembly.Memory;
  uses: number;
}

/** What one cell has on loan. */
export interface MemoryLoan {
  /** The memory of an instance of this module; undefined for one that makes its own. Throws RangeError — there is no room for one. */
  lend(module: number): WebAssembly.Memory | undefined;
  /** The cell is over, ended well and is not entered again. Gives how many of its memories will serve others. */
  giveBack(): number;
}

export interface MemoryShelf {
  /** For a cell that is about to be made. */
  open(): MemoryLoan;
  /** Keeps nothing any more: the version is gone. */
  close(): void;
}

/** Makes the shelves of one thread, one for each version; `lent` are its modules' memories, in the order of its modules. */
export function createMemoryShelves(): (lent: readonly (LentMemory | undefined)[]) => MemoryShelf {
  let keptPages = 0;

  return (lent) => {
    const kept = lent.map((): Lent[] => []);
    let isClosed = false;

    const keep = (one: Lent): boolean => {
      const pages = lent[one.module]?.initialPages ?? 0;
      const stack = kept[one.module];
      if (isClosed || stack === undefined || stack.length >= KEPT_MAX_COUNT) return false;
      if (keptPages + pages > KEPT_MAX_PAGES || ++one.uses > USES_MAX) return false;
      if (one.memory.buffer.byteLength !== pages * PAGE_BYTES) return false;
      new Uint8Array(one.memory.buffer).fill(0);
      keptPages += pages;
      stack.push(one);
      return true;
    };

    return {
      open() {
        const taken: Lent[] = [];
        return {
          lend(module) {
            const limits = lent[module];
            if (limits === undefined) return undefined;
            const { initialPages, maximumPages } = limits;
            let one = kept[module]?.pop();
            if (one) keptPages -= initialPages;
            else {
              const memory = new WebAssembly.Memory({ initial: initialPages, maximum: maximumPages });
              one = { module, memory, uses: 0 };
            }
            taken.push(one);
            return one.memory;
          },
          giveBack: () => taken.splice(0).filter(keep).length,
        };
      },
      close() {
        isClosed = true;
        for (const [module, stack] of kept.entries()) {
          keptPages -= stack.splice(0).length * (lent[module]?.initialPages ?? 0);
        }
      },
    };
  };
}
