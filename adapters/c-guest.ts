/**
 * C → core module of an adapter: `guest.c` by a clang that knows wasm32, without a C library.
 *
 * The source exports the names of the Canonical ABI itself, with `__attribute__((export_name("…")))`. The compiler is the program
 * that `HOTCELL_CLANG` names; else the package `@yowasp/clang` where the adapter's own project has installed it, because a project
 * that brings its compiler means it; else the clang of the system, where it and its linker (`wasm-ld`) are there.
 */

import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { SourceReader } from './inputs.ts';
import { listSources } from './javascript-guest.ts';

const FLAGS = [
  ...['--target=wasm32', '-O2', '-Wall', '-nostdlib', '-ffreestanding'],
  ...['-Wl,--no-entry', '-Wl,--strip-debug'],
];
/** A compiler that takes longer than this for one file hangs. */
const COMPILE_TIMEOUT_MS = 120_000;

const INSTALL =
  'no clang for wasm32 was found: install clang and lld (Debian: apt-get install clang lld; macOS: brew install llvm lld), ' +
  'or run `npm install @yowasp/clang` in the folder of the adapter, or name a program in HOTCELL_CLANG';

/** Throws an Error — no compiler, with what to install; or what the compiler printed. */
export async function compileC(options: {
  readonly folder: string;
  readonly reader: SourceReader;
}): Promise<Uint8Array> {
  const { folder, reader } = options;
  const files = await listSources(folder, ['.c', '.h']);
  for (const file of files) await reader.read(join(folder, file));
  if (!files.includes('guest.c')) throw new Error(`there is no ${join(folder, 'guest.c')}`);
  const sources = files.filter((file) => file.endsWith('.c'));
  const out = await mkdtemp(join(tmpdir(), 'hotcell-c-'));
  try {
    const brought = process.env.HOTCELL_CLANG ? undefined : projectPackage(folder);
    if (brought !== undefined) return await compileWithPackage(brought, folder, files);
    const target = join(out, 'guest.wasm');
    const tried = await runClang([...FLAGS, '-o', target, ...sources], folder);
    if (tried === 'absent') throw new Error(INSTALL);
    return await readFile(target);
  } finally {
    await rm(out, { recursive: true, force: true });
  }
}

/** The first of these that there is compiles. Debian calls those that are not its default by their number. */
const PROGRAMS = ['clang', ...[21, 20, 19, 18, 17, 16, 15, 14].map((major) => `clang-${major}`)];

async function runClang(args: readonly string[], cwd: string): Promise<'done' | 'absent'> {
  const named = process.env.HOTCELL_CLANG;
  for (const program of named ? [named] : PROGRAMS) {
    const end = await run(program, args, cwd);
    if (end === 'done') return 'done';
    if (end !== 'absent') throw new Error(end.output);
  }
  if (named) throw new Error(`HOTCELL_CLANG is ${named}, which is not a program`);
  return 'absent';
}

const NO_WASM =
  /No available targets|unable to create target|unable to execute command|wasm-ld" doesn't exist/;

function run(
  program: string,
  args: readonly string[],
  cwd: string,
): Promise<'done' | 'absent' | { readonly output: string }> {
  return new Promise((resolve) => {
    execFile(program, args, { cwd, timeout: COMPILE_TIMEOUT_MS }, (error, stdout, stderr) => {
      if (error === null) resolve('done');
      else if ((error as NodeJS.ErrnoException).code === 'ENOENT') resolve('absent');
      // A clang of Apple, or one without the linker, which is a package of its own: as good as none.
      else if (NO_WASM.test(stderr)) resolve('absent');
      else resolve({ output: `${stdout}${stderr}`.trim() || error.message });
    });
  });
}

/** Files by name, and folders of them. */
interface Tree {
  [name: string]: Tree | Uint8Array;
}

/** The part of `@yowasp/clang` that is used: files in, files out. */
interface YowaspClang {
  /** Without arguments it only reads what it needs of itself. */
  runClang(
    args: readonly string[] | null,
    files: Tree,
    options: {
      readonly stdout?: (bytes: Uint8Array | null) => void;
      readonly stderr?: (bytes: Uint8Array | null) => void;
      readonly decodeASCII?: boolean;
      readonly fetchProgress?: () => void;
    },
  ): Promise<Tree | undefined>;
}

/** The entry of the package, as the project's own code would find it; undefined where it has not installed it. */
function projectPackage(folder: string): string | undefined {
  try {
    return createRequire(join(folder, 'adapter.json')).resolve('@yowasp/clang');
  } catch {
    return undefined;
  }
}

async function compileWithPackage(
  entry: string,
  folder: string,
  names: readonly string[],
): Promise<Uint8Array> {
  const { runClang: compile }: YowaspClang = await import(pathToFileURL(entry).href);
  const files: Tree = {};
  for (const name of names) place(files, name.split(sep), await readFile(join(folder, name)));
  const output: string[] = [];
  const say = (bytes: Uint8Array | null): void => void output.push(Buffer.from(bytes ?? []).toString());
  // Otherwise a file that is all ASCII would come back as text.
  const options = { stdout: say, stderr: say, decodeASCII: false };
  const sources = names.filter((name) => name.endsWith('.c')).map((name) => name.split(sep).join('/'));
  try {
    // A step of its own: the next would tell standard output, which belongs to results, how much of itself it has read.
    await compile(null, {}, { fetchProgress: () => {} });
    const made = await compile(['clang', ...FLAGS, '-o', 'guest.wasm', ...sources], files, options);
    const bytes = made?.['guest.wasm'];
    if (!(bytes instanceof Uint8Array)) throw new Error('the compiler wrote nothing');
    return bytes;
  } catch (error) {
    throw new Error(output.join('').trim() || (error as Error).message, { cause: error });
  }
}

function place(tree: Tree, path: readonly string[], bytes: Uint8Array): void {
  const [name = '', ...rest] = path;
  if (rest.length === 0) {
    tree[name] = bytes;
    return;
  }
  const inner = tree[name];
  const folder: Tree = inner === undefined || inner instanceof Uint8Array ? {} : inner;
  tree[name] = folder;
  place(folder, rest, bytes);
}
