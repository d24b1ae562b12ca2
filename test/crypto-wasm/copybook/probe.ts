/**
 * Parts of the copybook kernel alone: an entry of the test's own, compiled as if it lay among the kernel's files.
 *
 * The entry exists only as text here. A build is compiled once (two to five seconds) and kept with the kernels, as long as
 * neither the text nor the kernel changes.
 */

import { buildKernel, PLAIN_FEATURES, RELAXED_FEATURES } from '../../../crypto-wasm/build.ts';

/** Both builds of `source`, an AssemblyScript file that imports `./edited` and the like. */
export async function compileProbes(
  source: string,
): Promise<readonly { readonly name: string; readonly module: WebAssembly.Module }[]> {
  const builds = [
    { name: 'plain SIMD', features: PLAIN_FEATURES },
    { name: 'relaxed SIMD', features: RELAXED_FEATURES },
  ];
  return Promise.all(
    builds.map(async ({ name, features }) => {
      const bytes = await buildKernel('copybook', features, source);
      return { name, module: new WebAssembly.Module(bytes.slice()) };
    }),
  );
}
