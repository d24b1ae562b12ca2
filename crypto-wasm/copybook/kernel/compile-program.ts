/**
 * Items → one program of operations (`decode-op.ts`), in two walks over the tree, the first of which only counts.
 */

import { textMaxBytes } from './character-text';
import { CodePage } from './code-page';
import { hasRoom } from './compile-room';
import { At, Flag, Op, OP_BYTES } from './decode-op';
import { segmentValues } from './framing';
import { Copybook, Item, Kind } from './item';
import { entryFor, invalidPolicyOf, isAmong, isSegmentGroup, pageOf } from './item-options';
import { fillNumber } from './number-op';
import { Entry, Invalid, Options, Trim } from './options';
import { fail, hasProblem, LIMIT, quoted } from './problem';
import { mappingTable } from './read-counter';
import { makeRuns } from './run-plan';
import { makeTables, TABLES_BYTES } from './transcode';
import { isNumberQuoted, numberTextMaxBytes } from './value-text';
import { zeroed } from './zeroed';

/** 12.8 MB of operations: more fields than a record has, and room for several layouts in a cell. */
const OPS_MAX_COUNT: i32 = 100_000;
/** `{"raw":""}` and the rest around hexadecimal; an error's member names, numbers and reason. */
const RAW_BYTES: i64 = 12;
const ERROR_BYTES: i64 = 192;

/** Builds programs, each in two walks; what it counts of them is read when they are built. */
export class Compiler {
  /** Tables with a counter; the index is the counter's slot. */
  tables: Item[] = [];
  /** Most bytes of the members of a record. */
  maxBytes: i64 = 0;
  private values: string[];
  /** By index of the items: whether the item, or something in it, is a counter. */
  private counters: StaticArray<u8>;
  private pages: CodePage[] = [];
  private pageTables: usize[] = [];
  private isCounting: bool = false;
  private count: i32 = 0;
  private ops: usize = 0;
  /** The group whose members alone are written; null for the record. */
  private target: Item | null = null;
  private isDone: bool = false;
  /** Occurrences of what is compiled now, for `maxBytes`. */
  private times: i64 = 1;

  constructor(private copybook: Copybook, private options: Options) {
    this.values = segmentValues(options);
    this.counters = new StaticArray<u8>(copybook.items.length);
    for (let i = 0; i < copybook.items.length; i++) {
      let counter = copybook.items[i].dependsOn;
      if (counter === null) continue;
      this.tables.push(copybook.items[i]);
      while (counter !== null) {
        this.counters[counter.index] = 1;
        counter = counter.parent;
      }
    }
  }

  /** The program of the record, or of one group's members; its first operation. */
  compile(target: Item | null): usize {
    this.target = target;
    this.isCounting = true;
    this.walk();
    if (hasProblem()) return 0;
    this.ops = zeroed(this.count * OP_BYTES);
    this.isCounting = false;
    this.walk();
    makeRuns(this.ops, this.next());
    return this.ops;
  }

  private walk(): void {
    this.count = 0;
    this.isDone = false;
    this.times = 1;
    if (this.target === null && this.isCounting) this.maxBytes = 0;
    const records = this.copybook.records;
    this.siblings(records, this.target === null, false, !this.options.keepRoot);
    this.add(Op.END, null, 0);
  }

  /** Appends an operation and gives its address, 0 while counting. */
  private add(kind: i32, item: Item | null, flags: i32): usize {
    if (this.count++ >= OPS_MAX_COUNT) fail(LIMIT, 'the copybook has too many fields to decode');
    if ((this.count & 63) == 0) hasRoom();
    if (this.isCounting) return 0;
    const op = this.ops + <usize>(this.count - 1) * OP_BYTES;
    store<i32>(op, kind);
    store<i32>(op + At.FLAGS, flags);
    if (item !== null) {
      store<i32>(op + At.OFFSET, item.offsetBytes);
      store<i32>(op + At.LENGTH, item.lengthBytes);
      store<usize>(op + At.ITEM, changetype<usize>(item));
    }
    return op;
  }

  private next(): usize {
    return this.ops + <usize>this.count * OP_BYTES;
  }

