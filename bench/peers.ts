/**
 * Other people's implementations, for benches to stand beside. They are no dependency of this repository: their versions
 * are pinned in bench/peers/package.json and they are installed there when a bench first asks for one.
 */

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';

const FOLDER = join(import.meta.dirname, 'peers');
const INSTALL = ['install', '--no-audit', '--no-fund', '--no-package-lock', '--ignore-scripts'];
/** A package manager that hangs must not hang the bench. */
const INSTALL_TIMEOUT_MS = 120_000;

export interface Peer<Module> {
  /** Name and version, or name and why it is not there: what the row is called. */
  readonly row: string;
  /** Undefined when it could not be installed. */
  readonly module: Module | undefined;
}

/** A package of bench/peers; `path` is what to import of it. The type is what the caller knows of it. */
export async function loadPeer<Module>(name: string, path: string): Promise<Peer<Module>> {
  const manifest = join(FOLDER, 'node_modules', name, 'package.json');
  if (!existsSync(manifest)) {
    try {
      await promisify(execFile)('npm', INSTALL, { cwd: FOLDER, timeout: INSTALL_TIMEOUT_MS });
    } catch (error) {
      return { row: `${name} (not installed: ${(error as Error).message})`, module: undefined };
    }
  }
  const { version }: { version: string } = JSON.parse(await readFile(manifest, 'utf8'));
  const file = createRequire(join(FOLDER, 'package.json')).resolve(path);
  return { row: `${name} ${version}`, module: await import(pathToFileURL(file).href) };
}
