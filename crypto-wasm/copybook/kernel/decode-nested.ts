/**
 * Records of a hierarchy → one row for each root: what is below a record stands as arrays in its object.
 *
 * A root is open until the next one, so its records are gathered first (where they lie, not their bytes) and written
 * then. What a record belongs to is said by the order of records alone: the last one of its parent's group before it.
 */

import { beginRow, endRow, openRows, rowsMax } from './decode';
import {
  Flag, frameAt, frameBytes, frameNumber, frameOffset, framesCount, Next, nextFrame, offsetOf, originAt,
  originResume, wholeBytes,
} from './frames';
import { Layout } from './layout';
import { closeOutput, fullAt, outAt, outputBytes, writeByte, writeBytes, wrote } from './output';
import { DATA, failInRecord, hasProblem, LIMIT } from './problem';
import { flags, inputAt } from './read-input';
import { Node, Segments } from './segments';
import { beginRecord, errorsCount, NO_SEGMENT, writeGroupMembers, writeMembers } from './write-members';
import { writeText } from './record-ids';

/** Records below one root, itself among them. They are in memory at once, and its row is one object. */
const GATHERED_MAX: i32 = 65_536;

/** One gathered record: u64 offset in the file, u32 address, bytes, number behind the root's, bytes in the input. */
const ENTRY_BYTES: usize = 24;
let entries: usize = 0;
let nodes: StaticArray<Node | null> = new StaticArray<Node | null>(0);
let gathered: i32 = 0;
/** Of the root that is open. */
let rootAt: usize = 0;
let rootResume: u32 = 0;
let rootNumber: i64 = 0;
let rootCount: i32 = 0;

export function decodeNested(layout: Layout): void {
  const segments = layout.framing.segments!;
  const ids = layout.framing.ids;
  const idsBytes = ids === null ? 0 : ids.maxBytes;
  const rowBytes = <i64>layout.decodePlan.membersMaxBytes * 2 + segments.keysBytes + idsBytes + 64;
  if (!openRows(layout, rowBytes)) return;
  entries = heap.alloc(ENTRY_BYTES * <usize>GATHERED_MAX);
  nodes = new StaticArray<Node | null>(GATHERED_MAX);
  gathered = 0;
  rootAt = inputAt;
  rootResume = originResume;
  rootCount = 0;
  const errorsBefore = errorsCount;
  let errors: i64 = 0;
  const most = rowsMax();
  let rows = 0;
  for (;;) {
    const next = nextFrame();
    if (next == Next.BAD) break;
    let node: Node | null = null;
    if (next == Next.RECORD) {
      const segment = segments.of(frameAt, frameBytes);
      if (!segment.isRead) continue;
      node = segment.node;
      if (node === null) {
        failOfNoGroup(layout, segments);
        break;
      }
      if (node.parent !== null) {
        gather(node);
        if (hasProblem()) break;
        continue;
      }
    } else if ((flags & (Flag.LAST | Flag.PIECE)) == 0) {
      break;
    }
    const before = outAt;
    if (gathered > 0) {
      writeRoot(layout, segments, rows);
      if (hasProblem() || outAt > fullAt) {
        wrote(before);
        if (!hasProblem() && outputBytes() == 0) failInRecord(LIMIT, rootNumber, loadOffset(0), '', TOO_LARGE);
        break;
      }
      errors = errorsCount - errorsBefore;
      rows++;
      gathered = 0;
    }
    rootAt = originAt;
    rootResume = originResume;
    rootNumber = frameNumber;
    rootCount = next == Next.RECORD ? framesCount - 1 : framesCount;
    if (next != Next.RECORD || rows == most) break;
    gather(node!);
  }
  closeOutput(rootAt - inputAt, rootResume, rootCount, errors, rows);
}

const TOO_LARGE: string = 'the root with what is below it becomes more than the 14 MiB that one call gives';

function failOfNoGroup(layout: Layout, segments: Segments): void {
  const value = segments.shown(frameAt, frameBytes);
  const text = 'no group of redefineSegments is for the value ' + value + '; segmentFilter can leave such records out';
  failInRecord(DATA, frameNumber, offsetOf(originAt), segments.value.item.path(), text);
}

