/**
 * The answer of `decode` while it is being written: 24 bytes of counts, the problem if there is one, the output.
 *
 * The output's room is allocated once, for what the input can become at most. A record is written wherever `outAt` is
 * and then kept or taken back, so a problem never leaves half a record behind.
 */

import { answer } from './answer';
import { clearProblem, hasProblem, problemJson } from './problem';

/** What the output of one call may have: with its header and a problem it is below the adapter's 16 MiB. */
export const OUTPUT_MAX_BYTES: i32 = 14_680_064;
const HEADER_BYTES: usize = 24;

let headerAt: usize = 0;
let firstAt: usize = 0;
/** Where the next byte of output goes, and where the output has reached its bound. */
export let outAt: usize = 0;
export let fullAt: usize = 0;

/** `ratherBytes` is what the output will have if it is less than the bound; `slackBytes` may be written beyond. */
export function openOutput(ratherBytes: i64, slackBytes: i32): void {
  const bytes = <usize>min(max(ratherBytes, 0), OUTPUT_MAX_BYTES);
  headerAt = heap.alloc(HEADER_BYTES + bytes + <usize>slackBytes + 64);
  firstAt = headerAt + HEADER_BYTES;
  outAt = firstAt;
  fullAt = firstAt + <usize>OUTPUT_MAX_BYTES;
}

/** The output goes on here. */
export function wrote(end: usize): void {
  outAt = end;
}

export function outputBytes(): usize {
  return outAt - firstAt;
}

/**
 * Ends the operation. A problem that is set becomes part of the answer. `resume` is that of `consumed` (`frames.ts`).
 */
export function closeOutput(consumed: usize, resume: u32, records: i32, errors: i64, rows: i32): void {
  store<u32>(headerAt, <u32>consumed);
  store<u32>(headerAt, <u32>records, 4);
  store<u32>(headerAt, resume | (hasProblem() ? 1 : 0), 8);
  store<u32>(headerAt, 0, 12);
  store<u32>(headerAt, <u32>min(errors, 0xffffffff), 16);
  store<u32>(headerAt, <u32>rows, 20);
  const bytes = outputBytes();
  if (!hasProblem()) return answer(headerAt, HEADER_BYTES + bytes);
  const text = String.UTF8.encode(problemJson());
  clearProblem();
  const whole = heap.alloc(HEADER_BYTES + text.byteLength + bytes);
  memory.copy(whole, headerAt, HEADER_BYTES);
  store<u32>(whole, text.byteLength, 12);
  memory.copy(whole + HEADER_BYTES, changetype<usize>(text), text.byteLength);
  memory.copy(whole + HEADER_BYTES + text.byteLength, firstAt, bytes);
  answer(whole, HEADER_BYTES + text.byteLength + bytes);
}

export function writeByte(byte: u8): void {
  store<u8>(outAt++, byte);
}

/** So many bytes of ASCII that were made ready when the layout was compiled. */
export function writeBytes(from: usize, bytes: i32): void {
  memory.copy(outAt, from, bytes);
  outAt += bytes;
}

/** Not negative. */
export function writeNumber(value: i64): void {
  let divisor: i64 = 1;
  while (value / divisor > 9) divisor *= 10;
  for (; divisor > 0; divisor /= 10) writeByte(<u8>(0x30 + (value / divisor) % 10));
}
