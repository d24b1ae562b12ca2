/**
 * Packages that benches compare with, from their own `bench/peers/package.json` with its own lock: Hotcell does not
 * depend on them. They are installed when a bench first asks for one. A machine that cannot install them still runs the
 * bench; the peer's row then says so and states no figure, and a target against it counts as missed.
 */

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const FOLDER = join(import.meta.dirname, 'peers');
const INSTALL_TIMEOUT_MS = 120_000;

let refusal: string | undefined;

export interface Peer<Module> {
  /** Name and version, or name and why it is absent: what the row is called. */
  readonly row: string;
  readonly module: Module | undefined;
}

/** `path` is what to import of the package, e.g. `@noble/ciphers/aes.js`. The caller says what the module looks like. */
export async function loadPeer<Module>(name: string, path: string): Promise<Peer<Module>> {
  install(name);
  const manifest = join(FOLDER, 'node_modules', name, 'package.json');
  if (!existsSync(manifest))
    return { row: `${name} (not installed: ${refusal ?? 'unknown'})`, module: undefined };
  const { version }: { version: string } = JSON.parse(readFileSync(manifest, 'utf8'));
  const file = createRequire(join(FOLDER, 'package.json')).resolve(path);
  return { row: `${name} ${version}`, module: await import(pathToFileURL(file).href) };
}

/** Once a process; a failure is remembered as the reason. */
function install(name: string): void {
  if (refusal !== undefined || existsSync(join(FOLDER, 'node_modules', name))) return;
  try {
    execFileSync('npm', ['ci', '--no-audit', '--no-fund', '--ignore-scripts'], {
      cwd: FOLDER,
      timeout: INSTALL_TIMEOUT_MS,
      stdio: 'ignore',
    });
  } catch (error) {
    refusal = `npm ci in bench/peers failed, ${(error as Error).message.split('\n')[0]}`;
  }
}
