/**
 * One JSON object to one record, walking along the copybook's tree: members where they are expected first, by search
 * otherwise.
 *
 * The record begins as the plan's blank one, so that what is null or absent needs nothing more. Members come in any
 * order; a second one of the same name and one that the copybook does not have are refused. Of the views of one place
 * the first complete one is written (nothing below it null or absent), else the first that is there; a group of
 * `redefineSegments` that is there goes before both. Functions give the address behind what they read, or 0.
 */

import { blankNode } from './encode-blank';
import { findMember, valueAt } from './encode-find';
import { Area, Direct, EncodeNode, EncodePlan, slotOf } from './encode-node';
import { encodeFloat } from './encode-float';
import { encodeAnyNumber, encodeUsualNumber } from './encode-number';
import { encodeRaw, encodeText, encodeUsualText } from './encode-text';
import { Kind } from './item';
import {
  beginRecordAt, isNull, malformed, noValue, skipSpaces, skipValue, unfit,
} from './json-input';

let plan: EncodePlan = new EncodePlan();
let slots: usize = 0;
/** Marks of objects, one after the other; 0 is none. */
let marks: u32 = 0;
/** Members that were null or absent, since the record began. */
let missing: i32 = 0;
/** Where bytes of a view wait while another one is tried. */
let scratch: usize = 0;

/** What holds for all records of a call. `scratchAt` has `plan.scratchBytes` and `plan.flatBytes`. */
export function beginEncoding(withPlan: EncodePlan, scratchAt: usize): void {
  plan = withPlan;
  slots = changetype<usize>(withPlan.slots);
  scratch = scratchAt;
}

/** Reads the object at `at` and writes `plan.recordMaxBytes` at `out`, tables at their maximum. */
export function encodeMembers(number: i64, at: usize, out: usize): usize {
  beginRecordAt(number);
  copyBlank(out);
  if (plan.slots.length > 0) memory.fill(slots, 0, plan.slots.length << 2);
  missing = 0;
  const root = plan.root;
  if (root === null) return 0;
  return root.isFlat ? encodeFlat(root, at, out) : encodeObject(root, at, out);
}

/** Of several records whose members are in one object, the first complete one, else the first that is there. */
function encodeFlat(root: EncodeNode, at: usize, out: usize): usize {
  const buffers = scratch;
  const records = plan.records;
  memory.copy(buffers, plan.flatBlank, plan.flatBytes);
  for (let i = 0; i < records.length; i++) {
    plan.flatSeen[i] = 0;
    plan.flatMissing[i] = 0;
    plan.flatGiven[i] = 0;
  }
  scratch = buffers + plan.flatBytes;
  const end = encodeObject(root, at, buffers);
  scratch = buffers;
  if (end == 0) return 0;
  let best = -1;
  for (let i = records.length - 1; i >= 0; i--) if (plan.flatGiven[i] > 0) best = i;
  for (let i = records.length - 1; i >= 0; i--) {
    if (plan.flatMissing[i] == 0 && plan.flatSeen[i] == records[i].membersNeeded) best = i;
  }
  if (best < 0) best = 0;
  memory.copy(out, buffers + best * plan.flatStride, plan.recordMaxBytes);
  const area = records[0].area!;
  if (area.slot >= 0) store<i32>(slots + (area.slot << 2), records[best].viewIndex + 1);
  return end;
}

/** One of those members; `out` is in the buffer of its record. */
function encodeFlatMember(node: EncodeNode, mark: u32, at: usize, out: usize): usize {
  const before = missing;
  const area = node.area;
  if (!isNull(at)) plan.flatGiven[node.owner] += 1;
  if (area === null || beginArea(area, mark)) plan.flatSeen[node.owner] += 1;
  const end = area === null ? encodeMember(node, at, out) : encodeView(area, node, at, out);
  plan.flatMissing[node.owner] += missing - before;
  return end;
}

/** Whether the object has had no view of this place before. Until one is complete, something is missing. */
function beginArea(area: Area, mark: u32): bool {
  if (area.mark == mark) return false;
  area.mark = mark;
  area.best = null;
  area.bestRank = -1;
  missing++;
  return true;
}

// @ts-ignore: decorator
@inline
function copyBlank(out: usize): void {
  const bytes = plan.recordMaxBytes;
  if (bytes > 1024) {
    memory.copy(out, plan.blank, bytes);
    return;
  }
  // Up to 16 bytes more than the record has: the output has them to spare.
  for (let i = 0; i < bytes; i += 16) v128.store(out + i, v128.load(plan.blank + i));
}

