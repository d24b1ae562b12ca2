/** Kernels as they are built: two modules of one source, importing nothing, and kept by what they were made of. */

import { describe, expect, test } from 'vitest';
import { bestFeatures, buildKernel, PLAIN_FEATURES, RELAXED_FEATURES } from '../../crypto-wasm/build.ts';

/** `i8x16.relaxed_swizzle` and `i8x16.swizzle` in the binary format. */
const RELAXED_SWIZZLE = Uint8Array.of(0xfd, 0x80, 0x02);
const SWIZZLE = Uint8Array.of(0xfd, 0x0e);

describe.each([
  ['relaxed', RELAXED_FEATURES],
  ['plain', PLAIN_FEATURES],
] as const)('the %s build of the cipher kernel', (name, features) => {
  test('imports nothing and exports its memory', async () => {
    const module = new WebAssembly.Module((await buildKernel('cipher', features)) as Uint8Array<ArrayBuffer>);
    expect(WebAssembly.Module.imports(module)).toEqual([]);
    expect(WebAssembly.Module.exports(module)).toContainEqual({ name: 'memory', kind: 'memory' });
  });

  test(`${name === 'relaxed' ? 'uses' : 'has no'} relaxed instructions`, async () => {
    const bytes = Buffer.from(await buildKernel('cipher', features));
    expect(bytes.includes(RELAXED_SWIZZLE)).toBe(name === 'relaxed');
    expect(bytes.includes(SWIZZLE)).toBe(name === 'plain');
  });

  test('is the same each time', async () => {
    const [first, second] = await Promise.all([
      buildKernel('cipher', features),
      buildKernel('cipher', features),
    ]);
    expect(Buffer.compare(first, second)).toBe(0);
  });
});

test('this engine takes the relaxed build', () => {
  expect(bestFeatures()).toEqual(RELAXED_FEATURES);
});

test('a kernel that does not exist is an error', async () => {
  await expect(buildKernel('no-such-kernel', PLAIN_FEATURES)).rejects.toThrow(/no-such-kernel/);
});
