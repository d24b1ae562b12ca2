/**
 * Compiled layouts, kept from call to call: the same copybook with the same options is parsed once in a cell.
 *
 * A call's allocations are given back when it ends, except what lies below the mark that `keep` sets. So a layout is
 * compiled first thing in a call, and then everything allocated so far is kept. There is no freeing of one layout:
 * when the kept bytes reach their bound, all are dropped, and the next calls compile again. What is kept must not grow
 * afterwards (a Map or an Array that grows would move into memory that is given back).
 *
 * The key is the whole specification, compared byte for byte: no digest, so no collision.
 */

import { hasProblem } from './problem';
import { compileLayout, Layout } from './layout';

/** More layouts than any caller uses at once in one cell. */
const SLOTS_COUNT: i32 = 32;
/** Beyond what one is compiled with, and payloads and results (`compile-room.ts`). */
const KEPT_MAX_BYTES: usize = 40 * 1024 * 1024;

class Slot {
  specification: usize = 0;
  specificationBytes: i32 = 0;
  layout: Layout | null = null;
}

const slots = new StaticArray<Slot>(SLOTS_COUNT);
for (let i = 0; i < SLOTS_COUNT; i++) slots[i] = new Slot();
let used: i32 = 0;

/** `keep`: what was allocated so far stays. `drop`: with the end of this call, all that was kept is given back. */
let keep: (() => void) | null = null;
let drop: (() => void) | null = null;
let keptFrom: usize = 0;

/** Called once, while the module starts. */
export function keepWith(keepAllocated: () => void, dropKept: () => void): void {
  keep = keepAllocated;
  drop = dropKept;
  keptFrom = heapEnd();
}

/** The layout of a specification, compiled when this cell has not got it. Null with a problem set. */
export function layoutOf(specification: usize, specificationBytes: i32): Layout | null {
  for (let i = 0; i < used; i++) {
    const slot = slots[i];
    if (
      slot.specificationBytes == specificationBytes &&
      memory.compare(slot.specification, specification, specificationBytes) == 0
    ) {
      return slot.layout;
    }
  }
  const layout = compileLayout(specification, specificationBytes);
  if (layout === null || hasProblem()) return null;
  if (used == SLOTS_COUNT || heapEnd() - keptFrom > KEPT_MAX_BYTES) {
    // This call's layout goes with the others, since it lies above them. The next call that needs it compiles it again.
    for (let i = 0; i < used; i++) slots[i].layout = null;
    used = 0;
    drop!();
    return layout;
  }
  const copy = heap.alloc(specificationBytes);
  memory.copy(copy, specification, specificationBytes);
  const slot = slots[used++];
  slot.specification = copy;
  slot.specificationBytes = specificationBytes;
  slot.layout = layout;
  keep!();
  return layout;
}

/** Layouts held now. */
export function layoutsCount(): i32 {
  return used;
}

function heapEnd(): usize {
  return __alloc(0);
}
