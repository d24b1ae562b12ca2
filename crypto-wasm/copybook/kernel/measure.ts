/**
 * How long a record is whose tables are as long as they count (OCCURS DEPENDING ON), where no length word says so.
 *
 * The copybook is compiled to steps: so many bytes, a counter, a table, views of one area. Running them reads counters
 * and nothing else. A table below a table may depend on a counter in its own occurrence; an area that is redefined is
 * as long as its longest view, and a view whose counters make no sense counts with its longest length.
 */

import { Copybook, Item } from './item';
import { ItemValue, NOT_A_NUMBER, ValueTable, integerOf } from './item-value';
import { Options } from './options';
import { fail, failAt, hasProblem, OPTIONS } from './problem';

/** The record's end is not among the bytes given. */
export const TOO_FEW: i32 = -1;
/** A counter does not fit its table: `measuredItem`, `measuredCount`. */
export const BAD_COUNT: i32 = -2;

/** The table whose counter was wrong; what it said, NOT_A_NUMBER when it was no number. */
export let measuredItem: Item | null = null;
export let measuredCount: i64 = 0;

namespace Op {
  export const COUNTER: i32 = 0;
  export const TABLE: i32 = 1;
  export const VIEWS: i32 = 2;
}

/** One counter: what it said last, in this record. */
class Counter {
  count: i64 = NOT_A_NUMBER;
  isSeen: bool = false;
  /** Where it was read, for mappings. */
  at: usize = 0;
  constructor(
    readonly item: Item,
    readonly value: ItemValue,
  ) {}
}

/** Counters that are not numbers: texts and their counts, of one table. */
class Mapping {
  constructor(
    readonly table: Item,
    readonly values: ValueTable,
    readonly counts: StaticArray<i64>,
  ) {}
}

class Step {
  /** Bytes before it that are always there. */
  before: i32 = 0;
  counter: Counter | null = null;
  mapping: Mapping | null = null;
  table: Item | null = null;
  /** Occurrences of a table without a counter. */
  fixedCount: i32 = 1;
  /** Of one occurrence, when it has no steps. */
  elementBytes: i32 = 0;
  /** Occurrences are all of one length: no counter is among them. */
  isUniform: bool = true;
  bodies: Body[] = [];
  constructor(readonly op: i32) {}
}

/** Steps and the bytes after the last. */
class Body {
  steps: Step[] = [];
  after: i32 = 0;
  maximum: i32 = 0;
  hasCounter: bool = false;
}

export class Measure {
  private counters: Counter[] = [];
  private mappings: Mapping[] = [];
  private readonly whole: Body;

  /** Sets a problem when a table's counter cannot be read before the table. */
  constructor(
    private readonly copybook: Copybook,
    private readonly options: Options,
  ) {
    this.whole = new Body();
    this.collect();
    if (hasProblem()) return this;
    if (copybook.records.length == 1) this.compile(copybook.records[0], this.whole);
    else this.views(copybook.records, 0, copybook.records.length, this.whole);
  }

  private collect(): void {
    const items = this.copybook.items;
    for (let i = 0; i < items.length; i++) {
      const counter = items[i].dependsOn;
      if (counter === null || this.counterOf(counter) !== null) continue;
      this.counters.push(new Counter(counter, new ItemValue(counter, this.options)));
    }
    const entries = this.options.occursMappings;
    for (let i = 0; i < entries.length; i++) this.map(entries[i].key, entries[i].values);
  }

  private map(name: string, values: string[]): void {
    const table = this.tableNamed(name);
    let counter: Item | null = null;
    if (table !== null) counter = table.dependsOn;
    if (table === null || counter === null) {
      return fail(OPTIONS, 'occursMappings: ' + name + ' is not a table that depends on an item');
    }
    const texts: string[] = [];
    const counts = new StaticArray<i64>(values.length);
    for (let i = 0; i < values.length; i++) {
      const split = values[i].lastIndexOf('=');
      if (split < 0) return fail(OPTIONS, 'occursMappings: ' + name + ' maps texts to counts');
      texts.push(values[i].substring(0, split));
      counts[i] = integerOf(values[i].substring(split + 1), 'occursMappings');
      if (counts[i] < 0 || counts[i] > table.occursMax) {
        return fail(OPTIONS, 'occursMappings: ' + name + ' occurs at most ' + table.occursMax.toString() + ' times');
      }
    }
    const known = new ValueTable(this.counterOf(counter)!.value, texts, 'occursMappings');
    this.mappings.push(new Mapping(table, known, counts));
  }

  private tableNamed(name: string): Item | null {
    const wanted = name.toUpperCase();
    const items = this.copybook.items;
    for (let i = 0; i < items.length; i++) {
      const item = items[i];
      if (!item.isFiller && (item.name == wanted || item.path() == wanted)) return item;
    }
    return null;
  }

  private counterOf(item: Item): Counter | null {
    for (let i = 0; i < this.counters.length; i++) if (this.counters[i].item === item) return this.counters[i];
    return null;
  }

  private mappingOf(item: Item): Mapping | null {
    for (let i = 0; i < this.mappings.length; i++) if (this.mappings[i].table === item) return this.mappings[i];
    return null;
  }

  /** It, or something below it, is a counter or a table that has one. */
  private matters(item: Item): bool {
    if (item.isVariable || item.dependsOn !== null || this.counterOf(item) !== null) return true;
    for (let i = 0; i < item.children.length; i++) if (this.matters(item.children[i])) return true;
    return false;
  }

