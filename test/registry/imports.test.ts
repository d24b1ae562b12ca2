import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HostError } from '../../host/errors.ts';
import { IMPORTS } from '../../host/import-table.ts';
import { checkImports, type ImportTable, refuseUngranted } from '../../host/registry/check-imports.ts';
import { planComponent } from '../../host/registry/plan.ts';
import { HELLO_JS, handWritten, quickJsComponent } from './sample-components.ts';
import { blobComponent, MEMORY, readerComponent, TABLE, worldComponent } from './worlds.ts';

function refusalOf(act: () => unknown): HostError {
  try {
    act();
  } catch (error) {
    if (error instanceof HostError) return error;
    throw error;
  }
  throw new Error('it was accepted');
}

const refusal = (bytes: Uint8Array, table: ImportTable = TABLE): HostError =>
  refusalOf(() => checkImports(planComponent(bytes), table));

const needsOf = (bytes: Uint8Array) => checkImports(planComponent(bytes), TABLE);

/** `TABLE` with one interface changed. */
const changed = (name: string, change: object): ImportTable => ({
  ...TABLE,
  [name]: { ...(TABLE[name] as ImportTable[string]), ...change },
});

const EXIT = '(core module $e (func (export "run"))) (core instance $e (instantiate $e))';
const RUN = '(func $run (canon lift (core func $e "run"))) (export "run" (func $run))';

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
});

