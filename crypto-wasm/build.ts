/**
 * Kernel sources → core modules, cached by content in `.build/kernels`.
 *
 * A kernel is a library that adapters import; on its own it is compiled for tests, benches and the doors beside it.
 * The cache's name is the digest of everything the result depends on: all kernel sources, features, compiler, this
 * build. What is not in the cache is built in a few seconds; nothing is ever half written.
 */

import { randomUUID } from 'node:crypto';
import { glob, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { compileModule } from '../adapters/assemblyscript-guest.ts';
import { createSourceReader, digest } from '../adapters/inputs.ts';

const REPOSITORY = resolve(import.meta.dirname, '..');
const CACHE = join(REPOSITORY, '.build', 'kernels');
const BUILDERS = ['crypto-wasm/build.ts', 'adapters/assemblyscript-guest.ts', 'package.json'];

/** The two builds of every kernel. Engines without relaxed SIMD refuse the second with a CompileError. */
export const PLAIN_FEATURES = ['simd'] as const;
export const RELAXED_FEATURES = ['simd', 'relaxed-simd'] as const;

/**
 * Compiles `<name>/kernel/entry.ts`, or finds it compiled; the bytes are the caller's.
 * Throws an Error with the compiler's output — the source does not compile.
 */
export async function buildKernel(
  name: string,
  features: readonly string[],
): Promise<Uint8Array<ArrayBuffer>> {
  const entry = `crypto-wasm/${name}/kernel/entry.ts`;
  const path = join(CACHE, `${await digestOfSources(entry, features)}.wasm`);
  try {
    return await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const reader = createSourceReader(REPOSITORY);
  const bytes = await compileModule({
    entry,
    features,
    args: [],
    readSource: async (name) => (name === 'asconfig.json' ? null : reader.read(resolve(REPOSITORY, name))),
    transforms: [],
  });
  await mkdir(dirname(path), { recursive: true });
  const fresh = `${path}.${randomUUID()}`;
  await writeFile(fresh, bytes);
  await rename(fresh, path);
  return readFile(path);
}

/** Kernels import only kernels: their sources are all that a module is made of. */
async function digestOfSources(entry: string, features: readonly string[]): Promise<string> {
  const sources = await Array.fromAsync(glob('crypto-wasm/*/kernel/*.ts', { cwd: REPOSITORY }));
  const parts: string[] = [entry, ...features];
  for (const name of [...sources.sort(), ...BUILDERS]) {
    parts.push(`\n${name}\n`, await readFile(join(REPOSITORY, name), 'utf8'));
  }
  return digest(...parts);
}
