/**
 * Where the flat columns of one record lie when tables depend on counters (OCCURS DEPENDING ON).
 *
 * A tree of the items, walked once a record from the first byte to the last: with `odo: variable`, what is behind a
 * shorter table moves forward. Parts of fixed length are steps of a known width, with all their columns at once. Two
 * occurrences of the same item never share a column, so a column is written at most once. What counts as wrong, and
 * what then becomes of the rest of the record, is as in decoding to JSON (`write-members.ts`).
 */

import { FlatColumn, isLeaf } from './flat-columns';
import { isInSegment, isLenient, segmentsOf } from './flat-segments';
import { refuse } from './flat-values';
import { segmentValues } from './framing';
import { Copybook, Item } from './item';
import { entryFor, invalidPolicyOf } from './item-options';
import { Options } from './options';
import { countOf, mappingTable, MISSING } from './read-counter';
import { Reason, setReason } from './value-text';

/** What `addresses` writes for a column: where it is, and how many bytes of it the record has. */
export const PLACE_BYTES: i32 = 8;

class Step {
  children: StaticArray<Step> = new StaticArray<Step>(0);
  /** It is another view of the area of the one before it, among its siblings. */
  isView: bool = false;
  /** The step of the item that counts it; null where the number is fixed. */
  counter: Step | null = null;
  /** What the counter's texts mean (see `countOf`), or 0. */
  mapping: usize = 0;
  /** What becomes of a count that is not valid. */
  policy: i32 = 0;
  isQuietlyNull: bool = false;
  /** It, or something below it, counts or is counted, or is not in all segments: its parts are walked one by one. */
  isWalked: bool = false;
  /** Of one occurrence, tables at their maximum. */
  columnsCount: i32 = 0;
  /** It is a column itself. */
  isColumn: bool = false;
  /** Which segments it is in, see `flat-segments.ts`. */
  segments: usize = 0;
  /** As a counter: where it was last in the record that is walked; 0 before, and where the record ends within it. */
  at: usize = 0;

  constructor(readonly item: Item) {}
}

