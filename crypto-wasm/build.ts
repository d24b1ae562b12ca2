/**
 * Kernel sources → core modules: `crypto-wasm/<name>/kernel/entry.ts` and what it imports, compiled to one module.
 *
 * A module is kept in `.build/kernels` under the digest of everything it was made of, so a changed source never meets
 * an old module. All sources of a kernel lie in its own folder; anything else is not found by the compiler. Only those
 * who run a kernel outside an adapter (tests, benches) come here: an adapter's guest imports the same sources.
 */

import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { compileCoreModule, type OptimizeLevel } from '../adapters/assemblyscript.ts';
import { digest } from '../adapters/inputs.ts';

const REPOSITORY = resolve(import.meta.dirname, '..');
const KERNELS = join(REPOSITORY, '.build', 'kernels');

/** Node 20 and others without relaxed SIMD take the plain build; the same bytes come out of both. */
export const PLAIN_FEATURES = ['simd'] as const;
export const RELAXED_FEATURES = ['simd', 'relaxed-simd'] as const;

/** A function of one relaxed swizzle of two zero vectors. */
const RELAXED_PROBE = Uint8Array.of(
  ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00], // magic, version 1
  ...[0x01, 0x05, 0x01, 0x60, 0x00, 0x01, 0x7b], // one type: () → v128
  ...[0x03, 0x02, 0x01, 0x00], // one function of it
  ...[0x0a, 0x0f, 0x01, 0x0d, 0x00], // its code, no locals
  ...[0x41, 0x00, 0xfd, 0x0f, 0x41, 0x00, 0xfd, 0x0f, 0xfd, 0x80, 0x02, 0x0b],
);

/** Kernels that are compiled as their adapters are (`build.optimizeLevel`); all others with the most there is. */
export const OPTIMIZE_LEVELS: Readonly<Record<string, OptimizeLevel>> = { copybook: 1 };

/** The fastest build that this engine takes. */
export function bestFeatures(): readonly string[] {
  return WebAssembly.validate(RELAXED_PROBE) ? RELAXED_FEATURES : PLAIN_FEATURES;
}

/**
 * The module's bytes, compiled when they are not there yet (seconds). `probe` is the text of another entry, which lies
 * among the kernel's files as it were: parts of the kernel alone.
 * Throws an Error with the compiler's output — the source does not compile.
 */
export async function buildKernel(
  name: string,
  features: readonly string[],
  probe?: string,
): Promise<Uint8Array> {
  const folder = join(import.meta.dirname, name, 'kernel');
  const sources = await readSources(folder);
  const entry = probe === undefined ? 'entry' : 'probe-of-a-part';
  if (probe !== undefined) sources.set(`${entry}.ts`, probe);
  const optimizeLevel = OPTIMIZE_LEVELS[name];
  const key = digest(
    await compilerIdentity(),
    `${features} ${optimizeLevel}\n`,
    JSON.stringify([...sources]),
  );
  const path = join(KERNELS, `${name}-${key.slice(0, 32)}.wasm`);
  const built = await readIfThere(path);
  if (built !== undefined) return built;
  const bytes = await compileCoreModule({
    entry: relative(REPOSITORY, join(folder, entry)).replaceAll('\\', '/'),
    features,
    optimizeLevel,
    readFile: async (file) => sources.get(relative(folder, file)) ?? null,
  });
  await place(path, bytes);
  return bytes;
}

/** File name → text, in the order of names. */
async function readSources(folder: string): Promise<Map<string, string>> {
  const names = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.ts')).sort();
  const texts = names.map(async (name) => [name, await readFile(join(folder, name), 'utf8')] as const);
  return new Map(await Promise.all(texts));
}

/** Changes whenever the same sources could give another module. */
async function compilerIdentity(): Promise<string> {
  const { dependencies } = JSON.parse(await readFile(join(REPOSITORY, 'package.json'), 'utf8'));
  const door = await readFile(join(REPOSITORY, 'adapters', 'assemblyscript.ts'), 'utf8');
  return `assemblyscript@${dependencies.assemblyscript}\n${door}`;
}

/** Whole or absent, also when two processes build at once. */
async function place(path: string, bytes: Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const fresh = `${path}.${randomUUID()}`;
  await writeFile(fresh, bytes);
  await rename(fresh, path);
}

async function readIfThere(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
