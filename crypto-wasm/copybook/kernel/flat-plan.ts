/**
 * How the flat columns of a copybook are read, compiled: what `write-columns.ts` and `write-csv.ts` work from.
 *
 * One operation a column, with everything that does not depend on data: the code page, what becomes of invalid bytes,
 * the segments it is in, and the vectors of its kernel. It is made with the layout and never grows afterwards.
 */

import { ColumnType, FlatColumn, flatColumns } from './flat-columns';
import { Walk } from './flat-walk';
import { segmentValues } from './framing';
import { CodePage } from './code-page';
import { Copybook, Item, Kind } from './item';
import { isLenient, segmentsAbove } from './flat-segments';
import { invalidPolicyOf, pageOf } from './item-options';
import { INTEGER_MASKS_BYTES, integerReaderOf, Reader, writeIntegerMasks, writeSigns } from './column-integers';
import { TextTables, textTablesOf } from './column-text';
import { Options, Output } from './options';
import { hasProblem } from './problem';
import { numberTextMaxBytes } from './value-text';

/** One column. */
export class FlatOperation {
  /** How its integers are read, `Reader`. */
  reader: i32 = 0;
  lengthBytes: i32 = 0;
  /** `Invalid`; for a view of an overlaid area that no segment chose, invalid bytes are null and not counted. */
  policy: i32 = 0;
  isQuietlyNull: bool = false;
  /** u8 for each segment from NO_SEGMENT (-2) on: whether the column is in it. 0: it is in all. */
  segments: usize = 0;
  /** Of the kernel that reads integers: vectors (INTEGER_MASKS_BYTES) and, by a byte, what its sign is. */
  masks: usize = 0;
  signs: usize = 0;
  /** Where the sign is, from the item's first byte. */
  signOffsetBytes: i32 = 0;
  /** Bytes that hold digits, and where they begin. */
  digitsOffsetBytes: i32 = 0;
  digitsBytes: i32 = 0;
  /** A binary that has to stay within its picture's digits. */
  isBounded: bool = false;
  /** 10^-scale of a number with PIC P, else 1. */
  factor: i64 = 1;
  text: TextTables | null = null;
  /** The most bytes of one value: in a column besides its offset, and in CSV with its quotes. */
  valueMaxBytes: i32 = 0;
  csvMaxBytes: i32 = 0;

  constructor(
    readonly column: FlatColumn,
    readonly item: Item,
    readonly page: CodePage,
  ) {}
}

export class FlatPlan {
  operations: StaticArray<FlatOperation> = new StaticArray<FlatOperation>(0);
  /** Null where every item stands at the same place in all records, and every table is as long. */
  walk: Walk | null = null;
  recordBytes: i32 = 0;
  /** The most bytes that one record adds, and what there is besides records. */
  columnsMaxBytes: i32 = 0;
  columnsFixedBytes: i32 = 0;
  csvMaxBytes: i32 = 0;
  csvFixedBytes: i32 = 0;

  constructor(
    readonly copybook: Copybook,
    readonly options: Options,
  ) {}
}

/** Kernels store whole vectors: this many bytes behind the last one written may change. */
export const SLACK_BYTES: i32 = 320;

/** An empty plan unless the output is flat. May set a problem. */
export function compileFlatPlan(copybook: Copybook, options: Options): FlatPlan {
  const plan = new FlatPlan(copybook, options);
  if (options.output != Output.CSV && options.output != Output.COLUMNS) return plan;
  const columns = flatColumns(copybook, options);
  if (hasProblem()) return plan;
  const operations = new StaticArray<FlatOperation>(columns.length);
  const compiler = new Compiler(copybook, options);
  for (let i = 0; i < columns.length; i++) operations[i] = compiler.compile(columns[i]);
  plan.operations = operations;
  plan.recordBytes = copybook.recordBytes;
  let hasCounters = false;
  for (let i = 0; i < copybook.items.length; i++) hasCounters = hasCounters || copybook.items[i].dependsOn !== null;
  if (hasCounters) plan.walk = new Walk(copybook, options, columns);
  sumSizes(plan);
  return plan;
}

function sumSizes(plan: FlatPlan): void {
  const operations = plan.operations;
  // Sums stay below 2^31: 4,096 columns of items that a record holds. What does not is cut to that, and never fits.
  let columnsMax: i64 = (operations.length + 7) >> 3;
  let columnsFixed: i64 = 8 + SLACK_BYTES;
  let csvMax: i64 = 2;
  let csvFixed: i64 = 2 + SLACK_BYTES;
  for (let i = 0; i < operations.length; i++) {
    const operation = operations[i];
    const type = operation.column.type;
    columnsMax += operation.valueMaxBytes + (type == ColumnType.UTF8 || type == ColumnType.BINARY ? 4 : 0);
    // Entry in the head, the last offset, and what aligns three buffers.
    columnsFixed += 32 + 4 + 3 * 8;
    csvMax += operation.csvMaxBytes + 1;
    csvFixed += 3 + 2 * 3 * operation.column.name.length;
  }
  plan.columnsMaxBytes = <i32>min<i64>(columnsMax, i32.MAX_VALUE);
  plan.columnsFixedBytes = <i32>min<i64>(columnsFixed, i32.MAX_VALUE);
  plan.csvMaxBytes = <i32>min<i64>(csvMax, i32.MAX_VALUE);
  plan.csvFixedBytes = <i32>min<i64>(csvFixed, i32.MAX_VALUE);
}

