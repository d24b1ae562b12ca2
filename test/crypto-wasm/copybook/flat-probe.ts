/**
 * Flat output of the kernel without a parser: items are given one by one, as the layout pass would leave them, and a
 * batch of records comes back as a frame of columns or as CSV.
 */

import { FLAT_SOURCE } from './flat-source.ts';
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
  readonly variable?: boolean;
  readonly hidden?: boolean;
  readonly occurs?: number;
  readonly dependsOn?: number;
  readonly redefines?: number;
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
  /** The members of each record as decoding to JSON writes them, and how many fields were not valid. */
  json(
    records: readonly Uint8Array[],
    segments?: readonly number[],
  ): { texts: string[]; invalidCount: number };
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
  members(index: number, out: number): number;
  membersMaxBytes(): number;
  errors(): bigint;
  rows(): number;
  invalids(): bigint;
  problemText(): number;
}

export interface FlatBuild {
  readonly name: string;
  readonly module: WebAssembly.Module;
}

export function compileFlat(): Promise<readonly FlatBuild[]> {
  return compileProbes(FLAT_SOURCE);
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
        ...[item.dependsOn ?? -1, item.redefines ?? -1],
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
  const bring = (records: readonly Uint8Array[], segments: readonly number[]): void => {
    exports.batch(records.length);
    let offset = 0;
    records.forEach((record, index) => {
      const padded = new Uint8Array(record.length + BEHIND_BYTES).fill(GUARD);
      padded.set(record);
      exports.record(index, put(padded), record.length, segments[index] ?? -1, offset);
      offset += record.length;
    });
  };
  return {
    columns,
    json(records, segments = []) {
      bring(records, segments);
      const out = put(new Uint8Array(exports.membersMaxBytes() + BEHIND_BYTES));
      const before = exports.errors();
      const texts = records.map((_, index) => {
        const end = exports.members(index, out) >>> 0;
        const problemOf = problem();
        if (problemOf !== undefined) throw new Error(JSON.stringify(problemOf));
        return `{${Buffer.from(new Uint8Array(exports.memory.buffer).slice(out, end)).toString('utf8')}}`;
      });
      return { texts, invalidCount: Number(exports.errors() - before) };
    },
    write(output, records, segments = [], isContinued = false) {
      define(output === 'csv');
      bring(records, segments);
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
  const { signed, leading, separate, little, native, variable, hidden } = item;
  return [signed, leading, separate, little, native, variable, hidden].reduce(
    (flags, isSet, bit) => flags | (isSet ? 1 << bit : 0),
    0,
  );
}
