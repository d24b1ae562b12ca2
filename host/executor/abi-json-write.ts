/**
 * Lifted values → JSON text, one function for each type, compiled bottom up.
 *
 * The values come from the host's own lifting, which has checked them. Always: one value has one text. 64-bit integers are
 * decimal strings, whatever their size, so that the type of a result never depends on its value; every field is there.
 */

import type { Primitive, TypeRef, WitType } from '../types.ts';

export type Write = (value: unknown) => string;

interface Tagged {
  readonly tag: string;
  readonly val?: unknown;
}

/** Writers of all types of a table; undefined stands for no value, which is `null`. */
export function createWriters(types: readonly WitType[]): (ref: TypeRef | undefined) => Write {
  const writers: Write[] = [];
  const native = nativeTypes(types);
  const writerOf = (ref: TypeRef | undefined): Write => {
    if (ref === undefined) return writeNothing;
    const write = typeof ref === 'number' ? writers[ref] : PRIMITIVES[ref];
    if (write === undefined) throw new Error(`a plan without type ${ref}`);
    return write;
  };
  for (const [i, type] of types.entries())
    writers.push(native[i] ? JSON.stringify : compile(type, types, writerOf));
  return writerOf;
}

const NATIVE: ReadonlySet<TypeRef> = new Set<Primitive>([
  'bool',
  's8',
  'u8',
  's16',
  'u16',
  's32',
  'u32',
  'char',
  'string',
]);

/** Of each type whether its lifted values are what JSON has: the engine writes those at once. */
function nativeTypes(types: readonly WitType[]): readonly boolean[] {
  const native: boolean[] = [];
  const isNative = (ref: TypeRef): boolean =>
    typeof ref === 'number' ? native[ref] === true : NATIVE.has(ref);
  for (const type of types) {
    if (type.kind === 'enum' || type.kind === 'flags') native.push(true);
    else if (type.kind === 'list') native.push(type.element !== 'u8' && isNative(type.element));
    else if (type.kind === 'tuple') native.push(type.parts.every(isNative));
    else native.push(type.kind === 'record' && type.fields.every((field) => isNative(field.type)));
  }
  return native;
}

/** Strings that stand in JSON as they are. A lifted string has no lone surrogates. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: those are what it looks for
const ESCAPED = /["\\\u0000-\u001f]/;
const text: Write = (value) =>
  ESCAPED.test(value as string) ? JSON.stringify(value) : `"${value as string}"`;

const writeNothing: Write = () => 'null';
const plain: Write = (value) => `${value as number | boolean}`;
const quoted: Write = (value) => `"${value as bigint}"`;
const floating: Write = (value) => {
  const number = value as number;
  if (!Number.isFinite(number)) return `"${number}"`;
  return Object.is(number, -0) ? '-0' : `${number}`;
};

const PRIMITIVES: Readonly<Record<Primitive, Write>> = {
  bool: plain,
  s8: plain,
  u8: plain,
  s16: plain,
  u16: plain,
  s32: plain,
  u32: plain,
  s64: quoted,
  u64: quoted,
  f32: floating,
  f64: floating,
  char: text,
  string: text,
};

function compile(
  type: WitType,
  types: readonly WitType[],
  writerOf: (ref: TypeRef | undefined) => Write,
): Write {
  switch (type.kind) {
    case 'list':
      return type.element === 'u8'
        ? (value) => `"${(value as Uint8Array).toBase64()}"`
        : writeList(writerOf(type.element));
    case 'record':
      return writeRecord(type.fields.map(({ name, type: field }) => ({ name, write: writerOf(field) })));
    case 'tuple':
      return writeTuple(type.parts.map(writerOf));
    case 'variant':
      return writeVariant(
        new Map(type.cases.map((one) => [one.name, one.type === undefined ? undefined : writerOf(one.type)])),
      );
    case 'enum':
    case 'flags':
      return JSON.stringify;
    case 'option': {
      const write = writerOf(type.some);
      const isNested = typeof type.some === 'number' && types[type.some]?.kind === 'option';
      if (!isNested) return (value) => (value === undefined ? 'null' : write(value));
      return (value) => (value === undefined ? 'null' : `{"some":${write((value as { val: unknown }).val)}}`);
    }
    case 'result': {
      const ok = writerOf(type.ok);
      const failure = writerOf(type.error);
      return (value) => {
        const { tag, val } = value as Tagged;
        return tag === 'ok' ? `{"ok":${ok(val)}}` : `{"error":${failure(val)}}`;
      };
    }
    case 'own':
    case 'borrow':
      return () => {
        throw new Error('a resource cannot be written as JSON: such functions are no operations');
      };
  }
}

function writeList(write: Write): Write {
  return (value) => {
    let written = '[';
    let separator = '';
    for (const item of value as readonly unknown[]) {
      written += separator + write(item);
      separator = ',';
    }
    return `${written}]`;
  };
}

function writeTuple(writes: readonly Write[]): Write {
  return (value) => `[${writes.map((write, i) => write((value as readonly unknown[])[i])).join(',')}]`;
}

function writeRecord(fields: readonly { readonly name: string; readonly write: Write }[]): Write {
  const steps = fields.map(({ name, write }, i) => ({
    name,
    before: `${i === 0 ? '{' : ','}${JSON.stringify(name)}:`,
    write,
  }));
  return (value) => {
    const record = value as Readonly<Record<string, unknown>>;
    let written = '';
    for (const { name, before, write } of steps) written += before + write(record[name]);
    return `${written}}`;
  };
}

function writeVariant(cases: ReadonlyMap<string, Write | undefined>): Write {
  return (value) => {
    const { tag, val } = value as Tagged;
    const write = cases.get(tag);
    return write === undefined
      ? `{"tag":${JSON.stringify(tag)}}`
      : `{"tag":${JSON.stringify(tag)},"value":${write(val)}}`;
  };
}
