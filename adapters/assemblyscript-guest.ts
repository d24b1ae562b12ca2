/**
 * AssemblyScript → core module of an adapter. Compiles an adapter's `guest.ts` behind the kit's canonical-ABI entry.
 *
 * The result imports nothing and exports exactly the names that the world `bytes` asks for.
 */

import { existsSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { compileCoreModule } from './assemblyscript.ts';
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
  /** The module's own memory limit; undefined leaves the limit to the host. */
  readonly memoryMaxMiB: number | undefined;
  readonly reader: SourceReader;
}

/** Throws an Error with the compiler's output — the source does not compile. */
export async function compileAssemblyScript(options: AssemblyScriptOptions): Promise<Uint8Array> {
  const { folder, features, memoryMaxMiB, reader } = options;
<<<<<<< HEAD
  return compileCoreModule({
    entry: ENTRY,
    features,
    memoryMaxMiB,
    rename: EXPORTS,
    readFile: (path) => readSource(path, folder, reader),
  });
=======
  return compileModule({
    entry: `${ENTRY}.ts`,
    features,
    // The bump allocator the kit's arena stands on is the stub runtime, which every module here gets.
    args: memoryMaxMiB === undefined ? [] : ['--maximumMemory', String(memoryMaxMiB * PAGES_PER_MIB)],
    readSource: (name) => readSource(name, folder, reader),
    transforms: [renameExports],
  });
}

export interface ModuleOptions {
  /** The entry's path from the repository's root. */
  readonly entry: string;
  /** WebAssembly features to switch on, e.g. `simd`, `relaxed-simd`. */
  readonly features: readonly string[];
  readonly args: readonly string[];
  /** The text of a file the compiler asks for, by its path from the root, or null when there is none. */
  readonly readSource: (name: string) => Promise<string | null>;
  readonly transforms: readonly { afterCompile(module: BinaryenModule): void }[];
}

/**
 * Compiles one entry to a core module that imports nothing: an abort becomes `unreachable`.
 * Throws an Error with the compiler's output — the source does not compile.
 */
export async function compileModule(options: ModuleOptions): Promise<Uint8Array> {
  const { entry, features, args, readSource, transforms } = options;
  const asc: Compiler = await import(import.meta.resolve('assemblyscript/asc'));
  const output: string[] = [];
  const write = (chunk: string | Uint8Array): void => {
    output.push(typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString());
  };
  let bytes: Uint8Array | undefined;
  const result = await asc.main(
    [
      entry,
      ...['--baseDir', REPOSITORY, '--outFile', 'guest.wasm', '--noColors'],
      ...['--runtime', 'stub', '--use', 'abort=', '-O3'],
      ...features.flatMap((feature) => ['--enable', feature]),
      ...args,
    ],
    {
      stdout: { write },
      stderr: { write },
      readFile: readSource,
      writeFile: (_name, contents) => {
        if (typeof contents !== 'string') bytes = contents;
      },
      listFiles: () => [],
      transforms,
    },
  );
  if (result.error || bytes === undefined) {
    throw new Error(output.join('').trim() || 'the compiler wrote nothing', { cause: result.error });
  }
  return bytes;
>>>>>>> khash
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
