/**
 * Adapter sources → packages. Each folder with an `adapter.json` and a guest becomes `<outDir>/<name>/` with the built
 * manifest and `component.wasm`, which is what a host loads.
 *
 * Only what is stale is built. A package is complete or absent, never half written, also when two builds run at once.
 * Run as a script it builds the folders it is given, or every adapter beside this file, into `.build/adapters`. The
 * compilers stay in memory once they were needed: a process that goes on to serve should not build. What a manifest may
 * say is judged by the host, not here.
 */

import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type Build, compileGuest, LANGUAGES } from './compile.ts';
import { withExamples } from './examples.ts';
import { createSourceReader, digest, type Inputs, isFresh, type SourceReader } from './inputs.ts';
import { wideIntegers } from './javascript-guest.ts';
import { CONTRACTS, worldText } from './world.ts';

const ADAPTERS = import.meta.dirname;
const REPOSITORY = resolve(ADAPTERS, '..');
const TOOLS = ['@bytecodealliance/jco-transpile', 'assemblyscript', 'componentize-qjs'];

export interface BuildOptions {
  /** Adapter folders. */
  readonly sources: readonly string[];
  /** Gets one folder per adapter. */
  readonly outDir: string;
  /** Takes one line per adapter that was built. */
  readonly log: (line: string) => void;
}

export interface BuiltAdapter {
  readonly name: string;
  /** The package: `adapter.json` and `component.wasm`. */
  readonly folder: string;
  /** False when the package was up to date. */
  readonly built: boolean;
  readonly buildMs: number;
  /** What will work otherwise than its author may think; said again at each build. */
  readonly warnings: readonly string[];
}

/** `adapter.json` as its author writes it. All keys but `build` go into the package as they are, with examples beside `operations`. */
interface SourceManifest {
  readonly name: string;
  readonly world: string;
  readonly operations?: Readonly<Record<string, object>>;
  readonly limits?: { readonly memoryMaxMiB?: number };
  readonly build: Build;
}

interface Source {
  readonly folder: string;
  readonly manifest: SourceManifest;
  readonly reader: SourceReader;
}

/** The adapter folders in a folder: those with an `adapter.json`, by name. */
export async function discoverAdapters(folder: string): Promise<string[]> {
  const names = (await readdir(folder)).sort();
  return names.map((name) => join(folder, name)).filter((path) => existsSync(join(path, 'adapter.json')));
}

/**
 * Builds what is stale; the result has the order of `sources`.
 * Throws an Error that lists every adapter which could not be built, each with its compiler's output. The others are
 * built.
 */
