/**
 * Flat output of the kernel without a parser: items are given one by one, as the layout pass would leave them, and a
 * batch of records comes back as a frame of columns or as CSV.
 */

import { compileProbes } from './probe.ts';

/** As in `kernel/item.ts`. */
export const KIND = {
  group: 0,
  text: 1,
  zoned: 2,
  packed: 3,
  packedUnsigned: 4,
  binary: 5,
  float: 6,
  edited: 7,
  editedText: 8,
  national: 9,
  graphic: 10,
  bytes: 11,
} as const;

export const COLUMN_TYPES = ['int32', 'int64', 'decimal', 'float64', 'utf8', 'binary'] as const;

export interface FlatItem {
  readonly name: string;
  readonly kind: keyof typeof KIND;
  readonly offset: number;
  readonly length: number;
  /** Index of the group it is in; the record itself is 0. */
  readonly parent?: number;
  readonly digits?: number;
  readonly scale?: number;
  readonly signed?: boolean;
  readonly leading?: boolean;
  readonly separate?: boolean;
  readonly little?: boolean;
  readonly native?: boolean;
  readonly overlaid?: boolean;
  readonly variable?: boolean;
  readonly hidden?: boolean;
  readonly occurs?: number;
  readonly dependsOn?: number;
  readonly redefines?: number;
  readonly slack?: number;
}

const OPTION = {
  trim: 0,
  strictSigns: 1,
  blankNumbers: 2,
  truncateBinary: 3,
  invalid: 4,
  floatIsIeee: 5,
  floatIsLittleEndian: 6,
  nationalIsLittleEndian: 7,
  odoIsVariable: 8,
} as const;

export interface FlatOptions extends Partial<Record<keyof typeof OPTION, number>> {
  readonly codePage?: string;
  readonly segmentField?: string;
  readonly groupsAsText?: readonly string[];
  /** Group → segments, and a policy for an item. */
  readonly redefineSegments?: Readonly<Record<string, readonly string[]>>;
  readonly invalidFields?: Readonly<Record<string, 'error' | 'null' | 'raw'>>;
}

export interface FlatColumnFacts {
  readonly name: string;
  readonly type: (typeof COLUMN_TYPES)[number];
  readonly precision: number;
  readonly scale: number;
}

export interface FlatBatch {
  readonly bytes: Uint8Array;
  readonly rows: number;
  readonly invalidCount: number;
  readonly problem: Record<string, unknown> | undefined;
}

export interface FlatKernel {
  readonly columns: readonly FlatColumnFacts[];
  /** The first record is number 100, and lies at 1,000,000 in its file. */
  write(
    output: 'columns' | 'csv',
    records: readonly Uint8Array[],
    segments?: readonly number[],
    isContinued?: boolean,
  ): FlatBatch;
}

interface Exports {
  readonly memory: WebAssembly.Memory;
  room(lengthBytes: number): number;
  begin(): void;
  item(facts: number, name: number, nameBytes: number): void;
  option(which: number, value: number): void;
  text(which: number, key: number, keyBytes: number, value: number, valueBytes: number): void;
  compile(isCsv: number, recordBytes: number): number;
  columnsCount(): number;
  columnFact(index: number, which: number): number;
  columnName(index: number): number;
  maxBytes(): number;
  fixedBytes(): number;
  batch(count: number): void;
  record(index: number, address: number, lengthBytes: number, segment: number, offset: number): void;
  write(isContinued: number, out: number): number;
  rows(): number;
  invalids(): bigint;
  problemText(): number;
}

