/**
 * Parsed JSON → lifted values, one function for each type, compiled bottom up.
 *
 * A function takes the parsed value and the trace, to which each container adds its segment while a refusal passes through:
 * nothing is spent on places until something is wrong. Always: no property is read that is not the value's own, so
 * `constructor` and `__proto__` are names like any other.
 */

import type { NamedType, Primitive, TypeRef, WitType } from '../types.ts';

export type Read = (value: unknown, trace: string[]) => unknown;

type Json = Readonly<Record<string, unknown>>;

/** A refusal is an error of this name; it never leaves `abi-json.ts`. */
const REFUSAL = 'JsonRefusal';

/** Largest finite f32: a number beyond it would silently become infinite. */
const F32_MAX = 3.4028234663852886e38;

export const isRefusal = (error: unknown): error is Error => error instanceof Error && error.name === REFUSAL;

function refuse(message: string): never {
  const error = new Error(message);
  error.name = REFUSAL;
  throw error;
}

/** Readers of all types of a table, parts before what is made of them: no recursion, however deep they are. */
export function createReaders(types: readonly WitType[]): (ref: TypeRef) => Read {
  const readers: Read[] = [];
  const readerOf = (ref: TypeRef): Read => {
    const read = typeof ref === 'number' ? readers[ref] : PRIMITIVES[ref];
    if (read === undefined) throw new Error(`a plan without type ${ref}`);
    return read;
  };
  for (const type of types) readers.push(compile(type, types, readerOf));
  return readerOf;
}

const integer = (min: number, max: number): Read => {
  const message = `must be an integer from ${min} to ${max}`;
  return (value) => {
    if (!Number.isInteger(value) || (value as number) < min || (value as number) > max) refuse(message);
    // Minus zero is a number of JSON, and none of WIT.
    return (value as number) + 0;
  };
};

const DECIMAL = /^(?:0|-?[1-9][0-9]{0,19})$/;

const wide = (min: bigint, max: bigint): Read => {
  const message = `must be an integer from ${min} to ${max}; beyond 2^53 written as a string`;
  return (value) => {
    let wanted: bigint;
    if (typeof value === 'string' && DECIMAL.test(value)) wanted = BigInt(value);
    else if (Number.isSafeInteger(value)) wanted = BigInt(value as number);
    else return refuse(message);
    return wanted >= min && wanted <= max ? wanted : refuse(message);
  };
};

const SPECIAL: ReadonlyMap<unknown, number> = new Map([
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['-Infinity', Number.NEGATIVE_INFINITY],
]);

const floating =
  (max: number, round: (value: number) => number): Read =>
  (value) => {
    // Numbers such as 1e999 are parsed as infinite, which nobody wrote.
    if (typeof value === 'number' && Math.abs(value) <= max) return round(value);
    return SPECIAL.get(value) ?? refuse('must be a number in range, "NaN", "Infinity" or "-Infinity"');
  };

const PRIMITIVES: Readonly<Record<Primitive, Read>> = {
  bool: (value) => (typeof value === 'boolean' ? value : refuse('must be true or false')),
  s8: integer(-0x80, 0x7f),
  u8: integer(0, 0xff),
  s16: integer(-0x8000, 0x7fff),
  u16: integer(0, 0xffff),
  s32: integer(-0x8000_0000, 0x7fff_ffff),
  u32: integer(0, 0xffff_ffff),
  s64: wide(-(2n ** 63n), 2n ** 63n - 1n),
  u64: wide(0n, 2n ** 64n - 1n),
  f32: floating(F32_MAX, Math.fround),
  f64: floating(Number.MAX_VALUE, (value) => value),
  char: (value) => {
    const text = textOf(value);
    const isOne = text.length === 1 || (text.length === 2 && (text.codePointAt(0) as number) > 0xffff);
    return isOne ? text : refuse('must be one character');
  },
  string: textOf,
};