class Compiler {
  private readonly segmentTexts: string[];
  /** Of the column before: occurrences of an item share everything but their offset. */
  private previous: FlatOperation | null = null;
  private tables: TextTables[] = [];

  constructor(
    private readonly copybook: Copybook,
    private readonly options: Options,
  ) {
    this.segmentTexts = segmentValues(options);
  }

  compile(column: FlatColumn): FlatOperation {
    const item = column.item;
    const page = pageOf(item, this.options);
    const operation = new FlatOperation(column, item, page);
    operation.lengthBytes = item.lengthBytes;
    operation.policy = invalidPolicyOf(item, this.options);
    operation.segments = segmentsAbove(item, this.options, this.segmentTexts);
    operation.isQuietlyNull = isLenient(item, this.copybook, this.options);
    const kind = item.kind;
    const previous = this.previous;
    if (previous !== null && previous.item === item) {
      operation.reader = previous.reader;
      operation.masks = previous.masks;
      operation.signs = previous.signs;
      operation.signOffsetBytes = previous.signOffsetBytes;
      operation.digitsOffsetBytes = previous.digitsOffsetBytes;
      operation.digitsBytes = previous.digitsBytes;
      operation.isBounded = previous.isBounded;
      operation.factor = previous.factor;
      operation.text = previous.text;
    } else if (column.type <= ColumnType.DECIMAL) {
      this.compileInteger(operation);
    } else if (kind == Kind.TEXT || kind == Kind.GROUP || kind == Kind.EDITED_TEXT) {
      operation.text = this.tablesOf(page);
    }
    sizeValue(operation);
    this.previous = operation;
    return operation;
  }

  private compileInteger(operation: FlatOperation): void {
    const item = operation.item;
    operation.digitsBytes = item.lengthBytes;
    operation.isBounded = this.options.truncateBinary && !item.isNativeBinary;
    if (item.kind == Kind.ZONED && item.isSigned && item.signSeparate) {
      operation.digitsBytes -= 1;
      operation.digitsOffsetBytes = item.signLeading ? 1 : 0;
      operation.signOffsetBytes = item.signLeading ? 0 : item.lengthBytes - 1;
    } else {
      operation.signOffsetBytes = item.signLeading && item.kind == Kind.ZONED ? 0 : item.lengthBytes - 1;
    }
    operation.reader = integerReaderOf(item, operation.digitsBytes);
    if (operation.reader == Reader.SLOW) return;
    for (let n = item.scale; n < 0; n++) operation.factor *= 10;
    operation.masks = heap.alloc(INTEGER_MASKS_BYTES);
    operation.signs = heap.alloc(256);
    writeIntegerMasks(item, operation.page.isAscii, operation.digitsBytes, operation.masks);
    writeSigns(item, operation.page.isAscii, this.options, operation.signs);
  }

  private tablesOf(page: CodePage): TextTables {
    for (let i = 0; i < this.tables.length; i++) {
      if (this.tables[i].page === page) return this.tables[i];
    }
    const made = textTablesOf(page);
    this.tables.push(made);
    return made;
  }
}

function sizeValue(operation: FlatOperation): void {
  const item = operation.item;
  const type = operation.column.type;
  const kind = item.kind;
  const length = item.lengthBytes;
  if (type == ColumnType.UTF8) {
    const tables = operation.text;
    if (tables !== null) {
      operation.valueMaxBytes = length * tables.characterMaxBytes;
      operation.csvMaxBytes = length * max(2, tables.characterMaxBytes) + 2;
    } else if (kind == Kind.NATIONAL || kind == Kind.GRAPHIC) {
      // Two bytes are one character of up to three bytes; a pair of surrogates becomes four.
      operation.valueMaxBytes = (length >> 1) * 3 + 3;
      operation.csvMaxBytes = (length >> 1) * 3 + 5;
    } else {
      operation.valueMaxBytes = numberTextMaxBytes(item);
      operation.csvMaxBytes = operation.valueMaxBytes;
    }
  } else if (type == ColumnType.BINARY) {
    operation.valueMaxBytes = length;
    operation.csvMaxBytes = 2 * length;
  } else {
    operation.valueMaxBytes = type == ColumnType.INT32 ? 4 : type == ColumnType.DECIMAL ? 16 : 8;
    operation.csvMaxBytes = numberTextMaxBytes(item);
  }
}
