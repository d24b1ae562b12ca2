/** Our flattening against the validator of the WebAssembly tools: both must take the same signature for the same type. */

import { componentWit, parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createShapes, type FlatType, flatten } from '../../host/flat-types.ts';
import { planComponent } from '../../host/registry/plan.ts';
import type { Primitive, TypeRef, WitFunction, WitType } from '../../host/types.ts';

const PRIMITIVES: readonly Primitive[] = ['bool', 'u8', 's16', 'u32', 's64', 'f32', 'f64', 'char', 'string'];

const labels = (count: number): string[] => Array.from({ length: count }, (_, i) => `l${i}`);

/** Picks a primitive or one of the `count` types before. */
const pick = (number: number, count: number): TypeRef => {
  const index = number % (PRIMITIVES.length + 2 * count);
  return PRIMITIVES[index] ?? (index - PRIMITIVES.length) % count;
};

/** What a row of numbers stands for, when `before` types are there. */
function typeOf([kind = 0, ...rest]: readonly number[], before: number): WitType {
  const parts = rest.map((number) => pick(number, before));
  const [first = 'u8', second] = parts;
  switch (kind % 8) {
    case 0:
      return { kind: 'record', fields: parts.map((type, i) => ({ name: `f${i}`, type })) };
    case 1:
      return {
        kind: 'variant',
        cases: parts.map((type, i) => ({ name: `c${i}`, type: i % 3 === 2 ? undefined : type })),
      };
    case 2:
      return { kind: 'enum', names: labels(rest.length * 100) };
    case 3:
      return { kind: 'flags', names: labels(rest.length * 5) };
    case 4:
      return { kind: 'option', some: first };
    case 5:
      return { kind: 'result', ok: first, error: second };
    case 6:
      return { kind: 'tuple', parts };
    default:
      return { kind: 'list', element: first };
  }
}

const refText = (ref: TypeRef): string => (typeof ref === 'number' ? `$t${ref}` : ref);
const quoted = (names: readonly string[]): string => names.map((name) => `"${name}"`).join(' ');

function typeText(type: WitType): string {
  switch (type.kind) {
    case 'record':
      return `record ${type.fields.map((one) => `(field "${one.name}" ${refText(one.type)})`).join(' ')}`;
    case 'variant':
      return `variant ${type.cases.map((one) => `(case "${one.name}" ${one.type === undefined ? '' : refText(one.type)})`).join(' ')}`;
    case 'enum':
    case 'flags':
      return `${type.kind} ${quoted(type.names)}`;
    case 'option':
      return `option ${refText(type.some)}`;
    case 'result':
      return `result ${type.ok === undefined ? '' : refText(type.ok)} ${type.error === undefined ? '' : `(error ${refText(type.error)})`}`;
    case 'tuple':
      return `tuple ${type.parts.map(refText).join(' ')}`;
    case 'list':
      return `list ${refText(type.element)}`;
    default:
      throw new Error(`not made here: ${type.kind}`);
  }
}

/** A component, not closed yet, with these types, this type of a function and what else it has. */
function componentText(types: readonly WitType[], { parameters, result }: WitFunction, rest: string): string {
  const signature = `${parameters.map((one) => `(param "${one.name}" ${refText(one.type)})`).join(' ')} ${result === undefined ? '' : `(result ${refText(result)})`}`;
  return `(component
    ${types.map((type, i) => `(type $t${i} (${typeText(type)}))`).join('\n')}
    (type $f (func ${signature}))
    ${rest}`;
}

const coreText = (parameters: readonly FlatType[], results: readonly FlatType[]): string =>
  `(param ${parameters.join(' ')}) (result ${results.join(' ')})`;

const liftText = (core: string): string => `
  (core module $m (memory (export "memory") 1) (func (export "f") ${core} unreachable)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) unreachable))
  (core instance $i (instantiate $m))
  (alias core export $i "memory" (core memory $memory))
  (alias core export $i "realloc" (core func $realloc))
  (func $lifted (type $f) (canon lift (core func $i "f") (memory $memory) (realloc $realloc)))`;

/** Lowers the lifted function for core code that imports it with this signature. */
const lowerText = (core: string): string => `
  (core func $lowered (canon lower (func $lifted) (memory $memory) (realloc $realloc)))
  (core module $n (import "a" "f" (func ${core})))
  (core instance $env (export "f" (func $lowered)))
  (core instance (instantiate $n (with "a" (instance $env))))`;

const rows = fc.array(fc.array(fc.nat(1_000), { minLength: 2, maxLength: 5 }), { maxLength: 6 });
const refs = fc.array(fc.nat(1_000), { maxLength: 8 });

describe('the signature of a function', () => {
  it('is the one that the WebAssembly tools expect, whatever its types', async () => {
    await fc.assert(
      fc.asyncProperty(rows, refs, fc.option(fc.nat(1_000)), async (rows, refs, end) => {
        const types = rows.map((row, index) => typeOf(row, index));
        const parameters = refs.map((number, i) => ({ name: `p${i}`, type: pick(number, types.length) }));
        const result = end === null ? undefined : pick(end, types.length);
        const shapeOf = createShapes(types);
        const flat = flatten({ parameters, result }, shapeOf, 'lift');
        const lowered = flatten({ parameters, result }, shapeOf, 'lower');
        const text = componentText(
          types,
          { parameters, result },
          liftText(coreText(flat.parameters, flat.results)),
        );
        // A refusal names what is expected. Not exported here: that would need a name for every type.
        const both = `${text} ${lowerText(coreText(lowered.parameters, lowered.results))})`;
        await expect(componentWit(await parse(both))).resolves.toBeTypeOf('string');
        const { plan } = planComponent(await parse(`${text} (export "f" (func $lifted)))`));
        const planned = createShapes(plan.types);
        const [found] = plan.exports;
        expect(found?.type.parameters.map(({ type }) => planned(type))).toEqual(
          parameters.map(({ type }) => shapeOf(type)),
        );
      }),
      { numRuns: 150 },
    );
  }, 60_000);

  it('is refused by both when it is another', async () => {
    const parameters = [{ name: 'a', type: 'u64' as const }];
    const text = componentText([], { parameters, result: undefined }, liftText('(param i32)'));
    await expect(componentWit(await parse(`${text})`))).rejects.toThrow(/do not match parameter types/);
    const bytes = await parse(`${text} (export "f" (func $lifted)))`);
    expect(() => planComponent(bytes)).toThrow(/must be \(i64\) -> \(\)/);
  });
});