export async function buildAdapters(options: BuildOptions): Promise<BuiltAdapter[]> {
  const sources = await Promise.all(options.sources.map((folder) => readManifest(resolve(folder))));
  const names = sources.map(({ manifest }) => manifest.name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new Error(`two of the folders hold an adapter named "${twice}"`);

  const builder = await builderDigest();
  let lastCompiled: Promise<unknown> = Promise.resolve();
  const results = await Promise.allSettled(
    sources.map((source) => {
      // QuickJS is bundled on threads of its own; the AssemblyScript compiler holds this one, so it gets one by one.
      if (source.manifest.build.language !== 'as') return buildOne(source, builder, options);
      const job = lastCompiled.then(() => buildOne(source, builder, options));
      lastCompiled = job.catch(() => 'reported below');
      return job;
    }),
  );
  const failed = results.flatMap((result, index) =>
    result.status === 'rejected' ? [{ name: names[index], reason: result.reason as Error }] : [],
  );
  if (failed.length > 0) {
    const text = failed.map(({ name, reason }) => `adapter ${name} does not build:\n${reason.message}`);
    throw new AggregateError(
      failed.map(({ reason }) => reason),
      text.join('\n\n'),
    );
  }
  return results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
}

async function buildOne(source: Source, builder: string, options: BuildOptions): Promise<BuiltAdapter> {
  const { name } = source.manifest;
  const folder = join(options.outDir, name);
  const startedMs = performance.now();
  const warnings = await warningsOf(source);
  if (await isFresh(folder, source.folder, builder)) {
    return { name, folder, built: false, buildMs: 0, warnings };
  }
  const wit = await worldText(source.folder, source.manifest.world, source.reader);
  const component = await compileGuest({ ...source, ...source.manifest, wit: wit.resolved });
  const sha256 = digest(component);
  const cases = await source.reader.read(join(source.folder, 'cases.json'));
  const inputs: Inputs = { builder, files: source.reader.files(), component: sha256 };
  await placePackage(folder, {
    'component.wasm': component,
    'adapter.json': json(packagedManifest(source.manifest, sha256, { wit: wit.authored, cases })),
    'inputs.json': json(inputs),
  });
  const buildMs = performance.now() - startedMs;
  options.log(`building adapter ${name} … ${(buildMs / 1000).toFixed(1)} s`);
  for (const warning of warnings) options.log(`adapter ${name}: ${warning}`);
  return { name, folder, built: true, buildMs, warnings };
}

async function warningsOf({ folder, manifest, reader }: Source): Promise<readonly string[]> {
  if (manifest.build.language !== 'js' && manifest.build.language !== 'ts') return [];
  return wideIntegers((await reader.read(join(folder, 'world.wit'))) ?? '');
}

/** Only what the build itself needs is checked: a name that can be a folder, a language that it knows. */
async function readManifest(folder: string): Promise<Source> {
  const path = join(folder, 'adapter.json');
  const reader = createSourceReader(folder);
  const text = await reader.read(path);
  if (text === null) throw new Error(`there is no ${path}`);
  let manifest: Partial<SourceManifest> | null;
  try {
    manifest = JSON.parse(text);
  } catch (error) {
    throw new Error(`${path} is not JSON: ${(error as Error).message}`, { cause: error });
  }
  const { name, world, build } = manifest ?? {};
  if (typeof name !== 'string' || !/^[a-z][a-z0-9-]{0,63}$/.test(name)) {
    throw new Error(
      `${path}: "name" must be lower-case letters, digits and hyphens, at most 64, a letter first`,
    );
  }
  if (typeof world !== 'string') throw new Error(`${path}: "world" is missing`);
  if (!Object.hasOwn(LANGUAGES, build?.language ?? '')) {
    const known = Object.entries(LANGUAGES).map(([key, { title }]) => `"${key}" (${title})`);
    throw new Error(`${path}: "build.language" must be one of ${known.join(', ')}`);
  }
  return { folder, manifest: manifest as SourceManifest, reader };
}

/** `build` goes; `component` and `sha256` come, the text of the world they implement, where it is the author's, and examples. */
function packagedManifest(
  manifest: SourceManifest,
  sha256: string,
  { wit, cases }: { readonly wit: string | undefined; readonly cases: string | null },
): object {
  const { build: _build, name, operations, ...rest } = manifest;
  const described = operations && { operations: withExamples(operations, cases) };
  const authored = wit === undefined ? {} : { wit };
  return { name, component: 'component.wasm', sha256, ...rest, ...described, ...authored };
}

/** Changes whenever the same sources could give another package. */
async function builderDigest(): Promise<string> {
  const { dependencies } = JSON.parse(await readFile(join(REPOSITORY, 'package.json'), 'utf8'));
  const parts = TOOLS.map((tool) => `${tool}@${dependencies[tool]}\n`);
  for (const file of (await readdir(ADAPTERS)).sort()) {
    if (/\.[jt]s$/.test(file)) parts.push(await readFile(join(ADAPTERS, file), 'utf8'));
  }
  for (const path of CONTRACTS) parts.push(await readFile(path, 'utf8'));
  return digest(...parts);
}

/** Puts a package in the place of an older one. Readers see the old one, for a moment none, then the new one. */
async function placePackage(folder: string, files: Record<string, Uint8Array | string>): Promise<void> {
  // A leading dot: no host takes such a folder for a package, should this process be killed.
  const fresh = join(dirname(folder), `.new-${randomUUID()}`);
  const stale = join(dirname(folder), `.old-${randomUUID()}`);
  await mkdir(fresh, { recursive: true });
  try {
    for (const [name, content] of Object.entries(files)) await writeFile(join(fresh, name), content);
    for (let placed = false; !placed; ) {
      await rename(folder, stale).catch(unless('ENOENT'));
      // A build that runs beside this one may have put its package there: then that is the older one now.
      placed = await rename(fresh, folder).then(() => true, unless('ENOTEMPTY', 'EEXIST'));
      await rm(stale, { recursive: true, force: true });
    }
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
}

/** Handles these errors by answering false, and throws all others. */
function unless(...codes: readonly string[]): (error: NodeJS.ErrnoException) => false {
  return (error) => {
    if (codes.includes(error.code ?? '')) return false;
    throw error;
  };
}

function json(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

const USAGE = `npm run build -- [--out <directory>] [<folder of an adapter> …]

Without folders it builds the adapters of this repository, without --out into .build/adapters, which the host serves.`;

function readCommandLine() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        help: { type: 'boolean', default: false },
        verbose: { type: 'boolean', default: false },
        out: { type: 'string', default: join(REPOSITORY, '.build', 'adapters') },
      },
    });
  } catch (error) {
    throw new Error(`${(error as Error).message}\n\n${USAGE}`, { cause: error });
  }
}

async function main(): Promise<void> {
  try {
    const { values, positionals } = readCommandLine();
    if (values.help) {
      console.log(USAGE);
      return;
    }
    const built = await buildAdapters({
      sources: positionals.length > 0 ? positionals : await discoverAdapters(ADAPTERS),
      outDir: resolve(values.out),
      log: console.log,
    });
    for (const adapter of built) {
      if (values.verbose && !adapter.built) console.log(`adapter ${adapter.name} is up to date`);
    }
    if (values.verbose) console.log(`packages are in ${relative(process.cwd(), values.out) || '.'}`);
  } catch (error) {
    console.error((error as Error).message);
    process.exitCode = 1;
  }
}

if (import.meta.main) await main();
