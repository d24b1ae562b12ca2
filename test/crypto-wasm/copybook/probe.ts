/**
 * Parts of the copybook kernel alone: an entry of the test's own, compiled as if it lay among the kernel's files.
 *
 * The entry exists only as text here. Every build is compiled afresh (two to five seconds); tests share one each.
 */

import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { compileCoreModule } from '../../../adapters/assemblyscript.ts';
import { OPTIMIZE_LEVELS, PLAIN_FEATURES, RELAXED_FEATURES } from '../../../crypto-wasm/build.ts';

const KERNEL = 'crypto-wasm/copybook/kernel';
const REPOSITORY = resolve(import.meta.dirname, '..', '..', '..');

/** Both builds of `source`, an AssemblyScript file that imports `./edited` and the like. */
export async function compileProbes(
  source: string,
): Promise<readonly { readonly name: string; readonly module: WebAssembly.Module }[]> {
  const builds = [
    { name: 'plain SIMD', features: PLAIN_FEATURES },
    { name: 'relaxed SIMD', features: RELAXED_FEATURES },
  ];
  const entry = `${KERNEL}/probe-of-a-test`;
  return Promise.all(
    builds.map(async ({ name, features }) => {
      const bytes = await compileCoreModule({
        entry,
        features,
        optimizeLevel: OPTIMIZE_LEVELS.copybook,
        readFile: async (path) => (path === resolve(REPOSITORY, `${entry}.ts`) ? source : readIfThere(path)),
      });
      return { name, module: new WebAssembly.Module(bytes.slice()) };
    }),
  );
}

async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
