/**
 * Records → `csv` or `columns`: a batch of records is found first, then written in one go by `write-columns.ts`.
 *
 * The batch is as many records as the output holds for certain, so it never has to be taken back for its size.
 */

import { failTooLarge, ROW_MAX_BYTES, rowsMax } from './decode';
import {
  at, Flag, frameAt, frameBytes, framesCount, frameNumber, Next, nextFrame, offsetOf, originAt, originResume,
  resumeHere,
} from './frames';
import { Layout } from './layout';
import { Output } from './options';
import { closeOutput, fullAt, openOutput, outAt, outputBytes, OUTPUT_MAX_BYTES, wrote } from './output';
import { fail, hasProblem, LIMIT } from './problem';
import { flags, inputAt, inputEnd } from './read-input';
import { beginRecord, errorsCount } from './write-members';
import { flatMaxBytes, writeColumns, writeCsv } from './write-columns';

/** Addresses of the records of one batch are in memory at once. */
const BATCH_MAX: i32 = 1 << 20;

export function decodeFlat(layout: Layout): void {
  const framing = layout.framing;
  const rowBytes = max(flatMaxBytes(layout), 1);
  const headerBytes = framing.headerBytes;
  if (rowBytes > ROW_MAX_BYTES) {
    return fail(LIMIT, 'one record can become ' + rowBytes.toString() + ' bytes, above the limit of ' + ROW_MAX_BYTES.toString());
  }
  // One row is tried, however large it might become.
  const fits = max((OUTPUT_MAX_BYTES - headerBytes) / rowBytes, 1);
  const room = min(min(fits, BATCH_MAX), min(rowsMax(), <i32>(inputEnd - inputAt) + 1));
  const records = new StaticArray<u32>(room);
  const lengths = new StaticArray<u32>(room);
  openOutput(<i64>room * rowBytes + headerBytes, rowBytes + headerBytes);
  const errorsBefore = errorsCount;
  const segments = framing.segments;
  let rows = 0;
  let next = Next.RECORD;
  beginRecord(frameNumber, 0);
  while (rows < room) {
    next = nextFrame();
    if (next != Next.RECORD) break;
    if (segments !== null && !segments.of(frameAt, frameBytes).isRead) continue;
    unchecked((records[rows] = <u32>frameAt));
    unchecked((lengths[rows] = <u32>frameBytes));
    rows++;
  }
  write(layout, records, lengths, rows);
  if (outAt > fullAt) {
    wrote(outAt - outputBytes());
    failTooLarge();
    return closeOutput(0, flags & Flag.RESUME, 0, 0, 0);
  }
  const isStopped = next != Next.RECORD;
  closeOutput(
    (isStopped ? originAt : at) - inputAt, isStopped ? originResume : resumeHere(),
    framesCount, errorsCount - errorsBefore, rows,
  );
}

function write(layout: Layout, records: StaticArray<u32>, lengths: StaticArray<u32>, rows: i32): void {
  const end = layout.options.output == Output.COLUMNS
    ? writeColumns(layout, records, lengths, rows, outAt)
    : writeCsv(layout, records, lengths, rows, (flags & Flag.CONTINUED) != 0, outAt);
  if (!hasProblem()) wrote(end);
}
