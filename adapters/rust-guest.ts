/**
 * Rust → core module of an adapter: a crate of the type `cdylib`, built by cargo for `wasm32-unknown-unknown`.
 *
 * That target has no WASI, so the module imports nothing that the crate does not import itself. The crate exports the names
 * of the Canonical ABI, by hand with `#[export_name = "…"]` or by a generator of bindings. The cargo is the one of the path, with
 * the toolchain that the crate asks for.
 */

import { execFile } from 'node:child_process';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { SourceReader } from './inputs.ts';
import { listSources } from './javascript-guest.ts';

const TARGET = 'wasm32-unknown-unknown';
/** A crate with many dependencies takes minutes the first time. */
const COMPILE_TIMEOUT_MS = 600_000;
const NO_CARGO =
  `cargo was not found: install Rust from https://rustup.rs and run \`rustup target add ${TARGET}\`, ` +
  'or the packages of the system (Debian: apt-get install cargo libstd-rust-dev-wasm32 lld)';
const NO_TARGET =
  `Rust has no ${TARGET} here: run \`rustup target add ${TARGET}\`, ` +
  'or where Rust is that of the system install its library too (Debian: apt-get install libstd-rust-dev-wasm32 lld)';
const NO_LINKER = 'Rust has no linker for WebAssembly here: install lld (Debian: apt-get install lld)';
const OUTPUT_MAX_BYTES = 16 * 1024 * 1024;

/** Throws an Error — no cargo or no such target, with what to install; or what cargo printed. */
export async function compileRust(options: {
  readonly folder: string;
  readonly reader: SourceReader;
}): Promise<Uint8Array> {
  const { folder, reader } = options;
  for (const file of await listSources(folder, ['.rs', '.toml', '.lock'], ['target'])) {
    await reader.read(join(folder, file));
  }
  const release = join(folder, 'target', TARGET, 'release');
  for (const stale of await modulesIn(release)) await rm(join(release, stale));
  await cargo(['build', '--release', '--lib', '--target', TARGET, '--target-dir', 'target'], folder);
  const [module, ...more] = await modulesIn(release);
  if (module === undefined || more.length > 0) {
    throw new Error(
      'cargo made no module, or several: Cargo.toml needs one [lib] with crate-type = ["cdylib"]',
    );
  }
  return readFile(join(release, module));
}

async function modulesIn(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  return names.filter((name) => name.endsWith('.wasm'));
}

function cargo(args: readonly string[], cwd: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const options = { cwd, timeout: COMPILE_TIMEOUT_MS, maxBuffer: OUTPUT_MAX_BYTES };
    execFile('cargo', args, options, (error, _stdout, stderr) => {
      if (error === null) resolve();
      else if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
        reject(new Error(NO_CARGO, { cause: error }));
      } else if (/can't find crate for `(core|std)`|target may not be installed/.test(stderr)) {
        reject(new Error(NO_TARGET, { cause: error }));
      } else if (/linker `[^`]*lld` not found/.test(stderr)) {
        reject(new Error(NO_LINKER, { cause: error }));
      } else reject(new Error(stderr.trim() || error.message, { cause: error }));
    });
  });
}
