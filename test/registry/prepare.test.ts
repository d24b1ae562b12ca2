import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { afterEach, describe, expect, it } from 'vitest';
import { createFakeClock, type FakeClock, systemClock } from '../../host/clock.ts';
import { createPreparer, type Preparer } from '../../host/registry/prepare.ts';
import { type PrepareSteps, prepareComponent } from '../../host/registry/prepare-task.ts';
import { echoComponent, singleModulePlan } from './components.ts';

const workerUrl = new URL('./bomb-worker.ts', import.meta.url);
const good = await echoComponent();
const mark = (text: string): Uint8Array => new TextEncoder().encode(text);

/** An encoded WIT package is a component too, and not one that jco can describe: it panics on it. */
const panicking = Uint8Array.from(
  await parse(`(component
    (type (component
      (type (component (import "a" (func))))
      (export "a:b/c" (component (type 0)))))
    (export "c" (type 0)))`),
);

let preparer: Preparer | undefined;
afterEach(async () => {
  await preparer?.close();
  preparer = undefined;
});

function open(change: { clock?: FakeClock; heapMiB?: number; componentMaxBytes?: number } = {}): Preparer {
  preparer = createPreparer({
    timeoutMs: 60_000,
    heapMiB: change.heapMiB ?? 64,
    componentMaxBytes: change.componentMaxBytes ?? 1 << 20,
    clock: change.clock ?? systemClock,
    workerUrl,
  });
  return preparer;
}

async function expectGood(preparer: Preparer): Promise<void> {
  const { plan, code, wit } = await preparer.prepare(good);
  // The modules lie in what was hardened, everything else is as the component says.
  expect(plan).toEqual({ ...singleModulePlan(good), modules: [{ offset: 0, length: code.length }] });
  expect(wit).toContain('export hotcell:adapter/handler@1.0.0');
}

