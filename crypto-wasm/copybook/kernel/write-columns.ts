/**
 * A batch of records → one frame of columns, with the buffers of an Arrow record batch; `README.md` beside this folder
 * has its layout.
 *
 * Column by column, in blocks of 64 rows: a word of validity each. Kernels read what is common, `flat-values.ts` the
 * rest. Rows are written up to the first record with data that ends the operation: when one is found, the frame is
 * written again for the rows before it. Buffers follow one another without room between them but for their alignment.
 */

import { Reader, readBinary, readPacked16, readPacked8, readZoned16, readZoned8 } from './column-integers';
import { rowsEnd, transcodeRows } from './column-text';
import { writeText } from './character-text';
import { ColumnType } from './flat-columns';
import { block, Block, openBlocks, placeBlock } from './flat-blocks';
import { FlatOperation, FlatPlan } from './flat-plan';
import {
  beginRows, failAtRow, high, low, readFloat, readInteger, refuse, restartRows, rowsLeft, Value,
} from './flat-values';
import { Kind } from './item';
import { Layout } from './layout';
import { Trim } from './options';
import { Reason, setReason, writeNumberText } from './value-text';

export { writeCsv } from './write-csv';

const BLOCK_ROWS: i32 = 64;
/** Integers of a block. */
const VALUES: usize = memory.data(512, 16);

/**
 * Of the last call: rows in its output (all, or those before the record that is the problem now), and the fields in
 * them that were not valid and became null by their policy.
 */
export { rowsLeft as rowsWritten, invalidCount as invalidFieldsCount } from './flat-values';

/**
 * The frame of README for `count` records: their addresses, lengths, segments (an index of `segmentValues`, -1 or
 * NO_SEGMENT), numbers in the file and offsets of their first bytes there. Gives its end. With `hasProblem()` (`DATA`)
 * the frame has `rowsWritten` rows, and the record behind them is the problem. `flatMaxBytes` for each record and
 * `flatFixedBytes` once are there at `out`, readable memory reaches 16 bytes before and 32 behind every record.
 */
export function writeColumns(
  layout: Layout,
  records: StaticArray<u32>,
  lengths: StaticArray<u32>,
  segments: StaticArray<i32>,
  numbers: StaticArray<i64>,
  offsets: StaticArray<i64>,
  count: i32,
  out: usize,
): usize {
  const plan = layout.flatPlan;
  const validity = heap.alloc((<usize>count + 63 >> 6) * 8);
  beginRows(count);
  openBlocks(plan, records, lengths, segments, count);
  let end = out;
  let rows: i32;
  do {
    rows = rowsLeft;
    restartRows();
    end = writeFrame(plan, rows, validity, out);
  } while (rowsLeft < rows);
  if (rows < count) failAtRow(numbers[rows], offsets[rows]);
  return end;
}

/** The most bytes that one record adds to either output, what there is once apart. */
export function flatMaxBytes(layout: Layout): i32 {
  return max(layout.flatPlan.columnsMaxBytes, layout.flatPlan.csvMaxBytes);
}

/** The most bytes of either output besides records: the frame's head and alignment, the line of names. */
export function flatFixedBytes(layout: Layout): i32 {
  return max(layout.flatPlan.columnsFixedBytes, layout.flatPlan.csvFixedBytes);
}

function writeFrame(plan: FlatPlan, rows: i32, validity: usize, out: usize): usize {
  const operations = plan.operations;
  store<u32>(out, rows);
  store<u32>(out, operations.length, 4);
  let headBytes: usize = 8;
  for (let i = 0; i < operations.length; i++) headBytes += hasBytes(operations[i]) ? 32 : 24;
  let entry = out + 8;
  let at = out + aligned(headBytes);
  store<u32>(out + headBytes, 0);
  for (let i = 0; i < operations.length; i++) {
    const operation = operations[i];
    const end = hasBytes(operation)
      ? writeBytesColumn(plan, operation, i, rows, validity, at)
      : writeNumbersColumn(plan, operation, i, rows, validity, at);
    const nulls = rows - validCount;
    store<u32>(entry, nulls);
    store<u32>(entry, hasBytes(operation) ? 3 : 2, 4);
    let next = out + aligned(end - out);
    memory.fill(end, 0, next - end);
    const validityBytes = nulls == 0 ? 0 : (rows + 7) >> 3;
    store<u32>(entry, <u32>(next - out), 8);
    store<u32>(entry, validityBytes, 12);
    memory.copy(next, validity, validityBytes);
    const validityEnd = next + validityBytes;
    next = out + aligned(validityEnd - out);
    memory.fill(validityEnd, 0, next - validityEnd);
    store<u32>(entry, <u32>(at - out), 16);
    if (hasBytes(operation)) {
      store<u32>(entry, (rows + 1) * 4, 20);
      const bytesAt = at + aligned((rows + 1) * 4);
      store<u32>(entry, <u32>(bytesAt - out), 24);
      store<u32>(entry, <u32>(end - bytesAt), 28);
      entry += 32;
    } else {
      store<u32>(entry, <u32>(end - at), 20);
      entry += 24;
    }
    at = next;
  }
  return at;
}