function gather(node: Node): void {
  if (gathered == 0 && node.parent !== null) return failOrphan(node);
  if (gathered > 0) {
    let above: Node | null = nodes[gathered - 1];
    while (above !== null && above !== node.parent) above = above.parent;
    if (above === null) return failOrphan(node);
  }
  if (gathered == GATHERED_MAX) {
    const text = 'more than ' + GATHERED_MAX.toString() + ' records are below one root';
    return failInRecord(LIMIT, rootNumber, loadOffset(0), '', text);
  }
  const entry = entries + <usize>gathered * ENTRY_BYTES;
  store<i64>(entry, frameOffset());
  store<u32>(entry, <u32>frameAt, 8);
  store<i32>(entry, frameBytes, 12);
  store<i32>(entry, <i32>(frameNumber - rootNumber), 16);
  store<i32>(entry, wholeBytes, 20);
  nodes[gathered++] = node;
}

function failOrphan(node: Node): void {
  const parent = node.parent!;
  const text = 'a record of ' + node.group.name + ' has no record of ' + parent.group.name + ' before it';
  failInRecord(DATA, frameNumber, offsetOf(originAt), node.group.path(), text);
}

function loadOffset(index: i32): i64 {
  return load<i64>(entries + <usize>index * ENTRY_BYTES);
}

function addressOf(index: i32): usize {
  return load<u32>(entries + <usize>index * ENTRY_BYTES, 8);
}

function bytesOf(index: i32): i32 {
  return load<i32>(entries + <usize>index * ENTRY_BYTES, 12);
}

/** Members of all records, then those of the root's group; the other groups that could be a root's are null. */
function writeRoot(layout: Layout, segments: Segments, rows: i32): void {
  const node = nodes[0]!;
  beginRow(layout, rows);
  const ids = layout.framing.ids;
  if (ids !== null) ids.writeRecord(rootNumber, load<i32>(entries, 20));
  beginRecord(rootNumber, loadOffset(0));
  const membersAt = outAt;
  const members = writeMembers(layout.decodePlan, addressOf(0), bytesOf(0), NO_SEGMENT, membersAt);
  if (hasProblem()) return;
  wrote(members);
  if (members > membersAt) writeByte(0x2c);
  for (let i = 0; i < segments.roots.length; i++) {
    const other = segments.roots[i];
    const isNull = other !== node;
    if (isNull && layout.options.omitNulls) continue;
    writeBytes(other.keyAt, other.keyBytes);
    if (isNull) writeText('null');
    else writeGroup(layout, 0, gathered);
    if (hasProblem() || outAt > fullAt) return;
    writeByte(0x2c);
  }
  endRow(layout, true);
}

/** The object of a record; what is below it are records up to `behind`. */
function writeGroup(layout: Layout, index: i32, behind: i32): void {
  const node = nodes[index]!;
  writeByte(0x7b);
  beginRecord(rootNumber + load<i32>(entries + <usize>index * ENTRY_BYTES, 16), loadOffset(index));
  const membersAt = outAt;
  const members = writeGroupMembers(layout.decodePlan, node.group, addressOf(index), bytesOf(index), membersAt);
  if (hasProblem()) return;
  wrote(members);
  let hasMembers = members > membersAt;
  for (let i = 0; i < node.children.length; i++) {
    const child = node.children[i];
    if (hasMembers) writeByte(0x2c);
    hasMembers = true;
    writeBytes(child.keyAt, child.keyBytes);
    writeByte(0x5b);
    writeChildren(layout, child, index + 1, behind);
    if (hasProblem() || outAt > fullAt) return;
    writeByte(0x5d);
  }
  writeByte(0x7d);
}

/** All records of one group among those below a record. */
function writeChildren(layout: Layout, child: Node, from: i32, behind: i32): void {
  let isFirst = true;
  for (let i = from; i < behind; i++) {
    if (nodes[i] !== child) continue;
    let end = i + 1;
    while (end < behind && isBelow(nodes[end]!, child)) end++;
    if (!isFirst) writeByte(0x2c);
    isFirst = false;
    writeGroup(layout, i, end);
    if (hasProblem() || outAt > fullAt) return;
    i = end - 1;
  }
}

function isBelow(node: Node, group: Node): bool {
  let above = node.parent;
  while (above !== null && above !== group) above = above.parent;
  return above !== null;
}