describe('imports', () => {
  it('that the host serves are accepted with the capabilities they take', async () => {
    expect(needsOf(await readerComponent())).toEqual([
      { import: 'acme:io/streams@0.2.3', capability: 'files' },
    ]);
  });

  it('of which nothing is called need not be served', async () => {
    const text = `(component ${EXIT} ${RUN}
      (import "wasi:cli/exit@0.2.0" (instance (export "exit" (func))))
      (import "env" (func (param "x" u32)))
      (import "t" (type (sub resource)))
      (import "acme:io/settings@9.9.9" (instance (export "get" (func)))))`;
    const planned = planComponent(await parse(text));
    expect(planned.imports.map(({ name, kind }) => [name, kind])).toEqual([
      ['wasi:cli/exit@0.2.0', 'interface'],
      ['env', 'func'],
      ['t', 'type'],
      ['acme:io/settings@9.9.9', 'interface'],
    ]);
    expect(checkImports(planned, TABLE)).toEqual([]);
  });

  it('of types alone are accepted', async () => {
    const bytes = await worldComponent(
      'import acme:io/types@0.2.3; use acme:io/types@0.2.3.{point}; export run: func(at: point) -> f64;',
      '(func (export "run") (param f32 f64) (result f64) local.get 1)',
    );
    expect(needsOf(bytes)).toEqual([]);
    expect(planComponent(bytes).plan.types).toMatchObject([{ kind: 'record' }]);
  });

  it('that are called and not served are refused, every one of them named', async () => {
    const bytes = await worldComponent(
      'import acme:net/tcp@0.2.0; import acme:io/streams@0.2.3; import now: func() -> u64; export run: func();',
      `(import "acme:net/tcp@0.2.0" "connect" (func (param i32)))
       (import "$root" "now" (func (result i64)))
       (import "acme:io/streams@0.2.3" "open" (func (param i32 i32) (result i32)))
       ${MEMORY} (func (export "run"))`,
    );
    const error = refusal(bytes);
    expect(error.code).toBe('REGISTRY_IMPORT_FORBIDDEN');
    expect(error.detail).toBe('the component imports acme:net/tcp@0.2.0, now');
    expect(error.problems).toEqual([
      { at: 'acme:net/tcp@0.2.0', message: 'acme:net/tcp is not served' },
      { at: 'now', message: 'now is not served' },
    ]);
    expect(refusal(bytes, {}).problems?.map(({ at }) => at)).toEqual([
      'acme:net/tcp@0.2.0',
      'acme:io/streams@0.2.3',
      'now',
    ]);
  });

  it.each([
    ['0.2.3', true],
    ['0.2.12', true],
    ['0.2.2', false],
    ['0.3.3', false],
    ['0.1.9', false],
    ['1.2.3', false],
  ])('of version 0.2.3 where the host serves %s: %s', async (version, isAccepted) => {
    const bytes = await readerComponent();
    const table = changed('acme:io/streams', { version });
    if (isAccepted) expect(checkImports(planComponent(bytes), table)).toHaveLength(1);
    else expect(refusal(bytes, table).problems?.[0]?.message).toContain(`up to version ${version}`);
  });

  it.each([
    ['1.4.7', '1.5.0', true],
    ['1.5.1', '1.5.0', false],
    ['1.6.0', '1.5.9', false],
    ['2.0.0', '1.9.9', false],
    ['0.2.0-rc.1', '0.2.3', false],
    ['1.0.0+build', '1.0.0', false],
  ])('of version %s where the host serves %s: %s', async (wanted, version, isAccepted) => {
    const bytes = await parse(`(component ${EXIT} ${RUN}
      (import "acme:x/y@${wanted}" (instance $s (export "f" (func))))
      (alias export $s "f" (func $f)) (core func (canon lower (func $f))))`);
    const functions = { f: { type: 'func()', waits: false } };
    const table: ImportTable = { 'acme:x/y': { capability: undefined, version, functions, resources: [] } };
    if (isAccepted) expect(checkImports(planComponent(bytes), table)).toEqual([]);
    else expect(refusal(bytes, table).code).toBe('REGISTRY_IMPORT_FORBIDDEN');
  });

  it('without a version are no interface that the host serves', async () => {
    const bytes = await parse(`(component ${EXIT} ${RUN}
      (import "acme:x/y" (instance $s (export "f" (func))))
      (alias export $s "f" (func $f)) (core func (canon lower (func $f))))`);
    const functions = { f: { type: 'func()', waits: false } };
    const table: ImportTable = {
      'acme:x/y': { capability: undefined, version: '1.0.0', functions, resources: [] },
    };
    expect(refusal(bytes, table).code).toBe('REGISTRY_IMPORT_FORBIDDEN');
  });

  it('named like something every object has are not served', async () => {
    const bytes = await parse(`(component ${EXIT} ${RUN}
      (import "constructor" (func $f)) (core func (canon lower (func $f))))`);
    expect(refusal(bytes, {}).code).toBe('REGISTRY_IMPORT_FORBIDDEN');
  });

  it('of a function that the interface does not have, or with another type, are refused', async () => {
    const functions = { open: { type: 'func(name: string, mode: u8) -> own<input>', waits: false } };
    const error = refusal(await readerComponent(), changed('acme:io/streams', { functions }));
    expect(error.problems).toEqual([
      {
        at: 'acme:io/streams@0.2.3#[method]input.read',
        message: 'acme:io/streams has no function [method]input.read',
      },
      {
        at: 'acme:io/streams@0.2.3#open',
        message:
          'must have type func(name: string, mode: u8) -> own<input>, but has func(name: string) -> own<input>',
      },
    ]);
  });

  it('that declare another type are refused even for a function they do not call', async () => {
    const bytes = await parse(`(component ${EXIT} ${RUN}
      (import "acme:x/y@1.0.0" (instance $s (export "f" (func)) (export "g" (func (param "a" u8)))))
      (alias export $s "f" (func $f)) (core func (canon lower (func $f))))`);
    const functions = {
      f: { type: 'func()', waits: false },
      g: { type: 'func(a: u16)', waits: false },
    };
    const table: ImportTable = {
      'acme:x/y': { capability: undefined, version: '1.0.0', functions, resources: [] },
    };
    expect(refusal(bytes, table).problems?.[0]?.at).toBe('acme:x/y@1.0.0#g');
  });

  it('need a capability that the manifest asks for, and each that it does not is named', () => {
    const needs = [
      { import: 'wasi:http/outgoing-handler@0.2.3', capability: 'http' },
      { import: 'wasi:filesystem/types@0.2.3', capability: 'files' },
    ] as const;
    refuseUngranted(needs, { http: { hosts: [] }, files: {} });
    const error = refusalOf(() => refuseUngranted(needs, { files: {} }));
    expect(error.code).toBe('REGISTRY_IMPORT_FORBIDDEN');
    expect(error.problems).toEqual([
      {
        at: 'wasi:http/outgoing-handler@0.2.3',
        message: 'wasi:http/outgoing-handler needs the capability http',
      },
    ]);
    expect(refusalOf(() => refuseUngranted(needs, {})).problems).toHaveLength(2);
  });

  it('are problems of which at most 200 are listed', async () => {
    let text = '';
    for (let i = 0; i < 300; i++) {
      text += `(import "acme:x/y${i}@1.0.0" (instance $s${i} (export "f" (func))))
        (alias export $s${i} "f" (func $f${i})) (core func (canon lower (func $f${i})))`;
    }
    const error = refusal(await parse(`(component ${EXIT} ${RUN} ${text})`));
    expect(error.problems).toHaveLength(200);
    expect(error.detail).toMatch(/ and 292 more$/);
  });
});

