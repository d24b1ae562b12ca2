/**
 * Other people's implementations, for benches to stand beside. They are no dependency of this repository: their versions
 * are pinned in bench/peers/package.json and they are installed there when a bench first asks for one.
 */

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { promisify } from 'node:util';

const FOLDER = join(import.meta.dirname, 'peers');
const INSTALL = ['install', '--no-audit', '--no-fund', '--no-package-lock', '--ignore-scripts'];
/** A package manager that hangs must not hang the bench. */
const INSTALL_TIMEOUT_MS = 120_000;

/**
 * A package of bench/peers, or a path inside one. The type is what the caller knows of it.
 * Throws an Error with npm's output — it could not be installed.
 */
export async function loadPeer<T>(specifier: string): Promise<T> {
  const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
  if (!existsSync(join(FOLDER, 'node_modules', name))) {
    await promisify(execFile)('npm', INSTALL, { cwd: FOLDER, timeout: INSTALL_TIMEOUT_MS });
  }
  return createRequire(join(FOLDER, 'package.json'))(specifier);
}
