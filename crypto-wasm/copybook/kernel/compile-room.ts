/**
 * How much memory a specification may take while it is compiled.
 *
 * Nothing is freed within a call, and an allocation beyond a cell's memory kills the cell: so whatever allocates for each
 * word, item or member asks here before, and a copybook that would not fit is a problem like any other.
 */

import { fail, LIMIT } from './problem';

/**
 * Of a cell's 288 MiB: 40 are kept layouts, 8 a payload, 4 a copy of the specification, 60 the output with a record
 * beyond it and room to put a problem before it, and 40 what is made of a layout after it was last asked here.
 */
const COMPILED_MAX_BYTES: usize = 136 * 1024 * 1024;

let endAt: usize = 0;

export function beginCompiling(): void {
  endAt = __alloc(0) + COMPILED_MAX_BYTES;
}

/** False with a problem (`LIMIT`). Each question takes 16 bytes. */
export function hasRoom(): bool {
  // Parts that a test compiles alone have no bound.
  if (endAt == 0 || __alloc(0) <= endAt) return true;
  fail(LIMIT, 'the copybook with its options takes more than ' + (COMPILED_MAX_BYTES >> 20).toString() + ' MiB of memory');
  return false;
}