export class Walk {
  private readonly roots: StaticArray<Step>;
  private readonly offsets: StaticArray<i32>;
  private readonly lengths: StaticArray<i32>;
  private readonly counters: StaticArray<Step>;
  // Of the record that is walked.
  private record: usize = 0;
  private segment: i32 = 0;
  private row: i32 = 0;
  /** What is there ends here: the record's end, or a table of which nobody knows how long it is. */
  private end: usize = 0;
  private isCertain: bool = true;

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
    const planter = new Planter(copybook, options, steps);
    this.roots = planter.plant(copybook.records, false);
    const counters: Step[] = [];
    for (let i = 0; i < copybook.items.length; i++) {
      const item = copybook.items[i];
      const dependsOn = item.dependsOn;
      const step = steps[item.index];
      if (step === null || dependsOn === null) continue;
      const counter = steps[dependsOn.index];
      step.counter = counter;
      const mapping = entryFor(item, options.occursMappings);
      step.mapping = mapping === null ? 0 : mappingTable(mapping);
      step.policy = invalidPolicyOf(item, options);
      step.isQuietlyNull = isLenient(item, copybook, options);
      if (counter !== null && !counters.includes(counter)) counters.push(counter);
      walkFrom(item, steps);
      walkFrom(dependsOn, steps);
    }
    this.counters = StaticArray.fromArray(counters);
  }

  /**
   * Writes where each column of a record lies to `out`, u32 address and u32 bytes each: of one that the record does
   * not have, 0 and 0. The bytes are fewer than the column's where the record ends in it. A count that is not valid is
   * refused (`flat-values.ts`) as that of `row`.
   */
  addresses(record: usize, recordBytes: i32, segment: i32, row: i32, out: usize): void {
    memory.fill(out, 0, this.offsets.length * PLACE_BYTES);
    this.record = record;
    this.segment = segment;
    this.row = row;
    this.end = record + recordBytes;
    this.isCertain = true;
    for (let i = 0; i < this.counters.length; i++) this.counters[i].at = 0;
    this.siblings(this.roots, record, 0, 0, 0, out);
  }

  /**
   * Items next to one another, of an occurrence of a group (first one at `groupOffset`) that is at `at` and would be
   * `shift` further on than the first with all tables at their maximum. Gives how many bytes forward its end moved.
   */
  private siblings(steps: StaticArray<Step>, at: usize, groupOffset: i32, shift: i32, column: i32, out: usize): usize {
    let moved: usize = 0;
    let i = 0;
    while (i < steps.length) {
      const first = steps[i].item;
      const begin = at + (first.offsetBytes - groupOffset) - moved;
      let next = i + 1;
      let areaBytes = first.spanBytes();
      let isMoving = first.isVariable;
      for (; next < steps.length && steps[next].isView; next++) {
        areaBytes = max(areaBytes, steps[next].item.spanBytes());
        isMoving = isMoving || steps[next].item.isVariable;
      }
      const isAlone = next == i + 1;
      const end = this.end, isCertain = this.isCertain;
      let furthest: usize = 0;
      for (; i < next; i++) {
        const step = steps[i];
        if (isInSegment(step.segments, this.segment)) {
          const behind = this.all(step, begin, shift + step.item.offsetBytes, column, out);
          if (this.isCertain && behind > furthest) furthest = behind;
        }
        column += step.columnsCount * step.item.occursMax;
        if (isAlone || !isMoving) continue;
        this.end = end;
        this.isCertain = isCertain;
      }
      // A view that is not there, or of unknown length, says nothing about how long the area is.
      if (isMoving && this.options.odoIsVariable && furthest > 0) moved += begin + areaBytes - furthest;
    }
    return moved;
  }

  /** All occurrences of a step, the first at `at`; gives the end. `offset`: of the first, tables at their maximum. */
  private all(step: Step, at: usize, offset: i32, column: i32, out: usize): usize {
    const item = step.item;
    const begin = at;
    // A counter that this record ends before must not stand as it was in the occurrence before.
    step.at = 0;
    let count: i64 = item.occursMax;
    const counter = step.counter;
    if (counter !== null) {
      count = counter.at == 0 ? MISSING : countOf(counter.item, this.options, counter.at, step.mapping);
      if (count < item.occursMin || count > item.occursMax) {
        if (count != MISSING) {
          setReason(Reason.COUNTER);
          refuse(item, step.policy, step.isQuietlyNull, this.row, <i64>at - <i64>this.record);
        }
        if (this.options.odoIsVariable) {
          this.end = min(this.end, at);
          this.isCertain = false;
        }
        return at + item.spanBytes();
      }
    }
    if (!step.isWalked && step.columnsCount == 0) {
      at += <usize>(count * item.lengthBytes);
    } else {
      for (let n: i64 = 0; n < count; n++) {
        // What lies behind the end is not there, however long it would be.
        if (at >= this.end) break;
        if (step.isWalked) {
          at = this.one(step, at, offset, column, out);
        } else {
          for (let i = column; i < column + step.columnsCount; i++) {
            this.place(at + this.offsets[i] - offset, this.lengths[i], out + i * PLACE_BYTES);
          }
          at += item.lengthBytes;
        }
        offset += item.lengthBytes;
        column += step.columnsCount;
      }
    }
    return this.options.odoIsVariable ? at : begin + item.spanBytes();
  }

  /** One occurrence of a group whose parts are walked, or of a counter. */
  private one(step: Step, at: usize, offset: i32, column: i32, out: usize): usize {
    const item = step.item;
    const shift = offset - item.offsetBytes;
    const end = at + item.lengthBytes - this.siblings(step.children, at, item.offsetBytes, shift, column, out);
    if (step.isColumn) this.place(at, <i32>(end - at), out + column * PLACE_BYTES);
    step.at = at + item.lengthBytes <= this.end ? at : 0;
    return end;
  }

  private place(at: usize, lengthBytes: i32, out: usize): void {
    if (at >= this.end) return;
    store<u32>(out, <u32>at);
    store<u32>(out, <u32>min<usize>(lengthBytes, this.end - at), 4);
  }
}

class Planter {
  private readonly texts: string[];

  constructor(
    private readonly copybook: Copybook,
    private readonly options: Options,
    private readonly steps: StaticArray<Step | null>,
  ) {
    this.texts = segmentValues(options);
  }

  plant(items: Item[], isHidden: bool): StaticArray<Step> {
    const planted = new StaticArray<Step>(items.length);
    for (let i = 0; i < items.length; i++) {
      const item = items[i];
      const step = new Step(item);
      planted[i] = step;
      this.steps[item.index] = step;
      const hidden = isHidden || !item.isShown;
      const leaf = isLeaf(item, this.options);
      step.children = this.plant(item.children, hidden || leaf);
      step.isColumn = leaf && !hidden;
      step.isView = item.redefines !== null || item.parent === null;
      step.segments = segmentsOf(item, this.options, this.texts);
      if (step.isColumn) step.columnsCount = 1;
      for (let n = 0; n < step.children.length; n++) {
        step.columnsCount += step.children[n].columnsCount * step.children[n].item.occursMax;
      }
      step.isWalked = item.isVariable || step.segments != 0;
    }
    return planted;
  }
}

function walkFrom(item: Item, steps: StaticArray<Step | null>): void {
  let at: Item | null = item;
  while (at !== null) {
    const step = steps[at.index];
    if (step !== null) step.isWalked = true;
    at = at.parent;
  }
}
