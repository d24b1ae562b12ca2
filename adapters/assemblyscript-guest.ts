/**
 * AssemblyScript → core module of an adapter. Compiles an adapter's `guest.ts` behind the kit's canonical-ABI entry.
 *
 * The result imports nothing and exports exactly the names that the world `bytes` asks for.
 */

import { existsSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { compileCoreModule, type OptimizeLevel } from './assemblyscript.ts';
import type { SourceReader } from './inputs.ts';

const REPOSITORY = resolve(import.meta.dirname, '..');
const KIT = join(REPOSITORY, 'adapters', 'kit');
const ENTRY = 'adapters/kit/abi';
const HANDLER = 'hotcell:adapter/handler@1.0.0';

/** Names of the component model for the entry's functions: AssemblyScript has no syntax for such export names. */
const EXPORTS = {
  invoke: [`${HANDLER}#invoke`],
  health: [`${HANDLER}#health`],
  post_return: [`cabi_post_${HANDLER}#invoke`, `cabi_post_${HANDLER}#health`],
} as const;

export interface AssemblyScriptOptions {
  /** Folder that holds `guest.ts`. */
  readonly folder: string;
  /** WebAssembly features to switch on, e.g. `simd`, `relaxed-simd`. */
  readonly features: readonly string[];
  readonly optimizeLevel?: OptimizeLevel | undefined;
  /** The module's own memory limit; undefined leaves the limit to the host. */
  readonly memoryMaxMiB: number | undefined;
  readonly reader: SourceReader;
}

/** Throws an Error with the compiler's output — the source does not compile. */
export async function compileAssemblyScript(options: AssemblyScriptOptions): Promise<Uint8Array> {
  const { folder, features, optimizeLevel, memoryMaxMiB, reader } = options;
  return compileCoreModule({
    entry: ENTRY,
    features,
    optimizeLevel,
    memoryMaxMiB,
    rename: EXPORTS,
    readFile: (path) => readSource(path, folder, reader),
  });
}

/** Answers the compiler's look-ups: the guest behind the entry, the kit behind its package name, the rest from disk. */
async function readSource(path: string, folder: string, reader: SourceReader): Promise<string | null> {
  if (path === join(KIT, 'guest.ts')) {
    return `export * from '${relative(KIT, folder).replaceAll('\\', '/')}/guest';`;
  }
  // `hotcell/kit` is looked for in every node_modules upwards; the first answer is the kit of this repository.
  const isPackage = relative(REPOSITORY, path).includes('node_modules');
  if (isPackage && basename(path) === 'kit.ts' && basename(dirname(path)) === 'hotcell') {
    return reader.read(join(KIT, 'kit.ts'));
  }
  // Packages are looked for in many places where they will never be: those are not worth remembering.
  return isPackage && !existsSync(path) ? null : reader.read(path);
}