const SOURCE = `
import { codePageOf } from './code-page';
import { compileDecodePlan } from './decode-plan';
import { compileEncodePlan } from './encode-plan';
import { compileFlatPlan } from './flat-plan';
import { flatColumns, FlatColumn } from './flat-columns';
import { compileFraming } from './framing';
import { Copybook, Item, Kind } from './item';
import { Layout } from './layout';
import { Entry, Options, Output } from './options';
import { clearProblem, hasProblem, problemJson } from './problem';
import { flatFixedBytes, flatMaxBytes, invalidFieldsCount, rowsWritten, writeColumns, writeCsv } from './write-columns';
let copybook: Copybook = new Copybook();
let options: Options = new Options();
let layout: Layout | null = null;
let columns: FlatColumn[] = [];
let isCsv = false;
let records = new StaticArray<u32>(0), lengths = new StaticArray<u32>(0), segments = new StaticArray<i32>(0);
let numbers = new StaticArray<i64>(0), offsets = new StaticArray<i64>(0);
export function room(lengthBytes: i32): usize { return heap.alloc(lengthBytes); }
export function begin(): void { copybook = new Copybook(); options = new Options(); clearProblem(); }
export function item(facts: usize, name: usize, nameBytes: i32): void {
  const made = new Item();
  made.name = String.UTF8.decodeUnsafe(name, nameBytes);
  made.key = made.name;
  made.kind = load<i32>(facts);
  made.offsetBytes = load<i32>(facts, 8);
  made.lengthBytes = load<i32>(facts, 12);
  made.digits = load<i32>(facts, 16);
  made.scale = load<i32>(facts, 20);
  const flags = load<i32>(facts, 24);
  made.isSigned = (flags & 1) != 0;
  made.signLeading = (flags & 2) != 0;
  made.signSeparate = (flags & 4) != 0;
  made.isLittleEndian = (flags & 8) != 0;
  made.isNativeBinary = (flags & 16) != 0;
  made.isOverlaid = (flags & 32) != 0;
  made.isVariable = (flags & 64) != 0;
  made.isShown = (flags & 128) == 0;
  made.occursMax = load<i32>(facts, 28);
  made.hasOccurs = made.occursMax > 0;
  if (!made.hasOccurs) made.occursMax = 1;
  made.slackBytes = load<i32>(facts, 40);
  made.index = copybook.items.length;
  const parent = load<i32>(facts, 4), dependsOn = load<i32>(facts, 32), redefines = load<i32>(facts, 36);
  if (dependsOn >= 0) { made.dependsOn = copybook.items[dependsOn]; made.occursMin = 0; }
  if (redefines >= 0) made.redefines = copybook.items[redefines];
  copybook.items.push(made);
  if (parent < 0) copybook.records.push(made);
  else {
    made.parent = copybook.items[parent];
    copybook.items[parent].children.push(made);
  }
}
export function option(which: i32, value: i32): void {
  if (which == 0) options.trim = value;
  else if (which == 1) options.strictSigns = value != 0;
  else if (which == 2) options.blankNumbers = value;
  else if (which == 3) options.truncateBinary = value != 0;
  else if (which == 4) options.invalid = value;
  else if (which == 5) options.floatIsIeee = value != 0;
  else if (which == 6) options.floatIsLittleEndian = value != 0;
  else if (which == 7) options.nationalIsLittleEndian = value != 0;
  else if (which == 8) options.odoIsVariable = value != 0;
}
export function text(which: i32, key: usize, keyBytes: i32, value: usize, valueBytes: i32): void {
  const name = String.UTF8.decodeUnsafe(key, keyBytes), values = String.UTF8.decodeUnsafe(value, valueBytes);
  if (which == 0) options.codePage = name;
  else if (which == 1) options.groupsAsText.push(name);
  else if (which == 2) options.redefineSegments.push(new Entry(name, values.split(',')));
  else if (which == 3) options.invalidFields.push(new Entry(name, [values]));
  else options.segmentField = name;
}
export function compile(csv: bool, recordBytes: i32): i32 {
  isCsv = csv;
  options.output = csv ? Output.CSV : Output.COLUMNS;
  copybook.recordBytes = recordBytes;
  for (let i = 0; i < copybook.items.length; i++) if (copybook.items[i].isVariable) copybook.isVariable = true;
  columns = flatColumns(copybook, options);
  if (hasProblem()) return 0;
  layout = new Layout(
    copybook, options, compileFraming(copybook, options), compileDecodePlan(copybook, options),
    compileEncodePlan(copybook, options), compileFlatPlan(copybook, options),
  );
  return hasProblem() ? 0 : 1;
}
export function columnsCount(): i32 { return columns.length; }
export function columnFact(index: i32, which: i32): i32 {
  const column = columns[index];
  return which == 0 ? column.type : which == 1 ? column.precision : column.scale;
}
export function columnName(index: i32): usize { return changetype<usize>(String.UTF8.encode(columns[index].name, true)); }
export function maxBytes(): i32 { return flatMaxBytes(layout!); }
export function fixedBytes(): i32 { return flatFixedBytes(layout!); }
export function batch(count: i32): void {
  records = new StaticArray<u32>(count);
  lengths = new StaticArray<u32>(count);
  segments = new StaticArray<i32>(count);
  numbers = new StaticArray<i64>(count);
  offsets = new StaticArray<i64>(count);
}
export function record(index: i32, address: u32, lengthBytes: u32, segment: i32, offset: i32): void {
  records[index] = address;
  lengths[index] = lengthBytes;
  segments[index] = segment;
  numbers[index] = 100 + index;
  offsets[index] = 1000000 + <i64>offset;
}
export function write(isContinued: bool, out: usize): usize {
  clearProblem();
  if (isCsv) return writeCsv(layout!, records, lengths, segments, numbers, offsets, records.length, isContinued, out);
  return writeColumns(layout!, records, lengths, segments, numbers, offsets, records.length, out);
}
export function rows(): i32 { return rowsWritten; }
export function invalids(): i64 { return invalidFieldsCount; }
export function problemText(): usize {
  return hasProblem() ? changetype<usize>(String.UTF8.encode(problemJson(), true)) : 0;
}
`;

