/**
 * The keys that an operator trusts, as a host holds packages against them; and the one door through which a package file gets
 * into a host.
 *
 * Without keys a signature is checked where it is there, and not asked for. With keys every package needs one by one of them:
 * as a file when it is installed, and as a folder (manifest, digests and signature) each time it is loaded, because keys are
 * taken away too. A manifest names its component by digest, so what is signed is the whole of what a host runs. Of a key
 * nothing is told but the beginning of its digest.
 */

import { readFile } from 'node:fs/promises';
import { HostError, type Problem } from '../errors.ts';
import type { AdapterSummary, PackageProof } from '../types.ts';
import { DIGESTS, MANIFEST, type OpenedPackage, openPackage, SIGNATURE, verifyManifest } from './package.ts';
import { readTrustedKey } from './signature.ts';

export interface Trust {
  /** Undefined where no keys are trusted. Throws PACKAGE_* — it is not signed by one of them, with what to do. */
  readonly verify: ((proof: PackageProof | undefined) => void) | undefined;
  /**
   * Opens a package file and gives it to `install`. One is unpacked at a time: together they would take ten times what one
   * request may hold. Throws PACKAGE_*; REGISTRY_MANIFEST_INVALID — it is not the package of `name`; what `install` throws.
   */
  installPackage(
    bytes: Uint8Array,
    name: string | undefined,
    install: (opened: OpenedPackage, proof: PackageProof | undefined) => Promise<AdapterSummary>,
  ): Promise<AdapterSummary>;
}

/** `keys`: each in PEM, or the path of a file of it. Throws CONFIG_INVALID — with each that cannot be used. */
export async function createTrust(keys: readonly string[] | undefined): Promise<Trust> {
  const trustedKeys = keys && (await readKeys(keys));
  let unpacking: Promise<unknown> = Promise.resolve();

  /** The next one begins when this one is unpacked, or was refused. */
  function open(bytes: Uint8Array): Promise<OpenedPackage> {
    const opened = unpacking.then(() => openPackage(bytes, { trustedKeys }));
    unpacking = opened.catch(() => 'told to its own caller');
    return opened;
  }

  return {
    verify: trustedKeys && ((proof) => verifyProof(proof, trustedKeys)),

    async installPackage(bytes, name, install) {
      const opened = await open(bytes);
      if (name !== undefined && opened.manifest.name !== name) {
        throw new HostError(
          'REGISTRY_MANIFEST_INVALID',
          `${MANIFEST} names another adapter than the path: ${opened.manifest.name.slice(0, 100)}`,
          { problems: [{ at: '/name', message: 'must equal the name in the path' }] },
        );
      }
      return install(opened, proofOf(opened));
    },
  };
}

async function readKeys(keys: readonly string[]): Promise<readonly string[]> {
  const problems: Problem[] = [];
  const ids: string[] = [];
  for (const [index, key] of keys.entries()) {
    try {
      ids.push(readTrustedKey(key.includes('-----BEGIN ') ? key : await readFile(key, 'utf8')));
    } catch (error) {
      // A path may be told; a key in the place of one has no code of the system, and its reader quotes nothing.
      const { code, detail } = error as { code?: string; detail?: string };
      problems.push({ at: `trustedKeys[${index}]`, message: detail ?? `cannot be read (${code})` });
    }
  }
  if (problems.length === 0) return ids;
  const count = problems.length === 1 ? 'one problem' : `${problems.length} problems`;
  throw new HostError('CONFIG_INVALID', `${count} in the configuration`, { problems });
}

function verifyProof(proof: PackageProof | undefined, trustedKeys: readonly string[]): void {
  if (proof?.digests === undefined || proof.signature === undefined) {
    const lacking = proof?.digests ? SIGNATURE : `${DIGESTS} and ${SIGNATURE}`;
    throw new HostError(
      'PACKAGE_UNSIGNED',
      `${proof ? `${lacking} missing` : 'a manifest and a component alone are not signed'}: this host has trustedKeys; ` +
        'make a signed package with `hotcell adapter pack --sign <key>`, and install that file',
    );
  }
  verifyManifest({ ...proof, digests: proof.digests, signature: proof.signature }, trustedKeys);
}

/** Undefined for a package without a signature. */
function proofOf({ entries }: OpenedPackage): PackageProof | undefined {
  const signature = entries.get(SIGNATURE);
  if (signature === undefined) return undefined;
  return { manifest: entries.get(MANIFEST) as Uint8Array, digests: entries.get(DIGESTS), signature };
}
