import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { describe, expect, it } from 'vitest';
import { HostError } from '../../host/errors.ts';
import { planComponent } from '../../host/registry/plan.ts';
import { handWritten } from './sample-components.ts';
import { blobComponent, readerComponent } from './worlds.ts';

function refusal(bytes: Uint8Array): HostError {
  try {
    planComponent(bytes);
  } catch (error) {
    if (error instanceof HostError) return error;
    throw error;
  }
  throw new Error('the component was accepted');
}

describe('the plan of a component with imports', () => {
  it('has each lowered function with its type, memory and allocator', async () => {
    const { plan } = planComponent(await readerComponent());
    expect(plan.imports.map((one) => `${one.interface}#${one.name}`)).toEqual([
      'acme:io/streams@0.2.3#open',
      'acme:io/streams@0.2.3#[method]input.read',
    ]);
    const [open, read] = plan.imports;
    expect(open?.memory).toEqual({ instance: 1, name: 'memory' });
    expect(open?.realloc).toBeUndefined();
    expect(read?.realloc).toEqual({ instance: 1, name: 'cabi_realloc' });
    expect(read?.type.parameters.map(({ name }) => name)).toEqual(['self', 'len']);
    const result = plan.types[read?.type.result as number];
    expect(result?.kind).toBe('result');
  });

  it('hands them over where the canon lower says, through the shims of the toolchain', async () => {
    const { plan } = planComponent(await readerComponent());
    const items = plan.instances.flatMap(({ imports }) => imports);
    // Under names that say nothing: the shim calls them by number.
    expect(items.flatMap(({ name, item }) => (item.kind === 'import' ? [[name, item.index]] : []))).toEqual([
      ['0', 0],
      ['1', 1],
    ]);
  });

  it('knows a resource that is used from another interface as the one of that interface', async () => {
    const { plan } = planComponent(await readerComponent());
    expect(plan.resources).toEqual([
      { interface: 'acme:io/streams@0.2.3', name: 'input', destructor: undefined },
      { interface: 'acme:io/error@0.2.3', name: 'error', destructor: undefined },
    ]);
    const owned = plan.types.flatMap((type) => (type.kind === 'own' ? [type.resource] : []));
    expect(owned).toEqual([0, 1]);
    const drops = plan.instances.flatMap(({ imports }) => imports.map(({ item }) => item));
    expect(drops.filter(({ kind }) => kind === 'resource')).toEqual([
      { kind: 'resource', builtin: 'drop', resource: 0 },
      { kind: 'resource', builtin: 'drop', resource: 1 },
    ]);
  });

  it('follows an import that a nested component has under another name', async () => {
    const bytes = await parse(`(component
      (import "acme:io/settings@0.2.3" (instance $s (export "get" (func (param "x" u32) (result u32)))))
      (alias export $s "get" (func $get))
      (component $c
        (import "something-else" (func $f (param "x" u32) (result u32)))
        (core func $lowered (canon lower (func $f)))
        (core module $m (import "a" "b" (func (param i32) (result i32))) (func (export "run")))
        (core instance $env (export "b" (func $lowered)))
        (core instance $i (instantiate $m (with "a" (instance $env))))
        (func $run (canon lift (core func $i "run")))
        (export "run" (func $run)))
      (instance $i (instantiate $c (with "something-else" (func $get))))
      (alias export $i "run" (func $run))
      (export "run" (func $run)))`);
    const { plan } = planComponent(bytes);
    expect(plan.imports).toMatchObject([{ interface: 'acme:io/settings@0.2.3', name: 'get' }]);
    expect(plan.instances[0]?.imports).toEqual([
      { module: 'a', name: 'b', item: { kind: 'import', index: 0 } },
    ]);
  });

  it('has the resources that it defines, with destructor and builtins', async () => {
    const { plan } = planComponent(await blobComponent());
    expect(plan.resources).toEqual([
      { interface: undefined, name: 'blob', destructor: { instance: 0, name: '0' } },
    ]);
    expect(plan.instances[1]?.imports.map(({ item }) => item)).toEqual([
      { kind: 'resource', builtin: 'new', resource: 0 },
      { kind: 'resource', builtin: 'rep', resource: 0 },
      { kind: 'resource', builtin: 'drop', resource: 0 },
    ]);
  });

  it.each([
    ['fewer parameters', '(func (param i32))', /must be \(i32 i64 i32\) -> \(\), but is \(i32\) -> \(\)/],
    ['another type', '(func (param i32 i32 i32))', /but is \(i32 i32 i32\)/],
    ['a result', '(func (param i32 i64 i32) (result i32))', /-> i32/],
  ])('is refused when core code takes an import for one with %s', async (_, taken, detail) => {
    const bytes = await parse(`(component
      (import "acme:x/y@1.0.0" (instance $s (export "f" (func (param "a" u8) (param "b" u64) (param "c" char)))))
      (alias export $s "f" (func $f))
      (core func $lowered (canon lower (func $f)))
      (core module $m (import "a" "f" ${taken}))
      (core instance $env (export "f" (func $lowered)))
      (core instance $i (instantiate $m (with "a" (instance $env)))))`);
    expect(refusal(bytes)).toMatchObject({ code: 'REGISTRY_REJECTED' });
    expect(refusal(bytes).detail).toMatch(detail);
  });

  const lowered = (type: string, options = '', before = ''): string => `(component
    (import "acme:x/y@1.0.0" (instance $s ${before} (export "f" (func ${type}))))
    (alias export $s "f" (func $f))
    (core module $m (memory (export "memory") 1) (func (export "short") (param i32))
      (func (export "realloc") (param i32 i32 i32 i32) (result i32) unreachable))
    (core instance $i (instantiate $m))
    (alias core export $i "memory" (core memory $memory))
    (alias core export $i "short" (core func $short))
    (alias core export $i "realloc" (core func $realloc))
    (core func (canon lower (func $f) ${options})))`;
  it.each([
    ['a string without a memory', lowered('(param "a" string)'), 'REGISTRY_REJECTED', /without the memory/],
    [
      'a string as result without a realloc',
      lowered('(result string)', '(memory $memory)'),
      'REGISTRY_REJECTED',
      /without the realloc/,
    ],
    [
      'a realloc of another signature',
      lowered('(result string)', '(memory $memory) (realloc $short)'),
      'REGISTRY_REJECTED',
      /realloc of "f" must be \(i32 i32 i32 i32\) -> i32, but is \(i32\) -> \(\)/,
    ],
    [
      'a post-return',
      lowered('(param "a" u8)', '(post-return $short)'),
      'REGISTRY_REJECTED',
      /lowered with a post-return/,
    ],
    ['streams', lowered('(result (stream u8))'), 'REGISTRY_UNSUPPORTED', /the type stream/],
    ['an asynchronous function', lowered('async (param "a" u8)'), 'REGISTRY_UNSUPPORTED', /asynchronous/],
    [
      'flags of 33 labels',
      lowered(
        '(param "a" $e)',
        '',
        `(type $t (flags ${Array.from({ length: 33 }, (_, i) => `"l${i}"`).join(' ')})) (export "e" (type $e (eq $t)))`,
      ),
      'REGISTRY_UNSUPPORTED',
      /flags of more than 32/,
    ],
    [
      'an instance in an imported instance',
      '(component (import "acme:x/y@1.0.0" (instance (export "f" (instance)))))',
      'REGISTRY_UNSUPPORTED',
      /instance "f" within the import/,
    ],
    [
      'a representation of an imported resource',
      `(component (import "acme:x/y@1.0.0" (instance $s (export "r" (type (sub resource)))))
        (alias export $s "r" (type $r)) (core func (canon resource.rep $r)))`,
      'REGISTRY_REJECTED',
      /resource.rep of "r", which the component does not define/,
    ],
    [
      'a drop of what is no resource',
      '(component (type $t u8) (core func (canon resource.drop $t)))',
      'REGISTRY_REJECTED',
      /not a resource/,
    ],
  ])('is refused for %s', async (_, text, code, detail) => {
    const error = refusal(await parse(text));
    expect(error.code).toBe(code);
    expect(error.detail).toMatch(detail);
  });

  it('is refused for code that is imported, all of which is named', async () => {
    const error = refusal(
      await handWritten({
        before: '(import "m" (core module)) (import "c" (component)) (import "f" (func))',
      }),
    );
    expect(error.code).toBe('REGISTRY_IMPORT_FORBIDDEN');
    expect(error.problems).toEqual([
      { at: 'm', message: 'a core module may not be imported' },
      { at: 'c', message: 'a component may not be imported' },
    ]);
  });

  it('is planned in one pass however many there are', async () => {
    const names = Array.from({ length: 50_000 }, (_, i) => `(import "t${i}" (type (eq $u)))`).join('');
    const text = `(component (core module $m (func (export "f"))) (core instance $i (instantiate $m))
      (func $f (canon lift (core func $i "f"))) (export "f" (func $f)) (type $u u8) ${names})`;
    expect(planComponent(await parse(text)).imports).toHaveLength(50_000);
  });

  it('is refused when its imports declare more than 2,000 functions', async () => {
    const functions = (count: number): string =>
      Array.from({ length: count }, (_, i) => `(export "f${i}" (func))`).join('');
    const error = refusal(
      await parse(`(component (import "a:b/c@1.0.0" (instance ${functions(1_500)}))
        (import "a:b/d@1.0.0" (instance ${functions(501)})))`),
    );
    expect(error.detail).toMatch(/more than 2000 imported functions/);
  });

  it('is refused when it lowers more than 2,000', async () => {
    const error = refusal(
      await parse(
        `(component (import "f" (func $f)) ${'(core func (canon lower (func $f)))'.repeat(2_001)})`,
      ),
    );
    expect(error.detail).toMatch(/more than 2000 functions are lowered/);
  });
});
