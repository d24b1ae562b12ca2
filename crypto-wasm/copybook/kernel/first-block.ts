/**
 * The heap's first block. `entry.ts` imports this before anything else, because the imports of a module start before
 * it does: whatever they allocate then lies above, and giving back a call's memory counts from here.
 */

/** `release` moves the heap's end by one block from the heap's start to the mark; this one's size may be lost. */
export const anchor: usize = __alloc(0);
