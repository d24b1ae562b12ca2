/**
 * How WIT types lie in memory and in core signatures: size, alignment, flattening.
 *
 * The registry holds core functions against it, the executor reads and writes by it. Works on the type table of a link
 * plan, whose indices are always smaller than that of their user, so everything is worked out once and from below.
 * Source: component model, Canonical ABI, "Alignment", "Element Size", "Flattening".
 */

import type { Primitive, TypeRef, WitFunction, WitType } from './link-plan.ts';

export type FlatType = 'i32' | 'i64' | 'f32' | 'f64';

/** Flat parameters of a core function; more are passed in memory. Source: Canonical ABI, `MAX_FLAT_PARAMS`. */
export const MAX_FLAT_PARAMS = 16;

/** Flat results of a core function; more are returned in memory. Source: Canonical ABI, `MAX_FLAT_RESULTS`. */
export const MAX_FLAT_RESULTS = 1;

/** What is known of a type without a value of it. */
export interface TypeShape {
  /** In memory, in bytes. */
  readonly size: number;
  readonly alignment: 1 | 2 | 4 | 8;
  /** Cut after `MAX_FLAT_PARAMS` + 1: whatever is longer lies in memory, wherever it is used. */
  readonly flat: readonly FlatType[];
  /** Whether a value refers to memory: it has a string or a list in it. */
  readonly hasPointers: boolean;
  /** Types within each other, 1 for a primitive. */
  readonly depth: number;
}

export type Shapes = (ref: TypeRef) => TypeShape;

const primitive = (size: 1 | 2 | 4 | 8, flat: FlatType): TypeShape => ({
  size,
  alignment: size,
  flat: [flat],
  hasPointers: false,
  depth: 1,
});

const POINTER_AND_LENGTH = { size: 8, alignment: 4, flat: ['i32', 'i32'], hasPointers: true } as const;

const PRIMITIVES: Readonly<Record<Primitive, TypeShape>> = {
  bool: primitive(1, 'i32'),
  s8: primitive(1, 'i32'),
  u8: primitive(1, 'i32'),
  s16: primitive(2, 'i32'),
  u16: primitive(2, 'i32'),
  s32: primitive(4, 'i32'),
  u32: primitive(4, 'i32'),
  s64: primitive(8, 'i64'),
  u64: primitive(8, 'i64'),
  f32: primitive(4, 'f32'),
  f64: primitive(8, 'f64'),
  char: primitive(4, 'i32'),
  string: { ...POINTER_AND_LENGTH, depth: 1 },
};

export function isPrimitive(name: string): name is Primitive {
  return Object.hasOwn(PRIMITIVES, name);
}

/** `offset` raised to a multiple of `alignment`. */
export function alignTo(offset: number, alignment: number): number {
  return Math.ceil(offset / alignment) * alignment;
}

/** Bytes of the number that says which case it is. */
export function discriminantBytes(caseCount: number): 1 | 2 | 4 {
  return caseCount <= 0x100 ? 1 : caseCount <= 0x10000 ? 2 : 4;
}

/** Bytes of flags in memory; 32 of them at most are one number. */
export function flagsBytes(count: number): 1 | 2 | 4 {
  return count <= 8 ? 1 : count <= 16 ? 2 : 4;
}

/** Types of the cases of what the canonical ABI treats as a variant; undefined when it is no such type. */
export function casesOf(type: WitType): readonly (TypeRef | undefined)[] | undefined {
  switch (type.kind) {
    case 'variant':
      return type.cases.map((one) => one.type);
    case 'enum':
      return type.names.map(() => undefined);
    case 'option':
      return [undefined, type.some];
    case 'result':
      return [type.ok, type.error];
    default:
      return undefined;
  }
}

/** The shapes of a table of types. The table may grow meanwhile; each shape is worked out once. */
export function createShapes(types: readonly WitType[]): Shapes {
  const known: TypeShape[] = [];
  const shapeOf: Shapes = (ref) => {
    if (typeof ref === 'string') return PRIMITIVES[ref];
    const found = known[ref];
    if (found) return found;
    const type = types[ref];
    if (!type) throw new Error(`there is no type ${ref}`);
    const shape = measure(type, shapeOf);
    known[ref] = shape;
    return shape;
  };
  return shapeOf;
}

function measure(type: WitType, shapeOf: Shapes): TypeShape {
  switch (type.kind) {
    case 'list': {
      const element = shapeOf(type.element);
      return type.length === undefined
        ? { ...POINTER_AND_LENGTH, depth: element.depth + 1 }
        : repeat(element, type.length);
    }
    case 'record':
      return product(type.fields.map((field) => shapeOf(field.type)));
    case 'tuple':
      return product(type.parts.map(shapeOf));
    case 'flags': {
      const size = flagsBytes(type.names.length);
      return { ...primitive(size, 'i32') };
    }
    case 'own':
    case 'borrow':
      return primitive(4, 'i32');
    default:
      return sum((casesOf(type) ?? []).map((one) => (one === undefined ? undefined : shapeOf(one))));
  }
}