describe('preparation', () => {
  it('gives the plan and the WIT text of a good component, again and again', async () => {
    const preparer = open();
    await expectGood(preparer);
    await Promise.all([expectGood(preparer), expectGood(preparer), expectGood(preparer)]);
  });

  it('survives a component on which jco panics', async () => {
    const preparer = open();
    await expectGood(preparer);
    const refusal = preparer.prepare(panicking);
    await expect(refusal).rejects.toMatchObject({ code: 'REGISTRY_REJECTED' });
    await expect(refusal).rejects.toThrow(/unreachable/);
    await expectGood(preparer);
  });

  it('refuses a truncated component with what jco says about it, on one printable line', async () => {
    const preparer = open();
    for (const length of [1, 7, 8, 40, good.length - 1]) {
      const error = await preparer.prepare(good.subarray(0, length)).catch((error: unknown) => error);
      // Eight bytes are an empty component, and that is a valid one for jco.
      if (length !== 8)
        expect(error).toMatchObject({
          code: 'REGISTRY_REJECTED',
          detail: expect.stringMatching(/^[\x20-\x7e]{1,400}$/),
        });
    }
    await expectGood(preparer);
  });

  it('ends an endless loop at its time limit', async () => {
    const clock = createFakeClock();
    const preparer = open({ clock });
    const looping = Promise.withResolvers<void>();
    const channel = new BroadcastChannel('hotcell-test-bomb');
    channel.onmessage = () => looping.resolve();
    const refusal = preparer.prepare(mark('loop')).catch((error: unknown) => error);
    const behind = expectGood(preparer);
    await looping.promise;
    channel.close();
    await clock.advance(60_000);
    expect(await refusal).toMatchObject({
      code: 'REGISTRY_PREPARE_LIMIT',
      detail: expect.stringMatching(/60000 ms/),
    });
    await behind;
  });

  it('ends a heap bomb at its heap limit', async () => {
    const preparer = open({ heapMiB: 32 });
    await expect(preparer.prepare(mark('heap'))).rejects.toMatchObject({
      code: 'REGISTRY_PREPARE_LIMIT',
      detail: expect.stringMatching(/memory/),
    });
    await expectGood(preparer);
  });

  it('answers when the worker leaves without a word or throws after the fact', async () => {
    const preparer = open();
    await expect(preparer.prepare(mark('exit'))).rejects.toMatchObject({ code: 'REGISTRY_PREPARE_LIMIT' });
    await expectGood(preparer);
    await expect(preparer.prepare(mark('late'))).rejects.toMatchObject({ code: 'REGISTRY_PREPARE_LIMIT' });
    await expectGood(preparer);
  });

  it('carries code and detail of a refusal over the thread, and nothing unprintable', async () => {
    const preparer = open();
    await expect(preparer.prepare(mark('import'))).rejects.toMatchObject({
      code: 'REGISTRY_IMPORT_FORBIDDEN',
      detail: 'the component imports wasi:cli/environment@0.2.0',
    });
    await expect(preparer.prepare(mark('throw'))).rejects.toMatchObject({
      code: 'REGISTRY_REJECTED',
      detail: 'the component could not be read: reader  broke [31m',
    });
  });

  it('does not blame the component when its worker cannot start', async () => {
    preparer = createPreparer({
      timeoutMs: 60_000,
      heapMiB: 64,
      componentMaxBytes: 1 << 20,
      clock: systemClock,
      workerUrl: new URL('./no-such-worker.ts', import.meta.url),
    });
    await expect(preparer.prepare(good)).rejects.toMatchObject({ code: 'HOST_INTERNAL' });
  });

  it('refuses a component over the size limit without starting anything', async () => {
    const preparer = open({ componentMaxBytes: good.length - 1 });
    await expect(preparer.prepare(good)).rejects.toMatchObject({ code: 'REGISTRY_REJECTED' });
  });

  it('works again after its idle worker was dropped', async () => {
    const clock = createFakeClock();
    const preparer = open({ clock });
    await expectGood(preparer);
    await clock.advance(10_000);
    await expectGood(preparer);
  });

  it('rejects what is under way and what waits when it is closed', async () => {
    const preparer = open();
    const both = [preparer.prepare(mark('loop')), preparer.prepare(good)].map((one) =>
      one.catch((error) => error.code),
    );
    await preparer.close();
    expect(await Promise.all(both)).toEqual(['HOST_CLOSED', 'HOST_CLOSED']);
    await expect(preparer.prepare(good)).rejects.toMatchObject({ code: 'HOST_CLOSED' });
  });
});

describe('the steps of preparation', () => {
  const record = (failing?: keyof PrepareSteps, wit = 'package x:y;') => {
    const seen: string[] = [];
    const step = (name: keyof PrepareSteps): void => {
      seen.push(name);
      if (name === failing) throw new Error(`${name} refused`);
    };
    const steps: PrepareSteps = {
      planComponent: (component) => {
        step('planComponent');
        return { plan: singleModulePlan(component), imports: [] };
      },
      checkImports: () => {
        step('checkImports');
        return [];
      },
      meterModule: (module) => {
        step('meterModule');
        return module;
      },
      describeComponent: async () => {
        step('describeComponent');
        return wit;
      },
    };
    return { seen, steps };
  };

  it('never show jco a component whose names or structure were refused', async () => {
    const { seen, steps } = record('planComponent');
    expect(await prepareComponent(good, steps)).toMatchObject({ kind: 'refused', code: 'REGISTRY_REJECTED' });
    expect(seen).toEqual(['planComponent']);
  });

  it.each([
    ['imports', 'checkImports', ['planComponent', 'checkImports']],
    ['code', 'meterModule', ['planComponent', 'checkImports', 'meterModule']],
  ] as const)('never show jco a component of which the %s were refused', async (_, failing, expected) => {
    const { seen, steps } = record(failing);
    expect(await prepareComponent(good, steps)).toMatchObject({ kind: 'refused', code: 'REGISTRY_REJECTED' });
    expect(seen).toEqual(expected);
  });

  it('refuse a component of which the WIT text explodes', async () => {
    const { steps } = record(undefined, 'x'.repeat(262_145));
    expect(await prepareComponent(good, steps)).toMatchObject({ kind: 'refused', code: 'REGISTRY_REJECTED' });
  });
});
