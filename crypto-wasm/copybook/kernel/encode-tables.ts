/**
 * What is left to do for records with tables of counted length, when all members are written and every table lies at
 * its maximum: counters are set or checked, and, where tables lie as long as they count, what is behind them moves
 * forward.
 */

import { alignDecimal, ALIGNED, Alignment, decimalIsNegative, readDecimal } from './decimal-text';
import { EncodeNode, EncodePlan, slotOf } from './encode-node';
import { encodeAnyNumber } from './encode-number';
import { encodeText } from './encode-text';
import { Kind } from './item';
import { characterEnd, readCharacter, unfit } from './json-input';
import { hasProblem } from './problem';

/** A counter's value as JSON, for its encoder. */
const VALUE_MAX_BYTES: i32 = 256;
const VALUE: usize = memory.data(320, 16);

let plan: EncodePlan = new EncodePlan();
let slots: usize = 0;
let recordAt: usize = 0;
/** Where the record's JSON is, for problems. */
let inputAt: usize = 0;

/**
 * Settles the record of `plan.recordMaxBytes` at `out` whose JSON was read at `at`; gives its real length, or -1 with a
 * problem set. The lengths and counters are those that `encodeMembers` left in the plan.
 */
export function settleTables(withPlan: EncodePlan, at: usize, out: usize): i32 {
  plan = withPlan;
  slots = changetype<usize>(withPlan.slots);
  recordAt = out;
  inputAt = at;
  const around = topOf(withPlan.records.length > 0 ? withPlan.records[0] : withPlan.root!);
  settleGroup(around);
  if (hasProblem()) return -1;
  if (!withPlan.isVariable) return withPlan.recordMaxBytes;
  return <i32>(squeezeGroup(around, out, out) - out);
}

function topOf(node: EncodeNode): EncodeNode {
  let top = node;
  while (top.parent !== null) top = top.parent!;
  return top;
}

/** The child itself, or the view that was chosen; null for the other views. */
function chosenView(group: EncodeNode, index: i32): EncodeNode | null {
  const child = group.children[index];
  const area = child.area;
  if (area === null) return child;
  if (child.viewIndex > 0) return null;
  if (area.slot < 0) return child;
  const chosen = load<i32>(slots + (slotOf(area.slot, child) << 2)) - 1;
  return chosen > 0 ? group.children[chosen] : child;
}

function settleGroup(group: EncodeNode): void {
  for (let i = 0; i < group.children.length; i++) {
    const child = chosenView(group, i);
    if (child === null || !child.isVariable) continue;
    let count = child.occursMax;
    if (child.counter !== null) {
      settleTable(child, child.counter!);
      count = load<i32>(slots + (slotOf(child.slot, child) << 2)) - 1;
    }
    if (child.kind != Kind.GROUP) continue;
    for (let k = 0; k < count; k++) {
      child.occurrence = k;
      settleGroup(child);
      if (hasProblem()) return;
    }
    if (hasProblem()) return;
  }
}

/** After it, the table's slot holds its length plus one, and its counter is written. */
function settleTable(table: EncodeNode, counter: EncodeNode): void {
  const slot = slots + (slotOf(table.slot, table) << 2);
  const counterSlot = slots + (slotOf(counter.slot, counter) << 2);
  const given = load<i32>(slot) - 1;
  const valueAt = <usize>load<u32>(counterSlot);
  if (valueAt == 0) {
    // Neither is there: a table of no more than it must have.
    const count = given < 0 ? table.occursMin : given;
    writeCounter(table, counter, count);
    store<u32>(counterSlot, <u32>keepValue(count));
    store<i32>(slot, count + 1);
    return;
  }
  const count = countOf(table, counter, valueAt);
  if (count < 0) return;
  if (count < table.occursMin || count > table.occursMax) {
    const bounds = table.occursMin.toString() + ' to ' + table.occursMax.toString();
    const what = 'the counter of ' + table.item.name + ' is ' + count.toString() + ', not ' + bounds;
    unfit(valueAt, counter.item.path(), what);
    return;
  }
  // Where tables lie at their maximum, all of it may be given.
  const isWhole = !plan.odoIsVariable && given == table.occursMax;
  if (given >= 0 && given != count && !isWhole) {
    const has = 'the array has ' + given.toString() + ' elements, and its counter ';
    unfit(inputAt, table.item.path(), has + counter.item.name + ' says ' + count.toString());
    return;
  }
  store<i32>(slot, count + 1);
}

/** Values that were set are remembered as counts, marked by the top bit: no JSON lies there. */
function keepValue(count: i32): i32 {
  return count | i32.MIN_VALUE;
}