  /** All occurrences of one item. */
  private compile(item: Item, into: Body): void {
    into.maximum += item.spanBytes();
    if (!this.matters(item)) {
      into.after += item.spanBytes();
    } else if (item.hasOccurs) {
      this.compileTable(item, into);
    } else {
      this.compileOne(item, into);
    }
  }

  private compileTable(table: Item, into: Body): void {
    const body = new Body();
    this.compileOne(table, body);
    if (table.dependsOn === null && !table.isVariable) {
      // Counters in a table of fixed size: a table elsewhere cannot say which occurrence it means.
      into.after += table.spanBytes();
      return;
    }
    const step = this.step(Op.TABLE, into);
    step.table = table;
    step.elementBytes = body.steps.length == 0 ? body.after : 0;
    step.isUniform = !body.hasCounter;
    if (body.steps.length > 0) step.bodies.push(body);
    if (body.hasCounter) into.hasCounter = true;
    step.fixedCount = table.occursMax;
    const dependsOn = table.dependsOn;
    if (dependsOn === null) return;
    const counter = this.counterOf(dependsOn)!;
    if (!counter.isSeen) {
      const text = 'the counter of ' + table.name + ' does not come before it: ' + counter.item.name;
      return failAt(table.line, table.column, text);
    }
    step.counter = counter;
    step.mapping = this.mappingOf(table);
  }

  /** One occurrence. */
  private compileOne(item: Item, into: Body): void {
    const counter = this.counterOf(item);
    if (counter !== null) {
      this.step(Op.COUNTER, into).counter = counter;
      counter.isSeen = true;
      into.hasCounter = true;
    }
    const children = item.children;
    if (children.length == 0) {
      into.after += item.lengthBytes;
      return;
    }
    let end = item.offsetBytes;
    for (let i = 0; i < children.length; ) {
      let behind = i + 1;
      while (behind < children.length && children[behind].redefines !== null) behind++;
      const first = children[i];
      into.after += first.offsetBytes - end;
      end = first.offsetBytes;
      if (behind == i + 1) {
        this.compile(first, into);
        end += first.spanBytes();
      } else {
        end += this.views(children, i, behind, into);
      }
      i = behind;
    }
    // Slack at the end of an occurrence, where it has some.
    into.after += item.offsetBytes + item.lengthBytes - end;
  }

  /** Items that share an area. Gives its longest length. */
  private views(items: Item[], from: i32, to: i32, into: Body): i32 {
    let longest = 0;
    let matters = false;
    for (let i = from; i < to; i++) {
      longest = max(longest, items[i].spanBytes());
      if (this.matters(items[i])) matters = true;
    }
    if (!matters) {
      into.after += longest;
      return longest;
    }
    const step = this.step(Op.VIEWS, into);
    for (let i = from; i < to; i++) {
      const body = new Body();
      this.compile(items[i], body);
      if (body.hasCounter) into.hasCounter = true;
      step.bodies.push(body);
    }
    return longest;
  }

  private step(op: i32, into: Body): Step {
    const step = new Step(op);
    step.before = into.after;
    into.after = 0;
    into.steps.push(step);
    return step;
  }

  /** Bytes of the record at `at`, or TOO_FEW, or BAD_COUNT. */
  run(at: usize, end: usize): i32 {
    const after = runBody(this.whole, <i64>at, <i64>end);
    return after < 0 ? <i32>after : <i32>(after - at);
  }
}

/** Gives the position behind it, which may lie beyond `end`; or TOO_FEW, or BAD_COUNT. */
function runBody(body: Body, at: i64, end: i64): i64 {
  const steps = body.steps;
  for (let i = 0; i < steps.length; i++) {
    const step = unchecked(steps[i]);
    at += step.before;
    if (step.op == Op.COUNTER) {
      const counter = step.counter!;
      if (at + counter.value.lengthBytes > end) return TOO_FEW;
      counter.at = <usize>at;
      counter.count = counter.value.integerAt(<usize>at);
    } else if (step.op == Op.TABLE) {
      at = runTable(step, at, end);
    } else {
      at = runViews(step, at, end);
    }
    if (at < 0) return at;
  }
  return at + body.after;
}

function runTable(step: Step, at: i64, end: i64): i64 {
  const count = countOf(step);
  if (count < 0) return BAD_COUNT;
  if (step.bodies.length == 0) return at + count * step.elementBytes;
  const body = step.bodies[0];
  if (step.isUniform) {
    if (count == 0) return at;
    const after = runBody(body, at, end);
    return after < 0 ? after : at + count * (after - at);
  }
  for (let i: i64 = 0; i < count; i++) {
    at = runBody(body, at, end);
    if (at < 0) return at;
  }
  return at;
}

function countOf(step: Step): i64 {
  const counter = step.counter;
  if (counter === null) return step.fixedCount;
  const mapping = step.mapping;
  let count = counter.count;
  if (mapping !== null) {
    const index = mapping.values.find(counter.at);
    count = index < 0 ? NOT_A_NUMBER : mapping.counts[index];
  }
  // Below the minimum is let be: compilers that count from zero write it, and it says what is there.
  if (count >= 0 && count <= step.fixedCount) return count;
  measuredItem = step.table;
  measuredCount = count;
  return -1;
}

function runViews(step: Step, at: i64, end: i64): i64 {
  let longest = at;
  for (let i = 0; i < step.bodies.length; i++) {
    const body = step.bodies[i];
    const after = runBody(body, at, end);
    if (after == TOO_FEW) return TOO_FEW;
    longest = max(longest, after == BAD_COUNT ? at + body.maximum : after);
  }
  return longest;
}
