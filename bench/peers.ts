/**
 * Packages that benches compare with, from their own `bench/peers/package.json` with its own lock: Hotcell does not
 * depend on them. They are installed when a bench first asks for one, without their install scripts. A machine that cannot
 * install them still runs the bench; the peer's row then says so and states no figure.
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
/** Most of it is one binary of 150 MB, on a slow line. */
const INSTALL_TIMEOUT_MS = 600_000;

/** Why they could not be installed; tried once a process. */
let refusal: string | undefined;

export interface Peer<Module> {
  /** Name and version, or name and why it is absent: what the row is called. */
  readonly row: string;
  readonly module: Module | undefined;
}

/** `path` is what to import of the package, e.g. `@noble/ciphers/aes.js`. The caller says what the module looks like. */
export async function loadPeer<Module>(name: string, path: string): Promise<Peer<Module>> {
  if (peerVersion(name) === undefined) installPeers(() => {});
  const version = peerVersion(name);
  if (version === undefined) return { row: `${name} (${absenceOf(name)})`, module: undefined };
  return { row: `${name} ${version}`, module: await importPeer(path) };
}

/** Installs all of them when one is missing. Says what it does; why it failed, `absenceOf` says. */
export function preparePeers(say: (line: string) => void): void {
  if (Object.keys(wanted()).some((name) => peerVersion(name) === undefined)) installPeers(say);
}

/** The version of a package, where the one that the manifest asks for is installed. */
export function peerVersion(name: string): string | undefined {
  const manifest = join(installFolder(), 'node_modules', name, 'package.json');
  if (!existsSync(manifest)) return undefined;
  const { version }: { version: string } = JSON.parse(readFileSync(manifest, 'utf8'));
  return version === wanted()[name] ? version : undefined;
}

/** Why a package is not there. */
export function absenceOf(name: string): string {
  return `${name} is not installed: ${refusal ?? 'peers are installed when they are asked for (--peers)'}`;
}

/** `path` is the name of a package or of something in it. Throws when it is not there. */
export async function importPeer<Module>(path: string): Promise<Module> {
  const file = createRequire(join(installFolder(), 'package.json')).resolve(path);
  return import(pathToFileURL(file).href);
}

/** Where benches may write: `.build` of this repository; of an installed program `bench` in the folder of the host's data. */
export function benchFolder(): string {
  return isWritableCheckout(SOURCE)
    ? resolve(import.meta.dirname, '..', '.build')
    : resolve(process.env.HOTCELL_DATA ?? 'hotcell-data', 'bench');
}

/** A folder that is no part of an installed package, and may be written to. */
export function isWritableCheckout(folder: string): boolean {
  if (folder.split(sep).includes('node_modules')) return false;
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function installFolder(): string {
  return isWritableCheckout(SOURCE) ? SOURCE : join(benchFolder(), 'peers');
}

function wanted(): Readonly<Record<string, string>> {
  return JSON.parse(readFileSync(join(SOURCE, 'package.json'), 'utf8')).dependencies;
}

function installPeers(say: (line: string) => void): void {
  if (refusal !== undefined) return;
  const folder = installFolder();
  say(
    `installing what bench/peers/package.json names into ${folder}: npm ci --ignore-scripts, about 190 MB on disk`,
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
  } catch (error) {
    refusal = `npm ci in ${folder} failed, ${(error as Error).message.split('\n')[0]}`;
    say(refusal);
  }
}