/** What a counter says, -1 with a problem. */
function countOf(table: EncodeNode, counter: EncodeNode, valueAt: usize): i32 {
  if (<i32>valueAt < 0) return <i32>valueAt & i32.MAX_VALUE;
  const texts = table.countTexts;
  if (texts !== null) {
    for (let i = 0; i < texts.length; i++) if (isText(valueAt, texts[i])) return table.counts![i];
    unfit(valueAt, counter.item.path(), 'occursMappings has no count of ' + table.item.name + ' for this value');
    return -1;
  }
  if (readDecimal(valueAt, counter.item) == 0) return -1;
  const alignment = alignDecimal(0, 9);
  if (alignment > Alignment.ZERO || decimalIsNegative) {
    unfit(valueAt, counter.item.path(), 'the counter of ' + table.item.name + ' is not a number of elements');
    return -1;
  }
  let count = 0;
  for (let i = 0; i < 9; i++) count = count * 10 + load<u8>(ALIGNED + i);
  return count;
}

/** Whether a JSON string, or a number as it is written, is this text. */
function isText(at: usize, text: string): bool {
  const isQuoted = load<u8>(at) == 0x22;
  if (isQuoted) at++;
  let i = 0;
  while (isQuoted ? load<u8>(at) != 0x22 : isNumberByte(load<u8>(at))) {
    const character = readCharacter(at);
    if (character < 0 || i >= text.length || text.codePointAt(i) != character) return false;
    i += character >= 0x10000 ? 2 : 1;
    at = characterEnd;
  }
  return i == text.length;
}

function isNumberByte(byte: u8): bool {
  return byte - 0x30 < 10 || byte == 0x2d || byte == 0x2b || byte == 0x2e || (byte | 0x20) == 0x65;
}

function writeCounter(table: EncodeNode, counter: EncodeNode, count: i32): void {
  const at = recordAt + offsetOf(counter);
  let text = count.toString();
  const texts = table.countTexts;
  let isText = counter.kind == Kind.TEXT;
  if (texts !== null) {
    isText = counter.kind == Kind.TEXT;
    text = '';
    for (let i = 0; i < texts.length; i++) {
      if (table.counts![i] != count || texts[i].length * 3 > VALUE_MAX_BYTES) continue;
      text = texts[i];
      break;
    }
    if (text.length == 0) {
      const what = 'occursMappings has no text for ' + count.toString() + ' elements of ' + table.item.name;
      unfit(inputAt, counter.item.path(), what);
      return;
    }
  }
  // Mapped texts are names and numbers; one with quotes could not be written here.
  if (text.includes('"') || text.includes('\\')) {
    unfit(inputAt, counter.item.path(), 'this counter has to be given: its text is not a plain one');
    return;
  }
  let to = VALUE;
  if (isText) store<u8>(to++, 0x22);
  to += String.UTF8.encodeUnsafe(changetype<usize>(text), text.length, to);
  store<u32>(to, isText ? 0x00002c22 : 0x0000002c);
  if (isText) encodeText(counter, VALUE, at);
  else encodeAnyNumber(counter, VALUE, at);
}

/** From the record's beginning, for the occurrences at hand. */
function offsetOf(node: EncodeNode): usize {
  let offset: usize = node.offsetBytes;
  let group = node.parent;
  while (group !== null) {
    offset += group.offsetBytes;
    if (group.isTable) offset += group.occurrence * group.lengthBytes;
    group = group.parent;
  }
  return offset;
}

/** Moves the children of a group from where they are at their maximum to `to`; gives the end of what was moved. */
function squeezeGroup(group: EncodeNode, from: usize, to: usize): usize {
  let done = 0;
  for (let i = 0; i < group.children.length; i++) {
    const first = group.children[i];
    if (first.area !== null && first.viewIndex > 0) continue;
    // Slack bytes.
    to = move(from + done, to, first.offsetBytes - done);
    const area = first.area;
    const child = chosenView(group, i)!;
    if (area !== null && !area.isVariable) to = move(from + first.offsetBytes, to, area.lengthBytes);
    else {
      const end = squeezeNode(child, from + child.offsetBytes, to);
      // Decoding takes an area to be as long as its longest view.
      const isRecord = group.parent === null && plan.recordsDiffer;
      const isShort = area !== null && !isRecord && end - to < <usize>area.fixedBytes;
      to = isShort ? fill(end, to + area!.fixedBytes) : end;
    }
    done = first.offsetBytes + (area === null ? child.lengthBytes * child.occursMax : area.lengthBytes);
  }
  return group.parent === null ? to : move(from + done, to, group.lengthBytes - done);
}

function squeezeNode(node: EncodeNode, from: usize, to: usize): usize {
  if (!node.isVariable) return move(from, to, node.lengthBytes * node.occursMax);
  if (!node.isTable) return squeezeGroup(node, from, to);
  let count = node.occursMax;
  if (node.counter !== null) count = load<i32>(slots + (slotOf(node.slot, node) << 2)) - 1;
  for (let i = 0; i < count; i++) {
    node.occurrence = i;
    if (node.kind == Kind.GROUP) to = squeezeGroup(node, from, to);
    else to = move(from, to, node.lengthBytes);
    from += node.lengthBytes;
  }
  return to;
}

function move(from: usize, to: usize, bytes: i32): usize {
  if (bytes <= 0) return to;
  if (from != to) memory.copy(to, from, bytes);
  return to + bytes;
}

/** Nothing is known of these bytes. */
function fill(from: usize, to: usize): usize {
  memory.fill(from, 0, to - from);
  return to;
}
