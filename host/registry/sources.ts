/**
 * Where adapters come from, and which of them wins a name.
 *
 * Three origins, in rising order: bundled with the host, a directory given on the command line, installed. The sources
 * of a name are kept in that order, so that a damaged winner or a removed one makes room for the one below it.
 */

import { join } from 'node:path';
import { notice } from '../channels.ts';
import { HostError, hasCode } from '../errors.ts';
import type { AdapterSummary, Manifest } from '../types.ts';
import type { Files } from './files.ts';
import type { ManifestDefaults } from './manifest.ts';
import { MANIFEST_FILE, readManifest, type Verify } from './package-folder.ts';
import type { StoredPackage } from './store.ts';

export type Origin = AdapterSummary['origin'];

/** One package folder. Its manifest has been read; its component has not. */
export interface Source {
  readonly origin: Origin;
  readonly folder: string;
  readonly manifest: Manifest;
}

/**
 * Reads the manifests of all package folders in `folder`, or of `folder` itself when it is a package.
 *
 * A folder without a manifest is none of ours, and one whose name begins with a dot is not finished: that is how the
 * build of adapters names what it is writing or removing. A bad manifest is a notice, and so is one that `verify` refuses.
 * Throws CONFIG_INVALID — there is no such folder.
 */
export async function readSources(
  files: Files,
  folder: string,
  origin: Origin,
  defaults: ManifestDefaults,
  verify?: Verify,
): Promise<Source[]> {
  const entries = await files.list(folder).catch(() => undefined);
  if (entries === undefined) {
    throw new HostError('CONFIG_INVALID', `the adapter folder ${folder} does not exist or cannot be read`);
  }
  const folders = entries.some((entry) => entry.name === MANIFEST_FILE)
    ? [folder]
    : entries
        .filter((entry) => entry.isFolder && !entry.name.startsWith('.'))
        .map((entry) => join(folder, entry.name));
  const sources: Source[] = [];
  for (const candidate of folders) {
    try {
      if ((await files.stat(join(candidate, MANIFEST_FILE))) === undefined) continue;
      const manifest = await readManifest(files, candidate, defaults, verify);
      sources.push({ origin, folder: candidate, manifest });
    } catch (error) {
      reportSkipped(candidate, origin, error);
    }
  }
  return sources;
}

/** The same for what the store holds. A package under another name than its own is a notice too. */
export async function readInstalled(
  files: Files,
  packages: readonly StoredPackage[],
  defaults: ManifestDefaults,
  verify?: Verify,
): Promise<Source[]> {
  const sources: Source[] = [];
  for (const { name, folder } of packages) {
    try {
      const manifest = await readManifest(files, folder, defaults, verify);
      if (manifest.name !== name) {
        throw new HostError('REGISTRY_STORE_FAILED', `the package of ${name} says it is ${manifest.name}`);
      }
      sources.push({ origin: 'installed', folder, manifest });
    } catch (error) {
      reportSkipped(name, 'installed', error);
    }
  }
  return sources;
}

/** In a message; enough to mend a manifest with. */
const PROBLEMS_SHOWN_MAX_COUNT = 10;

function reasonOf(cause: unknown): string {
  if (!(cause instanceof HostError)) return 'an unexpected error';
  const problems = cause.problems ?? [];
  if (problems.length < 2) return `${cause.code}: ${cause.detail}`;
  const shown = problems.slice(0, PROBLEMS_SHOWN_MAX_COUNT);
  return `${cause.code}: ${cause.detail}${shown.map(({ at, message }) => `\n  ${at || '/'} ${message}`).join('')}`;
}

/** Tells the operator that a package is not served. One that comes with the host and waits for a permission is no error. */
export function reportSkipped(what: string, origin: Origin, cause: unknown): void {
  const isWaiting = origin === 'bundled' && hasCode(cause, 'REGISTRY_CAPABILITY_DENIED');
  notice({
    level: isWaiting ? 'info' : 'error',
    event: 'registry.skipped',
    message: isWaiting
      ? `${cause.detail} (${origin}; not served until then)`
      : `adapter ${what} (${origin}) was skipped: ${reasonOf(cause)}`,
    fields: { origin },
    cause,
  });
}