function textOf(value: unknown): string {
  if (typeof value !== 'string') return refuse('must be a string');
  return value.isWellFormed() ? value : refuse('must not hold a lone surrogate');
}

function objectOf(value: unknown): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return refuse('must be an object');
  return value as Json;
}

const arrayOf = (value: unknown): readonly unknown[] =>
  Array.isArray(value) ? value : refuse('must be an array');

/** Reads a part; a refusal of it is one of the place `segment` within. */
function readPart(read: Read, value: unknown, segment: string, trace: string[]): unknown {
  try {
    return read(value, trace);
  } catch (error) {
    trace.push(segment);
    throw error;
  }
}

/** Refuses the place `segment` within what is being read. */
function refuseAt(segment: string, message: string, trace: string[]): never {
  trace.push(segment);
  return refuse(message);
}

const isOption = (types: readonly WitType[], ref: TypeRef): boolean =>
  typeof ref === 'number' && types[ref]?.kind === 'option';

/** An object with these fields and no others; those that are options may be left out. Also the arguments of a call. */
export function readFields(
  types: readonly WitType[],
  fields: readonly NamedType[],
  readerOf: (ref: TypeRef) => Read,
): (value: unknown, trace: string[]) => Record<string, unknown> {
  const steps = fields.map(({ name, type }) => ({
    name,
    read: readerOf(type),
    isOptional: isOption(types, type),
    // Parsed JSON holds no `undefined`: only where every object has such a property must it be asked whose it is.
    isAmbiguous: name in Object.prototype,
  }));
  const names = new Set(fields.map(({ name }) => name));
  /** Inherits nothing, and has the speed of an ordinary object, which `Object.create(null)` has not. */
  const Shape = function shape() {} as unknown as new () => Record<string, unknown>;
  Shape.prototype = Object.freeze(Object.create(null));
  return (value, trace) => {
    const given = objectOf(value);
    const read = new Shape();
    let count = 0;
    let at = 0;
    try {
      for (; at < steps.length; at++) {
        const step = steps[at] as (typeof steps)[number];
        const part = step.isAmbiguous && !Object.hasOwn(given, step.name) ? undefined : given[step.name];
        if (part !== undefined) {
          count++;
          read[step.name] = step.read(part, trace);
        } else if (step.isOptional) read[step.name] = undefined;
        else refuse('is required');
      }
    } catch (error) {
      trace.push((steps[at] as (typeof steps)[number]).name);
      throw error;
    }
    const keys = Object.keys(given);
    if (keys.length !== count) {
      refuseAt(keys.find((key) => !names.has(key)) as string, 'is not a known field', trace);
    }
    return read;
  };
}

function compile(type: WitType, types: readonly WitType[], readerOf: (ref: TypeRef) => Read): Read {
  switch (type.kind) {
    case 'list':
      return type.element === 'u8' ? readBytes(type.length) : readList(readerOf(type.element), type.length);
    case 'record':
      return readFields(types, type.fields, readerOf);
    case 'tuple':
      return readTuple(type.parts.map(readerOf));
    case 'variant':
      return readVariant(
        new Map(type.cases.map((one) => [one.name, one.type === undefined ? undefined : readerOf(one.type)])),
      );
    case 'enum':
      return readEnum(type.names);
    case 'flags':
      return readFlags(type.names);
    case 'option':
      return readOption(readerOf(type.some), isOption(types, type.some));
    case 'result':
      return readResult(
        type.ok === undefined ? readNothing : readerOf(type.ok),
        type.error === undefined ? readNothing : readerOf(type.error),
        { ok: type.ok !== undefined, error: type.error !== undefined },
      );
    case 'own':
    case 'borrow':
      return () => refuse('is a resource, which JSON cannot name');
  }
}

const readNothing: Read = (value) => (value === null ? undefined : refuse('must be null'));

