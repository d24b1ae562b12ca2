import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HostError } from '../../host/errors.ts';
import { IMPORTS } from '../../host/import-table.ts';
import { checkImports, type ImportTable, refuseUngranted } from '../../host/registry/check-imports.ts';
import { planComponent } from '../../host/registry/plan.ts';
import { HELLO_JS, quickJsComponent } from './sample-components.ts';
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

  it('is refused with a code or planned, whichever bits of a real one are flipped around its modules', async () => {
    const whole = await quickJsComponent(HELLO_JS, { stubWasi: false });
    const { modules } = planComponent(whole).plan;
    const isCode = (at: number): boolean =>
      modules.some(({ offset, length }) => at >= offset && at < offset + length);
    const around = [...whole.keys()].filter((at) => !isCode(at));
    fc.assert(
      fc.property(fc.nat(around.length - 1), fc.nat(7), (index, bit) => {
        const damaged = whole.slice();
        const at = around[index] ?? 0;
        damaged[at] = (damaged[at] ?? 0) ^ (1 << bit);
        try {
          checkImports(planComponent(damaged), IMPORTS);
        } catch (error) {
          expect(error).toBeInstanceOf(HostError);
          expect((error as HostError).status).toBe(422);
        }
      }),
      { numRuns: 150 },
    );
  }, 60_000);
});
