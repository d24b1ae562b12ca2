/**
 * Where the flat columns of one record lie when its tables are as long as they count (OCCURS DEPENDING ON).
 *
 * A tree of the items that lengths depend on, walked once a record, from the first byte to the last: what is behind a
 * shorter table moves forward. Parts of fixed length are steps of a known width, with all their columns at once. Two
 * occurrences of the same item never share a column, so a column is written at most once.
 */

import { FlatColumn, isLeaf } from './flat-columns';
import { isInSegment, segmentsAbove, segmentsOf } from './flat-segments';
import { segmentValues } from './framing';
import { Copybook, Item } from './item';
import { entryFor, invalidPolicyOf, pageOf } from './item-options';
import { Entry, Invalid, Options } from './options';
import { writeNumberText } from './value-text';

/** Text of a counter: up to 38 digits, a sign, and a point. */
const TEXT_MAX_BYTES: i32 = 512;
const TEXT: usize = memory.data(512, 16);

class Step {
  children: StaticArray<Step> = new StaticArray<Step>(0);
  /** The one in whose place this one lies, among its siblings; null where it lies behind them. */
  redefined: Step | null = null;
  /** The step of the item that counts it; null where the number is fixed. */
  counter: Step | null = null;
  /** What the counter's texts mean, `TEXT=COUNT` each; null where it is a number. */
  mappings: Entry | null = null;
  /** It, or something below it, has no fixed length, or counts something: its parts are walked one by one. */
  isWalked: bool = false;
  /** Of one occurrence, tables at their maximum. */
  columnsCount: i32 = 0;
  /** Slack behind its last child, within one occurrence. */
  tailBytes: i32 = 0;
  /** In the record that is walked: where its first occurrence begins, and where the one walked last does. */
  begin: usize = 0;
  at: usize = 0;

  /** Which segments it is in, see `flat-segments.ts`. */
  segments: usize = 0;
  /** It is a column itself. */
  isColumn: bool = false;
  /** It counts something in a view that no segment chose: bytes that are no count may be another view's. */
  isQuiet: bool = false;

  constructor(readonly item: Item) {}
}

/** What `addresses` writes for a column: where it is, and how many bytes of it the record has. */
export const PLACE_BYTES: i32 = 8;

/** Of the record walked last: the item whose count was not valid, and where it is; null when all were. */
export let wrongCounter: Item | null = null;
export let wrongCounterAt: usize = 0;

export class Walk {
  private readonly roots: StaticArray<Step>;
  private record: usize = 0;
  private segment: i32 = 0;
  private readonly offsets: StaticArray<i32>;
  private readonly lengths: StaticArray<i32>;

  constructor(
    copybook: Copybook,
    private readonly options: Options,
    columns: FlatColumn[],
  ) {
    const offsets = new StaticArray<i32>(columns.length);
    const lengths = new StaticArray<i32>(columns.length);
    for (let i = 0; i < columns.length; i++) {
      offsets[i] = columns[i].offsetBytes;
      lengths[i] = columns[i].item.lengthBytes;
    }
    this.offsets = offsets;
    this.lengths = lengths;
    const steps = new StaticArray<Step | null>(copybook.items.length);
    const roots = new StaticArray<Step>(copybook.records.length);
    const texts = segmentValues(options);
    for (let i = 0; i < copybook.records.length; i++) roots[i] = plant(copybook.records[i], options, texts, steps, false);
    for (let i = 0; i < copybook.items.length; i++) {
      const item = copybook.items[i];
      const dependsOn = item.dependsOn;
      const step = steps[item.index];
      if (step === null || dependsOn === null) continue;
      const counter = steps[dependsOn.index];
      step.counter = counter;
      if (counter !== null) counter.isQuiet = dependsOn.isOverlaid && segmentsAbove(dependsOn, options, texts) == 0;
      step.mappings = entryFor(item, options.occursMappings);
      let above: Item | null = dependsOn;
      while (above !== null) {
        const walked = steps[above.index];
        if (walked !== null) walked.isWalked = true;
        above = above.parent;
      }
    }
    this.roots = roots;
  }

  /**
   * Writes where each column of a record lies to `out`, u32 address and u32 bytes each: of one that the record does
   * not have, 0 and 0. The bytes are fewer than the column's where the record ends in it.
   */
  addresses(record: usize, recordBytes: i32, segment: i32, out: usize): void {
    memory.fill(out, 0, this.offsets.length * PLACE_BYTES);
    wrongCounter = null;
    this.record = record;
    this.segment = segment;
    let column = 0;
    for (let i = 0; i < this.roots.length; i++) {
      const root = this.roots[i];
      this.all(root, record, 0, record + recordBytes, column, out);
      column += root.columnsCount * root.item.occursMax;
    }
  }

  /** All occurrences of a step, the first at `at`; gives the end. `offset`: of the first, tables at their maximum. */
  private all(step: Step, at: usize, offset: i32, end: usize, column: i32, out: usize): usize {
    const item = step.item;
    step.begin = at;
    if (!isInSegment(step.segments, this.segment)) return at;
    const count = step.counter === null ? item.occursMax : this.countOf(step, end);
    if (!step.isWalked && step.columnsCount == 0) return at + <usize>(<i64>count * item.lengthBytes);
    for (let n = 0; n < count; n++) {
      step.at = at;
      // What lies behind the record's end is not there, however long it would be.
      if (at >= end) break;
      if (step.isWalked) {
        at = this.one(step, at, offset, end, column, out);
      } else {
        for (let i = column; i < column + step.columnsCount; i++) {
          this.place(at + this.offsets[i] - offset, this.lengths[i], end, out + i * PLACE_BYTES);
        }
        at += item.lengthBytes;
      }
      offset += item.lengthBytes;
      column += step.columnsCount;
    }
    return at;
  }

