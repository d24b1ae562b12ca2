/**
 * The adapters under test as packages: read as built, varied (another name, pool or isolation), put into a directory
 * for a host to load. Components are never changed, so every variation runs the same guest.
 */

import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Isolation, PoolOptions } from '../../host/types.ts';

const BUILT = join(import.meta.dirname, '..', '..', '.build', 'adapters');

/** A manifest as JSON; what is varied here is named, the rest is passed on. */
export interface ManifestJson {
  readonly name: string;
  readonly version: string;
  readonly component: string;
  readonly isolation?: Isolation;
  readonly pool?: Partial<PoolOptions>;
  readonly [field: string]: unknown;
}

export interface Package {
  readonly manifest: ManifestJson;
  readonly component: Uint8Array;
}

/** Throws when the adapter was not built. */
export async function readBuilt(name: string): Promise<Package> {
  const folder = join(BUILT, name);
  try {
    const manifest: ManifestJson = JSON.parse(await readFile(join(folder, 'adapter.json'), 'utf8'));
    return { manifest, component: await readFile(join(folder, manifest.component)) };
  } catch (cause) {
    throw new Error(`adapter '${name}' is not built: run npm run build`, { cause });
  }
}

/** The same guest under other terms; pool options are merged into the manifest's. */
export function vary(
  { manifest, component }: Package,
  changes: {
    readonly name?: string;
    readonly version?: string;
    readonly isolation?: Isolation;
    readonly pool?: Partial<PoolOptions>;
  },
): Package {
  return { manifest: { ...manifest, ...changes, pool: { ...manifest.pool, ...changes.pool } }, component };
}

export interface ScratchFolder {
  readonly path: string;
  remove(): Promise<void>;
}

export async function makeScratchFolder(): Promise<ScratchFolder> {
  const path = await mkdtemp(join(tmpdir(), 'hotcell-bench-'));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

/** One folder per package under `directory`. */
export async function writePackages(directory: string, packages: readonly Package[]): Promise<void> {
  for (const { manifest, component } of packages) {
    const folder = join(directory, manifest.name);
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'adapter.json'), JSON.stringify(manifest));
    await writeFile(join(folder, manifest.component), component);
  }
}
