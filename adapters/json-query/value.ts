/**
 * Values of JSON, and the one fault that ends a call.
 *
 * There are no exceptions here: who finds a fault calls `fail` and returns anything, and every loop looks at `failed`. Values are never
 * changed once made, so that results share parts of the document.
 */

// @ts-ignore: enums of AssemblyScript are numbers
export enum Kind { Null, False, True, Number, String, List, Object, Expression }

/** What a part of a query does. */
// @ts-ignore: enums of AssemblyScript are numbers
export enum Op {
  Current, Field, Index, Slice, Literal, Sub, Project, Values, Flatten, Filter, Or, And, Not, Compare, Pipe, List, Object, Call, Expression,
}

/** A part of a query. */
@final
export class Node {
  left: Node | null = null;
  right: Node | null = null;
  /** The condition of a filter. */
  condition: Node | null = null;
  children: Array<Node> = [];
  /** Names of an object that is made. */
  names: Array<Value> = [];
  /** Of a literal; the name of a field or function. */
  value: Value | null = null;
  /** Index; start, stop and step of a slice, with `ABSENT`; the token of a comparison. */
  /** Parts within each other below and at this one. */
  height: i32 = 1;
  first: i32 = 0;
  second: i32 = 0;
  third: i32 = 0;

  constructor(
    readonly op: Op,
    /** In bytes of the query. */
    readonly at: i32,
  ) {}
}

export const ABSENT: i32 = i32.MIN_VALUE;

/** Cases of the variant `failure`. */
// @ts-ignore: enums of AssemblyScript are numbers
export enum Case { BadJson, Syntax, NotFound, BadCall, TooLarge }

@final
export class Value {
  /** A string as UTF-8, escapes resolved; half a pair of surrogates as the three bytes it would be. */
  at: usize = 0;
  length: i32 = 0;
  /** As written in the document or query; none for what was computed. */
  raw: usize = 0;
  rawLength: i32 = 0;
  number: f64 = 0;
  /** Of a list, or the values of an object. */
  items: Array<Value> = NONE;
  /** Strings: the names of an object. */
  names: Array<Value> = NONE;
  expression: Node | null = null;

  constructor(readonly kind: Kind) {}

  /** Of an object; null where there is none. Of a name that is there twice the last counts. */
  field(at: usize, length: i32): Value | null {
    for (let index = this.names.length - 1; index >= 0; index--) {
      const name = this.names[index];
      if (name.length == length && memory.compare(name.at, at, length) == 0) return this.items[index];
    }
    return null;
  }

  /** What JMESPath takes for false: null, false, and what is empty. */
  get isFalse(): bool {
    if (this.kind == Kind.String) return this.length == 0;
    return this.kind <= Kind.False || (this.kind >= Kind.List && this.items.length == 0 && this.kind != Kind.Expression);
  }
}

/** Made while the module starts, so that they stay. */
const NONE: Array<Value> = [];
export const NULL: Value = new Value(Kind.Null);
export const FALSE: Value = new Value(Kind.False);
export const TRUE: Value = new Value(Kind.True);

export function boolean(value: bool): Value {
  return value ? TRUE : FALSE;
}

export function numberValue(value: f64): Value {
  if (!isFinite(value)) return NULL;
  const made = new Value(Kind.Number);
  made.number = value;
  return made;
}

export function stringValue(at: usize, length: i32): Value {
  const made = new Value(Kind.String);
  made.at = at;
  made.length = length;
  return made;
}

export function textValue(text: string): Value {
  const encoded = String.UTF8.encode(text);
  return stringValue(changetype<usize>(encoded), encoded.byteLength);
}

export function listValue(items: Array<Value>): Value {
  const made = new Value(Kind.List);
  made.items = items;
  return made;
}

/** Values looked at or made in one call. Queries multiply: each stage may double what the last one gave. */
const STEPS_MAX: i32 = 2_000_000;
let steps: i32 = 0;

export let failed: bool = false;
export let failedCase: Case = Case.Syntax;
export let failedMessage: string = '';
/** In bytes of the text at fault. */
export let failedAt: i32 = 0;

export function begin(): void {
  steps = 0;
  failed = false;
}

/** The first fault counts. */
export function fail(which: Case, message: string, at: i32): void {
  if (failed) return;
  failed = true;
  failedCase = which;
  failedMessage = message;
  failedAt = at;
}

/** Before each value that a query looks at or makes. */
export function step(at: i32): void {
  if (++steps > STEPS_MAX) fail(Case.TooLarge, 'the query takes more than ' + STEPS_MAX.toString() + ' steps', at);
}

export function areEqual(a: Value, b: Value, at: i32): bool {
  step(at);
  if (failed || a.kind != b.kind) return false;
  if (a.kind == Kind.Number) return compareNumbers(a, b) == 0;
  if (a.kind == Kind.String) return compareStrings(a, b) == 0;
  if (a.items.length != b.items.length) return false;
  for (let index = 0; index < a.items.length; index++) {
    let other: Value | null = b.items[index];
    if (a.kind == Kind.Object) {
      const name = a.names[index];
      other = b.field(name.at, name.length);
      if (other == null) return false;
    }
    if (!areEqual(a.items[index], other!, at)) return false;
  }
  return true;
}

/** In the order of code points. */
export function compareStrings(a: Value, b: Value): i32 {
  const order = memory.compare(a.at, b.at, min(a.length, b.length));
  return order != 0 ? order : a.length - b.length;
}

/** Whole numbers exactly, whatever their length; others as doubles. */
export function compareNumbers(a: Value, b: Value): i32 {
  if (a.number != b.number) return a.number < b.number ? -1 : 1;
  if (!isWhole(a) || !isWhole(b)) return 0;
  const isNegative = load<u8>(a.raw) == 0x2d;
  if (isNegative != (load<u8>(b.raw) == 0x2d)) return 0;
  let order = a.rawLength - b.rawLength;
  if (order == 0) order = memory.compare(a.raw, b.raw, a.rawLength);
  return isNegative ? -order : order;
}

function isWhole(value: Value): bool {
  for (let index = 0; index < value.rawLength; index++) {
    const byte = load<u8>(value.raw + index);
    if (byte == 0x2e || (byte | 0x20) == 0x65) return false;
  }
  return value.rawLength > 0;
}
