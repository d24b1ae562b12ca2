/**
 * Executes a decode plan for one record: JSON members, byte for byte, at the place that the caller gives.
 *
 * One loop over operations (`decode-op.ts`), a switch in it, a stack of frames for tables and views; nothing is
 * allocated. `base` is where the record would begin if all tables were at their maximum: it moves to lower addresses as
 * tables turn out shorter, and so everything behind them. `end` is where the readable record ends: what begins there is
 * null. Kernels say 0 when bytes are not what they take, and the slow way decides what the bytes are.
 */

import { writeText } from './character-text';
import { At, Flag, Op, OP_BYTES } from './decode-op';
import { DecodePlan } from './decode-plan';
import { forgetErrors, isError, noteInvalid, writeErrors, writeInvalid } from './invalid-value';
import { Item } from './item';
import { writeAmount, writePacked, writePackedLong, writeZoned } from './number-lanes';
import { Options } from './options';
import { hasProblem } from './problem';
import { countOf, MISSING } from './read-counter';
import { Run } from './run-op';
import { writeLongText, writeText16, writeText32 } from './text-lanes';
import { quoteLong, Reason, setReason, writeNumberText } from './value-text';
import { writeRun } from './write-run';

export { beginRecord, errorsCount, recordNumber, recordOffset } from './invalid-value';

/** No group that `redefineSegments` or `segmentChildren` names is written. */
export const NO_SEGMENT: i32 = -2;

/** Bytes of the record that its layout took (shorter than the maximum where tables are). */
export let usedBytes: i32 = 0;

/** Room for 256 frames: levels go from 1 to 49, and each may hold a table, its views, a view and a group as text. */
/** Tables: occurrences left, all. Views: base and end of the area, furthest end. Group as text: base. */
const FRAME_BYTES: usize = 16;
const FRAMES: usize = memory.data(4096, 16);

const NULL_TEXT: u32 = 0x6c6c756e;
/** `,` after a value; the last one before the end of an object or array is taken back. */
const COMMA: u8 = 0x2c;

/**
 * Members of one record's JSON object, without braces: `"A":1,"B":"x"`. Gives the end of what it wrote; nothing when
 * `hasProblem()`. `recordBytes` bytes of the record are there; readable memory reaches 32 bytes further. Items beyond
 * are null; a text that is cut short is a shorter text. `segment` is an index of `segmentValues`, -1 or NO_SEGMENT.
 */
export function writeMembers(plan: DecodePlan, at: usize, recordBytes: i32, segment: i32, out: usize): usize {
  return writeProgram(plan, plan.program, at, recordBytes, segment, out);
}

/** The same for the members of one group, wherever it is in the record. */
export function writeGroupMembers(plan: DecodePlan, group: Item, at: usize, recordBytes: i32, out: usize): usize {
  for (let i = 0; i < plan.groups.length; i++) {
    if (plan.groups[i] === group) return writeProgram(plan, plan.groupPrograms[i], at, recordBytes, -1, out);
  }
  return out;
}

function writeProgram(
  plan: DecodePlan, program: usize, at: usize, recordBytes: i32, segment: i32, out: usize,
): usize {
  forgetErrors();
  for (let i = 0; i < plan.countersCount; i++) store<i64>(plan.counters + (i << 3), MISSING);
  let to = execute(plan, program, at, at + recordBytes, segment, out);
  if (hasProblem()) return out;
  to = writeErrors(plan.options, at, to);
  if (to > out && load<u8>(to - 1) == COMMA) to--;
  return to;
}

/** Copies what stands before a value. */
// @ts-ignore: decorator
@inline
function writeKey(op: usize, out: usize): usize {
  const key = load<usize>(op, At.KEY), length = load<usize>(op, At.KEY_BYTES);
  v128.store(out, v128.load(key));
  v128.store(out, v128.load(key, 16), 16);
  if (length > 32) memory.copy(out + 32, key + 32, length - 32);
  return out + length;
}

/** `null` in the place of the operation's value, or nothing where nulls are left out. */
function writeNull(op: usize, out: usize): usize {
  const flags = load<i32>(op, At.FLAGS);
  if ((flags & (Flag.OMITS_NULL | Flag.IS_SILENT)) != 0) return out;
  let to = writeKey(op, out);
  if ((flags & Flag.HAS_QUOTE) != 0) to--;
  store<u32>(to, NULL_TEXT);
  store<u8>(to + 4, COMMA);
  return to + 5;
}

