/**
 * The entry of every AssemblyScript adapter: the functions the host calls, in the canonical ABI of `hotcell.wit`.
 *
 * `./guest` is the adapter's own source, put there by the build. It exports `handle`, and may export `health`,
 * `wipesMemory` and `keepWith`.
 * The build gives the exports below the names that the component model expects.
 */

import { allocate, reallocate, release, settle, unsettle, view, wipe } from './arena';
import * as guest from './guest';
import { Reply } from 'hotcell/kit';

/** Where results are described: `result<list<u8>, failure>` takes 16 bytes, `result<_, string>` 12. */
const RESULT: usize = memory.data(16, 4);

/** Memory for the arguments of a call. They are byte strings, whose alignment is below the arena's 16. */
export function cabi_realloc(address: usize, _oldBytes: usize, _align: usize, newBytes: usize): usize {
  return address == 0 ? allocate(newBytes) : reallocate(address, newBytes);
}

export function invoke(operation: usize, operationBytes: i32, payload: usize, payloadBytes: i32): usize {
  const name = String.UTF8.decodeUnsafe(operation, operationBytes);
  const reply: Reply = guest.handle(name, view(payload, payloadBytes));
  if (reply.kind == 0) {
    store<u8>(RESULT, 0);
    store<u32>(RESULT, <u32>reply.address, 4);
    store<u32>(RESULT, reply.lengthBytes, 8);
  } else {
    store<u8>(RESULT, 1);
    store<u8>(RESULT, <u8>(reply.kind - 1), 4);
    store<u32>(RESULT, <u32>reply.address, 8);
    store<u32>(RESULT, reply.lengthBytes, 12);
  }
  return RESULT;
}

/** The guest's `health` returns an empty text while all is well; a guest without one is always well. */
export function health(): usize {
  const problem: string = isDefined(guest.health) ? guest.health() : '';
  const text = String.UTF8.encode(problem);
  store<u8>(RESULT, problem.length > 0 ? 1 : 0);
  store<u32>(RESULT, <u32>changetype<usize>(text), 4);
  store<u32>(RESULT, text.byteLength, 8);
  return RESULT;
}

/** The host has read the result: the memory of the call is free again. */
export function post_return(_result: usize): void {
  if (isDefined(guest.wipesMemory)) wipe();
  release();
}

if (isDefined(guest.keepWith)) guest.keepWith(settle, unsettle);
settle();
