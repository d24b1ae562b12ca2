/**
 * The memory of one call: a bump arena over AssemblyScript's `stub` runtime, given back in one step after the call.
 *
 * What the module allocated while it started lies below the mark and stays. What a call allocates lies above it and is
 * gone after `release()`: overwritten by the next call, or with zeros by `wipe()`. Memory grows as calls need it, is used again by the next one, and never shrinks.
 * Must be imported before the guest, so that the anchor is the heap's first block.
 */

/**
 * `release` moves the heap's end by allocating one block from the heap's start up to the mark, which overwrites the
 * size of whatever block comes first. Nobody ever looks at the anchor's size, so that one is sacrificed.
 */
const anchor: usize = __alloc(0);
let mark: usize = 0;
/** The mark that was set when the module had started. */
let base: usize = 0;

/** Everything allocated so far stays: called when the module has started, and by guests that keep what a call made. */
export function settle(): void {
  mark = __alloc(0);
  if (base == 0) base = mark;
}

/** With the next `release`, everything allocated since the module started is given back. */
export function unsettle(): void {
  mark = base;
}

/** Gives back everything allocated since `settle`. */
export function release(): void {
  heap.reset();
  __alloc(mark - anchor);
}

/** Zeros over everything allocated since `settle`: for guests whose payloads and results are secret. Before `release`. */
export function wipe(): void {
  memory.fill(mark, 0, __alloc(0) - mark);
}

/**
 * Memory for the host to write an argument to, 16-byte aligned. The block carries the header of an ArrayBuffer, so
 * that the guest gets the host's bytes as a typed array without copying them. Traps at the memory's limit.
 */
export function allocate(sizeBytes: usize): usize {
  return __new(sizeBytes, idof<ArrayBuffer>());
}

/** Changes the size of a block of `allocate`, in place when it is the newest. */
export function reallocate(address: usize, sizeBytes: usize): usize {
  return __renew(address, sizeBytes);
}

/** The bytes at an address of `allocate`, as a typed array over that same memory. */
export function view(address: usize, lengthBytes: i32): Uint8Array {
  // An empty list need not have been allocated: its address says nothing.
  if (lengthBytes == 0) return new Uint8Array(0);
  return Uint8Array.wrap(changetype<ArrayBuffer>(address), 0, lengthBytes);
}
