/**
 * Records → `csv` or `columns`: a batch of records is found first, then written in one go by `write-columns.ts`.
 *
 * The batch is as many records as the output holds for certain, so it never has to be taken back for its size.
 */

import { failTooLarge, failTooWide, ROW_MAX_BYTES, rowsMax } from './decode';
import {
  at, Flag, frameAt, frameBytes, frameNumber, frameOffset, framesCount, Next, nextFrame, originAt, originResume,
  resumeHere,
} from './frames';
import { Layout } from './layout';
import { Output } from './options';
import { closeOutput, fullAt, openOutput, outAt, outputBytes, OUTPUT_MAX_BYTES, wrote } from './output';
import { clearProblem, hasProblem } from './problem';
import { flags, inputAt, inputEnd, firstRecord } from './read-input';
import { flatFixedBytes, flatMaxBytes, invalidFieldsCount, rowsWritten, writeColumns, writeCsv } from './write-columns';

/** What a batch's records are told by takes 36 bytes for each. */
const BATCH_MAX: i32 = 1 << 18;

export function decodeFlat(layout: Layout): void {
  const rowBytes = max(flatMaxBytes(layout), 1);
  const fixedBytes = flatFixedBytes(layout);
  if (rowBytes > ROW_MAX_BYTES || fixedBytes > ROW_MAX_BYTES) {
    return failTooWide(max(rowBytes, fixedBytes));
  }
  // One row is tried, however large it might become.
  const fits = max((OUTPUT_MAX_BYTES - fixedBytes) / rowBytes, 1);
  const room = min(min(fits, BATCH_MAX), min(rowsMax(), <i32>(inputEnd - inputAt) + 1));
  const records = new StaticArray<u32>(room);
  const lengths = new StaticArray<u32>(room);
  const segmentsOf = new StaticArray<i32>(room);
  const numbers = new StaticArray<i64>(room);
  const offsets = new StaticArray<i64>(room);
  /** Where a call may go on: the upper half the resume. */
  const origins = new StaticArray<u64>(room);
  openOutput(<i64>room * rowBytes + fixedBytes, rowBytes + fixedBytes);
  const segments = layout.framing.segments;
  let rows = 0;
  let next = Next.RECORD;
  while (rows < room) {
    next = nextFrame();
    if (next != Next.RECORD) break;
    let segment = -1;
    if (segments !== null) {
      const found = segments.of(frameAt, frameBytes);
      if (!found.isRead) continue;
      segment = found.index;
    }
    records[rows] = <u32>frameAt;
    lengths[rows] = <u32>frameBytes;
    segmentsOf[rows] = segment;
    numbers[rows] = frameNumber;
    offsets[rows] = frameOffset();
    origins[rows] = (<u64>originResume << 32) | (originAt - inputAt);
    rows++;
  }
  const isStopped = next != Next.RECORD;
  const consumed = (isStopped ? originAt : at) - inputAt;
  const resume = isStopped ? originResume : resumeHere();
  // Of two problems the earlier one in the file counts, and that of a record before is found only now.
  clearProblem();
  const end = layout.options.output == Output.COLUMNS
    ? writeColumns(layout, records, lengths, segmentsOf, numbers, offsets, rows, outAt)
    : writeCsv(
        layout, records, lengths, segmentsOf, numbers, offsets, rows, (flags & Flag.CONTINUED) != 0, outAt,
      );
  wrote(end);
  if (outAt > fullAt) {
    wrote(outAt - outputBytes());
    if (!hasProblem()) failTooLarge();
    return closeOutput(0, flags & Flag.RESUME, 0, 0, 0);
  }
  if (hasProblem() && rowsWritten < rows) {
    const origin = origins[rowsWritten];
    const records = <i32>(numbers[rowsWritten] - firstRecord);
    return closeOutput(<usize>(origin & 0xffffffff), <u32>(origin >> 32), records, invalidFieldsCount, rowsWritten);
  }
  // The same problem again.
  if (next == Next.BAD) nextFrame();
  closeOutput(consumed, resume, framesCount, invalidFieldsCount, rows);
}
