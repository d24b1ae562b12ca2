/**
 * A package on disk: a folder with `adapter.json` and the component it names.
 *
 * Reads with bounds and says what is wrong in the host's codes; it neither verifies the component nor loads it.
 */

import { join } from 'node:path';
import { HostError, hasCode } from '../errors.ts';
import type { Manifest } from '../types.ts';
import type { Files } from './files.ts';
import { type ManifestDefaults, parseManifest } from './manifest.ts';
import { MANIFEST_MAX_BYTES } from './manifest-schema.ts';

export const MANIFEST_FILE = 'adapter.json';

/** Parses the manifest of a package folder. Throws what `parseManifest` throws; REGISTRY_STORE_FAILED — unreadable. */
export async function readManifest(
  files: Files,
  folder: string,
  defaults: ManifestDefaults,
): Promise<Manifest> {
  const bytes = await readBounded(files, join(folder, MANIFEST_FILE), MANIFEST_FILE, MANIFEST_MAX_BYTES);
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder().decode(bytes));
  } catch (error) {
    throw new HostError('REGISTRY_MANIFEST_INVALID', `${MANIFEST_FILE} is not JSON`, { cause: error });
  }
  return parseManifest(json, defaults);
}

/** Throws REGISTRY_STORE_FAILED — missing, unreadable or larger than `maxBytes`. */
export function readComponent(
  files: Files,
  folder: string,
  manifest: Manifest,
  maxBytes: number,
): Promise<Uint8Array> {
  // The schema allows no separators in `component`, so the path cannot leave the folder.
  return readBounded(files, join(folder, manifest.component), manifest.component, maxBytes);
}

async function readBounded(files: Files, path: string, name: string, maxBytes: number): Promise<Uint8Array> {
  try {
    const found = await files.stat(path);
    if (found === undefined) throw new HostError('REGISTRY_STORE_FAILED', `${name} is missing`);
    // Reading a pipe would wait for ever, and a device may have no end.
    if (!found.isFile) throw new HostError('REGISTRY_STORE_FAILED', `${name} is not a file`);
    if (found.sizeBytes > maxBytes) {
      throw new HostError(
        'REGISTRY_STORE_FAILED',
        `${name} has ${found.sizeBytes} bytes, at most ${maxBytes} are read`,
      );
    }
    return await files.read(path);
  } catch (error) {
    if (hasCode(error, 'REGISTRY_STORE_FAILED')) throw error;
    throw new HostError('REGISTRY_STORE_FAILED', `${name} could not be read`, { cause: error });
  }
}
