/**
 * Records → rows: the driver. It asks `frames.ts` for one record after another, `segments.ts` what it is, and has
 * `write-members.ts` write it; braces, commas, ids and bounds are its own. Nested and flat rows have their own files.
 *
 * A row is written whole or not at all. When the output is full, or the input ends where records have to be read from
 * their root on, the answer goes back to the last place from which another call gives the same rows.
 */

import { fixedRun, writeFixedRows } from './decode-fixed';
import { decodeFlat } from './decode-flat';
import { decodeNested } from './decode-nested';
import {
  at, Flag, frameAt, frameBytes, frameNumber, frameOffset, framesCount, Next, nextFrame, offsetOf, openFrames, originAt,
  originResume, resumeHere,
} from './frames';
import { Layout } from './layout';
import { Output } from './options';
import { closeOutput, fullAt, openOutput, outAt, outputBytes, wrote, writeByte } from './output';
import { fail, failInRecord, hasProblem, LIMIT } from './problem';
import { firstRecord, flags, inputAt, inputEnd, inputOffset, readInput, wanted } from './read-input';
import { RecordIds } from './record-ids';
import { Segment } from './segments';
import { beginRecord, errorsCount, writeMembers } from './write-members';

/** What one record may become before it is looked at whether it fits: more does not fit into a cell beside the rest. */
export const ROW_MAX_BYTES: i32 = 33_554_432;
/** Braces, comma, newline. */
const AROUND_BYTES: i32 = 8;

export function decode(layout: Layout, from: usize, end: usize): void {
  if (!readInput(from, end)) return;
  const framing = layout.framing;
  openFrames(framing, inputAt, inputEnd, flags, firstRecord, inputOffset);
  const output = layout.options.output;
  const segments = framing.segments;
  if (output == Output.CSV || output == Output.COLUMNS) decodeFlat(layout);
  else if (segments !== null && segments.isNested) decodeNested(layout);
  else decodeRows(layout);
}

/** Most rows of a call. */
export function rowsMax(): i32 {
  return wanted == 0 || wanted > <u32>i32.MAX_VALUE ? i32.MAX_VALUE : <i32>wanted;
}

/** Opens the output for rows of at most so many bytes. False with a problem set. */
export function openRows(layout: Layout, rowBytes: i64): bool {
  if (rowBytes > ROW_MAX_BYTES) {
    failTooWide(rowBytes);
    return false;
  }
  const each = layout.framing.eachBytes;
  const records = each > 0 ? <i64>(inputEnd - inputAt) / each + 1 : i32.MAX_VALUE;
  openOutput(records * rowBytes, <i32>rowBytes);
  return true;
}

/** A problem: rows may have so many bytes, and no cell has room for that. */
export function failTooWide(rowBytes: i64): void {
  const limit = ROW_MAX_BYTES.toString();
  fail(LIMIT, 'one record can become ' + rowBytes.toString() + ' bytes, above the limit of ' + limit);
}

/** A problem: the row of the record at `originAt` is more than an answer holds. */
export function failTooLarge(): void {
  const text = 'the record becomes more than the 14 MiB that one call gives';
  failInRecord(LIMIT, frameNumber, offsetOf(originAt), '', text);
}

/** A place in the input and in the output from which another call gives the same rows. */
class Place {
  at: usize = 0;
  resume: u32 = 0;
  count: i32 = 0;
  out: usize = 0;
  rows: i32 = 0;
  errors: i64 = 0;

  set(toAt: usize, toResume: u32, toCount: i32, toOut: usize, toRows: i32, toErrors: i64): void {
    this.at = toAt;
    this.resume = toResume;
    this.count = toCount;
    this.out = toOut;
    this.rows = toRows;
    this.errors = toErrors;
  }

  close(errorsBefore: i64): void {
    wrote(this.out);
    closeOutput(this.at - inputAt, this.resume, this.count, this.errors - errorsBefore, this.rows);
  }
}
const root = new Place();

function decodeRows(layout: Layout): void {
  const framing = layout.framing;
  const segments = framing.segments;
  const needsRoots = segments !== null && segments.needsRoots();
  const ids = framing.ids;
  if (ids !== null) ids.reset();
  const rowBytes = <i64>layout.decodePlan.membersMaxBytes + AROUND_BYTES + (ids === null ? 0 : ids.maxBytes);
  if (!openRows(layout, rowBytes)) return;
  const errorsBefore = errorsCount;
  const most = rowsMax();
  root.set(inputAt, originResume, 0, outAt, 0, errorsBefore);
  let rows = 0;
  let isFull = false;
  let next = Next.RECORD;
  const run = layout.options.output == Output.JSONL ? fixedRun(layout.decodePlan, framing) : 0;
  while (rows < most) {
    if (run != 0) {
      rows += writeFixedRows(run, framing, most - rows);
      if (rows == most) break;
    }
    next = nextFrame();
    if (next != Next.RECORD) break;
    let segment: Segment | null = null;
    if (segments !== null) {
      segment = segments.of(frameAt, frameBytes);
      if (needsRoots && segments.isRoot(segment)) {
        root.set(originAt, originResume, framesCount - 1, outAt, rows, errorsCount);
      }
      if (ids !== null) ids.see(segment);
      if (!segment.isRead) continue;
    }
    const before = outAt;
    const errorsThen = errorsCount;
    writeRow(layout, ids, segment, rows);
    isFull = outAt > fullAt;
    if (hasProblem() || isFull) {
      wrote(before);
      if (!hasProblem() && outputBytes() == 0) failTooLarge();
      if (isFull && needsRoots && !hasProblem()) return backToRoot(errorsBefore);
      return closeOutput(originAt - inputAt, originResume, framesCount - 1, errorsThen - errorsBefore, rows);
    }
    rows++;
  }
  if (needsRoots && next != Next.RECORD && !hasProblem() && (flags & (Flag.LAST | Flag.PIECE)) == 0) {
    return root.close(errorsBefore);
  }
  const isStopped = next != Next.RECORD;
  closeOutput(
    (isStopped ? originAt : at) - inputAt, isStopped ? originResume : resumeHere(),
    framesCount, errorsCount - errorsBefore, rows,
  );
}

/** The output is full, and another call has to begin with a root. */
function backToRoot(errorsBefore: i64): void {
  if (root.at == inputAt) failTooLarge();
  root.close(errorsBefore);
}

function writeRow(layout: Layout, ids: RecordIds | null, segment: Segment | null, rows: i32): void {
  beginRow(layout, rows);
  beginRecord(frameNumber, frameOffset());
  if (ids !== null) ids.write();
  const membersAt = outAt;
  const members = writeMembers(
    layout.decodePlan, frameAt, frameBytes, segment === null ? -1 : segment.index, membersAt,
  );
  if (hasProblem()) return;
  wrote(members);
  endRow(layout, members == membersAt);
}

/** The brace and, in `json`, the comma before. */
export function beginRow(layout: Layout, rows: i32): void {
  if (layout.options.output == Output.JSON && (rows > 0 || (flags & Flag.CONTINUED) != 0)) {
    writeByte(0x2c);
    writeByte(0x0a);
  }
  writeByte(0x7b);
}

/** `isBare`: nothing came behind the last comma. */
export function endRow(layout: Layout, isBare: bool): void {
  if (isBare && load<u8>(outAt - 1) == 0x2c) wrote(outAt - 1);
  writeByte(0x7d);
  if (layout.options.output == Output.JSONL) writeByte(0x0a);
}
