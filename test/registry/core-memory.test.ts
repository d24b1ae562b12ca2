import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { initialMemoryPages } from '../../host/registry/core-memory.ts';

describe('the initial memory of a core module', () => {
  it.each([
    ['(module)', 0],
    ['(module (memory 0))', 0],
    ['(module (memory 1))', 1],
    ['(module (memory 127 128))', 127],
    ['(module (memory 65536))', 65_536],
    ['(module (memory 300) (memory 5 9) (memory 0))', 305],
    ['(module (memory i64 7))', 7],
    ['(module (import "a" "b" (memory 50)))', 0],
    ['(module (func) (memory 3) (export "m" (memory 0)) (data (i32.const 0) "x"))', 3],
  ])('of %s is %i pages', async (text, pages) => {
    expect(initialMemoryPages(await parse(text))).toBe(pages);
  });

  it('is unknown for a cut module, and never read outside of the bytes', async () => {
    const whole = await parse('(module (memory 300 400))');
    expect(initialMemoryPages(whole.subarray(0, whole.length - 1))).toBeUndefined();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        const pages = initialMemoryPages(bytes);
        expect(pages === undefined || pages >= 0).toBe(true);
      }),
    );
  });
});
