import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { describe, expect, it } from 'vitest';
import { HostError } from '../../host/errors.ts';
import { type Definition, readComponent } from '../../host/registry/component.ts';
import type { ScopedType } from '../../host/registry/component-type.ts';
import { COMPONENT_MAX_BYTES, MODULES_MAX, NESTING_MAX } from '../../host/registry/limits.ts';
import { PRINTED_MAX, printType } from '../../host/registry/print-type.ts';

const read = async (text: string): Promise<readonly Definition[]> =>
  readComponent(await parse(`(component ${text})`)).root.definitions;

function refusal(bytes: Uint8Array): HostError {
  try {
    readComponent(bytes);
  } catch (error) {
    if (error instanceof HostError) return error;
    throw error;
  }
  throw new Error('the component was accepted');
}

/** The last type of a component, printed. */
async function printed(text: string): Promise<string> {
  const types: ScopedType[] = [];
  for (const definition of await read(text)) {
    if (definition.kind === 'type') types.push({ definition: definition.type, types });
  }
  const last = types.at(-1);
  return last ? printType(last) : 'no type';
}

const HEAD = [0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00];

describe('definitions', () => {
  it('come in the order of the file, each with its own indices', async () => {
    const definitions = await read(`
      (core module $m (func (export "f") (param i32)) (memory (export "m") 1))
      (core instance $i (instantiate $m))
      (alias core export $i "m" (core memory $mem))
      (alias core export $i "f" (core func $f))
      (type $t (func (param "s" string)))
      (func $lifted (type $t) (canon lift (core func $f) (memory $mem) (realloc $f) string-encoding=utf16))
      (core func $lowered (canon lower (func $lifted) (memory $mem)))
      (export "out" (func $lifted))`);
    expect(definitions.map(({ kind }) => kind)).toEqual([
      'core-module',
      'core-instantiate',
      'alias-core-export',
      'alias-core-export',
      'type',
      'lift',
      'lower',
      'export',
    ]);
    expect(definitions[5]).toMatchObject({
      core: 0,
      type: 0,
      options: { encoding: 'utf16', memory: 0, realloc: 0, postReturn: undefined },
    });
    expect(definitions[7]).toMatchObject({ name: 'out', sort: 'func', index: 0 });
  });

  it('of core modules tell imports, exports, signatures, memories and stubs', async () => {
    const [module] = readComponent(
      await parse(`(component (core module
        (rec (type (sub (func))) (type (func (param f64))))
        (type $f (func (param i32 i64) (result f32 v128)))
        (import "a" "b" (func (type $f)))
        (import "a" "t" (table 1 funcref)) (import "a" "g" (global (mut (ref null func)))) (import "a" "e" (tag))
        (memory 0) (memory 1 2)
        (func (export "stub") (result i32) unreachable)
        (func (export "other") (param (ref 0) externref) nop)
        (global (export "glob") i32 (i32.const 1))
        (start 1)))`),
    ).modules;
    expect(module?.imports).toEqual([
      { module: 'a', name: 'b', sort: 'core func' },
      { module: 'a', name: 't', sort: 'core table' },
      { module: 'a', name: 'g', sort: 'core global' },
      { module: 'a', name: 'e', sort: 'core tag' },
    ]);
    expect([...(module?.exports.keys() ?? [])]).toEqual(['stub', 'other', 'glob']);
    expect(module?.types).toContain('(i32 i64) -> (f32 v128)');
    expect(module?.types.slice(0, 2)).toEqual(['() -> ()', '(f64) -> ()']);
    expect(module?.memoryCount).toBe(2);
    expect([...(module?.stubs ?? [])]).toEqual([1]);
  });

  it.each([
    ['(module)', 0],
    ['(module (memory 0))', 0],
    ['(module (memory 1))', 1],
    ['(module (memory 127 128))', 127],
    ['(module (memory 65536))', 65_536],
    ['(module (memory 300) (memory 5 9) (memory 0))', 305],
    ['(module (import "a" "b" (memory 50)))', 0],
    ['(module (func) (memory 3) (export "m" (memory 0)) (data (i32.const 0) "x"))', 3],
  ])('of %s begin with %i pages of memory of its own', async (text, pages) => {
    const bytes = await parse(`(component (core ${text.slice(1)})`);
    expect(readComponent(bytes).modules[0]?.memoryPages).toBe(pages);
  });

  it('of nested components keep their own spaces and number the modules of the whole file', async () => {
    const bytes = await parse(`(component
      (core module $a (memory 1))
      (component (core module (memory 2)) (alias outer 1 $a (core module)))
      (core module (memory 3)))`);
    const { root, modules } = readComponent(bytes);
    expect(modules.map(({ index }) => index)).toEqual([0, 1, 2]);
    for (const { offset, length } of modules) {
      expect(WebAssembly.validate(bytes.subarray(offset, offset + length))).toBe(true);
    }
    expect(root.definitions.map(({ kind }) => kind)).toEqual(['core-module', 'component', 'core-module']);
  });
});