export interface FlatBuild {
  readonly name: string;
  readonly module: WebAssembly.Module;
}

export function compileFlat(): Promise<readonly FlatBuild[]> {
  return compileProbes(SOURCE);
}

/** Bytes behind every record, and behind the output, which must stay as they are. */
const BEHIND_BYTES = 32;
const GUARD = 0xa5;

/** A new instance with one copybook: `items[0]` is the record. Throws the problem when it does not compile. */
export function createFlatKernel(
  { module }: FlatBuild,
  items: readonly FlatItem[],
  options: FlatOptions = {},
): FlatKernel {
  const exports = new WebAssembly.Instance(module).exports as unknown as Exports;
  const put = (bytes: Uint8Array): number => {
    const at = exports.room(bytes.length + 1) >>> 0;
    new Uint8Array(exports.memory.buffer).set(bytes, at);
    return at;
  };
  const read = (at: number): string => {
    const bytes = new Uint8Array(exports.memory.buffer, at);
    return Buffer.from(bytes.subarray(0, bytes.indexOf(0))).toString('utf8');
  };
  const problem = (): Record<string, unknown> | undefined => {
    const at = exports.problemText() >>> 0;
    return at === 0 ? undefined : JSON.parse(read(at));
  };
  const define = (isCsv: boolean): void => {
    exports.begin();
    items.forEach((item, index) => {
      const facts = Int32Array.of(
        ...[KIND[item.kind], index === 0 ? -1 : (item.parent ?? 0), item.offset, item.length],
        ...[item.digits ?? 0, item.scale ?? 0, flagsOf(item), item.occurs ?? 0],
        ...[item.dependsOn ?? -1, item.redefines ?? -1, item.slack ?? 0],
      );
      const name = Buffer.from(item.name);
      exports.item(put(new Uint8Array(facts.buffer)), put(name), name.length);
    });
    for (const [name, which] of Object.entries(OPTION)) {
      const value = options[name as keyof typeof OPTION];
      if (value !== undefined) exports.option(which, value);
    }
    const text = (which: number, key: string, value = ''): void => {
      const bytes = [Buffer.from(key), Buffer.from(value)] as const;
      exports.text(which, put(bytes[0]), bytes[0].length, put(bytes[1]), bytes[1].length);
    };
    text(0, options.codePage ?? 'cp037');
    if (options.segmentField !== undefined) text(4, options.segmentField);
    for (const name of options.groupsAsText ?? []) text(1, name);
    for (const [group, values] of Object.entries(options.redefineSegments ?? {}))
      text(2, group, values.join());
    for (const [name, policy] of Object.entries(options.invalidFields ?? {})) text(3, name, policy);
    if (exports.compile(isCsv ? 1 : 0, items[0]?.length ?? 0) === 0)
      throw new Error(JSON.stringify(problem()));
  };
  define(false);
  const columns = Array.from({ length: exports.columnsCount() }, (_, index) => ({
    name: read(exports.columnName(index) >>> 0),
    type: COLUMN_TYPES[exports.columnFact(index, 0)] as (typeof COLUMN_TYPES)[number],
    precision: exports.columnFact(index, 1),
    scale: exports.columnFact(index, 2),
  }));
  return {
    columns,
    write(output, records, segments = [], isContinued = false) {
      define(output === 'csv');
      exports.batch(records.length);
      let offset = 0;
      records.forEach((record, index) => {
        const padded = new Uint8Array(record.length + BEHIND_BYTES).fill(GUARD);
        padded.set(record);
        exports.record(index, put(padded), record.length, segments[index] ?? -1, offset);
        offset += record.length;
      });
      const roomBytes = exports.maxBytes() * records.length + exports.fixedBytes();
      const out = put(new Uint8Array(roomBytes + BEHIND_BYTES).fill(GUARD));
      const end = exports.write(isContinued ? 1 : 0, out) >>> 0;
      const bytes = new Uint8Array(exports.memory.buffer).slice(out, out + roomBytes + BEHIND_BYTES);
      if (bytes.subarray(roomBytes).some((byte) => byte !== GUARD)) throw new Error('wrote beyond its room');
      return {
        bytes: bytes.slice(0, end - out),
        rows: exports.rows(),
        invalidCount: Number(exports.invalids()),
        problem: problem(),
      };
    },
  };
}

function flagsOf(item: FlatItem): number {
  const { signed, leading, separate, little, native, overlaid, variable, hidden } = item;
  return [signed, leading, separate, little, native, overlaid, variable, hidden].reduce(
    (flags, isSet, bit) => flags | (isSet ? 1 << bit : 0),
    0,
  );
}
