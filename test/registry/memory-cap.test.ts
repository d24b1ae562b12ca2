import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TABLE_ENTRIES_MAX } from '../../host/registry/limits.ts';
import { capMemories } from '../../host/registry/memory-cap.ts';

const PAGE_BYTES = 65_536;

/** How far the exported memory `m` lets itself be grown, in pages. */
function reach(module: Uint8Array, imports?: WebAssembly.Imports): number {
  const memory = new WebAssembly.Instance(new WebAssembly.Module(module), imports).exports
    .m as WebAssembly.Memory;
  for (;;) {
    try {
      memory.grow(1);
    } catch {
      return memory.buffer.byteLength / PAGE_BYTES;
    }
  }
}

describe('a capped memory', () => {
  it.each([
    ['without a maximum', '(memory (export "m") 1)', 10],
    ['with a larger one', '(memory (export "m") 1 1000)', 10],
    ['with a smaller one', '(memory (export "m") 1 4)', 4],
    ['that begins at the limit', '(memory (export "m") 10)', 10],
    ['of no pages', '(memory (export "m") 0)', 10],
  ])('%s grows to the limit and no further', async (_what, memory, pages) => {
    expect(reach(capMemories(await parse(`(module ${memory})`), 10))).toBe(pages);
  });

  it('is each of several, and numbers of more than one byte survive', async () => {
    const text = '(module (memory 1) (memory 2 60000) (memory (export "m") 130 300))';
    expect(reach(capMemories(await parse(text), 200))).toBe(200);
  });

  it('still fits a module that imports it with a larger maximum', async () => {
    const owner = new WebAssembly.Instance(
      new WebAssembly.Module(capMemories(await parse('(module (memory (export "m") 1 500))'), 3)),
    );
    const user = capMemories(
      await parse('(module (import "a" "m" (memory 1 500)) (export "m" (memory 0)))'),
      3,
    );
    expect(reach(user, { a: { m: owner.exports.m as WebAssembly.Memory } })).toBe(3);
  });

  it('leaves code and data as they were', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ minLength: 1, maxLength: 300 }),
        fc.integer({ min: 1, max: 70_000 }),
        async (data, limit) => {
          const text = [...data].map((byte) => `\\${byte.toString(16).padStart(2, '0')}`).join('');
          const module = await parse(
            `(module (memory (export "m") 1) (data (i32.const 7) "${text}") (func (export "f") (result i32) i32.const ${limit}))`,
          );
          const { f, m } = new WebAssembly.Instance(new WebAssembly.Module(capMemories(module, limit)))
            .exports;
          expect((f as () => number)()).toBe(limit);
          expect(new Uint8Array((m as WebAssembly.Memory).buffer, 7, data.length)).toEqual(data);
        },
      ),
      { numRuns: 50 },
    );
  });

  it('comes with capped tables, which a guest could otherwise grow to ten million entries', async () => {
    const text =
      '(module (table 1 funcref) (table (export "t") 3 externref) (memory (export "m") 1) (table 2 9 funcref))';
    const capped = capMemories(await parse(text), 2);
    const { t } = new WebAssembly.Instance(new WebAssembly.Module(capped)).exports;
    const table = t as unknown as { length: number; grow(by: number): number };
    table.grow(TABLE_ENTRIES_MAX - 3);
    expect(() => table.grow(1)).toThrow(RangeError);
    expect(table.length).toBe(TABLE_ENTRIES_MAX);
    expect(reach(capped)).toBe(2);
  });

  it('is not added to a module that has none', async () => {
    const module = await parse('(module (func (export "f")))');
    expect(capMemories(module, 1)).toBe(module);
  });
});
