import { describe, expect, it } from 'vitest';
import { createShapes, discriminantBytes, flatten, join } from '../host/flat-types.ts';
import type { TypeRef, WitType } from '../host/types.ts';

const names = (count: number): string[] => Array.from({ length: count }, (_, i) => `n${i}`);
const record = (...types: TypeRef[]): WitType => ({
  kind: 'record',
  fields: types.map((type, i) => ({ name: `f${i}`, type })),
});
const variant = (...types: (TypeRef | undefined)[]): WitType => ({
  kind: 'variant',
  cases: types.map((type, i) => ({ name: `c${i}`, type })),
});

/** The shape of the last of these types. */
const shape = (...types: WitType[]) => createShapes(types)(types.length - 1);

describe('a type in memory and in core signatures', () => {
  // Worked out by hand from the Canonical ABI: alignment, elem_size, flatten_type.
  it.each<[string, WitType[], number, number, string]>([
    ['list<u64>', [{ kind: 'list', element: 'u64' }], 8, 4, 'i32 i32'],
    ['record{u8, u64, u8}', [record('u8', 'u64', 'u8')], 24, 8, 'i32 i64 i32'],
    ['tuple<u8, u16>', [{ kind: 'tuple', parts: ['u8', 'u16'] }], 4, 2, 'i32 i32'],
    ['enum of 256', [{ kind: 'enum', names: names(256) }], 1, 1, 'i32'],
    ['enum of 257', [{ kind: 'enum', names: names(257) }], 2, 2, 'i32'],
    ['flags of 8', [{ kind: 'flags', names: names(8) }], 1, 1, 'i32'],
    ['flags of 9', [{ kind: 'flags', names: names(9) }], 2, 2, 'i32'],
    ['flags of 32', [{ kind: 'flags', names: names(32) }], 4, 4, 'i32'],
    ['option<u8>', [{ kind: 'option', some: 'u8' }], 2, 1, 'i32 i32'],
    ['option<f64>', [{ kind: 'option', some: 'f64' }], 16, 8, 'i32 f64'],
    ['result<_, _>', [{ kind: 'result', ok: undefined, error: undefined }], 1, 1, 'i32'],
    ['result<u8, string>', [{ kind: 'result', ok: 'u8', error: 'string' }], 12, 4, 'i32 i32 i32'],
    ['variant{f32, u32}', [variant('f32', 'u32')], 8, 4, 'i32 i32'],
    ['variant{f32, u64}', [variant('f32', 'u64')], 16, 8, 'i32 i64'],
    ['variant{f64, f32}', [variant('f64', 'f32', undefined)], 16, 8, 'i32 i64'],
    ['variant of 300 with a byte', [variant('u8', ...names(299).map(() => undefined))], 4, 2, 'i32 i32'],
    ['own', [{ kind: 'own', resource: 0 }], 4, 4, 'i32'],
    ['list<u16, 3>', [{ kind: 'list', element: 'u16', length: 3 }], 6, 2, 'i32 i32 i32'],
    ['option<record{u8, u32}>', [record('u8', 'u32'), { kind: 'option', some: 0 }], 12, 4, 'i32 i32 i32'],
    [
      'record with a variant first',
      [variant('u64', 'string'), record(0, 'u8')],
      24,
      8,
      // The pointer joins the number, the length stands alone.
      'i32 i64 i32 i32',
    ],
  ])('%s', (_, types, size, alignment, flat) => {
    expect(shape(...types)).toMatchObject({ size, alignment, flat: flat.split(' ') });
  });

  it('is cut where it can no longer be flat, however large it is', () => {
    const types: WitType[] = [record(...names(20).map((): TypeRef => 'u64'))];
    for (let i = 0; i < 12; i++) types.push(record(...names(20).map(() => i)));
    const { flat, size, depth } = shape(...types);
    expect(flat).toHaveLength(17);
    expect(size).toBe(8 * 20 ** 13);
    expect(depth).toBe(14);
  });

  it('knows whether a value of it refers to memory', () => {
    expect(shape(record('u8'), variant(0)).hasPointers).toBe(false);
    expect(shape(record('u8', 'string'), variant(undefined, 0)).hasPointers).toBe(true);
  });

  it('is worked out while the table grows', () => {
    const types: WitType[] = [record('u8')];
    const shapeOf = createShapes(types);
    expect(shapeOf(0).size).toBe(1);
    types.push(record(0, 'u16'));
    expect(shapeOf(1).size).toBe(4);
    expect(() => shapeOf(2)).toThrow(/no type 2/);
  });

  it('has a discriminant of one, two or four bytes', () => {
    expect([1, 256, 257, 65_536, 65_537].map(discriminantBytes)).toEqual([1, 1, 2, 2, 4]);
  });

  it('joins what cases have at the same place', () => {
    expect(join('i32', 'i32')).toBe('i32');
    expect(join('f32', 'i32')).toBe('i32');
    expect(join('f32', 'f64')).toBe('i64');
    expect(join('i32', 'i64')).toBe('i64');
  });
});

describe('a function', () => {
  const signature = (count: number, result: TypeRef | undefined, direction: 'lift' | 'lower'): string => {
    const parameters = names(count).map((name) => ({ name, type: 'u64' as const }));
    const flat = flatten({ parameters, result }, createShapes([record('u8', 'u8')]), direction);
    return `${flat.parameters.length} -> ${flat.results.join(' ')}`;
  };
  it.each<[number, TypeRef | undefined, string, string]>([
    [0, undefined, '0 -> ', '0 -> '],
    [16, undefined, '16 -> ', '16 -> '],
    [17, undefined, '1 -> ', '1 -> '],
    [2, 'f32', '2 -> f32', '2 -> f32'],
    [2, 'string', '2 -> i32', '3 -> '],
    [16, 0, '16 -> i32', '17 -> '],
    [17, 0, '1 -> i32', '2 -> '],
  ])('of %i parameters and the result %s is flat where it can be', (count, result, lifted, lowered) => {
    expect(signature(count, result, 'lift')).toBe(lifted);
    expect(signature(count, result, 'lower')).toBe(lowered);
  });
});
