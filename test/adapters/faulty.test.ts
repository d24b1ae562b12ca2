/** The faulty adapter really breaks in the ways that tests of the host rely on. */

import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { buildAdapters } from '../../adapters/build.ts';
import { builtCore } from '../built-adapters.ts';
import { type GlueCell, loadPackage } from './glue-cell.ts';

const outDir = join(import.meta.dirname, '..', '..', '.build', 'test-adapters');
const sources = ['faulty', 'unstartable'].map((name) => join(import.meta.dirname, name));
const [faulty, unstartable] = await Promise.all(
  (await buildAdapters({ sources, outDir, log: console.log })).map(({ folder }) => loadPackage(folder)),
);
if (!faulty || !unstartable) throw new Error('both adapters are needed');

const bytes = (text: string): Uint8Array => Buffer.from(text, 'utf8');

function call(cell: GlueCell, operation: string, payload = ''): string {
  const answer = cell.invoke(operation, bytes(payload));
  return 'ok' in answer ? Buffer.from(answer.ok).toString('utf8') : `${answer.failure}: ${answer.message}`;
}

/** True when the call traps. */
function crashes(cell: GlueCell, payload: string): boolean {
  try {
    expect(call(cell, 'crash-rate', payload)).toBe(payload);
    return false;
  } catch (error) {
    if (!(error instanceof WebAssembly.RuntimeError)) throw error;
    return true;
  }
}

test('trap is a WebAssembly trap', () => {
  expect(() => call(faulty.create(), 'trap')).toThrow(WebAssembly.RuntimeError);
});

test('recurse overflows the stack, which is not a RuntimeError', () => {
  expect(() => call(faulty.create(), 'recurse')).toThrow(RangeError);
});

test('grow takes all memory up to the limit of the manifest, then traps', () => {
  const cell = faulty.create();
  expect(() => call(cell, 'grow')).toThrow(WebAssembly.RuntimeError);
  expect(cell.memoryBytes()).toBe(16 * 2 ** 20);
});

test('a result larger than the memory limit traps', () => {
  expect(() => call(faulty.create(), 'big-result', '20000000')).toThrow(WebAssembly.RuntimeError);
});

test('a wild result lies outside of the memory', async () => {
  // Seen from the core module: jco's glue reads past the end of a memory without a word.
  const guest = new WebAssembly.Instance(await builtCore('faulty')).exports;
  const run = (name: string, ...args: number[]): number =>
    (guest[name] as (...a: number[]) => number)(...args);
  const memory = guest.memory as WebAssembly.Memory;
  const name = bytes('wild-result');
  const address = run('cabi_realloc', 0, 0, 1, name.length);
  new Uint8Array(memory.buffer).set(name, address);
  const result = run('hotcell:adapter/handler@1.0.0#invoke', address, name.length, 0, 0);
  expect(new DataView(memory.buffer).getUint32(result + 4, true)).toBeGreaterThan(16 * 2 ** 20);
});

test('a poisoned cell fails its health check and still answers; a new cell is well', () => {
  const cell = faulty.create();
  call(cell, 'poison-health');
  expect(cell.health()).toBe('poisoned on request');
  expect(cell.health()).toBe('poisoned on request');
  expect(call(cell, 'count')).toBe('1');
  expect(faulty.create().health()).toBeUndefined();
});

test('state made while the module started outlasts calls that fill and free the arena', () => {
  const cell = faulty.create();
  call(cell, 'remember', 'canary-bytes');
  for (let calls = 1; calls <= 200; calls++) {
    call(cell, 'big-result', String(calls * 1_000));
    expect(call(cell, 'count')).toBe(String(calls));
  }
  expect(call(cell, 'recall')).toBe('canary-bcanary-bytes');
});

test('a new cell recalls nothing of another', () => {
  call(faulty.create(), 'remember', 'secret');
  expect(call(faulty.create(), 'recall')).toBe('\0'.repeat(8));
});

test('crash-rate crashes about as often as asked, each crash ending its cell', () => {
  // With independent draws at 10 %, 10,000 calls have 1,000 crashes with a standard deviation of 30: this allows 5.
  let cell = faulty.create();
  let crashCount = 0;
  for (let seed = 0; seed < 10_000; seed++) {
    if (!crashes(cell, `0.1:${seed}`)) continue;
    crashCount++;
    cell = faulty.create();
  }
  expect(crashCount).toBeGreaterThan(850);
  expect(crashCount).toBeLessThan(1_150);
});

test('two new cells given the same seed end alike, two with a past need not', () => {
  const seeds = Array.from({ length: 64 }, (_, seed) => seed);
  const fresh = seeds.map((seed) => crashes(faulty.create(), `0.5:${seed}`));
  expect(seeds.map((seed) => crashes(faulty.create(), `0.5:${seed}`))).toEqual(fresh);

  const withPast = (past: string) =>
    seeds.map((seed) => {
      const cell = faulty.create();
      call(cell, 'crash-rate', `0:${past}`);
      return crashes(cell, `0.5:${seed}`);
    });
  expect(withPast('1')).not.toEqual(withPast('2'));
  expect(withPast('1')).not.toEqual(fresh);
});

test('with :used the first call of a cell never crashes, and later ones do', () => {
  fc.assert(
    fc.property(fc.nat({ max: 999_999_999 }), (seed) => {
      const cell = faulty.create();
      expect(crashes(cell, `1:${seed}:used`)).toBe(false);
      expect(crashes(cell, `1:${seed}:used`)).toBe(true);
    }),
    { numRuns: 20 },
  );
});

test('no cell of the unstartable adapter can be created, though its component is well-formed', () => {
  expect(() => unstartable.create()).toThrow(WebAssembly.RuntimeError);
});
