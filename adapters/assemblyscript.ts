/**
 * The door of the `assemblyscript` package: source files → one core module. What is compiled, and from where its
 * sources are read, is the caller's: `assemblyscript-guest.ts` for adapters, `crypto-wasm/build.ts` for kernels.
 *
 * The result imports nothing (an abort is a plain trap). The package is loaded only when something is compiled: loading
 * it takes longer than compiling an adapter.
 */

import { resolve } from 'node:path';

const REPOSITORY = resolve(import.meta.dirname, '..');
const PAGES_PER_MIB = 16;

/**
 * What is used of the compiler. Its own types are not imported: they come with declarations of a guest's globals
 * (`console`, `i32`, …), which would then hold in every file of this repository.
 */
interface Compiler {
  main(
    args: readonly string[],
    host: {
      readonly stdout: { write(chunk: string | Uint8Array): void };
      readonly stderr: { write(chunk: string | Uint8Array): void };
      readonly readFile: (name: string, baseDir: string) => Promise<string | null>;
      readonly writeFile: (name: string, contents: string | Uint8Array, baseDir: string) => void;
      readonly listFiles: (folder: string, baseDir: string) => readonly string[];
      readonly transforms: readonly { afterCompile(module: BinaryenModule): void }[];
    },
  ): Promise<{ readonly error: Error | null }>;
}

interface BinaryenModule {
  removeExport(name: string): void;
  addFunctionExport(internalName: string, exportName: string): void;
}

/**
 * Engines optimise once more. For the copybook kernel 1 gives a module that is as fast as that of 3, in 10 s instead of
 * 29 (of which 6 and 26 are the optimiser's) and a seventh smaller.
 */
export type OptimizeLevel = 1 | 2 | 3;

export interface CompileOptions {
  /** Path of the entry file from the repository's root, without its extension. */
  readonly entry: string;
  /** WebAssembly features to switch on, e.g. `simd`, `relaxed-simd`. */
  readonly features: readonly string[];
  /** How far the compiler's own optimiser goes; 3 when left out. */
  readonly optimizeLevel?: OptimizeLevel | undefined;
  /** The module's own memory limit; undefined leaves the limit to the host. */
  readonly memoryMaxMiB?: number | undefined;
  /** Name of an exported function → the names it is exported by instead. */
  readonly rename?: Readonly<Record<string, readonly string[]>>;
  /** The text of a file by its absolute path, or null. Asked for files that may not be there. */
  readonly readFile: (path: string) => Promise<string | null>;
}

/** Throws an Error with the compiler's output — the source does not compile. */
export async function compileCoreModule(options: CompileOptions): Promise<Uint8Array> {
  const { entry, features, optimizeLevel = 3, memoryMaxMiB, rename = {}, readFile } = options;
  const asc: Compiler = await import(import.meta.resolve('assemblyscript/asc'));
  const output: string[] = [];
  const write = (chunk: string | Uint8Array): void => {
    output.push(typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString());
  };
  let bytes: Uint8Array | undefined;
  const result = await asc.main(
    [
      `${entry}.ts`,
      ...['--baseDir', REPOSITORY, '--outFile', 'module.wasm', '--noColors'],
      // A bump allocator where the source allocates, and no import: an abort becomes `unreachable`.
      ...['--runtime', 'stub', '--use', 'abort=', `-O${optimizeLevel}`],
      ...features.flatMap((feature) => ['--enable', feature]),
      ...(memoryMaxMiB === undefined ? [] : ['--maximumMemory', String(memoryMaxMiB * PAGES_PER_MIB)]),
    ],
    {
      stdout: { write },
      stderr: { write },
      readFile: async (name) => (name === 'asconfig.json' ? null : readFile(resolve(REPOSITORY, name))),
      writeFile: (_name, contents) => {
        if (typeof contents !== 'string') bytes = contents;
      },
      listFiles: () => [],
      transforms: [{ afterCompile: (module) => renameExports(module, entry, rename) }],
    },
  );
  if (result.error || bytes === undefined) {
    throw new Error(output.join('').trim() || 'the compiler wrote nothing', { cause: result.error });
  }
  return bytes;
}

function renameExports(
  module: BinaryenModule,
  entry: string,
  rename: Readonly<Record<string, readonly string[]>>,
): void {
  for (const [name, exportNames] of Object.entries(rename)) {
    module.removeExport(name);
    for (const exportName of exportNames) module.addFunctionExport(`${entry}/${name}`, exportName);
  }
}
