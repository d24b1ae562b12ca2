/**
 * AssemblyScript → core module of an adapter. Compiles an adapter's `guest.ts` behind one of the kit's canonical-ABI entries.
 *
 * The result imports nothing. In the world `bytes` it exports exactly the names that this asks for. In any other world the functions
 * that the guest exports are those of the world, `wordCount` for `word-count`: their arguments and results are the guest's own
 * affair, by `hotcell/typed`, and the wrapping of the module compares them with the world.
 */

import { existsSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { compileCoreModule, type OptimizeLevel } from './assemblyscript.ts';
import { type CoreExport, renameExports } from './export-names.ts';
import type { SourceReader } from './inputs.ts';

const REPOSITORY = resolve(import.meta.dirname, '..');
const KIT = join(REPOSITORY, 'adapters', 'kit');
const ENTRY = 'adapters/kit/abi';
const TYPED_ENTRY = 'adapters/kit/typed-abi';
/** What guests import as `hotcell/…`. */
const KIT_FILES = ['kit.ts', 'typed.ts'];
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
  /** Default: `bytes`. */
  readonly world?: string;
  /** WebAssembly features to switch on, e.g. `simd`, `relaxed-simd`. */
  readonly features: readonly string[];
  readonly optimizeLevel?: OptimizeLevel | undefined;
  /** The module's own memory limit; undefined leaves the limit to the host. */
  readonly memoryMaxMiB: number | undefined;
  readonly reader: SourceReader;
}

/** Throws an Error with the compiler's output — the source does not compile. */
export async function compileAssemblyScript(options: AssemblyScriptOptions): Promise<Uint8Array> {
  const { folder, world = 'bytes', features, optimizeLevel, memoryMaxMiB, reader } = options;
  const readFile = (path: string): Promise<string | null> => readSource(path, folder, reader);
  const settings = { features, optimizeLevel, memoryMaxMiB, readFile };
  if (world === 'bytes') return compileCoreModule({ ...settings, entry: ENTRY, rename: EXPORTS });
  return renameExports(await compileCoreModule({ ...settings, entry: TYPED_ENTRY }), typedNames);
}

/** Functions of the entry that are not the guest's. */
const ALLOCATOR = 'cabi_realloc';
const POST_RETURN = 'post_return';

/** Each function of the guest by the name of WIT, and the clean-up behind each of them. */
function typedNames(
  one: CoreExport,
  all: readonly CoreExport[],
): readonly { readonly name: string; readonly of: CoreExport }[] {
  if (!one.isFunction || one.name === ALLOCATOR) return [{ name: one.name, of: one }];
  const isGuests = ({ name, isFunction }: CoreExport): boolean =>
    isFunction && name !== ALLOCATOR && name !== POST_RETURN;
  if (isGuests(one)) return [{ name: kebab(one.name), of: one }];
  return all.filter(isGuests).map(({ name }) => ({ name: `cabi_post_${kebab(name)}`, of: one }));
}

const kebab = (name: string): string =>
  name.replace(/(?<=[a-z0-9])[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** Answers the compiler's look-ups: the guest behind the entry, the kit behind its package name, the rest from disk. */
async function readSource(path: string, folder: string, reader: SourceReader): Promise<string | null> {
  if (path === join(KIT, 'guest.ts')) {
    return `export * from '${relative(KIT, folder).replaceAll('\\', '/')}/guest';`;
  }
  // `hotcell/kit` is looked for in every node_modules upwards; the first answer is the kit of this repository.
  const isPackage = relative(REPOSITORY, path).includes('node_modules');
  if (isPackage && KIT_FILES.includes(basename(path)) && basename(dirname(path)) === 'hotcell') {
    return reader.read(join(KIT, basename(path)));
  }
  // Packages are looked for in many places where they will never be: those are not worth remembering.
  return isPackage && !existsSync(path) ? null : reader.read(path);
}