function encodeObject(group: EncodeNode, at: usize, base: usize): usize {
  if (load<u8>(at) != 0x7b) return noObject(group, at);
  if (++marks == 0) marks = 1;
  const mark = marks;
  const members = group.members;
  const count = members.length;
  const isFlat = group.isFlat;
  let expected = 0;
  let seen = 0;
  const begin = ++at;
  if (load<u8>(at) != 0x7d) {
    while (true) {
      let node: EncodeNode | null = null;
      if (expected < count) {
        const candidate = unchecked(members[expected]);
        if (hasKey(candidate, at)) {
          node = candidate;
          at += candidate.keyBytes;
        }
      }
      if (node === null) {
        const isFirst = at == begin;
        at = skipSpaces(at);
        if (at == 0) return 0;
        // Spaces and nothing else between the braces.
        if (isFirst && load<u8>(at) == 0x7d) break;
        node = findMember(plan, group, at);
        at = valueAt;
        if (at == 0) return 0;
      }
      if (load<u8>(at) <= 0x20) {
        at = skipSpaces(at);
        if (at == 0) return 0;
      }
      if (node === null) {
        at = skipValue(at, 0);
        if (at == 0) return 0;
      } else {
        if (node.mark == mark) return unfit(at, node.item.path(), 'the member is there twice');
        node.mark = mark;
        expected = node.ordinal + 1;
        const out = base + node.offsetBytes;
        const area = node.area;
        if (isFlat) {
          at = encodeFlatMember(node, mark, at, out + node.shiftBytes);
        } else if (area === null) {
          seen++;
          let end: usize = 0;
          if (node.direct == Direct.NUMBER) end = encodeUsualNumber(node, at, out);
          else if (node.direct == Direct.TEXT) end = encodeUsualText(node, at, out);
          at = end != 0 ? end : encodeMember(node, at, out);
        } else {
          if (beginArea(area, mark)) seen++;
          at = encodeView(area, node, at, out);
        }
        if (at == 0) return 0;
      }
      let next = load<u8>(at);
      if (next != 0x2c && next != 0x7d) {
        at = skipSpaces(at);
        if (at == 0) return 0;
        next = load<u8>(at);
      }
      if (next == 0x7d) break;
      if (next != 0x2c) return malformed(at, 'a comma or } is missing');
      at++;
    }
  }
  if (seen < group.membersNeeded) missing++;
  return at + 1;
}

/** Whether the member's key and colon stand there. */
// @ts-ignore: decorator
@inline
function hasKey(node: EncodeNode, at: usize): bool {
  const key = node.key;
  const mask = node.keyMask;
  const first = v128.and(v128.xor(v128.load(at), v128.load(key)), v128.load(mask));
  if (node.keyBytes <= 16) return !v128.any_true(first);
  const second = v128.and(v128.xor(v128.load(at, 16), v128.load(key, 16)), v128.load(mask, 16));
  if (v128.any_true(v128.or(first, second))) return false;
  return node.keyBytes <= 32 || memory.compare(at + 32, key + 32, node.keyBytes - 32) == 0;
}

function encodeMember(node: EncodeNode, at: usize, out: usize): usize {
  if (isNull(at)) {
    missing++;
    return at + 4;
  }
  return node.isTable ? encodeTable(node, at, out) : encodeValue(node, at, out);
}

// @ts-ignore: decorator
@inline
function encodeValue(node: EncodeNode, at: usize, out: usize): usize {
  const kind = node.kind;
  if (kind == Kind.GROUP) return encodeObject(node, at, out);
  if (load<u8>(at) == 0x7b) return encodeRaw(node, at, out);
  if (node.isCounter) store<u32>(slots + (slotOf(node.slot, node) << 2), <u32>at);
  let end: usize = 0;
  if (node.places != 0) end = encodeUsualNumber(node, at, out);
  else if (node.isPlain) end = encodeUsualText(node, at, out);
  if (end != 0) return end;
  if (kind < Kind.FLOAT && kind != Kind.TEXT || kind == Kind.EDITED) return encodeAnyNumber(node, at, out);
  if (kind == Kind.FLOAT) return encodeFloat(plan, node, at, out);
  return encodeText(node, at, out);
}

