import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { HostError } from '../../host/errors.ts';
import { createCell } from '../../host/executor/cell.ts';
import { planComponent } from '../../host/registry/plan.ts';
import { coreText, handWritten, toComponent } from './sample-components.ts';

/** Plans the bytes; if that works and the engine accepts the modules, builds a cell. Never enters it. */
function attempt(bytes: Uint8Array): 'cell' | 'plan' | HostError {
  try {
    const { plan } = planComponent(bytes);
    const binaries = plan.modules.map(({ offset, length }) => bytes.subarray(offset, offset + length));
    if (!binaries.every((binary) => WebAssembly.validate(binary))) return 'plan';
    if (!plan.handler || plan.imports.length + plan.resources.length > 0) return 'plan';
    createCell(
      binaries.map((binary) => new WebAssembly.Module(binary)),
      plan,
    );
    return 'cell';
  } catch (error) {
    if (error instanceof HostError) return error;
    throw error;
  }
}

function expectOrderly(result: ReturnType<typeof attempt>): void {
  if (typeof result === 'string') return;
  // A module whose data lies outside its memory passes validation and fails when it is instantiated.
  if (result.code !== 'POOL_CREATE_FAILED') expect(result.status).toBe(422);
  expect(result.detail).not.toBe('');
}

describe('a damaged component', () => {
  const samples: Uint8Array[] = [];
  beforeAll(async () => {
    const before = `(component $other
        (core module $m (func (export "f") (result i32) unreachable))
        (core instance $i (instantiate $m))
        (alias core export $i "f" (core func $f))
        (func $lifted (result u32) (canon lift (core func $f)))
        (export "f" (func $lifted)))
      (instance $o (instantiate $other)) (alias export $o "f" (func $f))
      (core func $lowered (canon lower (func $f))) (core instance $env (export "f" (func $lowered)))`;
    const core = coreText({ fields: '(import "env" "f" (func $f (result i32)))' });
    samples.push(
      await toComponent(coreText()),
      await handWritten({ before, core, with: '(with "env" (instance $env))' }),
    );
  });

  it('is whole before it is damaged', () => {
    expect(samples.map(attempt)).toEqual(['cell', 'cell']);
  });

  it('is refused or planned wherever it is cut off, never anything else', () => {
    for (const bytes of samples) {
      for (let length = 0; length < bytes.length; length++) expectOrderly(attempt(bytes.subarray(0, length)));
    }
  });

  it('is refused or planned whichever bits are flipped, never anything else', () => {
    const flips = fc.array(fc.tuple(fc.nat(), fc.nat(7)), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(fc.nat(samples.length - 1), flips, (sample, at) => {
        const bytes = (samples[sample] ?? new Uint8Array()).slice();
        for (const [position, bit] of at) {
          const index = position % bytes.length;
          bytes[index] = (bytes[index] ?? 0) ^ (1 << bit);
        }
        expectOrderly(attempt(bytes));
      }),
      { numRuns: 800 },
    );
  });

  it('is refused or planned whichever bytes are put in, never anything else', () => {
    fc.assert(
      fc.property(
        fc.nat(samples.length - 1),
        fc.nat(),
        fc.uint8Array({ maxLength: 6 }),
        fc.nat(3),
        (sample, at, put, cut) => {
          const bytes = samples[sample] ?? new Uint8Array();
          const start = at % bytes.length;
          expectOrderly(
            attempt(new Uint8Array([...bytes.subarray(0, start), ...put, ...bytes.subarray(start + cut)])),
          );
        },
      ),
      { numRuns: 800 },
    );
  });

  it('is refused when it is not a component at all', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const result = attempt(bytes);
        expect(result).toBeInstanceOf(HostError);
        expectOrderly(result);
      }),
    );
  });
});
