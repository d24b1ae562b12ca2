/**
 * Which columns a record has when it lies flat: one for each occurrence of each leaf that is shown.
 *
 * The order is that of the copybook, the occurrences of a table one behind the other. Names are unique. A type depends
 * on the item and the options, never on data: what its bytes can hold beyond it is invalid data, not a wrong value.
 * It does not know how values are read: `flat-plan.ts` does.
 */

import { Copybook, Item, Kind } from './item';
import { isAmong } from './item-options';
import { Options, Output } from './options';
import { fail, LIMIT } from './problem';

export namespace ColumnType {
  export const INT32: i32 = 0;
  export const INT64: i32 = 1;
  /** 128 bits, two's complement, times 10^-scale. */
  export const DECIMAL: i32 = 2;
  export const FLOAT64: i32 = 3;
  export const UTF8: i32 = 4;
  export const BINARY: i32 = 5;
}

/** A batch has two or three buffers for each; readers of the format mostly take a few thousand columns well. */
export const COLUMNS_MAX_COUNT: i32 = 4096;
/** What fits 128 bits in every value. */
export const DECIMAL_MAX_DIGITS: i32 = 38;

export class FlatColumn {
  constructor(
    readonly name: string,
    readonly item: Item,
    readonly type: i32,
    /** Decimal digits of a DECIMAL; 0 else. */
    readonly precision: i32,
    /** Decimal places of a DECIMAL; 0 else. */
    readonly scale: i32,
    /** Of this occurrence, every table at its maximum. */
    readonly offsetBytes: i32,
  ) {}
}

/**
 * The shown leaves, one for each occurrence. Too many of them are a problem (`LIMIT`) where the output needs them;
 * for other outputs there are no columns then.
 */
export function flatColumns(copybook: Copybook, options: Options): FlatColumn[] {
  const found = new Finder(options);
  for (let i = 0; i < copybook.records.length; i++) {
    const record = copybook.records[i];
    if (!record.isShown) continue;
    found.record = record.key;
    if (isLeaf(record, options)) found.add(record, '', 0);
    else found.addChildren(record, '', 0);
  }
  if (!found.isTooMany) return found.columns;
  if (options.output == Output.CSV || options.output == Output.COLUMNS) {
    fail(LIMIT, 'the flat record has more than ' + COLUMNS_MAX_COUNT.toString() + ' columns');
  }
  return [];
}

/** Whether an item is one value in the output: it has no children, or `groupsAsText` names it. */
export function isLeaf(item: Item, options: Options): bool {
  return item.kind != Kind.GROUP || isAmong(item, options.groupsAsText);
}

class Finder {
  columns: FlatColumn[] = [];
  isTooMany: bool = false;
  record: string = '';
  private readonly names: Set<string> = new Set();

  constructor(private readonly options: Options) {}

  addChildren(group: Item, prefix: string, shiftBytes: i32): void {
    for (let i = 0; i < group.children.length && !this.isTooMany; i++) {
      const child = group.children[i];
      if (child.isShown) this.add(child, prefix, shiftBytes);
    }
  }

  /** All occurrences of an item. `shiftBytes`: how far this occurrence of what is above lies behind the first one. */
  add(item: Item, prefix: string, shiftBytes: i32): void {
    const leaf = isLeaf(item, this.options);
    for (let n = 0; n < item.occursMax && !this.isTooMany; n++) {
      const name = prefix + item.key + (item.hasOccurs ? '[' + (n + 1).toString() + ']' : '');
      const shift = shiftBytes + n * item.lengthBytes;
      const before = this.columns.length;
      if (leaf) this.push(item, name, item.offsetBytes + shift);
      else this.addChildren(item, name + '.', shift);
      // Every occurrence is like the first: one without columns has none in all of them.
      if (this.columns.length == before) return;
    }
  }

  private push(item: Item, path: string, offsetBytes: i32): void {
    if (this.columns.length == COLUMNS_MAX_COUNT) {
      this.isTooMany = true;
      return;
    }
    // Keys are unique among siblings, so only several records can have the same names.
    let name = path;
    if (this.names.has(name)) name = this.record + '.' + path;
    for (let n = 2; this.names.has(name); n++) name = this.record + '.' + path + '_' + n.toString();
    this.names.add(name);
    this.columns.push(columnOf(item, name, offsetBytes, this.options));
  }
}

function columnOf(item: Item, name: string, offsetBytes: i32, options: Options): FlatColumn {
  const kind = item.kind;
  if (kind == Kind.FLOAT) return new FlatColumn(name, item, ColumnType.FLOAT64, 0, 0, offsetBytes);
  if (kind == Kind.BYTES) return new FlatColumn(name, item, ColumnType.BINARY, 0, 0, offsetBytes);
  const isNumber =
    kind == Kind.ZONED || kind == Kind.PACKED || kind == Kind.PACKED_UNSIGNED ||
    kind == Kind.BINARY || kind == Kind.EDITED;
  if (!isNumber) return new FlatColumn(name, item, ColumnType.UTF8, 0, 0, offsetBytes);
  const digits = digitsHeld(item, options);
  const whole = digits - item.scale;
  if (item.scale <= 0) {
    if (whole <= 9 || (item.scale == 0 && fitsBits(item, 32))) {
      return new FlatColumn(name, item, ColumnType.INT32, 0, 0, offsetBytes);
    }
    if (whole <= 18 || (item.scale == 0 && fitsBits(item, 64))) {
      return new FlatColumn(name, item, ColumnType.INT64, 0, 0, offsetBytes);
    }
    if (whole <= DECIMAL_MAX_DIGITS) return new FlatColumn(name, item, ColumnType.DECIMAL, whole, 0, offsetBytes);
    return new FlatColumn(name, item, ColumnType.UTF8, 0, 0, offsetBytes);
  }
  const precision = digits > item.scale ? digits : item.scale;
  if (precision > DECIMAL_MAX_DIGITS) return new FlatColumn(name, item, ColumnType.UTF8, 0, 0, offsetBytes);
  return new FlatColumn(name, item, ColumnType.DECIMAL, precision, item.scale, offsetBytes);
}

/** Decimal digits of the largest value that is valid in an item: binaries hold more than their picture says. */
function digitsHeld(item: Item, options: Options): i32 {
  if (item.kind != Kind.BINARY || (options.truncateBinary && !item.isNativeBinary)) return item.digits;
  const bits = item.lengthBytes * 8 - (item.isSigned ? 1 : 0);
  // ⌊bits × log10 2⌋ + 1, exact up to 128 bits.
  const held = <i32>((<i64>bits * 30103) / 100000) + 1;
  return held > item.digits ? held : item.digits;
}

/** A binary whose every value fits so many bits, with a sign; of 8 bytes, one whose picture has up to 18 digits too. */
function fitsBits(item: Item, bits: i32): bool {
  if (item.kind != Kind.BINARY) return false;
  const own = item.lengthBytes * 8;
  if (own < bits || (own == bits && item.isSigned)) return true;
  // Values of an unsigned COMP above 2^63 have more digits than its picture: invalid here, not a reason for decimals.
  return bits == 64 && own == 64 && !item.isNativeBinary;
}
