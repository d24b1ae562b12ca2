/**
 * One leaf to JSON, its key before it: by the kernel of its operation, as part of a run, or the slow and exact way where
 * its bytes are not what a kernel takes. Nothing is allocated.
 */

import { writeText } from './character-text';
import { At, Flag, Op, OP_BYTES } from './decode-op';
import { DecodePlan } from './decode-plan';
import { noteInvalid, writeInvalid } from './invalid-value';
import { Item } from './item';
import { writeAmount, writePacked, writePackedLong, writeZoned } from './number-lanes';
import { Options } from './options';
import { Run } from './run-op';
import { writeLongText, writeText16, writeText32 } from './text-lanes';
import { quoteLong, Reason, setReason, writeNumberText } from './value-text';
import { writeRun } from './write-run';

const NULL_TEXT: u32 = 0x6c6c756e;
/** `,` after a value; the last one before the end of an object or array is taken back. */
export const COMMA: u8 = 0x2c;

/** Copies what stands before a value. */
// @ts-ignore: decorator
@inline
export function writeKey(op: usize, out: usize): usize {
  const key = load<usize>(op, At.KEY), length = load<usize>(op, At.KEY_BYTES);
  v128.store(out, v128.load(key));
  v128.store(out, v128.load(key, 16), 16);
  if (length > 32) memory.copy(out + 32, key + 32, length - 32);
  return out + length;
}

/** `null` in the place of the operation's value, or nothing where nulls are left out. */
export function writeNull(op: usize, out: usize): usize {
  const flags = load<i32>(op, At.FLAGS);
  if ((flags & (Flag.OMITS_NULL | Flag.IS_SILENT)) != 0) return out;
  let to = writeKey(op, out);
  if ((flags & Flag.HAS_QUOTE) != 0) to--;
  store<u32>(to, NULL_TEXT);
  store<u8>(to + 4, COMMA);
  return to + 5;
}

/** A value that no kernel took: exact, or null, or what its policy says. `out` is where its key begins. */
export function writeSlowly(plan: DecodePlan, op: usize, at: usize, end: usize, record: usize, out: usize): usize {
  const flags = load<i32>(op, At.FLAGS);
  const item = changetype<Item>(load<usize>(op, At.ITEM));
  let length = load<i32>(op, At.LENGTH);
  if (at >= end) return length == 0 && (flags & Flag.IS_TEXT) != 0 ? writeEmpty(op, out) : writeNull(op, out);
  const value = writeKey(op, out);
  let to: usize = 0;
  if (length > <i32>(end - at)) length = <i32>(end - at);
  if ((flags & Flag.IS_TEXT) != 0) {
    to = writeText(item, plan.options, at, length, true, value);
  } else if (length < load<i32>(op, At.LENGTH)) {
    setReason(Reason.CUT);
  } else {
    to = writeNumberText(item, plan.options, at, value);
    if (to == value) return writeNull(op, out);
  }
  if (to == 0) return writeInvalid(op, item, at, length, record, out);
  if ((flags & Flag.HAS_QUOTE) != 0) store<u8>(to++, 0x22);
  else to = quoteLong(item, value, to);
  store<u8>(to, COMMA);
  return to + 1;
}

function writeEmpty(op: usize, out: usize): usize {
  const to = writeKey(op, out);
  store<u16>(to, 0x2c22);
  return to + 2;
}

/** A table whose counter cannot be right: null, an error unless another view's bytes are there. */
export function refuseTable(op: usize, at: usize, record: usize, out: usize): usize {
  setReason(Reason.COUNTER);
  const item = changetype<Item>(load<usize>(op, At.ITEM));
  const to = noteInvalid(op, item, at, 0, record) ? out : writeNull(op, out);
  return to;
}

/** Where `writeLeaves` stopped: an operation that is no leaf, or a leaf whose bytes are not what its kernel takes. */
export let stoppedAt: usize = 0;

