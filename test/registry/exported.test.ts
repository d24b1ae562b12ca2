import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { describe, expect, it } from 'vitest';
import { HostError } from '../../host/errors.ts';
import { planComponent } from '../../host/registry/plan.ts';
import type { TypeRef, WitType } from '../../host/types.ts';
import { handWritten } from './sample-components.ts';
import { MEMORY, worldComponent } from './worlds.ts';

function refusal(bytes: Uint8Array): HostError {
  try {
    planComponent(bytes);
  } catch (error) {
    if (error instanceof HostError) return error;
    throw error;
  }
  throw new Error('the component was accepted');
}

/** A component that exports `f` of this type, with these definitions before and these options. */
const exporting = (type: string, core: string, options = '', before = ''): Promise<Uint8Array> =>
  parse(`(component
    (core module $m (memory (export "memory") 1) (func (export "f") ${core} unreachable)
      (func (export "short") (param i32)) (func (export "post") (param i32))
      (func (export "realloc") (param i32 i32 i32 i32) (result i32) unreachable))
    (core instance $i (instantiate $m))
    (alias core export $i "memory" (core memory $memory))
    (alias core export $i "short" (core func $short))
    (alias core export $i "post" (core func $post))
    (alias core export $i "realloc" (core func $realloc))
    ${before}
    (func $f ${type} (canon lift (core func $i "f") ${options}))
    (export "f" (func $f)))`);

