/** What a query makes of a value. Source: the specification of JMESPath. */

import { callFunction } from './functions';
import { Token } from './tokens';
import {
  ABSENT, areEqual, boolean, compareNumbers, failed, Kind, listValue, Node, NULL, Op, step, Value,
} from './value';

export function evaluate(node: Node, value: Value): Value {
  step(node.at);
  if (failed) return NULL;
  switch (node.op) {
    case Op.Current:
      return value;
    case Op.Literal:
      return node.value!;
    case Op.Field: {
      const name = node.value!;
      const found = value.kind == Kind.Object ? value.field(name.at, name.length) : null;
      return found == null ? NULL : found;
    }
    case Op.Index: {
      const index = node.first < 0 ? value.items.length + node.first : node.first;
      return value.kind == Kind.List && index >= 0 && index < value.items.length ? value.items[index] : NULL;
    }
    case Op.Slice:
      return value.kind == Kind.List ? slice(node, value.items) : NULL;
    case Op.Sub: case Op.Pipe:
      return evaluate(node.right!, evaluate(node.left!, value));
    case Op.Project: case Op.Values: case Op.Filter:
      return project(node, evaluate(node.left!, value));
    case Op.Flatten:
      return flatten(node, evaluate(node.left!, value));
    case Op.Or: {
      const left = evaluate(node.left!, value);
      return left.isFalse ? evaluate(node.right!, value) : left;
    }
    case Op.And: {
      const left = evaluate(node.left!, value);
      return left.isFalse ? left : evaluate(node.right!, value);
    }
    case Op.Not:
      return boolean(evaluate(node.left!, value).isFalse);
    case Op.Compare:
      return compare(node, evaluate(node.left!, value), evaluate(node.right!, value));
    case Op.List: case Op.Object:
      return value.kind == Kind.Null ? NULL : build(node, value);
    case Op.Call:
      return call(node, value);
    default: {
      const made = new Value(Kind.Expression);
      made.expression = node.left;
      return made;
    }
  }
}

/** The right side for each item (of a filter: that meets its condition), without those that are null. */
function project(node: Node, base: Value): Value {
  if (base.kind != (node.op == Op.Values ? Kind.Object : Kind.List)) return NULL;
  const made = new Array<Value>();
  for (let index = 0; index < base.items.length && !failed; index++) {
    const item = base.items[index];
    if (node.op == Op.Filter && evaluate(node.condition!, item).isFalse) continue;
    const found = evaluate(node.right!, item);
    if (found.kind != Kind.Null) made.push(found);
  }
  return listValue(made);
}

function flatten(node: Node, base: Value): Value {
  if (base.kind != Kind.List) return NULL;
  const made = new Array<Value>();
  for (let index = 0; index < base.items.length && !failed; index++) {
    const item = base.items[index];
    if (item.kind != Kind.List) made.push(item);
    else
      for (let inner = 0; inner < item.items.length && !failed; inner++) {
        step(node.at);
        made.push(item.items[inner]);
      }
  }
  return listValue(made);
}

function slice(node: Node, items: Array<Value>): Value {
  const length = items.length;
  const stride = node.third == ABSENT ? 1 : node.third;
  const low = stride > 0 ? 0 : -1;
  const high = stride > 0 ? length : length - 1;
  const start = node.first == ABSENT ? (stride > 0 ? low : high) : bounded(node.first, length, low, high);
  const stop = node.second == ABSENT ? (stride > 0 ? high : low) : bounded(node.second, length, low, high);
  const made = new Array<Value>();
  for (let index = start; (stride > 0 ? index < stop : index > stop) && !failed; index += stride) {
    step(node.at);
    made.push(items[index]);
  }
  return listValue(made);
}

function bounded(index: i32, length: i32, low: i32, high: i32): i32 {
  return max(low, min(high, index < 0 ? index + length : index));
}

function compare(node: Node, left: Value, right: Value): Value {
  const kind: Token = node.first;
  if (kind == Token.Equal) return boolean(areEqual(left, right, node.at));
  if (kind == Token.Unequal) return boolean(!areEqual(left, right, node.at));
  if (left.kind != Kind.Number || right.kind != Kind.Number) return NULL;
  const order = compareNumbers(left, right);
  if (kind == Token.Less) return boolean(order < 0);
  if (kind == Token.LessEqual) return boolean(order <= 0);
  if (kind == Token.Greater) return boolean(order > 0);
  return boolean(order >= 0);
}

function build(node: Node, value: Value): Value {
  const made = new Value(node.op == Op.List ? Kind.List : Kind.Object);
  made.items = new Array<Value>();
  made.names = node.names;
  for (let index = 0; index < node.children.length && !failed; index++) {
    made.items.push(evaluate(node.children[index], value));
  }
  return made;
}

function call(node: Node, value: Value): Value {
  const given = new Array<Value>();
  for (let index = 0; index < node.children.length && !failed; index++) {
    given.push(evaluate(node.children[index], value));
  }
  return failed ? NULL : callFunction(node, given);
}
