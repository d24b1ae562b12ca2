/** Random WIT types as tables, and random values of them as the host sees them. */

import fc from 'fast-check';
import type { LinkPlan, Primitive, TypeRef, WitType } from '../../../host/link-plan.ts';
import type { Table } from './worlds.ts';

/** A type as a tree; `toTable` writes it into a table. */
export type Tree =
  | Primitive
  | { readonly kind: 'list' | 'option'; readonly of: Tree }
  | { readonly kind: 'record' | 'tuple'; readonly parts: readonly Tree[] }
  | { readonly kind: 'variant'; readonly cases: readonly (Tree | undefined)[] }
  | { readonly kind: 'result'; readonly ok: Tree | undefined; readonly error: Tree | undefined }
  | { readonly kind: 'enum' | 'flags'; readonly count: number };

const PRIMITIVES: readonly Primitive[] = [
  ...(['bool', 's8', 'u8', 's16', 'u16', 's32', 'u32'] as const),
  ...(['s64', 'u64', 'f32', 'f64', 'char', 'string'] as const),
];

const primitive: fc.Arbitrary<Tree> = fc.constantFrom(...PRIMITIVES);
const names = fc.record({
  kind: fc.constantFrom('enum' as const, 'flags' as const),
  count: fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 32 })),
});

/** Types nested at most `depth` deep. */
export function tree(depth: number): fc.Arbitrary<Tree> {
  if (depth === 0) return fc.oneof({ weight: 4, arbitrary: primitive }, names);
  const inner = tree(depth - 1);
  const optional = fc.option(inner, { nil: undefined, freq: 3 });
  return fc.oneof(
    inner,
    fc.record({ kind: fc.constantFrom('list' as const, 'option' as const), of: inner }),
    fc.record({
      kind: fc.constantFrom('record' as const, 'tuple' as const),
      parts: fc.array(inner, { minLength: 1, maxLength: 5 }),
    }),
    fc.record({
      kind: fc.constant('variant' as const),
      cases: fc.array(optional, { minLength: 1, maxLength: 5 }),
    }),
    fc.record({ kind: fc.constant('result' as const), ok: optional, error: optional }),
  );
}

const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEF';
/** Kebab-case names, all different without regard to case. */
const nameOf = (kind: string, index: number): string =>
  `${kind}-${LETTERS[index % 26]}${Math.floor(index / 26)}`;
const namesOf = (kind: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => nameOf(kind, index));

export function toTable(trees: readonly Tree[]): Table {
  const types: WitType[] = [];
  const add = (type: WitType): number => types.push(type) - 1;
  const optional = (each: Tree | undefined): TypeRef | undefined =>
    each === undefined ? undefined : write(each);
  const write = (each: Tree): TypeRef => {
    if (typeof each === 'string') return each;
    switch (each.kind) {
      case 'list':
        return add({ kind: 'list', element: write(each.of) });
      case 'option':
        return add({ kind: 'option', some: write(each.of) });
      case 'tuple':
        return add({ kind: 'tuple', parts: each.parts.map(write) });
      case 'record':
        return add({
          kind: 'record',
          fields: each.parts.map((part, index) => ({ name: nameOf('field', index), type: write(part) })),
        });
      case 'variant':
        return add({
          kind: 'variant',
          cases: each.cases.map((payload, index) => ({
            name: nameOf('case', index),
            type: optional(payload),
          })),
        });
      case 'result':
        return add({ kind: 'result', ok: optional(each.ok), error: optional(each.error) });
      case 'enum':
      case 'flags':
        return add({ kind: each.kind, names: namesOf(each.kind === 'enum' ? 'name' : 'flag', each.count) });
    }
  };
  const roots = trees.map(write);
  return { types, roots };
}

const text = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 12 }),
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.string({ unit: 'grapheme-ascii', maxLength: 80 }),
);

const VALUES: Readonly<Record<Primitive, fc.Arbitrary<unknown>>> = {
  bool: fc.boolean(),
  s8: fc.integer({ min: -128, max: 127 }),
  u8: fc.integer({ min: 0, max: 255 }),
  s16: fc.integer({ min: -32_768, max: 32_767 }),
  u16: fc.integer({ min: 0, max: 65_535 }),
  s32: fc.integer(),
  u32: fc.integer({ min: 0, max: 0xffff_ffff }),
  s64: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  u64: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  f32: fc.float(),
  f64: fc.double(),
  char: fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
  string: text,
};

/** Values of a type of the table, as `liftResult` gives them. */
export function valuesOf(types: LinkPlan['types'], ref: TypeRef): fc.Arbitrary<unknown> {
  if (typeof ref !== 'number') return VALUES[ref];
  const of = (inner: TypeRef): fc.Arbitrary<unknown> => valuesOf(types, inner);
  const optional = (inner: TypeRef | undefined) => (inner === undefined ? undefined : of(inner));
  const type = types[ref];
  switch (type?.kind) {
    case 'list':
      return type.element === 'u8'
        ? fc.uint8Array({ maxLength: 40 }).map((bytes) => Uint8Array.from(bytes))
        : fc.array(of(type.element), { maxLength: 6 });
    case 'record':
      return fc.record(Object.fromEntries(type.fields.map((field) => [field.name, of(field.type)])));
    case 'tuple':
      return fc.tuple(...type.parts.map(of));
    case 'variant':
      return tagged(type.cases.map((each) => [each.name, optional(each.type)]));
    case 'result':
      return tagged([
        ['ok', optional(type.ok)],
        ['err', optional(type.error)],
      ]);
    case 'option': {
      const isNested = typeof type.some === 'number' && types[type.some]?.kind === 'option';
      const some = isNested ? of(type.some).map((val) => ({ val })) : of(type.some);
      return fc.option(some, { nil: undefined, freq: 3 });
    }
    case 'enum':
      return fc.constantFrom(...type.names);
    case 'flags':
      return fc.subarray([...type.names]);
    default:
      throw new Error(`no values of ${type?.kind}`);
  }
}

function tagged(
  cases: readonly (readonly [string, fc.Arbitrary<unknown> | undefined])[],
): fc.Arbitrary<unknown> {
  return fc.oneof(
    ...cases.map(([tag, payload]) =>
      payload === undefined ? fc.constant({ tag }) : payload.map((val) => ({ tag, val })),
    ),
  );
}

/** A table of random types, three deep, and how to get it again: for the message of a failure. */
export function sampleTable(count: number): Table & { readonly seed: number } {
  const seed = Math.floor(Math.random() * 2 ** 31);
  return { ...toTable(fc.sample(tree(3), { seed, numRuns: count })), seed };
}
