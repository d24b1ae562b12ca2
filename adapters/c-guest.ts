/**
 * C → core module of an adapter: `guest.c` by a clang that knows wasm32, without a C library.
 *
 * The source exports the names of the Canonical ABI itself, with `__attribute__((export_name("…")))`. The clang of the
 * system is taken when it and its linker (`wasm-ld`) are there, else the package `@yowasp/clang` where the adapter's own
 * project has installed it; `HOTCELL_CLANG` names another program.
 */

import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
    const target = join(out, 'guest.wasm');
    const tried = await runClang([...FLAGS, '-o', target, ...sources], folder);
    if (tried === 'absent') return await compileWithPackage(folder, sources);
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

/** The part of `@yowasp/clang` that is used: files in, files out. */
interface YowaspClang {
  runClang(
    args: readonly string[],
    files: Readonly<Record<string, string>>,
    options?: { stdout?: null; stderr?: (bytes: Uint8Array | null) => void },
  ): Promise<Readonly<Record<string, Uint8Array>>>;
}

async function compileWithPackage(folder: string, sources: readonly string[]): Promise<Uint8Array> {
  let path: string;
  try {
    path = createRequire(join(folder, 'adapter.json')).resolve('@yowasp/clang');
  } catch (error) {
    throw new Error(INSTALL, { cause: error });
  }
  const { runClang: compile }: YowaspClang = await import(pathToFileURL(path).href);
  const files: Record<string, string> = {};
  for (const file of await listSources(folder, ['.c', '.h'])) {
    files[file] = await readFile(join(folder, file), 'utf8');
  }
  const output: string[] = [];
  const stderr = (bytes: Uint8Array | null): void => void output.push(Buffer.from(bytes ?? []).toString());
  try {
    const made = await compile(['clang', ...FLAGS, '-o', 'guest.wasm', ...sources], files, { stderr });
    const bytes = made['guest.wasm'];
    if (bytes === undefined) throw new Error('the compiler wrote nothing');
    return bytes;
  } catch (error) {
    throw new Error(output.join('').trim() || (error as Error).message, { cause: error });
  }
}