/** Takes back the comma after the last member and closes. */
// @ts-ignore: decorator
@inline
function close(bracket: u8, out: usize): usize {
  const to = load<u8>(out - 1) == COMMA ? out - 1 : out;
  store<u16>(to, <u16>bracket | 0x2c00);
  return to + 2;
}

/** A value that no kernel took: exact, or null, or what its policy says. `out` is where its key begins. */
function writeSlowly(plan: DecodePlan, op: usize, at: usize, end: usize, record: usize, out: usize): usize {
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
function refuseTable(op: usize, at: usize, record: usize, out: usize): usize {
  setReason(Reason.COUNTER);
  const item = changetype<Item>(load<usize>(op, At.ITEM));
  const to = noteInvalid(op, item, at, 0, record) ? out : writeNull(op, out);
  return to;
}

/** Where `writeLeaves` stopped: an operation that is no leaf, or a leaf whose bytes are not what its kernel takes. */
let stoppedAt: usize = 0;

/** Leaves by their kernels, as far as it goes. Apart from `execute` so that all it works on stays in registers. */
function writeLeaves(op: usize, base: usize, end: usize, out: usize): usize {
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
function tryRun(op: usize, base: usize, end: usize, out: usize): usize {
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

function execute(plan: DecodePlan, program: usize, record: usize, limit: usize, segment: i32, out: usize): usize {
  let op = program;
  let base = record;
  let end = limit;
  let isCertain = true;
  let frame = FRAMES;
  while (true) {
    if (load<i32>(op) <= Op.PACKED_LONG) {
      const to = tryRun(op, base, end, out);
      if (to != 0) {
        out = to;
        op = load<usize>(load<usize>(op, At.JUMP), Run.NEXT);
      } else {
        out = writeLeaves(op, base, end, out);
        op = stoppedAt;
      }
    }
    const at = base + load<usize>(op, At.OFFSET);
    switch (load<i32>(op)) {
      case Op.GROUP: {
        if (at >= end && load<i32>(op, At.LENGTH) > 0) {
          out = writeNull(op, out);
          // Its tables' occurrences are not in the record either: what follows is beyond it as well.
          op = load<usize>(op, At.JUMP);
          continue;
        }
        out = writeKey(op, out);
        store<u8>(out++, 0x7b);
        op += OP_BYTES;
        continue;
      }
      case Op.GROUP_END: {
        out = close(0x7d, out);
        op += OP_BYTES;
        continue;
      }
      case Op.TABLE: {
        const flags = load<i32>(op, At.FLAGS);
        const most = load<i32>(op, At.COUNT_MAX);
        const slot = load<i32>(op, At.SLOT);
        let count: i64 = most;
        if (slot >= 0) {
          count = load<i64>(plan.counters + (slot << 3));
          if (count < load<i32>(op, At.COUNT_MIN) || count > most) {
            if (count == MISSING) {
              out = writeNull(op, out);
            } else {
              out = refuseTable(op, at, record, out);
              if (hasProblem()) return out;
            }
            if ((flags & Flag.SHIFTS) != 0) {
              end = min(end, at);
              isCertain = false;
            }
            op = load<usize>(op, At.JUMP);
            continue;
          }
        }
        const stride = load<usize>(op, At.LENGTH);
        if (count == 0 || (at >= end && stride > 0)) {
          if (count > 0) {
            out = writeNull(op, out);
          } else if ((flags & Flag.IS_SILENT) == 0) {
            out = writeKey(op, out);
            store<u16>(out, 0x5d5b);
            store<u8>(out + 2, COMMA);
            out += 3;
          }
          if ((flags & Flag.SHIFTS) != 0) base -= stride * (<usize>most - <usize>count);
          op = load<usize>(op, At.JUMP);
          continue;
        }
        if ((flags & Flag.IS_SILENT) == 0) {
          out = writeKey(op, out);
          store<u8>(out++, 0x5b);
        }
        store<i32>(frame, <i32>count);
        store<i32>(frame, <i32>count, 4);
        frame += FRAME_BYTES;
        op += OP_BYTES;
        continue;
      }
      case Op.TABLE_END: {
        const begin = load<usize>(op, At.JUMP);
        const stride = load<usize>(op, At.LENGTH);
        const left = load<i32>(frame - FRAME_BYTES) - 1;
        if (left > 0) {
          store<i32>(frame - FRAME_BYTES, left);
          base += stride;
          op = begin + OP_BYTES;
          continue;
        }
        const count = load<i32>(frame - FRAME_BYTES, 4);
        frame -= FRAME_BYTES;
        base -= stride * <usize>(count - 1);
        const flags = load<i32>(op, At.FLAGS);
        if ((flags & Flag.SHIFTS) != 0) base -= stride * <usize>(load<i32>(begin, At.COUNT_MAX) - count);
        if ((flags & Flag.IS_SILENT) == 0) out = close(0x5d, out);
        op += OP_BYTES;
        continue;
      }
      case Op.COUNTER: {
        const item = changetype<Item>(load<usize>(op, At.ITEM));
        let count = MISSING;
        const mapping = load<usize>(op, At.MAPPING);
        if (at + load<usize>(op, At.LENGTH) <= end) count = countOf(item, plan.options, at, mapping);
        store<i64>(plan.counters + (load<i32>(op, At.SLOT) << 3), count);
        op += OP_BYTES;
        continue;
      }
      case Op.SEGMENT: {
        const shown = load<usize>(op, At.SEGMENTS);
        if (segment == NO_SEGMENT) {
          op = load<usize>(op, At.JUMP);
        } else if (shown != 0 && (segment < 0 || load<u8>(shown + segment) == 0)) {
          out = writeNull(op, out);
          op = load<usize>(op, At.JUMP);
        } else {
          op += OP_BYTES;
        }
        continue;
      }
      case Op.VIEWS: {
        store<usize>(frame, base);
        store<usize>(frame, end, 4);
        store<usize>(frame, 0, 8);
        store<u32>(frame, <u32>isCertain, 12);
        frame += FRAME_BYTES;
        op += OP_BYTES;
        continue;
      }
      case Op.VIEW_END: {
        const viewEnd = at + load<usize>(op, At.LENGTH);
        if (isCertain && viewEnd > load<usize>(frame - FRAME_BYTES, 8)) store<usize>(frame - FRAME_BYTES, viewEnd, 8);
        base = load<usize>(frame - FRAME_BYTES);
        end = load<usize>(frame - FRAME_BYTES, 4);
        isCertain = load<u32>(frame - FRAME_BYTES, 12) != 0;
        op += OP_BYTES;
        continue;
      }
      case Op.VIEWS_END: {
        frame -= FRAME_BYTES;
        const furthest = load<usize>(frame, 8);
        if (furthest > 0) base = furthest - load<usize>(op, At.OFFSET) - load<usize>(op, At.LENGTH);
        op += OP_BYTES;
        continue;
      }
      case Op.GROUP_TEXT: {
        store<usize>(frame, base);
        frame += FRAME_BYTES;
        op += OP_BYTES;
        continue;
      }
      case Op.GROUP_TEXT_END: {
        frame -= FRAME_BYTES;
        const begin = load<usize>(frame) + load<usize>(op, At.OFFSET);
        const item = changetype<Item>(load<usize>(op, At.ITEM));
        out = writeGroupText(plan.options, op, item, begin, min(at + load<usize>(op, At.LENGTH), end), record, out);
        if (isError) return out;
        op += OP_BYTES;
        continue;
      }
      case Op.END: {
        usedBytes = <i32>(limit - record);
        if (isCertain) usedBytes = min(<i32>(base + plan.recordBytes - record), usedBytes);
        return out;
      }
      // A leaf that no kernel took.
      default: {
        out = writeSlowly(plan, op, at, end, record, out);
        if (isError) return out;
        op += OP_BYTES;
      }
    }
  }
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

function writeGroupText(
  options: Options, op: usize, item: Item, begin: usize, end: usize, record: usize, out: usize,
): usize {
  if (begin >= end) return load<i32>(op, At.LENGTH) == 0 ? writeEmpty(op, out) : writeNull(op, out);
  const to = writeText(item, options, begin, <i32>(end - begin), true, writeKey(op, out));
  if (to == 0) return writeInvalid(op, item, begin, <i32>(end - begin), record, out);
  store<u16>(to, 0x2c22);
  return to + 2;
}
