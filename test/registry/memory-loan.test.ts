import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { describe, expect, it } from 'vitest';
import { LENT_IMPORT } from '../../host/executor/memory-shelf.ts';
import { meterModule } from '../../host/registry/harden.ts';
import { capMemories } from '../../host/registry/memory-cap.ts';
import { type Loan, lendMemory } from '../../host/registry/memory-loan.ts';

const PAGES_MAX = 64;
const PAGE_BYTES = 65_536;

/** As the registry does it: metered, capped, then lent. */
async function lend(text: string): Promise<Loan | undefined> {
  return lendMemory(capMemories(meterModule(await parse(text)), PAGES_MAX));
}

function start({ module, memory }: Loan, imports: WebAssembly.Imports = {}) {
  const given = new WebAssembly.Memory({ initial: memory.initialPages, maximum: memory.maximumPages });
  const all = { ...imports, [LENT_IMPORT]: { 0: given } };
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(Uint8Array.from(module)), all);
  // What the executor fills before it enters.
  (exports['hotcell:fuel'] as WebAssembly.Global).value = 1_000_000;
  return { exports: exports as Record<string, (...values: number[]) => number>, given };
}

describe('a module whose memory is given to it', () => {
  it('has the bytes of its data in it, exports it, and grows to the same limit', async () => {
    const loan = await lend(`(module
      (memory (export "m") 2)
      (data (i32.const 70000) "hot")
      (func (export "at") (param i32) (result i32) (i32.load8_u (local.get 0)))
      (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))`);
    expect(loan?.memory).toEqual({ initialPages: 2, maximumPages: PAGES_MAX });
    const { exports, given } = start(loan as Loan);
    expect(exports.m).toBe(given);
    expect(exports.at?.(70_001)).toBe('o'.charCodeAt(0));
    expect([exports.grow?.(PAGES_MAX - 2), exports.grow?.(1)]).toEqual([2, -1]);
    expect(given.buffer.byteLength).toBe(PAGES_MAX * PAGE_BYTES);
  });

  it('keeps its other imports in their order, before types, functions, tables and its start', async () => {
    const loan = await lend(`(module
      (import "env" "first" (func $first (param i32) (result i32)))
      (import "env" "second" (global $second i32))
      (memory 1)
      (table 1 funcref) (elem (i32.const 0) $third)
      (global $seen (mut i32) (i32.const 0))
      (func $third (result i32) (call $first (global.get $second)))
      (func $start (global.set $seen (call_indirect (result i32) (i32.const 0))))
      (start $start)
      (func (export "seen") (result i32) (global.get $seen)))`);
    const env = { first: (value: number) => value + 1, second: 41 };
    const { exports } = start(loan as Loan, { env });
    // A metered module is started by the host.
    (exports['hotcell:start'] as () => void)();
    expect(exports.seen?.()).toBe(42);
  });

  it.each([
    ['makes no memory', '(module (func (export "f")))'],
    ['makes two', '(module (memory 1) (memory 1))'],
    ['has one of another module beside its own', '(module (import "a" "m" (memory 1)) (memory 1))'],
    ['takes that of another module', '(module (import "a" "m" (memory 1)))'],
    ['begins with more than a mebibyte', '(module (memory 17))'],
  ])('is not one that %s', async (_what, text) => {
    expect(await lend(text)).toBeUndefined();
  });

  it.each([
    ['a 64-bit memory', '(module (memory i64 1 2))'],
    ['a shared one', '(module (memory 1 2 shared))'],
    ['one without a maximum', '(module (memory 1))'],
  ])('is not one with %s, should such a module ever come here', async (_what, text) => {
    expect(lendMemory(await parse(text))).toBeUndefined();
  });
});
