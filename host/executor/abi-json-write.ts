/**
 * Lifted values → values that `JSON.stringify` writes, one function for each type, compiled bottom up.
 *
 * The values come from the host's own lifting, which has checked them. Always: one value has one text. 64-bit integers are
 * decimal strings, whatever their size, so that the type of a result never depends on its value; every field is there.
 * What JSON has as it is stays as it is; the engine then writes the whole at once.
 */

import type { Primitive, TypeRef, WitType } from '../types.ts';

/** No value is ever a function, so no field is taken for `toJSON`. */
export type Write = (value: unknown) => unknown;

interface Tagged {
  readonly tag: string;
  readonly val?: unknown;
}

/** Writers of all types of a table; undefined stands for no value, which is `null`. */
export function createWriters(types: readonly WitType[]): (ref: TypeRef | undefined) => Write {
  const writers: Write[] = [];
  const writerOf = (ref: TypeRef | undefined): Write => {
    if (ref === undefined) return writeNothing;
    const write = typeof ref === 'number' ? writers[ref] : PRIMITIVES[ref];
    if (write === undefined) throw new Error(`a plan without type ${ref}`);
    return write;
  };
  for (const type of types) writers.push(compile(type, types, writerOf));
  return writerOf;
}

const writeNothing: Write = () => null;
const same: Write = (value) => value;
const decimal: Write = (value) => `${value as bigint}`;

/** A text that stands in the JSON as it is: the only way to write the sign of a zero. */
const NEGATIVE_ZERO = (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON('-0');
const floating: Write = (value) => {
  const number = value as number;
  if (!Number.isFinite(number)) return `${number}`;
  return Object.is(number, -0) ? NEGATIVE_ZERO : number;
};

const PRIMITIVES: Readonly<Record<Primitive, Write>> = {
  bool: same,
  s8: same,
  u8: same,
  s16: same,
  u16: same,
  s32: same,
  u32: same,
  s64: decimal,
  u64: decimal,
  f32: floating,
  f64: floating,
  char: same,
  string: same,
};

function compile(
  type: WitType,
  types: readonly WitType[],
  writerOf: (ref: TypeRef | undefined) => Write,
): Write {
  switch (type.kind) {
    case 'list': {
      if (type.element === 'u8') return (value) => (value as Uint8Array).toBase64();
      const write = writerOf(type.element);
      return write === same ? same : (value) => (value as unknown[]).map((item) => write(item));
    }
    case 'record':
      return writeRecord(type.fields.map(({ name, type: field }) => ({ name, write: writerOf(field) })));
    case 'tuple': {
      const writes = type.parts.map(writerOf);
      if (writes.every((write) => write === same)) return same;
      return (value) => writes.map((write, i) => write((value as readonly unknown[])[i]));
    }
    case 'variant':
      return writeVariant(
        new Map(type.cases.map((one) => [one.name, one.type === undefined ? undefined : writerOf(one.type)])),
      );
    case 'enum':
    case 'flags':
      return same;
    case 'option': {
      const write = writerOf(type.some);
      const isNested = typeof type.some === 'number' && types[type.some]?.kind === 'option';
      if (!isNested) return (value) => (value === undefined ? null : write(value));
      return (value) => (value === undefined ? null : { some: write((value as { val: unknown }).val) });
    }
    case 'result': {
      const ok = writerOf(type.ok);
      const failure = writerOf(type.error);
      return (value) => {
        const { tag, val } = value as Tagged;
        return tag === 'ok' ? { ok: ok(val) } : { error: failure(val) };
      };
    }
    case 'own':
    case 'borrow':
      return () => {
        throw new Error('a resource cannot be written as JSON: such functions are no operations');
      };
  }
}

function writeRecord(fields: readonly { readonly name: string; readonly write: Write }[]): Write {
  if (fields.every(({ write }) => write === same)) return same;
  return (value) => {
    const record = value as Readonly<Record<string, unknown>>;
    // An ordinary object, which the engine writes fastest. Labels have no underscores, so no name is `__proto__`.
    const written: Record<string, unknown> = {};
    for (const { name, write } of fields) written[name] = write(record[name]);
    return written;
  };
}

function writeVariant(cases: ReadonlyMap<string, Write | undefined>): Write {
  return (value) => {
    const { tag, val } = value as Tagged;
    const write = cases.get(tag);
    return write === undefined ? { tag } : { tag, value: write(val) };
  };
}