describe('exports of any world', () => {
  it('are planned with their types, interface by interface', async () => {
    const bytes = await worldComponent(
      `export area: func(a: f64, b: f64) -> f64;
       export shapes: interface {
         enum colour { red, green }
         flags edges { top, left }
         variant shape { dot, circle(f32), named(string) }
         record drawing { shapes: list<shape>, colour: option<colour>, edges: edges }
         draw: func(what: drawing) -> result<list<u8>, string>;
       }`,
      `${MEMORY}
       (func (export "area") (param f64 f64) (result f64) local.get 0)
       (func (export "shapes#draw") (param i32 i32 i32 i32 i32) (result i32) unreachable)
       (func (export "cabi_post_shapes#draw") (param i32))`,
    );
    const { plan } = planComponent(bytes);
    expect(plan.handler).toBeUndefined();
    expect(plan.exports.map((one) => [one.interface, one.name])).toEqual([
      [undefined, 'area'],
      ['shapes', 'draw'],
    ]);
    const draw = plan.exports[1];
    expect(draw?.lifted.postReturn).toEqual({ instance: 0, name: 'cabi_post_shapes#draw' });
    const drawing = plan.types[draw?.type.parameters[0]?.type as number];
    expect(drawing?.kind === 'record' && drawing.fields.map(({ name }) => name)).toEqual([
      'shapes',
      'colour',
      'edges',
    ]);
  });

  it('have a table in which what is used comes before its user, and nothing twice', async () => {
    const nested = '(tuple $l $l)';
    const bytes = await exporting(
      '(param "a" $t) (param "b" $u) (result u8)',
      '(param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)',
      '(memory $memory) (realloc $realloc)',
      `(type $l (list u8)) (type $t ${nested}) (type $m (list u8)) (type $u (tuple $m $l))`,
    );
    const { types, exports } = planComponent(bytes).plan;
    expect(types).toEqual([
      { kind: 'list', element: 'u8' },
      { kind: 'tuple', parts: [0, 0] },
    ]);
    expect(exports[0]?.type.parameters.map(({ type }) => type)).toEqual([1, 1]);
  });

  it('of the bytes world are the handler and are listed too', async () => {
    const { plan } = planComponent(await handWritten());
    expect(plan.exports.map(({ name }) => name)).toEqual(['invoke', 'health']);
    expect(plan.exports[0]?.lifted).toEqual(plan.handler?.invoke);
    expect(plan.exports[1]?.lifted).toEqual(plan.handler?.health);
    const indexOf = (ref: TypeRef | undefined): number => (typeof ref === 'number' ? ref : -1);
    for (const [index, type] of plan.types.entries()) {
      const parts =
        type.kind === 'result' ? [type.ok, type.error] : type.kind === 'list' ? [type.element] : [];
      for (const part of parts) expect(indexOf(part)).toBeLessThan(index);
    }
  });

  it('of wasi:http are exports like any other', async () => {
    const bytes = await parse(`(component
      (import "wasi:http/types@0.2.3" (instance $t (export "incoming-request" (type (sub resource)))
        (export "response-outparam" (type (sub resource)))))
      (alias export $t "incoming-request" (type $request)) (alias export $t "response-outparam" (type $out))
      (core module $m (func (export "handle") (param i32 i32)))
      (core instance $i (instantiate $m))
      (func $handle (param "request" (own $request)) (param "response-out" (own $out))
        (canon lift (core func $i "handle")))
      (instance $e (export "handle" (func $handle)))
      (export "wasi:http/incoming-handler@0.2.3" (instance $e)))`);
    const { plan } = planComponent(bytes);
    expect(plan.exports).toMatchObject([{ interface: 'wasi:http/incoming-handler@0.2.3', name: 'handle' }]);
    expect(plan.resources.map((one) => `${one.interface}#${one.name}`)).toEqual([
      'wasi:http/types@0.2.3#incoming-request',
      'wasi:http/types@0.2.3#response-outparam',
    ]);
  });

  it('may use any string encoding', async () => {
    const options = 'string-encoding=latin1+utf16 (memory $memory) (realloc $realloc)';
    const { plan } = planComponent(await exporting('(param "a" string)', '(param i32 i32)', options));
    expect(plan.exports[0]?.lifted.encoding).toBe('latin1+utf16');
  });

  const many = (count: number): string =>
    Array.from({ length: count }, (_, i) => `(param "p${i}" u64)`).join(' ');
  it('with more than sixteen parameters take them in memory', async () => {
    const bytes = await exporting(many(17), '(param i32)', '(memory $memory) (realloc $realloc)');
    expect(planComponent(bytes).plan.exports).toHaveLength(1);
    expect(refusal(await exporting(many(17), '(param i32)', '(memory $memory)')).detail).toMatch(/realloc/);
    const flat = await exporting(many(16), `(param ${'i64 '.repeat(16)})`);
    expect(planComponent(flat).plan.exports).toHaveLength(1);
  });

  it.each([
    [
      'another core type',
      '(param "a" u64)',
      '(param i32)',
      '',
      /must be \(i64\) -> \(\), but is \(i32\) -> \(\)/,
    ],
    [
      'a string without realloc',
      '(param "a" string)',
      '(param i32 i32)',
      '(memory $memory)',
      /without realloc/,
    ],
    ['a string without memory', '(result string)', '(result i32)', '', /without a memory/],
    ['a large result without memory', '(result $big)', '(result i32)', '', /without a memory/],
    [
      'a realloc of another type',
      '(param "a" string)',
      '(param i32 i32)',
      '(memory $memory) (realloc $short)',
      /realloc of f must be/,
    ],
    [
      'a post-return of another type',
      '(result u64)',
      '(result i64)',
      '(post-return $post)',
      /post-return of f must be \(i64\) -> \(\)/,
    ],
  ])('with %s are refused', async (_, type, core, options, detail) => {
    const error = refusal(await exporting(type, core, options, '(type $big (tuple u8 u8))'));
    expect(error.code).toBe('REGISTRY_REJECTED');
    expect(error.detail).toMatch(detail);
  });

  it.each([
    ['nothing', '(component)', 'REGISTRY_REJECTED', /exports no function/],
    [
      'a function that it imports',
      '(component (import "a" (func $f)) (export "b" (func $f)))',
      'REGISTRY_UNSUPPORTED',
      /"b", which the component imports/,
    ],
    [
      'an instance in an instance',
      '(component (instance $a) (instance $b (export "a" (instance $a))) (export "b" (instance $b)))',
      'REGISTRY_UNSUPPORTED',
      /"a" within the export "b"/,
    ],
  ])('are refused when there is %s', async (_, text, code, detail) => {
    const error = refusal(await parse(text));
    expect(error.code).toBe(code);
    expect(error.detail).toMatch(detail);
  });

  it('are refused when there are more than a thousand', async () => {
    const many = Array.from({ length: 1_001 }, (_, i) => `(export "f${i}" (func $f))`).join(' ');
    const bytes = await exporting('', '', '', '');
    expect(planComponent(bytes).plan.exports).toHaveLength(1);
    const text = `(component (core module $m (func (export "f"))) (core instance $i (instantiate $m))
      (func $f (canon lift (core func $i "f"))) ${many})`;
    expect(refusal(await parse(text)).detail).toMatch(/more than 1000 functions/);
  });
});

