/**
 * Packages that benches compare with, from their own `bench/peers/package.json` with its own lock: Hotcell does not
 * depend on them. They are installed when a bench first asks for one. A machine that cannot install them still runs the
 * bench; the peer's row then says so and states no figure, and a target against it counts as missed.
 *
 * They are put beside that file. Where nothing may be written, or below a `node_modules` (the installed program), they are
 * put into the folder of the host's data instead, with a copy of both files.
 */

import { execFileSync } from 'node:child_process';
import { accessSync, constants, copyFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve, sep } from 'node:path';
import { pathToFileURL } from 'node:url';

const SOURCE = join(import.meta.dirname, 'peers');
const MANIFESTS = ['package.json', 'package-lock.json'];
/** 60 MB in a slow hour. */
const INSTALL_TIMEOUT_MS = 600_000;

let refusal: string | undefined;

export interface Peer<Module> {
  /** Name and version, or name and why it is absent: what the row is called. */
  readonly row: string;
  readonly module: Module | undefined;
}

/** Where benches may write: `.build` of this repository; of an installed program `bench` in the folder of the host's data. */
export function writableFolder(): string {
  return isOurs(SOURCE)
    ? resolve(import.meta.dirname, '..', '.build')
    : resolve(process.env.HOTCELL_DATA ?? 'hotcell-data', 'bench');
}

/** `path` is what to import of the package, e.g. `@noble/ciphers/aes.js`. The caller says what the module looks like. */
export async function loadPeer<Module>(name: string, path: string): Promise<Peer<Module>> {
  if (findPeer(name) === undefined) refusal ??= installPeers();
  const found = findPeer(name);
  if (found === undefined)
    return { row: `${name} (not installed: ${refusal ?? 'unknown'})`, module: undefined };
  return { row: `${name} ${found.version}`, module: await importPeer(path) };
}

/** What is installed of a package in the version that the manifest names; undefined when nothing is. */
export function findPeer(name: string): { readonly version: string; readonly folder: string } | undefined {
  const { dependencies }: { dependencies: Readonly<Record<string, string>> } = JSON.parse(
    readFileSync(join(SOURCE, 'package.json'), 'utf8'),
  );
  const folder = join(installFolder(), 'node_modules', name);
  const manifest = join(folder, 'package.json');
  if (!existsSync(manifest)) return undefined;
  const { version }: { version: string } = JSON.parse(readFileSync(manifest, 'utf8'));
  return version === dependencies[name] ? { version, folder } : undefined;
}

/** Imports from an installed package. Throws when it is not there. */
export async function importPeer<Module>(path: string): Promise<Module> {
  return import(pathToFileURL(resolvePeer(path)).href);
}

/** The file that `path`, the name of a package or of something in it, stands for. Throws when it is not there. */
export function resolvePeer(path: string): string {
  return createRequire(join(installFolder(), 'package.json')).resolve(path);
}

/** Installs all of them when one is missing, and says so; what cannot be installed, its rows say. */
export function preparePeers(say: (line: string) => void): void {
  const { dependencies }: { dependencies: Readonly<Record<string, string>> } = JSON.parse(
    readFileSync(join(SOURCE, 'package.json'), 'utf8'),
  );
  if (Object.keys(dependencies).every((name) => findPeer(name) !== undefined)) return;
  const problem = installPeers(say);
  if (problem !== undefined) say(problem);
}

/** Installs all of them, without their install scripts. Gives why that failed, undefined when it did not. */
export function installPeers(say: (line: string) => void = () => {}): string | undefined {
  const folder = installFolder();
  say(
    `installing the peers of bench/peers/package.json into ${folder} (npm ci --ignore-scripts, about 60 MB)`,
  );
  try {
    if (folder !== SOURCE) {
      mkdirSync(folder, { recursive: true });
      for (const file of MANIFESTS) copyFileSync(join(SOURCE, file), join(folder, file));
    }
    execFileSync('npm', ['ci', '--no-audit', '--no-fund', '--ignore-scripts'], {
      cwd: folder,
      timeout: INSTALL_TIMEOUT_MS,
      stdio: 'ignore',
    });
    return undefined;
  } catch (error) {
    return `npm ci in ${folder} failed, ${(error as Error).message.split('\n')[0]}`;
  }
}

function installFolder(): string {
  return isOurs(SOURCE) ? SOURCE : join(writableFolder(), 'peers');
}

/** A folder of a checkout, which may be written to. */
function isOurs(folder: string): boolean {
  if (folder.split(sep).includes('node_modules')) return false;
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