describe('a handle means the same to guest and host', () => {
  const forged = (declared: string, type: string): Promise<Uint8Array> =>
    parse(`(component ${EXIT} ${RUN} ${declared}
      (alias export $s "f" (func $f)) (core func (canon lower (func $f)))) ${type}`);
  const table = (type: string): ImportTable => ({
    ...TABLE,
    'acme:x/y': {
      capability: undefined,
      version: '1.0.0',
      functions: { f: { type, waits: false } },
      resources: ['own-one'],
    },
  });

  it('so a resource that only has the name of another interface is refused', async () => {
    const bytes = await forged(
      `(import "acme:x/y@1.0.0" (instance $s (export "input" (type $r (sub resource)))
        (export "f" (func (param "a" (own $r))))))`,
      '',
    );
    expect(refusal(bytes, table('func(a: own<input>)')).problems).toEqual([
      { at: 'acme:x/y@1.0.0#input', message: 'acme:x/y defines no resource input' },
    ]);
  });

  it('so a resource goes by the name it was defined under, not by one it is given', async () => {
    const bytes = await forged(
      `(import "acme:x/y@1.0.0" (instance $s (export "own-one" (type $r (sub resource)))
        (export "input" (type $i (eq $r))) (export "f" (func (param "a" (own $i))))))`,
      '',
    );
    expect(checkImports(planComponent(bytes), table('func(a: own<own-one>)'))).toEqual([]);
    expect(refusal(bytes, table('func(a: own<input>)')).problems?.[0]?.message).toMatch(/but has .*own-one/);
  });

  it('so a resource of the component itself is not handed to the host', async () => {
    const bytes = await forged(
      `(type $mine (resource (rep i32)))
       (import "acme:x/y@1.0.0" (instance $s (alias outer 1 $mine (type $m)) (export "f" (func (param "a" (own $m))))))`,
      '',
    );
    expect(refusal(bytes, table('func(a: own<resource>)')).problems).toEqual([
      { at: 'resource', message: 'a resource of the component itself is handed to the host' },
    ]);
  });

  it('so what is exported takes no resources of interfaces that are not served', async () => {
    const bytes = await parse(`(component
      (import "acme:x/y@1.0.0" (instance $s (export "own-one" (type (sub resource)))))
      (alias export $s "own-one" (type $r))
      (core module $m (func (export "f") (param i32)))
      (core instance $i (instantiate $m))
      (func $f (param "a" (own $r)) (canon lift (core func $i "f")))
      (export "f" (func $f)))`);
    expect(checkImports(planComponent(bytes), table('func()'))).toEqual([]);
    expect(refusal(bytes).problems).toEqual([{ at: 'acme:x/y@1.0.0', message: 'acme:x/y is not served' }]);
  });

  it('while its own resources are what a component may export', async () => {
    expect(needsOf(await blobComponent())).toEqual([]);
  });

  it('so no two interfaces that the host serves define resources of one name', () => {
    const names = Object.values(IMPORTS).flatMap(({ resources }) => resources);
    expect(names).toEqual([...new Set(names)]);
  });
});

describe('a QuickJS component that is not stubbed', () => {
  it('imports WASI, and what it calls of it is in its plan', async () => {
    const bytes = await quickJsComponent(HELLO_JS, { stubWasi: false });
    const planned = planComponent(bytes);
    const { plan } = planned;
    expect(plan.handler).toBeDefined();
    expect(plan.imports.length).toBeGreaterThan(20);
    expect(plan.imports.some(({ name }) => name === '[method]output-stream.write')).toBe(true);
    expect(plan.resources.every((resource) => resource.interface?.startsWith('wasi:'))).toBe(true);
    expect(new Set(plan.resources.map(({ name }) => name)).size).toBe(plan.resources.length);
    const error = refusal(bytes, {});
    expect(error.code).toBe('REGISTRY_IMPORT_FORBIDDEN');
    expect(error.problems?.some(({ message }) => message === 'wasi:filesystem/types is not served')).toBe(
      true,
    );
    expect(checkImports(planned, IMPORTS).map(({ capability }) => capability)).toEqual(['clock', 'clock']);
    expect(JSON.parse(JSON.stringify(plan)).imports).toEqual(JSON.parse(JSON.stringify(plan.imports)));
  });
});

describe('a damaged component with imports', () => {
  it('is refused with a code or planned, whatever bytes are put in, never anything else', async () => {
    const samples = [await readerComponent(), await blobComponent()];
    fc.assert(
      fc.property(
        fc.nat(samples.length - 1),
        fc.nat(),
        fc.uint8Array({ maxLength: 4 }),
        fc.nat(3),
        (sample, at, put, cut) => {
          const bytes = samples[sample] ?? new Uint8Array();
          const start = at % bytes.length;
          const damaged = new Uint8Array([
            ...bytes.subarray(0, start),
            ...put,
            ...bytes.subarray(start + cut),
          ]);
          try {
            checkImports(planComponent(damaged), TABLE);
          } catch (error) {
            expect(error).toBeInstanceOf(HostError);
            expect((error as HostError).status).toBe(422);
          }
        },
      ),
      { numRuns: 2_000 },
    );
  });
});