/** Parts one behind the other. */
function product(parts: readonly TypeShape[]): TypeShape {
  let size = 0;
  let alignment: TypeShape['alignment'] = 1;
  let depth = 0;
  let hasPointers = false;
  const flat: FlatType[] = [];
  for (const part of parts) {
    size = alignTo(size, part.alignment) + part.size;
    if (part.alignment > alignment) alignment = part.alignment;
    depth = Math.max(depth, part.depth);
    hasPointers ||= part.hasPointers;
    if (flat.length <= MAX_FLAT_PARAMS) flat.push(...part.flat);
  }
  flat.length = Math.min(flat.length, MAX_FLAT_PARAMS + 1);
  return { size: alignTo(size, alignment), alignment, flat, hasPointers, depth: depth + 1 };
}

/** The same part `length` times; no array of that length is made, as it may be large. */
function repeat(part: TypeShape, length: number): TypeShape {
  const flat: FlatType[] = [];
  for (let i = 0; i < length && flat.length <= MAX_FLAT_PARAMS; i++) flat.push(...part.flat);
  flat.length = Math.min(flat.length, MAX_FLAT_PARAMS + 1);
  return { ...part, size: part.size * length, flat, depth: part.depth + 1 };
}

/** One of several cases, behind the number that says which. */
function sum(cases: readonly (TypeShape | undefined)[]): TypeShape {
  const discriminant = discriminantBytes(cases.length);
  let alignment: TypeShape['alignment'] = discriminant;
  let payload = 0;
  let depth = 0;
  let hasPointers = false;
  const joined: FlatType[] = [];
  for (const one of cases) {
    if (!one) continue;
    payload = Math.max(payload, one.size);
    if (one.alignment > alignment) alignment = one.alignment;
    depth = Math.max(depth, one.depth);
    hasPointers ||= one.hasPointers;
    for (const [i, flat] of one.flat.entries()) {
      const before = joined[i];
      joined[i] = before === undefined ? flat : join(before, flat);
    }
  }
  // The alignment of the payload is at least that of the cases, not of the discriminant: they are the same when that is larger.
  const payloadAlignment = cases.reduce((most, one) => Math.max(most, one?.alignment ?? 1), 1);
  const size = alignTo(alignTo(discriminant, payloadAlignment) + payload, alignment);
  const flat: FlatType[] = ['i32', ...joined];
  flat.length = Math.min(flat.length, MAX_FLAT_PARAMS + 1);
  return { size, alignment, flat, hasPointers, depth: depth + 1 };
}

/** The type that carries either. Source: Canonical ABI, `join`. */
export function join(a: FlatType, b: FlatType): FlatType {
  if (a === b) return a;
  return (a === 'i32' && b === 'f32') || (a === 'f32' && b === 'i32') ? 'i32' : 'i64';
}

export interface FlatSignature {
  readonly parameters: readonly FlatType[];
  readonly results: readonly FlatType[];
  /** Parameters lie in memory, behind one pointer. */
  readonly areParametersSpilled: boolean;
  /** The result lies in memory: lifted functions return its address, lowered ones are given one as last parameter. */
  readonly isResultSpilled: boolean;
  /** Whether any parameter, or the result, refers to memory. */
  readonly haveParametersPointers: boolean;
  readonly hasResultPointers: boolean;
}

/** The core signature of a function that is lifted from core code, or lowered for it. */
export function flatten(type: WitFunction, shapeOf: Shapes, direction: 'lift' | 'lower'): FlatSignature {
  const whole = product(type.parameters.map((one) => shapeOf(one.type)));
  const areParametersSpilled = whole.flat.length > MAX_FLAT_PARAMS;
  const parameters: FlatType[] = areParametersSpilled ? ['i32'] : [...whole.flat];
  const result = type.result === undefined ? undefined : shapeOf(type.result);
  let results = result?.flat ?? [];
  const isResultSpilled = results.length > MAX_FLAT_RESULTS;
  if (isResultSpilled) {
    if (direction === 'lower') parameters.push('i32');
    results = direction === 'lower' ? [] : ['i32'];
  }
  return {
    parameters,
    results,
    areParametersSpilled,
    isResultSpilled,
    haveParametersPointers: whole.hasPointers,
    hasResultPointers: result?.hasPointers ?? false,
  };
}