/** Leaves by their kernels, as far as it goes. Apart from `execute` so that all it works on stays in registers. */
export function writeLeaves(op: usize, base: usize, end: usize, out: usize): usize {
  while (true) {
    const at = base + load<usize>(op, At.OFFSET);
    const length = load<usize>(op, At.LENGTH);
    if (at + length > end) break;
    let to: usize;
    switch (load<i32>(op)) {
      case Op.TEXT_16:
        to = writeText16(op, at, length, writeKey(op, out));
        break;
      case Op.TEXT_32:
        to = writeText32(op, at, length, writeKey(op, out));
        break;
      case Op.TEXT_LONG:
        to = writeLongText(op, at, length, writeKey(op, out));
        break;
      case Op.ZONED:
        to = writeZoned(op, at, writeKey(op, out));
        break;
      case Op.PACKED:
        to = writePacked(op, at, length, writeKey(op, out));
        break;
      case Op.BINARY_2:
      case Op.BINARY_4:
      case Op.BINARY_8:
        to = writeBinary(op, at, writeKey(op, out));
        break;
      case Op.PACKED_LONG:
        to = writePackedLong(op, at, length, writeKey(op, out));
        break;
      default:
        to = 0;
    }
    if (to == 0) break;
    out = to;
    op += OP_BYTES;
  }
  stoppedAt = op;
  return out;
}

/** Records after which a run that does not take them is tried again: this many at most. */
const PAUSE_MAX_COUNT: u32 = 32;

/**
 * The run that begins with this leaf; 0 where there is none, or where its operations have to decide. A run that fails
 * is left out for a while, twice as long each time: where one field is never plain, little is done twice.
 */
// @ts-ignore: decorator
@inline
export function tryRun(op: usize, base: usize, end: usize, out: usize): usize {
  const run = load<usize>(op, At.JUMP);
  if (run == 0 || base + load<usize>(run, Run.END) > end) return 0;
  const pause = load<u32>(run, Run.PAUSE);
  if (pause != 0) {
    store<u32>(run, pause - 1, Run.PAUSE);
    return 0;
  }
  const to = writeRun(run, base, out);
  const last = load<u32>(run, Run.PAUSE_LAST);
  if (to != 0) {
    if (last != 0) store<u32>(run, 0, Run.PAUSE_LAST);
    return to;
  }
  const next = min((last << 1) | 1, PAUSE_MAX_COUNT);
  store<u32>(run, next, Run.PAUSE);
  store<u32>(run, next, Run.PAUSE_LAST);
  return 0;
}

// @ts-ignore: decorator
@inline
function writeBinary(op: usize, at: usize, out: usize): usize {
  const flags = load<i32>(op, At.FLAGS), kind = load<i32>(op);
  const isLittle = (flags & Flag.IS_LITTLE) != 0;
  let value: i64;
  if (kind == Op.BINARY_4) {
    const bits = load<u32>(at);
    value = <i64><i32>(isLittle ? bits : bswap<u32>(bits));
    if ((flags & Flag.IS_SIGNED) == 0) value &= 0xffffffff;
  } else if (kind == Op.BINARY_2) {
    const bits = load<u16>(at);
    value = <i64><i16>(isLittle ? bits : bswap<u16>(bits));
    if ((flags & Flag.IS_SIGNED) == 0) value &= 0xffff;
  } else {
    const bits = load<u64>(at);
    value = <i64>(isLittle ? bits : bswap<u64>(bits));
    if ((flags & Flag.IS_SIGNED) == 0) return writeAmount(op, <u64>value, 0, out);
  }
  const mask = value >> 63;
  return writeAmount(op, <u64>((value ^ mask) - mask), <i32>mask & 1, out);
}

export function writeGroupText(
  options: Options, op: usize, item: Item, begin: usize, end: usize, record: usize, out: usize,
): usize {
  if (begin >= end) return load<i32>(op, At.LENGTH) == 0 ? writeEmpty(op, out) : writeNull(op, out);
  const to = writeText(item, options, begin, <i32>(end - begin), true, writeKey(op, out));
  if (to == 0) return writeInvalid(op, item, begin, <i32>(end - begin), record, out);
  store<u16>(to, 0x2c22);
  return to + 2;
}
