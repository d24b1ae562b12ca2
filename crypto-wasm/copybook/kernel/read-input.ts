/** What is behind the specification in payloads about records: first record, offset, a number, flags, the input. */

import { fail, PAYLOAD } from './problem';

const HEADER_BYTES: usize = 24;
/** Readers of records load whole vectors, up to this far behind the input's last byte. */
const SLACK_BYTES: usize = 64;

export let firstRecord: i64 = 0;
export let inputOffset: i64 = 0;
/** Rows, or target bytes. */
export let wanted: u32 = 0;
export let flags: u32 = 0;
export let inputAt: usize = 0;
export let inputEnd: usize = 0;

/** False with a problem set. */
export function readInput(at: usize, end: usize): bool {
  if (end - at < HEADER_BYTES) {
    fail(PAYLOAD, 'behind the specification come 24 bytes: first record, offset, a number, flags');
    return false;
  }
  firstRecord = load<i64>(at);
  inputOffset = load<i64>(at, 8);
  wanted = load<u32>(at, 16);
  flags = load<u32>(at, 20);
  inputAt = at + HEADER_BYTES;
  inputEnd = end;
  if (firstRecord < 0 || inputOffset < 0 || firstRecord + inputOffset < 0) {
    fail(PAYLOAD, 'the number of the first record and its offset are below 2^63');
    return false;
  }
  // The heap then ends behind what may be loaded.
  heap.alloc(SLACK_BYTES);
  return true;
}
