/**
 * A batch of records → CSV as RFC 4180 has it: a line of names, then a line for each record, all ended by CR LF.
 *
 * Numbers are those of JSON, without quotes. A text stands in quotes where it has a comma, a quote or the end of a line
 * in it, and where it is empty: nothing between two commas is null. Bytes are in hexadecimal.
 */

import { writeCharacter, writeText } from './character-text';
import { transcode } from './column-text';
import { ColumnType, FlatColumn } from './flat-columns';
import { openRecords, placeRow } from './flat-blocks';
import { FlatOperation, FlatPlan } from './flat-plan';
import { isInSegment } from './flat-segments';
import { beginRows, failAtRow, refuse, rowsLeft } from './flat-values';
import { PLACE_BYTES } from './flat-walk';
import { Kind } from './item';
import { Layout } from './layout';
import { Trim } from './options';
import { Reason, setReason, writeNumberText } from './value-text';

const COMMA: u8 = 0x2c;
const QUOTE: u8 = 0x22;
const LINE_END: u16 = 0x0a0d;

/**
 * Lines for `count` records, given as to `writeColumns`, behind the line of names unless `isContinued`. Gives their
 * end. With `hasProblem()` (`DATA`) there are `rowsWritten` of them.
 */
export function writeCsv(
  layout: Layout,
  records: StaticArray<u32>,
  lengths: StaticArray<u32>,
  segments: StaticArray<i32>,
  numbers: StaticArray<i64>,
  offsets: StaticArray<i64>,
  count: i32,
  isContinued: bool,
  out: usize,
): usize {
  const plan = layout.flatPlan;
  const operations = plan.operations;
  const places = heap.alloc(operations.length * PLACE_BYTES);
  beginRows(count);
  openRecords(plan, records, lengths, segments, count);
  let to = isContinued ? out : writeNames(operations, out);
  for (let row = 0; row < count; row++) {
    placeRow(plan, row, places);
    const record: usize = records[row];
    const end = writeRow(plan, record, segments[row], row, places, to);
    if (rowsLeft < count) {
      failAtRow(numbers[row], offsets[row]);
      return to;
    }
    to = end;
  }
  return to;
}

function writeNames(operations: StaticArray<FlatOperation>, out: usize): usize {
  let to = out;
  for (let i = 0; i < operations.length; i++) {
    const column: FlatColumn = operations[i].column;
    const begin = to;
    for (let n = 0; n < column.name.length; n++) to = writeCharacter(column.name.charCodeAt(n), false, to);
    to = quoted(begin, to);
    store<u8>(to++, COMMA);
  }
  return lineEnd(out, to);
}

function writeRow(plan: FlatPlan, record: usize, segment: i32, row: i32, places: usize, out: usize): usize {
  const operations = plan.operations;
  let to = out;
  for (let i = 0; i < operations.length; i++) {
    const operation = operations[i];
    const at: usize = load<u32>(places + i * PLACE_BYTES);
    if (at != 0 && isInSegment(operation.segments, segment)) {
      const end = writeValue(plan, operation, at, load<i32>(places + i * PLACE_BYTES, 4), to);
      if (end != 0) to = end;
      else refuse(operation.item, operation.policy, operation.isQuietlyNull, row, <i64>at - <i64>record);
    }
    store<u8>(to++, COMMA);
  }
  return lineEnd(out, to);
}

/** Over the comma behind the last value; a plan without columns has none. */
function lineEnd(from: usize, to: usize): usize {
  const at = to > from ? to - 1 : to;
  store<u16>(at, LINE_END);
  return at + 2;
}

/** Gives the value's end, `out` itself when it is null, 0 when it is not valid. */
function writeValue(plan: FlatPlan, operation: FlatOperation, at: usize, lengthBytes: i32, out: usize): usize {
  const item = operation.item;
  const kind = item.kind;
  const isText =
    kind == Kind.TEXT || kind == Kind.GROUP || kind == Kind.EDITED_TEXT || kind == Kind.NATIONAL || kind == Kind.GRAPHIC;
  if (!isText && operation.column.type != ColumnType.BINARY) {
    if (lengthBytes == operation.lengthBytes) return writeNumberText(item, plan.options, at, out);
    setReason(Reason.CUT);
    return 0;
  }
  let end: usize = 0;
  const tables = operation.text;
  if (tables !== null && (plan.options.trim & Trim.LEFT) == 0) {
    const written = transcode(tables.tables, at, lengthBytes, (plan.options.trim & Trim.RIGHT) == 0, out);
    if (written >= 0) end = out + written;
  }
  if (end == 0) end = writeText(item, plan.options, at, lengthBytes, false, out);
  return end == 0 ? 0 : quoted(out, end);
}

/** Puts quotes around a value where it needs them; gives its new end. */
function quoted(begin: usize, end: usize): usize {
  let quotesCount: usize = 0;
  let isPlain = end > begin;
  for (let at = begin; at < end; at++) {
    const byte = load<u8>(at);
    if (byte == QUOTE) quotesCount++;
    if (byte == QUOTE || byte == COMMA || byte == 0x0a || byte == 0x0d) isPlain = false;
  }
  if (isPlain) return end;
  // From behind, so that nothing is written over before it is moved.
  let to = end + quotesCount + 2;
  const newEnd = to;
  store<u8>(--to, QUOTE);
  for (let at = end; at > begin; ) {
    const byte = load<u8>(--at);
    store<u8>(--to, byte);
    if (byte == QUOTE) store<u8>(--to, QUOTE);
  }
  store<u8>(begin, QUOTE);
  return newEnd;
}