  /** Items next to one another, with redefinitions in the place of what they redefine. */
  private siblings(items: Item[], isWritten: bool, isLenient: bool, isFlat: bool): void {
    let i = 0;
    while (i < items.length && !this.isDone && !hasProblem()) {
      let end = i + 1;
      // Records are views of one area whether or not they say so.
      while (end < items.length && (items[end].redefines !== null || items[end].parent === null)) end++;
      let isVariable = false;
      for (let view = i; view < end; view++) isVariable = isVariable || items[view].isVariable;
      const hasViews = end > i + 1 && isVariable && this.options.odoIsVariable;
      if (hasViews) this.add(Op.VIEWS, items[i], 0);
      let areaBytes: i64 = 0;
      for (let view = i; view < end && !this.isDone; view++) {
        const item = items[view];
        areaBytes = max(areaBytes, <i64>item.lengthBytes * item.occursMax);
        const segments = entryFor(item, this.options.redefineSegments);
        const isOther = end > i + 1 || isLenient;
        this.view(item, segments, isWritten, segments === null && isOther, isFlat, hasViews);
      }
      if (hasViews && !this.isDone) {
        const op = this.add(Op.VIEWS_END, items[i], 0);
        if (op != 0) store<i32>(op + At.LENGTH, <i32>areaBytes);
      }
      i = end;
    }
  }

  private view(
    item: Item, segments: Entry | null, isWritten: bool, isLenient: bool, isFlat: bool, hasViews: bool,
  ): void {
    const isSegment = this.target === null && (segments !== null || isSegmentGroup(item, this.options));
    let jump: usize = 0;
    if (isSegment && (isWritten || item.isVariable)) {
      const isSilent = !isWritten || !item.isShown;
      jump = this.add(Op.SEGMENT, item, this.flagsOf(item, isSilent, isLenient, item.hasOccurs) & ~Flag.HAS_QUOTE);
      if (jump != 0) {
        this.setKey(jump, item, false, false);
        if (segments !== null) store<usize>(jump + At.SEGMENTS, this.segmentTable(segments));
      }
      this.grow(item.key.length + 16);
    }
    this.item(item, isWritten, isLenient, isFlat && item.parent === null && item.kind == Kind.GROUP);
    if (hasViews && !this.isDone) {
      const op = this.add(Op.VIEW_END, item, 0);
      if (op != 0) store<i32>(op + At.LENGTH, item.lengthBytes * item.occursMax);
    }
    if (jump != 0) store<usize>(jump + At.JUMP, this.next());
  }

  /** A byte for each segment value: whether the view is shown for it; then one for "none of them". */
  private segmentTable(segments: Entry): usize {
    const table = zeroed(this.values.length + 1);
    for (let i = 0; i < this.values.length; i++) {
      store<u8>(table + i, segments.values.includes(this.values[i]) ? 1 : 0);
    }
    return table;
  }

  /** One item, all its occurrences. `isFlat`: only its members, without key and braces. */
  private item(item: Item, isWritten: bool, isLenient: bool, isFlat: bool): void {
    if (this.target !== null && item === this.target) {
      // In the program of one group, what comes before is silent, and nothing comes after.
      this.siblings(item.children, true, false, false);
      this.isDone = true;
      return;
    }
    const isShown = isWritten && item.isShown;
    const isNeeded = item.isVariable && this.options.odoIsVariable;
    if (!isShown && !isNeeded && !this.hasCounter(item) && !this.hasTarget(item)) return;
    if (item.hasOccurs && !this.hasTarget(item)) this.table(item, isShown, isLenient);
    else this.occurrence(item, isShown, isLenient, isFlat, false);
  }

  private hasTarget(item: Item): bool {
    let at = this.target;
    while (at !== null) {
      if (at === item) return true;
      at = at.parent;
    }
    return false;
  }

  /** Whether the item or something in it says how long a table is. */
  private hasCounter(item: Item): bool {
    return this.counters[item.index] != 0;
  }

