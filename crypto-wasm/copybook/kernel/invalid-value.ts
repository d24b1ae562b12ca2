/**
 * What becomes of bytes that are not what their item says: a problem, null, or the bytes themselves; and `_errors`.
 *
 * A record's errors are noted as places and written behind its members. What is another view's bytes is no error.
 */

import { writeHex } from './character-text';
import { At, Flag } from './decode-op';
import { Item } from './item';
import { Invalid, Options } from './options';
import { DATA, failInRecord } from './problem';
import { reason, reasonText } from './value-text';

/** What the driver says before each record, for problems and `_errors`. */
export let recordNumber: i64 = 0;
export let recordOffset: i64 = 0;
export function beginRecord(number: i64, offset: i64): void {
  recordNumber = number;
  recordOffset = offset;
}
/** Fields that were not valid, since the module started. */
export let errorsCount: i64 = 0;
/** The last value ended the operation. */
export let isError: bool = false;

/** `_errors` names so many fields of one record; `errorsCount` counts all. A record that is wholly wrong says so with fewer. */
const ERRORS_MAX_COUNT: i32 = 1000;
/** Operation, address, length, reason: u32 each. */
const NOTES: usize = memory.data(16000, 16);
let notesCount: i32 = 0;

/** Before a record. */
export function forgetErrors(): void {
  notesCount = 0;
  isError = false;
}

/** Counts the error and sets the problem, or notes it. True when the operation is over. */
export function noteInvalid(op: usize, item: Item, at: usize, lengthBytes: i32, record: usize): bool {
  if ((load<i32>(op, At.FLAGS) & Flag.IS_LENIENT) != 0) return false;
  errorsCount++;
  if (load<i32>(op, At.POLICY) == Invalid.ERROR) {
    isError = true;
    failInRecord(DATA, recordNumber, recordOffset + <i64>(at - record), item.path(), reasonText(reason));
    return true;
  }
  if (notesCount < ERRORS_MAX_COUNT) {
    const note = NOTES + (notesCount++ << 4);
    store<u32>(note, <u32>op);
    store<u32>(note, <u32>at, 4);
    store<i32>(note, lengthBytes, 8);
    store<i32>(note, reason, 12);
  }
  return false;
}

/** A leaf whose bytes are not valid. `out` is where its key begins; gives the end of what stands there instead. */
export function writeInvalid(op: usize, item: Item, at: usize, lengthBytes: i32, record: usize, out: usize): usize {
  const flags = load<i32>(op, At.FLAGS);
  if (noteInvalid(op, item, at, lengthBytes, record)) return out;
  const isRaw = load<i32>(op, At.POLICY) == Invalid.RAW && (flags & Flag.IS_LENIENT) == 0;
  if (!isRaw && (flags & Flag.OMITS_NULL) != 0) return out;
  const keyBytes = load<i32>(op, At.KEY_BYTES) - ((flags & Flag.HAS_QUOTE) != 0 ? 1 : 0);
  memory.copy(out, load<usize>(op, At.KEY), keyBytes);
  let to = out + keyBytes;
  if (isRaw) {
    to = writeHex(at, lengthBytes, writeAscii('{"raw":"', to));
    to = writeAscii('"}', to);
  } else {
    to = writeAscii('null', to);
  }
  return writeAscii(',', to);
}

/** `"_errors":[…],` when the options ask for it and there are some. */
export function writeErrors(options: Options, record: usize, out: usize): usize {
  if (!options.errorColumn || notesCount == 0) return out;
  let to = writeAscii('"_errors":[', out);
  for (let i = 0; i < notesCount; i++) {
    const note = NOTES + (i << 4);
    const op = <usize>load<u32>(note);
    const at = <usize>load<u32>(note, 4);
    to = writeAscii(i == 0 ? '{"field":' : ',{"field":', to);
    const path = pathOf(op);
    memory.copy(to, path + 4, load<usize>(path));
    to = writeAscii(',"offset":', to + load<usize>(path));
    to = writeInteger(recordOffset + <i64>(at - record), to);
    to = writeAscii(',"hex":"', to);
    to = writeHex(at, load<i32>(note, 8), to);
    to = writeAscii('","reason":"', to);
    to = writeAscii(reasonText(load<i32>(note, 12)), to);
    to = writeAscii('"}', to);
  }
  return writeAscii('],', to);
}

/** Behind the key of an operation: `u32 length, path in quotes`; there when the options ask for errors. */
export function pathOf(op: usize): usize {
  return load<usize>(op, At.KEY) + max((load<usize>(op, At.KEY_BYTES) + 31) & ~15, 32);
}

/** From 0 on. */
function writeInteger(value: i64, out: usize): usize {
  let bytes = 1;
  for (let rest = value / 10; rest > 0; rest /= 10) bytes++;
  let rest = value;
  for (let i = bytes - 1; i >= 0; i--) {
    store<u8>(out + i, <u8>(0x30 + rest % 10));
    rest /= 10;
  }
  return out + bytes;
}

function writeAscii(text: string, out: usize): usize {
  for (let i = 0; i < text.length; i++) store<u8>(out + i, <u8>text.charCodeAt(i));
  return out + text.length;
}