describe('types of values', () => {
  const chain = (count: number): string => {
    let text = '(type $t0 (list u8))';
    for (let i = 1; i < count; i++) text += `(type $t${i} (list $t${i - 1}))`;
    return `${text} (type $big (list $t${count - 1}))`;
  };
  const doubling = (count: number): string => {
    let text = '(type $t0 (tuple u64 u64))';
    for (let i = 1; i < count; i++) text += `(type $t${i} (tuple $t${i - 1} $t${i - 1}))`;
    return `${text} (type $big (tuple $t${count - 1} u8))`;
  };
  const taking = (before: string): Promise<Uint8Array> =>
    exporting('(result $big)', '(result i32)', '(memory $memory)', before);
  const labels = (count: number, kind: string): string =>
    Array.from({ length: count }, (_, i) => `(${kind} "c${i}" (list u${i % 2 ? 8 : 16}))`).join(' ');

  it.each<[string, string, WitType['kind']]>([
    ['62 deep', chain(62), 'list'],
    ['of half a MiB', doubling(15), 'tuple'],
  ])('%s are planned', async (_, before, kind) => {
    expect(planComponent(await taking(before)).plan.types.at(-1)?.kind).toBe(kind);
  });

  it.each([
    ['more than 64 deep', chain(65), /more than 64 deep/],
    ['thousands deep', chain(5_000), /more than 64 deep/],
    ['of more than a MiB', doubling(17), /the limit is 1048576/],
    ['that double sixty times', doubling(60), /the limit is 1048576/],
  ])('%s are refused', async (_, before, detail) => {
    const error = refusal(await taking(before));
    expect(error.code).toBe('REGISTRY_REJECTED');
    expect(error.detail).toMatch(detail);
  });

  it('are refused when there are more than 4,096', async () => {
    let before = '';
    for (let i = 0; i < 4_100; i++) before += `(type $t${i} (enum "x${i}"))`;
    const tuple = Array.from({ length: 4_100 }, (_, i) => `$t${i}`).join(' ');
    const error = refusal(await taking(`${before} (type $big (tuple ${tuple}))`));
    expect(error.detail).toMatch(/more than 4096 types of values/);
  });

  it('are refused when they have more than 50,000 parts', async () => {
    const error = refusal(await taking(`(type $e (enum ${names(50_001)})) (type $big (tuple $e u8))`));
    expect(error.detail).toMatch(/more than 50000 fields and cases/);
  });
  const names = (count: number): string => Array.from({ length: count }, (_, i) => `"x${i}"`).join(' ');

  it('with labels that differ only in case are refused', async () => {
    const error = refusal(await taking('(type $e (enum "a-b" "A-b")) (type $big (tuple $e u8))'));
    expect(error.detail).toMatch(/"A-b" appears twice in a enum/);
  });

  it.each(['(type $e (future u8))', '(type $e (stream u8))', '(type $e error-context)'])(
    'of the asynchronous ABI are refused: %s',
    async (type) => {
      const error = refusal(await taking(`${type} (type $big (tuple $e u8))`));
      expect(error.code).toBe('REGISTRY_UNSUPPORTED');
    },
  );

  it('are read whatever their cases hold', async () => {
    const { types } = planComponent(await taking(`(type $big (variant ${labels(40, 'case')}))`)).plan;
    expect(types.at(-1)).toMatchObject({ kind: 'variant', cases: { length: 40 } });
    expect(types).toHaveLength(3);
  });
});