describe('types', () => {
  it.each([
    ['(type (record (field "a" u8) (field "b" string)))', 'record{a: u8, b: string}'],
    ['(type (variant (case "a") (case "b" f64)))', 'variant{a, b(f64)}'],
    ['(type (flags "a" "b"))', 'flags{a, b}'],
    ['(type (enum "a" "b"))', 'enum{a, b}'],
    ['(type $l (list char)) (type (tuple $l bool))', 'tuple<list<char>, bool>'],
    ['(type (result))', 'result<_, _>'],
    ['(type (option s64))', 'option<s64>'],
    ['(type $r (resource (rep i32))) (type (borrow $r))', 'borrow<resource>'],
    ['(type (stream u8))', 'stream<u8>'],
    ['(type (func async (param "a" u16)))', 'async func(a: u16)'],
    ['(type (func (result u8)))', 'func() -> u8'],
    ['(type (instance (type u8) (export "t" (type (eq 0)))))', 'instance'],
    [
      '(type $t u8) (type (component (alias outer 1 $t (type $u)) (import "f" (func (param "x" $u)))))',
      'component',
    ],
  ])('are read and printed: %s', async (text, expected) => {
    expect(await printed(text)).toBe(expected);
  });

  it('that would print without end are cut', async () => {
    let text = '(type $t0 u8)';
    for (let i = 1; i <= 7; i++) text += `(type $t${i} (tuple ${`$t${i - 1} `.repeat(9)}))`;
    const line = await printed(text);
    expect(line.length).toBe(PRINTED_MAX + 1);
    expect(line.endsWith('…')).toBe(true);
  });
});

describe('limits', () => {
  it('hold for the nesting of components', async () => {
    const nested = (depth: number): string => (depth === 0 ? '' : `(component ${nested(depth - 1)})`);
    expect(readComponent(await parse(nested(NESTING_MAX))).root.definitions).toHaveLength(1);
    expect(refusal(await parse(nested(NESTING_MAX + 1))).detail).toMatch(/nested more than 16 deep/);
  });

  it('hold for the nesting of types', async () => {
    const nested = (depth: number): string => (depth === 0 ? '' : `(type (instance ${nested(depth - 1)}))`);
    expect(refusal(await parse(`(component ${nested(NESTING_MAX + 1)})`)).detail).toMatch(/types are nested/);
  });

  it('hold for the number of core modules', async () => {
    const error = refusal(await parse(`(component ${'(core module)'.repeat(MODULES_MAX + 1)})`));
    expect(error.detail).toMatch(/more than 100 core modules/);
  });

  it('hold for the size of the file', () => {
    expect(refusal(new Uint8Array(COMPONENT_MAX_BYTES + 1)).detail).toMatch(/the limit is 67108864/);
  });

  it('hold for the number of definitions', () => {
    // 400,000 types of one byte each.
    const count = 400_000;
    const section = [0x80 | (count & 0x7f), 0x80 | ((count >> 7) & 0x7f), count >> 14];
    const size = section.length + count;
    const bytes = new Uint8Array([
      ...HEAD,
      7,
      0x80 | (size & 0x7f),
      0x80 | ((size >> 7) & 0x7f),
      size >> 14,
      ...section,
    ]);
    const file = new Uint8Array(bytes.length + count).fill(0x7d);
    file.set(bytes);
    expect(refusal(file).detail).toMatch(/more than 300000 definitions/);
  });
});

describe('what is not known is refused', () => {
  it.each([
    ['a section of a component', [...HEAD, 13, 0], /13 is not the id of a section of a component/],
    ['a component start', [...HEAD, 9, 0], /start function/],
    ['component values', [...HEAD, 12, 0], /component values/],
    ['a later version', [0x00, 0x61, 0x73, 0x6d, 0x0e, 0x00, 0x01, 0x00], /version 0x0d/],
    ['no component at all', [0x7b, 0x22, 0x61, 0x22, 0x3a, 0x31, 0x7d, 0x0a], /version 0x0d/],
    ['an empty file', [], /cut off/],
    ['a canonical function', [...HEAD, 8, 2, 1, 0x7e], /0x7e is not a canonical function/],
    ['a type', [...HEAD, 7, 2, 1, 0x3e], /0x3e is not a type/],
    ['a sort', [...HEAD, 6, 5, 1, 0x06, 0x00, 0x00, 0x00], /0x6 is not a sort/],
    ['an outer alias of a function', [...HEAD, 6, 5, 1, 0x01, 0x02, 0x00, 0x00], /cannot bring a func/],
    ['a scope too far out', [...HEAD, 6, 5, 1, 0x03, 0x02, 0x01, 0x00], /no scope 1 levels outward/],
    ['attributes of a name', [...HEAD, 10, 6, 1, 0x02, 0x01, 0x61, 0x00, 0x01], /with attributes/],
    ['a section with bytes left over', [...HEAD, 7, 3, 1, 0x7d, 0x00], /1 bytes too many/],
    [
      'a section of a core module',
      [...HEAD, 1, 10, 0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00, 14, 0],
      /14 is not the id of a section of a core module/,
    ],
    [
      'a core section twice',
      [...HEAD, 1, 14, 0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00, 1, 1, 0, 1, 1, 0],
      /twice or out of order/,
    ],
    [
      'a function without a body',
      [...HEAD, 1, 18, 0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00, 1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0],
      /declares 1 functions but has 0 bodies/,
    ],
  ])('such as %s', (_, bytes, detail) => {
    const error = refusal(new Uint8Array(bytes));
    expect(['REGISTRY_REJECTED', 'REGISTRY_UNSUPPORTED']).toContain(error.code);
    expect(error.detail).toMatch(detail);
    expect(error.status).toBe(422);
  });

  it('such as an option that is given twice', async () => {
    const text = `(component (core module $m (func (export "f")) (memory (export "m") 1))
      (core instance $i (instantiate $m)) (alias core export $i "f" (core func $f)) (alias core export $i "m" (core memory $mem))
      (func (canon lift (core func $f) (memory $mem) (memory $mem))))`;
    expect(refusal(await parse(text)).detail).toMatch(/option is given twice/);
  });
});