// @ts-ignore: decorator
@inline
function aligned(bytes: usize): usize {
  return (bytes + 7) & ~7;
}

// @ts-ignore: decorator
@inline
function hasBytes(operation: FlatOperation): bool {
  return operation.column.type >= ColumnType.UTF8;
}

/** Of the column written last. */
let validCount: i32 = 0;

function writeNumbersColumn(
  plan: FlatPlan, operation: FlatOperation, index: i32, rows: i32, validity: usize, out: usize,
): usize {
  const type = operation.column.type;
  const isFloat = type == ColumnType.FLOAT64;
  const valueBytes = type == ColumnType.INT32 ? 4 : type == ColumnType.DECIMAL ? 16 : 8;
  let count = 0;
  let to = out;
  for (let row = 0; row < rows; row += BLOCK_ROWS) {
    const rowsCount = min(BLOCK_ROWS, rows - row);
    placeBlock(plan, operation, index, row, rowsCount);
    let valid: u64 = 0;
    if (!isFloat) {
      valid = readKernel(operation, block) & block.whole;
      if (operation.factor != 1) multiply(rowsCount, operation.factor);
      if (type == ColumnType.INT32) storeInt32(to);
      else if (type == ColumnType.INT64) memory.copy(to, VALUES, rowsCount << 3);
      else storeDecimals(rowsCount, to);
    }
    if (valid != block.all) valid |= readSlowly(plan, operation, row, valid, to, valueBytes);
    store<u64>(validity + (row >> 3), valid);
    count += <i32>popcnt(valid);
    to += rowsCount * valueBytes;
  }
  validCount = count;
  return to;
}

/** The block's integers into VALUES. Bit n of what it gives: row n is read. */
function readKernel(operation: FlatOperation, block: Block): u64 {
  const reader = operation.reader;
  if (reader == Reader.SLOW) return 0;
  const at = block.addresses, count = block.count, shift = block.shift;
  const digitsEnd = shift + operation.digitsOffsetBytes + operation.digitsBytes;
  const masks = operation.masks;
  const item = operation.item;
  if (reader == Reader.ZONED_8 || reader == Reader.ZONED_16) {
    const signs: usize = item.isSigned ? operation.signs : 0;
    const signShift = shift + operation.signOffsetBytes;
    if (reader == Reader.ZONED_8) return readZoned8(at, count, digitsEnd - 8, masks, signs, signShift, VALUES);
    return readZoned16(at, count, digitsEnd - 16, masks, signs, signShift, VALUES);
  }
  if (reader == Reader.BINARY) {
    const bound: u64 = operation.isBounded ? load<u64>(masks) : 0;
    return readBinary(at, count, shift, operation.lengthBytes, item.isLittleEndian, item.isSigned, bound, VALUES);
  }
  const nibble: u64 = item.kind == Kind.PACKED ? 4 : 0;
  if (reader == Reader.PACKED_8) {
    return readPacked8(at, count, digitsEnd - 8, masks, operation.signs, nibble, VALUES);
  }
  return readPacked16(at, count, digitsEnd - 16, masks, operation.signs, nibble, VALUES);
}

function multiply(count: i32, factor: i64): void {
  for (let i: usize = 0; i < <usize>count << 3; i += 8) store<i64>(VALUES + i, load<i64>(VALUES + i) * factor);
}

/** All 64, since slack is behind the last: rows behind the block's are written over by what comes next. */
function storeInt32(out: usize): void {
  for (let i: usize = 0; i < 16; i++) {
    const values = VALUES + (i << 5);
    v128.store(out + (i << 4), v128.shuffle<i32>(v128.load(values), v128.load(values, 16), 0, 2, 4, 6));
  }
}

function storeDecimals(count: i32, out: usize): void {
  for (let i: usize = 0; i < <usize>count; i++) {
    const value = load<i64>(VALUES + (i << 3));
    store<i64>(out + (i << 4), value);
    store<i64>(out + (i << 4), value >> 63, 8);
  }
}

/** The rows of a block that are not `done`: values to `out`, 0 where there is none. Gives the bits of the valid ones. */
function readSlowly(plan: FlatPlan, operation: FlatOperation, row: i32, done: u64, out: usize, valueBytes: i32): u64 {
  let valid: u64 = 0;
  let rest = block.all & ~done;
  while (rest != 0) {
    const n = <i32>ctz(rest);
    rest &= rest - 1;
    const to = out + n * valueBytes;
    memory.fill(to, 0, valueBytes);
    if (((block.whole >> n) & 1) == 0) {
      if (((block.cut >> n) & 1) == 0) continue;
      setReason(Reason.CUT);
      refuse(operation.item, operation.policy, operation.isQuietlyNull, row + n, block.offsetOf(n));
      continue;
    }
    const at = <usize>load<u32>(block.addresses + (<usize>n << 2)) + block.shift;
    let state = operation.column.type == ColumnType.FLOAT64
      ? readFloat(operation, plan.options, at)
      : readInteger(operation.item, plan.options, at);
    if (state == Value.VALID && !storeInteger(operation.column.type, to)) {
      setReason(Reason.TRUNCATED);
      state = Value.INVALID;
    }
    if (state == Value.VALID) valid |= <u64>1 << n;
    else if (state == Value.INVALID) {
      refuse(operation.item, operation.policy, operation.isQuietlyNull, row + n, block.offsetOf(n));
    }
  }
  return valid;
}