  /** One occurrence of a group whose parts are walked, or of a counter. */
  private one(step: Step, at: usize, offset: i32, end: usize, column: i32, out: usize): usize {
    if (step.children.length == 0) {
      if (step.isColumn) this.place(at, step.item.lengthBytes, end, out + column * PLACE_BYTES);
      return at + step.item.lengthBytes;
    }
    let last = at;
    for (let i = 0; i < step.children.length; i++) {
      const child = step.children[i];
      const redefined = child.redefined;
      const from = redefined === null ? last + child.item.slackBytes : redefined.begin;
      const childOffset = offset + child.item.offsetBytes - step.item.offsetBytes;
      const behind = this.all(child, from, childOffset, end, column, out);
      if (behind > last) last = behind;
      column += child.columnsCount * child.item.occursMax;
    }
    last += step.tailBytes;
    if (step.isColumn) this.place(at, <i32>(last - at), end, out + column * PLACE_BYTES);
    return last;
  }

  private place(at: usize, lengthBytes: i32, end: usize, out: usize): void {
    if (at >= end) return;
    store<u32>(out, <u32>at);
    store<u32>(out, <u32>min<usize>(lengthBytes, end - at), 4);
  }

  /** Occurrences of a table, as its counter says; a count that is not valid is remembered, and the nearest bound holds. */
  private countOf(step: Step, end: usize): i32 {
    const item = step.item;
    const counter = step.counter!;
    const at = counter.at;
    const length = counter.item.lengthBytes;
    // The counter is not in the record, so neither is the table.
    if (at < this.record || at + length > end) return 0;
    let count: i64 = -1;
    const mappings = step.mappings;
    if (mappings !== null) {
      count = mappedCount(mappings, counter.item, this.options, at);
    } else if (counter.item.lengthBytes <= TEXT_MAX_BYTES / 8) {
      const textEnd = writeNumberText(counter.item, this.options, at, TEXT);
      if (textEnd == TEXT) count = 0;
      else if (textEnd != 0) count = integerOf(TEXT, textEnd);
    }
    if (count >= 0 && count <= item.occursMax) return <i32>count;
    if (wrongCounter === null && !counter.isQuiet) {
      wrongCounter = counter.item;
      wrongCounterAt = at;
    }
    return count < 0 ? 0 : item.occursMax;
  }
}

function plant(item: Item, options: Options, texts: string[], steps: StaticArray<Step | null>, isHidden: bool): Step {
  const step = new Step(item);
  steps[item.index] = step;
  const hidden = isHidden || !item.isShown;
  const leaf = isLeaf(item, options);
  step.isColumn = leaf && !hidden;
  step.segments = segmentsOf(item, options, texts);
  step.isWalked = item.isVariable || step.segments != 0;
  const children = new StaticArray<Step>(item.children.length);
  let columnsCount = 0;
  let lastEnd = item.offsetBytes;
  for (let i = 0; i < item.children.length; i++) {
    const child = item.children[i];
    const planted = plant(child, options, texts, steps, hidden || leaf);
    children[i] = planted;
    columnsCount += planted.columnsCount * child.occursMax;
    const redefines = child.redefines;
    if (redefines !== null) planted.redefined = steps[redefines.index];
    lastEnd = max(lastEnd, child.offsetBytes + child.spanBytes());
  }
  step.children = children;
  step.columnsCount = hidden ? 0 : leaf ? 1 : columnsCount;
  step.tailBytes = item.children.length == 0 ? 0 : item.offsetBytes + item.lengthBytes - lastEnd;
  return step;
}

/** Value of a text of digits, or -1 when it is not a whole number that a table could have. */
function integerOf(at: usize, end: usize): i64 {
  let value: i64 = 0;
  for (let i = at; i < end; i++) {
    const digit = <i64>load<u8>(i) - 0x30;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
    if (value > i32.MAX_VALUE) return i32.MAX_VALUE;
  }
  return value;
}

/** The count of the mapping whose text the counter's bytes begin with, spaces behind it; -1 when there is none. */
function mappedCount(mappings: Entry, counter: Item, options: Options, at: usize): i64 {
  const page = pageOf(counter, options);
  for (let i = 0; i < mappings.values.length; i++) {
    const mapping = mappings.values[i];
    const equals = mapping.lastIndexOf('=');
    let place = 0;
    while (place < equals && place < counter.lengthBytes) {
      if (<i32>load<u16>(page.toUnicode + (<usize>load<u8>(at + place) << 1)) != mapping.charCodeAt(place)) break;
      place++;
    }
    if (place < equals) continue;
    while (place < counter.lengthBytes && load<u8>(at + place) == page.space) place++;
    if (place == counter.lengthBytes) return integerAt(mapping, equals + 1);
  }
  return -1;
}

function integerAt(text: string, from: i32): i64 {
  let value: i64 = 0;
  for (let i = from; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 0x30;
    if (digit < 0 || digit > 9 || value > i32.MAX_VALUE) return -1;
    value = value * 10 + digit;
  }
  return from < text.length ? value : -1;
}

/** Whether a counter that is not valid ends the operation. */
export function endsAtCounter(counter: Item, options: Options): bool {
  return invalidPolicyOf(counter, options) == Invalid.ERROR;
}
