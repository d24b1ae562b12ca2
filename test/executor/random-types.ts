/** Random type tables, lifted values of them, JSON that they may be written as, and mutations of it. */

import fc from 'fast-check';
import type { LinkPlan, TypeRef, WitType } from '../../host/link-plan.ts';

const PRIMITIVES = [
  'bool',
  's8',
  'u8',
  's16',
  'u16',
  's32',
  'u32',
  's64',
  'u64',
  'f32',
  'f64',
  'char',
  'string',
] as const;

/** Names that JavaScript has a meaning for, among ordinary ones. */
const NAMES = [
  'a',
  'constructor',
  'then',
  'to-string',
  'value',
  'tag',
  'some',
  'ok',
  'error',
  'b-c',
  'x1',
  'length',
];

const names = (max: number) => fc.uniqueArray(fc.constantFrom(...NAMES), { minLength: 1, maxLength: max });

/** A table and the type to be used; `depth` constructors within each other. */
export interface TypeSample {
  readonly types: readonly WitType[];
  readonly ref: TypeRef;
}

type Tree =
  | { kind: 'primitive'; name: (typeof PRIMITIVES)[number] }
  | { kind: WitType['kind']; names: string[]; parts: (Tree | undefined)[]; length: number | undefined };

const tree = (depth: number): fc.Arbitrary<Tree> => {
  const leaf: fc.Arbitrary<Tree> = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.constantFrom(...PRIMITIVES).map((name) => ({ kind: 'primitive' as const, name })),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constantFrom('enum' as const, 'flags' as const),
        names: names(6),
        parts: fc.constant<(Tree | undefined)[]>([]),
        length: fc.constant(undefined),
      }),
    },
  );
  if (depth === 0) return leaf;
  const part = tree(depth - 1);
  const node = (
    kind: WitType['kind'],
    parts: fc.Arbitrary<(Tree | undefined)[]>,
    max = 4,
  ): fc.Arbitrary<Tree> =>
    fc.record({
      kind: fc.constant(kind),
      names: names(max),
      parts,
      length: fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined, freq: 3 }),
    });
  const maybe = fc.option(part, { nil: undefined });
  const four = fc.array(part, { minLength: 4, maxLength: 4 });
  return fc.oneof(
    leaf,
    node('list', fc.tuple(part)),
    node('record', four),
    node('tuple', fc.array(part, { minLength: 1, maxLength: 3 })),
    node('variant', fc.array(maybe, { minLength: 4, maxLength: 4 })),
    node('option', fc.tuple(part)),
    node('result', fc.tuple(maybe, maybe)),
  );
};

function flatten(node: Tree, types: WitType[]): TypeRef {
  if (node.kind === 'primitive') return node.name;
  const refs = node.parts.map((part) => (part === undefined ? undefined : flatten(part, types)));
  const first = refs[0] as TypeRef;
  const named = node.names.map((name, i) => ({ name, type: refs[i % 4] as TypeRef }));
  const push = (type: WitType): number => types.push(type) - 1;
  switch (node.kind) {
    case 'list':
      return push({
        kind: 'list',
        element: first,
        ...(node.length === undefined ? {} : { length: node.length }),
      });
    case 'record':
      return push({ kind: 'record', fields: named });
    case 'tuple':
      return push({ kind: 'tuple', parts: refs as TypeRef[] });
    case 'variant':
      return push({
        kind: 'variant',
        cases: named as readonly { name: string; type: TypeRef | undefined }[],
      });
    case 'enum':
    case 'flags':
      return push({ kind: node.kind, names: node.names });
    case 'option':
      return push({ kind: 'option', some: first });
    default:
      return push({ kind: 'result', ok: refs[0], error: refs[1] });
  }
}

export const typeSamples = (depth: number): fc.Arbitrary<TypeSample> =>
  tree(depth).map((node) => {
    const types: WitType[] = [];
    const ref = flatten(node, types);
    return { types, ref };
  });

const chars = fc.oneof(
  fc.constantFrom('a', 'é', '"', '\\', '\u0000', '\u2028', '😀', '\ud7ff', '\ue000', '\u{10ffff}'),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
);
const f64 = fc.oneof(fc.double(), fc.constantFrom(-0, 0, 1e21, 5e-324, Number.MAX_VALUE));
const f32 = fc.oneof(fc.float(), fc.constantFrom(-0, 0, 3.4028234663852886e38));
const int = (min: number, max: number) => fc.oneof(fc.integer({ min, max }), fc.constantFrom(min, max, 0));
const wide = (min: bigint, max: bigint) =>
  fc.oneof(fc.bigInt({ min, max }), fc.constantFrom(min, max, 0n, 2n ** 53n));