/** The number read last; false, and nothing written, when the column cannot hold it. */
function storeInteger(type: i32, out: usize): bool {
  if (type == ColumnType.FLOAT64) {
    store<u64>(out, low);
    return true;
  }
  if (type == ColumnType.DECIMAL) {
    store<u64>(out, low);
    store<u64>(out, high, 8);
    return true;
  }
  const value = <i64>low;
  if (<i64>high != value >> 63) return false;
  if (type == ColumnType.INT64) {
    store<i64>(out, value);
    return true;
  }
  if (value != <i64><i32>value) return false;
  store<i32>(out, <i32>value);
  return true;
}

/** `utf8` and `binary`: offsets at `out`, the bytes behind them. */
function writeBytesColumn(
  plan: FlatPlan, operation: FlatOperation, index: i32, rows: i32, validity: usize, out: usize,
): usize {
  const bytesAt = out + aligned((rows + 1) * 4);
  const text = operation.text;
  const tables: usize = text === null ? 0 : text.tables;
  const trim = plan.options.trim;
  const trimsLeft = (trim & Trim.LEFT) != 0;
  const keepsSpaces = (trim & Trim.RIGHT) == 0;
  const length = operation.lengthBytes;
  let count = 0;
  let to = bytesAt;
  let offset = out;
  store<u64>(bytesAt - 8, 0);
  store<u32>(offset, 0);
  for (let row = 0; row < rows; row += BLOCK_ROWS) {
    const rowsCount = min(BLOCK_ROWS, rows - row);
    placeBlock(plan, operation, index, row, rowsCount);
    let valid: u64 = 0;
    const addresses = block.addresses, shift = block.shift;
    if (block.whole == block.all && tables != 0 && !trimsLeft && !block.isMeasured) {
      valid = block.all;
      let n = 0;
      while (true) {
        n = transcodeRows(tables, addresses, shift, n, rowsCount, length, keepsSpaces, to, bytesAt, offset);
        to = rowsEnd;
        if (n == rowsCount) break;
        const at = <usize>load<u32>(addresses + (<usize>n << 2)) + shift;
        const end = writeText(operation.item, plan.options, at, length, false, to);
        if (end != 0) {
          to = end;
        } else {
          valid ^= <u64>1 << n;
          refuse(operation.item, operation.policy, operation.isQuietlyNull, row + n, block.offsetOf(n));
        }
        store<u32>(offset + (<usize>n << 2), <u32>(to - bytesAt), 4);
        n++;
      }
      offset += rowsCount << 2;
    } else {
      for (let n = 0; n < rowsCount; n++) {
        const end = writeBytes(plan, operation, n, to);
        if (end >= to) {
          to = end;
          valid |= <u64>1 << n;
        } else if (end == INVALID) {
          refuse(operation.item, operation.policy, operation.isQuietlyNull, row + n, block.offsetOf(n));
        }
        offset += 4;
        store<u32>(offset, <u32>(to - bytesAt));
      }
    }
    store<u64>(validity + (row >> 3), valid);
    count += <i32>popcnt(valid);
  }
  validCount = count;
  return to;
}

/** Below every address. */
const INVALID: usize = 0;
const NULL: usize = 1;

/** One value of `utf8` or `binary`, of as many bytes as the record has: its end, INVALID or NULL. */
function writeBytes(plan: FlatPlan, operation: FlatOperation, n: i32, out: usize): usize {
  const isWhole = ((block.whole >> n) & 1) != 0;
  if (!isWhole && ((block.cut >> n) & 1) == 0) return NULL;
  const item = operation.item;
  const at = <usize>load<u32>(block.addresses + (<usize>n << 2)) + block.shift;
  const lengthBytes = block.lengthOf(n);
  const kind = item.kind;
  const isNumber = kind == Kind.ZONED || kind == Kind.PACKED || kind == Kind.PACKED_UNSIGNED || kind == Kind.BINARY || kind == Kind.EDITED;
  if (isNumber) {
    if (!isWhole) {
      setReason(Reason.CUT);
      return INVALID;
    }
    const end = writeNumberText(item, plan.options, at, out);
    return end == out ? NULL : end == 0 ? INVALID : end;
  }
  if (operation.column.type == ColumnType.BINARY) {
    memory.copy(out, at, lengthBytes);
    return out + lengthBytes;
  }
  const end = writeText(item, plan.options, at, lengthBytes, false, out);
  return end == 0 ? INVALID : end;
}
