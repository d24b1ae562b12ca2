/**
 * A package on disk: a folder with `adapter.json` and the component it names.
 *
 * Reads with bounds and says what is wrong in the host's codes; it neither verifies the component nor loads it.
 */

import { join } from 'node:path';
import { HostError, hasCode } from '../errors.ts';
import type { Manifest, PackageProof } from '../types.ts';
import type { Files } from './files.ts';
import { type ManifestDefaults, parseManifest } from './manifest.ts';
import { MANIFEST_MAX_BYTES } from './manifest-schema.ts';

export const MANIFEST_FILE = 'adapter.json';
/** Beside the manifest of a package that was signed, as in its archive. */
export const DIGESTS_FILE = 'digests.json';
export const SIGNATURE_FILE = 'signature.json';
/** Of either: digests of sixteen files, or one signature, are a fraction of it. */
const PROOF_FILE_MAX_BYTES = 64 * 1024;

/** Throws unless the package is signed by a key that the operator trusts: PACKAGE_*. */
export type Verify = (proof: PackageProof | undefined) => void;

/**
 * Parses the manifest of a package folder; with `verify` only when that took its signature.
 * Throws what `parseManifest` and `verify` throw; REGISTRY_STORE_FAILED — unreadable.
 */
export async function readManifest(
  files: Files,
  folder: string,
  defaults: ManifestDefaults,
  verify?: Verify,
): Promise<Manifest> {
  const bytes = await readBounded(files, join(folder, MANIFEST_FILE), MANIFEST_FILE, MANIFEST_MAX_BYTES);
  // What is parsed are the very bytes whose signature was checked. They name the component by its digest.
  verify?.({
    manifest: bytes,
    digests: await readProofFile(files, folder, DIGESTS_FILE),
    signature: await readProofFile(files, folder, SIGNATURE_FILE),
  });
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder().decode(bytes));
  } catch (error) {
    throw new HostError('REGISTRY_MANIFEST_INVALID', `${MANIFEST_FILE} is not JSON`, { cause: error });
  }
  return parseManifest(json, defaults);
}

async function readProofFile(files: Files, folder: string, name: string): Promise<Uint8Array | undefined> {
  const path = join(folder, name);
  return (await files.stat(path)) && readBounded(files, path, name, PROOF_FILE_MAX_BYTES);
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
