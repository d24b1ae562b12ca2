/**
 * The functions that a query may call: those of JMESPath with these names, as its specification has them.
 *
 * Each says what it takes by letters: `n` a number, `s` a string, `l` a list, `o` an object, `e` an expression, `?` anything; several in
 * brackets. Lists of numbers or strings are held against that while they are read.
 */

import { Text } from 'hotcell/typed';
import { evaluate } from './evaluate';
import {
  areEqual, boolean, Case, compareNumbers, compareStrings, fail, failed, Kind, listValue, Node, NULL, numberValue, step,
  stringValue, textValue, Value,
} from './value';
import { writeJson } from './write';

export function callFunction(node: Node, given: Array<Value>): Value {
  const name = String.UTF8.decodeUnsafe(node.value!.at, node.value!.length);
  if (name == 'length') return takes(node, given, '[slo]') ? numberValue(lengthOf(given[0])) : NULL;
  if (name == 'keys') return takes(node, given, 'o') ? listValue(given[0].names) : NULL;
  if (name == 'values') return takes(node, given, 'o') ? listValue(given[0].items) : NULL;
  if (name == 'type') return takes(node, given, '?') ? textValue(typeName(given[0])) : NULL;
  if (name == 'contains') return takes(node, given, '[sl]?') ? contains(node, given[0], given[1]) : NULL;
  if (name == 'starts_with') return takes(node, given, 'ss') ? boolean(isAt(given[0], given[1], 0)) : NULL;
  if (name == 'ends_with') {
    return takes(node, given, 'ss') ? boolean(isAt(given[0], given[1], given[0].length - given[1].length)) : NULL;
  }
  if (name == 'join') return takes(node, given, 'sl') ? join(node, given[0], given[1]) : NULL;
  if (name == 'reverse') return takes(node, given, 'l') ? listValue(given[0].items.slice().reverse()) : NULL;
  if (name == 'sort') return takes(node, given, 'l') ? sorted(node, given[0].items, given[0].items) : NULL;
  if (name == 'sort_by') return takes(node, given, 'le') ? sorted(node, given[0].items, mapped(given)) : NULL;
  if (name == 'map') return takes(node, given, 'el') ? listValue(mapped(given.reverse())) : NULL;
  if (name == 'min' || name == 'max') {
    return takes(node, given, 'l') ? extreme(node, given[0].items, given[0].items, name == 'max') : NULL;
  }
  if (name == 'min_by' || name == 'max_by') {
    return takes(node, given, 'le') ? extreme(node, given[0].items, mapped(given), name == 'max_by') : NULL;
  }
  if (name == 'sum') return takes(node, given, 'l') ? sum(node, given[0].items) : NULL;
  if (name == 'to_string') return takes(node, given, '?') ? toText(given[0]) : NULL;
  if (name == 'to_number') return takes(node, given, '?') ? toNumber(given[0]) : NULL;
  if (name == 'not_null') return firstNotNull(node, given);
  fail(Case.BadCall, 'there is no function ' + (name.length > 40 ? name.slice(0, 40) + '…' : name), node.at);
  return NULL;
}

/** Whether the arguments are of these types; else the fault says which is not. */
function takes(node: Node, given: Array<Value>, types: string): bool {
  let count = 0;
  for (let index = 0; index < types.length; index++) {
    const first = index;
    if (types.charAt(index) == '[') while (types.charAt(index) != ']') index++;
    if (count < given.length) {
      const letters = types.slice(first, index + 1);
      const kind = given[count].kind;
      if (letters == '?' ? kind == Kind.Expression : !letters.includes(letterOf(kind))) {
        fail(Case.BadCall, 'argument ' + (count + 1).toString() + ' may not be ' + typeName(given[count]), node.at);
        return false;
      }
    }
    count++;
  }
  if (count == given.length) return true;
  fail(Case.BadCall, 'the function takes ' + count.toString() + ' arguments, not ' + given.length.toString(), node.at);
  return false;
}

function letterOf(kind: Kind): string {
  if (kind == Kind.Number) return 'n';
  if (kind == Kind.String) return 's';
  if (kind == Kind.List) return 'l';
  if (kind == Kind.Object) return 'o';
  return kind == Kind.Expression ? 'e' : '-';
}

function typeName(value: Value): string {
  if (value.kind == Kind.Number) return 'number';
  if (value.kind == Kind.String) return 'string';
  if (value.kind == Kind.List) return 'array';
  if (value.kind == Kind.Object) return 'object';
  if (value.kind == Kind.Null) return 'null';
  return value.kind == Kind.Expression ? 'expression' : 'boolean';
}

/** Characters of a string, items of a list, names of an object. */
function lengthOf(value: Value): f64 {
  if (value.kind != Kind.String) return value.items.length;
  let characters = 0;
  for (let index = 0; index < value.length; index++) {
    if ((load<u8>(value.at + index) & 0xc0) != 0x80) characters++;
  }
  return characters;
}

