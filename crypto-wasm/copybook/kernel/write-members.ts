/**
 * Executes a decode plan for one record: JSON members, byte for byte, at the place that the caller gives.
 *
 * One loop over operations (`decode-op.ts`), a switch in it, a stack of frames for tables and views; nothing is
 * allocated. `base` is where the record would begin if all tables were at their maximum: it moves to lower addresses as
 * tables turn out shorter, and so everything behind them. `end` is where the readable record ends: what begins there is
 * null. Kernels say 0 when bytes are not what they take, and the slow way decides what the bytes are.
 */

import { At, Flag, Op, OP_BYTES } from './decode-op';
import { DecodePlan } from './decode-plan';
import { forgetErrors, isError, writeErrors } from './invalid-value';
import { Item } from './item';
import { hasProblem } from './problem';
import { countOf, MISSING } from './read-counter';
import { Run } from './run-op';
import {
  COMMA, writeKey, writeNull, writeSlowly, refuseTable, stoppedAt, writeLeaves, tryRun, writeGroupText,
} from './write-leaf';

export { beginRecord, errorsCount, recordNumber, recordOffset } from './invalid-value';

/** No group that `redefineSegments` or `segmentChildren` names is written. */
export const NO_SEGMENT: i32 = -2;

/** Bytes of the record that its layout took (shorter than the maximum where tables are). */
export let usedBytes: i32 = 0;

/** Room for 256 frames: levels go from 1 to 49, and each may hold a table, its views, a view and a group as text. */
/** Tables: occurrences left, all. Views: base and end of the area, furthest end. Group as text: base. */
const FRAME_BYTES: usize = 16;
const FRAMES: usize = memory.data(4096, 16);

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

/** Takes back the comma after the last member and closes. */
// @ts-ignore: decorator
@inline
function close(bracket: u8, out: usize): usize {
  const to = load<u8>(out - 1) == COMMA ? out - 1 : out;
  store<u16>(to, <u16>bracket | 0x2c00);
  return to + 2;
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