/** A lifted value of a type. */
export function lifted(types: readonly WitType[], ref: TypeRef): fc.Arbitrary<unknown> {
  switch (ref) {
    case 'bool':
      return fc.boolean();
    case 's8':
      return int(-0x80, 0x7f);
    case 'u8':
      return int(0, 0xff);
    case 's16':
      return int(-0x8000, 0x7fff);
    case 'u16':
      return int(0, 0xffff);
    case 's32':
      return int(-0x8000_0000, 0x7fff_ffff);
    case 'u32':
      return int(0, 0xffff_ffff);
    case 's64':
      return wide(-(2n ** 63n), 2n ** 63n - 1n);
    case 'u64':
      return wide(0n, 2n ** 64n - 1n);
    case 'f32':
      return f32;
    case 'f64':
      return f64;
    case 'char':
      return chars;
    case 'string':
      return fc.array(chars, { maxLength: 4 }).map((parts) => parts.join(''));
  }
  const type = types[ref] as WitType;
  const of = (part: TypeRef): fc.Arbitrary<unknown> => lifted(types, part);
  const tagged = (tag: string, part: TypeRef | undefined): fc.Arbitrary<unknown> =>
    part === undefined ? fc.constant({ tag }) : of(part).map((val) => ({ tag, val }));
  switch (type.kind) {
    case 'list': {
      const bounds = { minLength: type.length ?? 0, maxLength: type.length ?? 3 };
      return type.element === 'u8'
        ? fc.uint8Array(bounds).map((bytes) => Uint8Array.from(bytes))
        : fc.array(of(type.element), bounds);
    }
    case 'record':
      return fc.record(Object.fromEntries(type.fields.map((field) => [field.name, of(field.type)])), {
        noNullPrototype: false,
      });
    case 'tuple':
      return fc.tuple(...type.parts.map(of));
    case 'variant':
      return fc.oneof(...type.cases.map((one) => tagged(one.name, one.type)));
    case 'enum':
      return fc.constantFrom(...type.names);
    case 'flags':
      return fc.subarray([...type.names]);
    case 'option': {
      const isNested = typeof type.some === 'number' && types[type.some]?.kind === 'option';
      return fc.option(isNested ? of(type.some).map((val) => ({ val })) : of(type.some), { nil: undefined });
    }
    case 'result':
      return fc.oneof(tagged('ok', type.ok), tagged('err', type.error));
    default:
      throw new Error('no sample holds a resource');
  }
}

/** A plan with one function `(a: T) -> T`, as far as JSON looks at it. */
export function planOf({ types, ref }: TypeSample): Pick<LinkPlan, 'types' | 'exports' | 'resources'> {
  const core = { instance: 0, name: 'f' };
  const options = { memory: undefined, realloc: undefined, encoding: 'utf8' as const };
  return {
    types,
    resources: [],
    exports: [
      {
        interface: undefined,
        name: 'f',
        type: { parameters: [{ name: 'a', type: ref }], result: ref },
        lifted: { core, postReturn: undefined, ...options },
      },
    ],
  };
}

/** What JSON can hold that a type often does not. */
const STRANGE: readonly unknown[] = [
  null,
  true,
  -1,
  256,
  1.5,
  1e300,
  2 ** 53,
  '',
  'a',
  'ab',
  '\ud800',
  '-0',
  '18446744073709551616',
  '9223372036854775807',
  'NaN',
  'AA==',
  'AAA=',
  'AAAA',
  'AB==',
  'A A=',
  '__-_',
  [],
  [null],
  {},
  { tag: 'a' },
  { ok: null },
  { some: null },
  JSON.parse('{"__proto__":1}'),
];

/** JSON with one place changed: another value, a field more or less, an item more or less. */
export function mutate(json: unknown, pick: (max: number) => number): unknown {
  const strange = STRANGE[pick(STRANGE.length)];
  const way = pick(8);
  if (typeof json === 'number' && way > 1) return way % 2 === 0 ? json + 1 : -json;
  if (typeof json === 'string' && way > 3 && /^-?\d{1,20}$/.test(json)) return Number(json);
  if (typeof json === 'string' && way > 1) return way % 2 === 0 ? `${json}a` : json.slice(1);
  if (typeof json === 'boolean' && way > 1) return !json;
  if (typeof json !== 'object' || json === null || way === 0) return strange;
  const copy: unknown = Array.isArray(json) ? [...json] : Object.fromEntries(Object.entries(json));
  if (Array.isArray(copy)) {
    const at = pick(copy.length + 1);
    if (at === copy.length) copy.push(way < 3 ? strange : structuredClone(copy[0] ?? strange));
    else if (way < 3) copy.splice(at, 1);
    else copy[at] = mutate(copy[at], pick);
    return copy;
  }
  const object = copy as Record<string, unknown>;
  const keys = Object.keys(object);
  const key = keys[pick(keys.length + 1)];
  if (key === undefined)
    Object.defineProperty(object, NAMES[pick(NAMES.length)] as string, { value: strange, enumerable: true });
  else if (pick(object[key] === null ? 2 : 5) === 0) delete object[key];
  else object[key] = mutate(object[key], pick);
  return object;
}
