/**
 * The entry of an AssemblyScript adapter of a world of its own.
 *
 * `./guest` is the adapter's own source, put there by the build: each function that it exports is one of its world, in the
 * Canonical ABI. The build gives them the names that the component model expects, and each of them `post_return`.
 */

import { allocate, reallocate, release, settle } from './arena';

export * from './guest';

/** Memory for the arguments of a call, aligned to 16: more than any type asks for. */
export function cabi_realloc(address: usize, _oldBytes: usize, _align: usize, newBytes: usize): usize {
  return address == 0 ? allocate(newBytes) : reallocate(address, newBytes);
}

/** The host has read the result: the memory of the call is free again. */
export function post_return(_result: usize): void {
  release();
}

settle();