function isAt(text: Value, part: Value, at: i32): bool {
  return at >= 0 && at + part.length <= text.length && memory.compare(text.at + at, part.at, part.length) == 0;
}

function contains(node: Node, where: Value, what: Value): Value {
  if (where.kind == Kind.String) {
    if (what.kind != Kind.String) return boolean(false);
    for (let at = 0; at + what.length <= where.length && !failed; at++) {
      if ((at & 1023) == 0) step(node.at);
      if (isAt(where, what, at)) return boolean(true);
    }
    return boolean(false);
  }
  for (let index = 0; index < where.items.length; index++) {
    if (areEqual(where.items[index], what, node.at)) return boolean(true);
  }
  return boolean(false);
}

function join(node: Node, between: Value, list: Value): Value {
  const text = new Text();
  for (let index = 0; index < list.items.length && !failed; index++) {
    step(node.at);
    const item = list.items[index];
    if (item.kind != Kind.String) return notAll(node);
    if (index > 0) text.put(between.at, between.length);
    text.put(item.at, item.length);
  }
  return stringValue(text.address, text.length);
}

function notAll(node: Node): Value {
  fail(Case.BadCall, 'the items must all be numbers or all be strings', node.at);
  return NULL;
}

/** The expression of the second argument, of each item of the first. */
function mapped(given: Array<Value>): Array<Value> {
  const list = given[0].items;
  const made = new Array<Value>();
  for (let index = 0; index < list.length && !failed; index++) {
    made.push(evaluate(given[1].expression!, list[index]));
  }
  return made;
}

function areAllAlike(keys: Array<Value>): bool {
  for (let index = 0; index < keys.length; index++) {
    const kind = keys[index].kind;
    if (kind != keys[0].kind || (kind != Kind.Number && kind != Kind.String)) return false;
  }
  return true;
}

function order(a: Value, b: Value): i32 {
  return a.kind == Kind.Number ? compareNumbers(a, b) : compareStrings(a, b);
}

/** Stable: positions are sorted, and equal keys stay in their order. Merges upwards, so that no input takes long. */
function sorted(node: Node, items: Array<Value>, keys: Array<Value>): Value {
  if (failed || !areAllAlike(keys)) return failed ? NULL : notAll(node);
  const count = keys.length;
  let from = new StaticArray<i32>(count);
  let to = new StaticArray<i32>(count);
  for (let index = 0; index < count; index++) from[index] = index;
  for (let width = 1; width < count && !failed; width *= 2) {
    for (let start = 0; start < count && !failed; start += 2 * width) {
      const middle = min(start + width, count);
      const end = min(start + 2 * width, count);
      let left = start;
      let right = middle;
      for (let index = start; index < end; index++) {
        const isLeft = left < middle && (right >= end || order(keys[from[left]], keys[from[right]]) <= 0);
        to[index] = isLeft ? from[left++] : from[right++];
      }
    }
    step(node.at);
    const swap = from;
    from = to;
    to = swap;
  }
  const made = new Array<Value>();
  for (let index = 0; index < count; index++) made.push(items[from[index]]);
  return listValue(made);
}

/** The first item with the least, or greatest, key; null of none. */
function extreme(node: Node, items: Array<Value>, keys: Array<Value>, isGreatest: bool): Value {
  if (failed || !areAllAlike(keys)) return failed ? NULL : notAll(node);
  let best = 0;
  for (let index = 1; index < keys.length; index++) {
    const found = order(keys[index], keys[best]);
    if (isGreatest ? found > 0 : found < 0) best = index;
  }
  return keys.length == 0 ? NULL : items[best];
}

function sum(node: Node, items: Array<Value>): Value {
  let total: f64 = 0;
  for (let index = 0; index < items.length; index++) {
    if (items[index].kind != Kind.Number) {
      fail(Case.BadCall, 'the items must all be numbers', node.at);
      return NULL;
    }
    total += items[index].number;
  }
  return numberValue(total);
}

function toText(value: Value): Value {
  if (value.kind == Kind.String) return value;
  const text = new Text();
  writeJson(text, value);
  return stringValue(text.address, text.length);
}

/** A string that is a number of JSON becomes it; what is no number and no such string, null. */
function toNumber(value: Value): Value {
  if (value.kind == Kind.Number) return value;
  if (value.kind != Kind.String || value.length == 0) return NULL;
  const text = String.UTF8.decodeUnsafe(value.at, value.length);
  let index = text.charAt(0) == '-' ? 1 : 0;
  if (index == text.length) return NULL;
  for (; index < text.length; index++) if (!'0123456789.eE+-'.includes(text.charAt(index))) return NULL;
  return numberValue(parseFloat(text));
}

function firstNotNull(node: Node, given: Array<Value>): Value {
  if (given.length == 0) fail(Case.BadCall, 'the function takes at least one argument', node.at);
  for (let index = 0; index < given.length; index++) if (given[index].kind != Kind.Null) return given[index];
  return NULL;
}
