/** The whole way of a package, with the real worker, the real reader and the real jco. */

import { componentEmbed, componentNew, parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../host/clock.ts';
import { HostError } from '../../host/errors.ts';
import { createRegistry, type Registry } from '../../host/registry/registry.ts';
import { echoComponent, singleModulePlan } from './components.ts';
import { defaults, digest, manifestJson, temporaryFolder } from './fixtures.ts';

const echo = await echoComponent();

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let registry: Registry;
beforeEach(async () => {
  folder = await temporaryFolder();
  registry = createRegistry({
    dataDir: folder.path,
    defaults,
    prepare: { timeoutMs: 60_000, heapMiB: 64, componentMaxBytes: 1 << 20 },
    clock: systemClock,
    activate: async () => undefined,
    retire: async () => undefined,
  });
});
afterEach(async () => {
  await registry.close();
  await folder[Symbol.asyncDispose]();
});

/** The code and detail of the refusal, or `ok`. */
async function outcome(component: Uint8Array): Promise<{ code: string; detail: string }> {
  try {
    await registry.install(manifestJson({ sha256: digest(component) }), component);
  } catch (error) {
    if (error instanceof HostError) return { code: error.code, detail: error.detail };
    throw error;
  }
  return { code: 'ok', detail: '' };
}

async function expectGood(): Promise<void> {
  expect(await outcome(echo)).toEqual({ code: 'ok', detail: '' });
}

describe('a package', () => {
  it('of a good component is installed with the plan that its bytes say', async () => {
    await expectGood();
    const { image } = registry.resolve('echo');
    expect(image.plan.instances).toEqual(singleModulePlan(echo).instances);
    expect(image.plan.handler?.invoke.core).toEqual(singleModulePlan(echo).handler?.invoke.core);
    expect(image.wit).toContain('hotcell:adapter/handler@1.0.0');
  });

  it('keeps the bytes of its modules where executors need them, and only there', async () => {
    await expectGood();
    expect(registry.resolve('echo').image.code).toBeUndefined();
    const keeping = createRegistry({
      keepCode: true,
      dataDir: folder.path,
      defaults,
      prepare: { timeoutMs: 60_000, heapMiB: 64, componentMaxBytes: 1 << 20 },
      clock: systemClock,
      activate: async () => undefined,
      retire: async () => undefined,
    });
    const { code, modules } = await keeping.install(manifestJson({ sha256: digest(echo) }), echo);
    const exportsOf = (module: WebAssembly.Module): unknown => WebAssembly.Module.exports(module);
    const compiled = code?.map((bytes) => new WebAssembly.Module(Uint8Array.from(bytes)));
    expect(compiled?.map(exportsOf)).toEqual(modules.map(exportsOf));
    await keeping.close();
  });

  const sundial = async (): Promise<Uint8Array> =>
    Uint8Array.from(
      await componentNew(
        await componentEmbed({
          binary: await parse(`(module
            (import "acme:clocks/sundial@0.2.0" "now" (func (result i64)))
            (func (export "run") call 0 drop))`),
          witSource: `package acme:tool@1.0.0;
            world tool { import acme:clocks/sundial@0.2.0; export run: func(); }
            package acme:clocks@0.2.0 { interface sundial { now: func() -> u64; } }`,
          world: 'acme:tool/tool@1.0.0',
        }),
        [],
      ),
    );

  it('that imports what nobody serves is refused by the name of the import', async () => {
    const { code, detail } = await outcome(await sundial());
    expect(code).toBe('REGISTRY_IMPORT_FORBIDDEN');
    expect(detail).toContain('acme:clocks/sundial@0.2.0');
    await expectGood();
  });

  it('of another world than its manifest says is refused', async () => {
    const component = await componentNew(
      await componentEmbed({
        binary: await parse('(module (func (export "run")))'),
        witSource: 'package acme:tool@1.0.0; world tool { export run: func(); }',
      }),
      [],
    );
    expect(await outcome(Uint8Array.from(component))).toEqual({
      code: 'REGISTRY_REJECTED',
      detail: 'the component exports no instance hotcell:adapter/handler@1.0.0, but run',
    });
    await expectGood();
  });

  it('with code in the name of a core export is refused before jco sees it', async () => {
    const component = await parse(`(component
      (core module $m (func (export "x'];globalThis.escaped=1;//")))
      (core instance (instantiate $m)))`);
    expect((await outcome(Uint8Array.from(component))).code).toBe('REGISTRY_REJECTED');
    await expectGood();
  });

  it('that is an encoded WIT package, on which jco panics, is refused and the next one installed', async () => {
    const component = await parse(`(component
      (type (component
        (type (component (import "a" (func))))
        (export "a:b/c" (component (type 0)))))
      (export "c" (type 0)))`);
    expect((await outcome(Uint8Array.from(component))).code).toMatch(/^REGISTRY_(REJECTED|UNSUPPORTED)$/);
    await expectGood();
  });

  it('with any few bits flipped is installed or refused with a registry code', async () => {
    const flips = fc.array(fc.nat(echo.length * 8 - 1), { minLength: 1, maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(flips, async (bits) => {
        const bytes = echo.slice();
        for (const bit of bits) bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect((await outcome(bytes)).code).toMatch(
          /^(ok|REGISTRY_(REJECTED|UNSUPPORTED|IMPORT_FORBIDDEN))$/,
        );
      }),
      // A refusal costs a thread of 80 ms.
      { numRuns: 12 },
    );
    await expectGood();
  }, 60_000);

  it('of random bytes is refused with a registry code', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), fc.boolean(), async (bytes, header) => {
        const component = header ? Uint8Array.from([...echo.subarray(0, 8), ...bytes]) : bytes;
        expect((await outcome(component)).code).toMatch(/^REGISTRY_(REJECTED|UNSUPPORTED|IMPORT_FORBIDDEN)$/);
      }),
      { numRuns: 12 },
    );
    await expectGood();
  }, 60_000);
});