function readBytes(length: number | undefined): Read {
  const message = `must be ${length === undefined ? '' : `${length} bytes in `}base64, padded, without blanks`;
  return (value) => {
    if (typeof value !== 'string') return refuse(message);
    let bytes: Uint8Array;
    try {
      bytes = Uint8Array.fromBase64(value, { lastChunkHandling: 'strict' });
    } catch {
      return refuse(message);
    }
    // The decoder skips blanks: without them every three bytes are four characters.
    const isExact =
      value.length === Math.ceil(bytes.length / 3) * 4 && (length ?? bytes.length) === bytes.length;
    return isExact ? bytes : refuse(message);
  };
}

function readList(read: Read, length: number | undefined): Read {
  return (value, trace) => {
    const given = arrayOf(value);
    if (length !== undefined && given.length !== length) refuse(`must have ${length} items`);
    const items = new Array<unknown>(given.length);
    let i = 0;
    try {
      for (; i < items.length; i++) items[i] = read(given[i], trace);
    } catch (error) {
      trace.push(`${i}`);
      throw error;
    }
    return items;
  };
}

function readTuple(reads: readonly Read[]): Read {
  return (value, trace) => {
    const given = arrayOf(value);
    if (given.length !== reads.length) refuse(`must have ${reads.length} items`);
    return reads.map((read, i) => readPart(read, given[i], `${i}`, trace));
  };
}

function readVariant(cases: ReadonlyMap<unknown, Read | undefined>): Read {
  const message = `must be one of ${[...cases.keys()].slice(0, 20).join(', ')}`;
  return (value, trace) => {
    const given = objectOf(value);
    if (!Object.hasOwn(given, 'tag')) refuseAt('tag', 'is required', trace);
    const { tag } = given;
    if (!cases.has(tag)) refuseAt('tag', message, trace);
    const read = cases.get(tag);
    for (const key of Object.keys(given)) {
      if (key !== 'tag' && (key !== 'value' || read === undefined))
        refuseAt(key, 'is not a known field', trace);
    }
    if (read === undefined) return { tag };
    if (!Object.hasOwn(given, 'value')) refuseAt('value', 'is required', trace);
    return { tag, val: readPart(read, given.value, 'value', trace) };
  };
}

function readEnum(names: readonly string[]): Read {
  const known: ReadonlySet<unknown> = new Set(names);
  const message = `must be one of ${names.slice(0, 20).join(', ')}`;
  return (value) => (known.has(value) ? value : refuse(message));
}

function readFlags(names: readonly string[]): Read {
  const known: ReadonlySet<unknown> = new Set(names);
  const message = `must be one of ${names.slice(0, 20).join(', ')}, each once`;
  return (value, trace) => {
    const given = arrayOf(value);
    const set = new Set<unknown>();
    for (const [i, name] of given.entries()) {
      if (!known.has(name) || set.has(name)) refuseAt(`${i}`, message, trace);
      set.add(name);
    }
    return names.filter((name) => set.has(name));
  };
}

function readOption(read: Read, isNested: boolean): Read {
  if (!isNested) return (value, trace) => (value === null ? undefined : read(value, trace));
  return (value, trace) => {
    if (value === null) return undefined;
    const given = objectOf(value);
    for (const key of Object.keys(given)) if (key !== 'some') refuseAt(key, 'is not a known field', trace);
    if (!Object.hasOwn(given, 'some')) refuseAt('some', 'is required', trace);
    return { val: readPart(read, given.some, 'some', trace) };
  };
}

function readResult(ok: Read, failure: Read, holds: { readonly ok: boolean; readonly error: boolean }): Read {
  return (value, trace) => {
    const given = objectOf(value);
    const [key, ...others] = Object.keys(given);
    if (others.length > 0 || (key !== 'ok' && key !== 'error'))
      refuse('must have either ok or error, and nothing else');
    const tag = key === 'ok' ? 'ok' : 'err';
    const val =
      key === 'ok' ? readPart(ok, given.ok, 'ok', trace) : readPart(failure, given.error, 'error', trace);
    return holds[key as 'ok' | 'error'] ? { tag, val } : { tag };
  };
}