  private table(item: Item, isShown: bool, isLenient: bool): void {
    const isShifting = item.dependsOn !== null && this.options.odoIsVariable;
    const flags = this.flagsOf(item, !isShown, isLenient, false) | (isShifting ? Flag.SHIFTS : 0);
    const begin = this.add(Op.TABLE, item, flags & ~Flag.HAS_QUOTE);
    if (isShown) this.grow(item.key.length + 20);
    if (isShown && this.options.errorColumn) this.grow(<i64>item.path().length * 2 + ERROR_BYTES);
    if (begin != 0) {
      this.setKey(begin, item, false, false);
      this.fillTable(begin, item);
    }
    const times = this.times;
    this.times *= item.occursMax;
    this.occurrence(item, isShown, isLenient, false, true);
    this.times = times;
    const end = this.add(Op.TABLE_END, item, flags);
    if (end == 0) return;
    store<usize>(end + At.JUMP, begin);
    store<usize>(begin + At.JUMP, this.next());
  }

  private fillTable(op: usize, item: Item): void {
    store<i32>(op + At.POLICY, invalidPolicyOf(item, this.options));
    store<i32>(op + At.COUNT_MIN, item.occursMin);
    store<i32>(op + At.COUNT_MAX, item.occursMax);
    store<i32>(op + At.SLOT, item.dependsOn === null ? -1 : this.tables.indexOf(item));
  }

  /** One occurrence of the item: the element of a table, or the only one there is. */
  private occurrence(item: Item, isShown: bool, isLenient: bool, isFlat: bool, isElement: bool): void {
    if (item.kind != Kind.GROUP) {
      if (isShown) this.leaf(item, isLenient, isElement);
      this.addCounters(item);
      return;
    }
    if (isShown && isAmong(item, this.options.groupsAsText)) {
      this.groupAsText(item, isLenient, isElement);
      return;
    }
    let begin: usize = 0;
    const isObject = isShown && !isFlat;
    if (isObject) {
      begin = this.add(Op.GROUP, item, this.flagsOf(item, false, isLenient, isElement) & ~Flag.HAS_QUOTE);
      this.grow(item.key.length + 12);
      if (begin != 0) this.setKey(begin, item, isElement, false);
    }
    this.siblings(item.children, isShown, isLenient, false);
    this.addCounters(item);
    if (!isObject || this.isDone) return;
    this.add(Op.GROUP_END, item, 0);
    if (begin != 0) store<usize>(begin + At.JUMP, this.next());
  }

  private groupAsText(item: Item, isLenient: bool, isElement: bool): void {
    const isVariable = item.isVariable && this.options.odoIsVariable;
    if (isVariable) this.add(Op.GROUP_TEXT, item, 0);
    if (isVariable || this.hasCounter(item)) this.siblings(item.children, false, isLenient, false);
    if (isVariable) {
      const flags = this.flagsOf(item, false, isLenient, isElement) | Flag.HAS_QUOTE | Flag.IS_TEXT;
      const op = this.add(Op.GROUP_TEXT_END, item, flags);
      this.grow(<i64>item.key.length + 8 + textMaxBytes(item.lengthBytes));
      if (op == 0) return;
      this.setKey(op, item, isElement, true);
      store<i32>(op + At.POLICY, invalidPolicyOf(item, this.options));
    } else {
      this.leaf(item, isLenient, isElement);
    }
    this.addCounters(item);
  }

  private leaf(item: Item, isLenient: bool, isElement: bool): void {
    const options = this.options;
    const isNumber = isNumeric(item.kind);
    const isQuoted = !isNumber || isNumberQuoted(item, options);
    let flags = this.flagsOf(item, false, isLenient, isElement);
    if (isQuoted) flags |= Flag.HAS_QUOTE;
    if (!isNumber) flags |= Flag.IS_TEXT;
    const op = this.add(isNumber ? Op.NUMBER : Op.TEXT, item, flags);
    const policy = invalidPolicyOf(item, options);
    let most: i64 = isNumber ? numberTextMaxBytes(item) : textMaxBytes(item.lengthBytes);
    if (policy == Invalid.RAW) most = max(most, <i64>item.lengthBytes * 2 + RAW_BYTES);
    this.grow(most + item.key.length + 10);
    if (options.errorColumn && !isLenient && policy != Invalid.ERROR) {
      this.grow(<i64>item.lengthBytes * 2 + item.path().length * 2 + ERROR_BYTES);
    }
    if (op == 0) return;
    this.setKey(op, item, isElement, isQuoted);
    store<i32>(op + At.POLICY, policy);
    if (isNumber) fillNumber(op, item, options);
    else this.fillText(op, item);
  }

