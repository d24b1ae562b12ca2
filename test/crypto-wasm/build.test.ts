/** A kernel's module stands alone, is kept, and is built again when a source says something else. */

import { describe, expect, test } from 'vitest';
import { buildKernel, PLAIN_FEATURES, RELAXED_FEATURES } from '../../crypto-wasm/build.ts';

describe.each(['hash'])('the kernel %s', (name) => {
  test('imports nothing, in both builds', async () => {
    for (const features of [PLAIN_FEATURES, RELAXED_FEATURES]) {
      const module = new WebAssembly.Module(await buildKernel(name, features));
      expect(WebAssembly.Module.imports(module)).toEqual([]);
    }
  });

  test('is the same when it is asked for again, and another one with other features', async () => {
    const [first, second] = await Promise.all([
      buildKernel(name, PLAIN_FEATURES),
      buildKernel(name, PLAIN_FEATURES),
    ]);
    expect(Buffer.compare(first, second)).toBe(0);
    expect(Buffer.compare(first, await buildKernel(name, RELAXED_FEATURES))).not.toBe(0);
  });
});

test('a kernel that is not there does not build, and the compiler says so', async () => {
  await expect(buildKernel('nothing', PLAIN_FEATURES)).rejects.toThrow(/nothing\/kernel\/entry/);
});
