/**
 * Single values of flat columns the slow way, and what becomes of those that are not valid: for the rows that no
 * kernel took, and for CSV.
 *
 * The first row whose invalid value ends the operation is what `beginRows` and `rowsLeft` are about: rows from there on
 * are not written. Which value it was is kept until `failAtRow` makes it the operation's problem.
 */

import { Item } from './item';
import { FlatOperation } from './flat-plan';
import { Invalid, Options } from './options';
import { DATA, failInRecord } from './problem';
import { Reason, reason, reasonText, setReason, writeNumberText } from './value-text';

/** Rows before the first one that ends the operation. */
export let rowsLeft: i32 = 0;
/** Fields that were not valid in the rows written, those of them that are null by their policy. */
export let invalidCount: i64 = 0;
let wrongItem: Item | null = null;
let wrongOffsetBytes: i64 = 0;
let wrongReason: i32 = 0;

export function beginRows(count: i32): void {
  rowsLeft = count;
  invalidCount = 0;
  wrongItem = null;
}

/** The same rows without the one that ended them, and those behind it. */
export function restartRows(): void {
  invalidCount = 0;
}

/** A value that is not valid (`reason` of `value-text.ts`), so many bytes into the record of a row: null at best. */
export function refuse(item: Item, policy: i32, isQuiet: bool, row: i32, offsetBytes: i64): void {
  if (isQuiet || row >= rowsLeft) return;
  if (policy != Invalid.ERROR) {
    invalidCount++;
    return;
  }
  rowsLeft = row;
  wrongItem = item;
  wrongOffsetBytes = offsetBytes;
  wrongReason = reason;
}

/** Sets the problem of the row that ended the rows; does nothing where none did. */
export function failAtRow(record: i64, offset: i64): void {
  const item = wrongItem;
  if (item !== null) failInRecord(DATA, record, offset + wrongOffsetBytes, item.path(), reasonText(wrongReason));
}

/** The integer read last: 128 bits, two's complement. */
export let low: u64 = 0;
export let high: u64 = 0;

/** Text of a number that becomes an integer: 38 digits and a sign; room for edited pictures besides. */
const TEXT: usize = memory.data(1024, 16);

export namespace Value {
  export const VALID: i32 = 0;
  export const NULL: i32 = 1;
  export const INVALID: i32 = 2;
}

/** Reads any number into `low` and `high`, times 10^scale where it has decimal places. Gives a `Value`. */
export function readInteger(item: Item, options: Options, at: usize): i32 {
  const end = writeNumberText(item, options, at, TEXT);
  if (end == 0) return Value.INVALID;
  if (end == TEXT) return Value.NULL;
  low = 0;
  high = 0;
  for (let i = TEXT; i < end; i++) {
    const digit = <u64>load<u8>(i) - 0x30;
    // The sign and the point.
    if (digit > 9) continue;
    // Ten times the low half: its carry is what the product has above 64 bits.
    const carried = (low >> 32) * 10 + (((low & 0xffffffff) * 10) >> 32);
    const product = low * 10;
    low = product + digit;
    high = high * 10 + (carried >> 32) + (low < product ? 1 : 0);
  }
  if (load<u8>(TEXT) == 0x2d) {
    low = ~low + 1;
    high = ~high + (low == 0 ? 1 : 0);
  }
  return Value.VALID;
}

/** Reads COMP-1 and COMP-2, to the nearest double. Gives a `Value`; the number's bits are in `low`. */
export function readFloat(operation: FlatOperation, options: Options, at: usize): i32 {
  const length = operation.lengthBytes;
  let bits: u64 = 0;
  for (let i = 0; i < length; i++) {
    bits = (bits << 8) | <u64>load<u8>(options.floatIsLittleEndian ? at + length - 1 - i : at + i);
  }
  let value: f64;
  if (options.floatIsIeee) {
    value = length == 8 ? reinterpret<f64>(bits) : <f64>reinterpret<f32>(<u32>bits);
    if (!isFinite(value)) {
      setReason(Reason.NOT_FINITE);
      return Value.INVALID;
    }
  } else {
    const digits = length == 8 ? 14 : 6;
    const fraction = bits & ((<u64>1 << (digits * 4)) - 1);
    const exponent = (<i32>(bits >> (digits * 4)) & 127) - 64 - digits;
    // 16^exponent is from 2^-312 to 2^252: a double's power of two, so the only rounding is that of the fraction.
    value = <f64>fraction * reinterpret<f64>(<u64>(1023 + 4 * exponent) << 52);
    if ((bits >> (length * 8 - 1)) & 1) value = -value;
  }
  // There is no -0 in the output.
  low = reinterpret<u64>(value == 0 ? 0 : value);
  return Value.VALID;
}