  private fillText(op: usize, item: Item): void {
    const isBytes = item.kind == Kind.TEXT || item.kind == Kind.EDITED_TEXT || item.kind == Kind.GROUP;
    const page = pageOf(item, this.options);
    if (!isBytes || item.lengthBytes == 0 || (this.options.trim & Trim.LEFT) != 0) return;
    if (page.hasDouble && page.isAscii) return;
    store<i32>(op, item.lengthBytes <= 16 ? Op.TEXT_16 : item.lengthBytes <= 32 ? Op.TEXT_32 : Op.TEXT_LONG);
    if (page.isAscii) store<i32>(op + At.FLAGS, load<i32>(op + At.FLAGS) | Flag.IS_ASCII);
    let known = this.pages.indexOf(page);
    if (known < 0) {
      known = this.pages.length;
      const tables = zeroed(TABLES_BYTES);
      makeTables(page, true, tables);
      this.pages.push(page);
      this.pageTables.push(tables);
    }
    store<usize>(op + At.TABLES, this.pageTables[known]);
  }

  /** Reads the item for every table that depends on it. */
  private addCounters(item: Item): void {
    if (!this.hasCounter(item)) return;
    for (let i = 0; i < this.tables.length; i++) {
      if (this.tables[i].dependsOn !== item) continue;
      const op = this.add(Op.COUNTER, item, 0);
      if (op == 0) continue;
      store<i32>(op + At.SLOT, i);
      const mapping = entryFor(this.tables[i], this.options.occursMappings);
      if (mapping !== null) store<usize>(op + At.MAPPING, mappingTable(mapping));
    }
  }

  private flagsOf(_item: Item, isSilent: bool, isLenient: bool, isElement: bool): i32 {
    let flags = 0;
    if (this.options.omitNulls && !isElement) flags |= Flag.OMITS_NULL;
    if (isSilent) flags |= Flag.IS_SILENT;
    if (isLenient) flags |= Flag.IS_LENIENT;
    if ((this.options.trim & Trim.RIGHT) != 0) flags |= Flag.TRIMS_RIGHT;
    if ((this.options.trim & Trim.LEFT) != 0) flags |= Flag.TRIMS_LEFT;
    return flags;
  }

  /** `"KEY":` and the quote that opens a text; behind them the path, where errors are listed. */
  private setKey(op: usize, item: Item, isElement: bool, isQuoted: bool): void {
    const text = String.UTF8.encode((isElement ? '' : quoted(item.key) + ':') + (isQuoted ? '"' : ''));
    const path = String.UTF8.encode(this.options.errorColumn ? quoted(item.path()) : '');
    const keyBytes = max((text.byteLength + 31) & ~15, 32);
    const key = zeroed(keyBytes + 4 + path.byteLength);
    memory.copy(key, changetype<usize>(text), text.byteLength);
    store<i32>(key + keyBytes, path.byteLength);
    memory.copy(key + keyBytes + 4, changetype<usize>(path), path.byteLength);
    store<usize>(op + At.KEY, key);
    store<i32>(op + At.KEY_BYTES, text.byteLength);
  }

  /** Counts bytes of output, so many for each occurrence. */
  private grow(lengthBytes: i64): void {
    if (this.target !== null || !this.isCounting) return;
    const most: i64 = i32.MAX_VALUE;
    if (this.maxBytes > most || this.times > most) this.maxBytes = most;
    else this.maxBytes = min(this.maxBytes + min(lengthBytes, most) * this.times, most);
  }
}

function isNumeric(kind: i32): bool {
  return kind == Kind.ZONED || kind == Kind.PACKED || kind == Kind.PACKED_UNSIGNED || kind == Kind.BINARY ||
    kind == Kind.FLOAT || kind == Kind.EDITED;
}