function encodeTable(node: EncodeNode, at: usize, out: usize): usize {
  if (load<u8>(at) != 0x5b) return noArray(node, at);
  const begin = at;
  let count = 0;
  at++;
  if (load<u8>(at) <= 0x20) {
    at = skipSpaces(at);
    if (at == 0) return 0;
  }
  if (load<u8>(at) != 0x5d) {
    while (true) {
      if (count == node.occursMax) return wrongCount(node, begin, 'more than ' + node.occursMax.toString());
      node.occurrence = count;
      if (isNull(at)) {
        missing++;
        at += 4;
      } else {
        at = encodeValue(node, at, out);
        if (at == 0) return 0;
      }
      out += node.lengthBytes;
      count++;
      let next = load<u8>(at);
      if (next != 0x2c && next != 0x5d) {
        at = skipSpaces(at);
        if (at == 0) return 0;
        next = load<u8>(at);
      }
      if (next == 0x5d) break;
      if (next != 0x2c) return malformed(at, 'a comma or ] is missing');
      at++;
      if (load<u8>(at) <= 0x20) {
        at = skipSpaces(at);
        if (at == 0) return 0;
      }
    }
  }
  const needed = node.counter === null ? node.occursMax : node.occursMin;
  if (count < needed) return wrongCount(node, begin, count.toString());
  if (node.counter !== null) store<i32>(slots + (slotOf(node.slot, node) << 2), count + 1);
  return at + 1;
}

function wrongCount(node: EncodeNode, at: usize, has: string): usize {
  const bounds =
    node.counter === null
      ? 'exactly ' + node.occursMax.toString()
      : node.occursMin.toString() + ' to ' + node.occursMax.toString();
  return unfit(at, node.item.path(), 'the array has ' + has + ' elements, and the table has ' + bounds);
}

/** One of several views of a place: written, kept aside, or passed over. */
function encodeView(area: Area, node: EncodeNode, at: usize, out: usize): usize {
  if (isNull(at)) return at + 4;
  const best = area.best;
  const span = node.lengthBytes * node.occursMax;
  const isFirst = best === null || node.viewIndex < best.viewIndex;
  const rankMax = node.isSegment ? 2 : 1;
  const canWin = best === null || area.bestRank < rankMax || (area.bestRank == rankMax && isFirst);
  // A longer view has bytes that the one chosen does not have.
  const bestSpan = best === null ? 0 : best.lengthBytes * best.occursMax;
  if (!canWin && (span <= bestSpan || area.isVariable)) return skipValue(at, 0);

  const before = missing;
  const kept = scratch;
  if (best !== null) {
    memory.copy(kept, out, area.lengthBytes);
    scratch += area.lengthBytes;
  }
  // The blank record has the first view's blanks.
  if (best !== null || node.viewIndex > 0) blankNode(node, out);
  at = encodeMember(node, at, out);
  scratch = kept;
  if (at == 0) return 0;
  const isComplete = missing == before;
  missing = before;
  const rank = node.isSegment ? 2 : isComplete ? 1 : 0;
  if (best === null || (canWin && (rank > area.bestRank || (rank == area.bestRank && isFirst)))) {
    if (area.bestRank < 1 && rank >= 1) missing--;
    area.best = node;
    area.bestRank = rank;
    if (area.slot >= 0) store<i32>(slots + (slotOf(area.slot, node) << 2), node.viewIndex + 1);
    return at;
  }
  memory.copy(out, kept, isComplete ? min(bestSpan, area.lengthBytes) : area.lengthBytes);
  return at;
}

function noObject(group: EncodeNode, at: usize): usize {
  if (load<u8>(at) < 0x20) return malformed(at, 'a value is missing');
  const field = group.parent === null ? '' : group.item.path();
  return isOther(at) ? unfit(at, field, 'an object is needed here') : noValue(at);
}

function noArray(node: EncodeNode, at: usize): usize {
  if (load<u8>(at) < 0x20) return malformed(at, 'a value is missing');
  return isOther(at) ? unfit(at, node.item.path(), 'an array is needed here') : noValue(at);
}

/** The beginning of a value. */
function isOther(at: usize): bool {
  const byte = load<u8>(at);
  if (byte == 0x22 || byte == 0x7b || byte == 0x5b || byte == 0x2d || byte - 0x30 < 10) return true;
  return isNull(at) || load<u32>(at) == 0x65757274 || (byte == 0x66 && load<u32>(at, 1) == 0x65736c61);
}
