/**
 * A folder in the OCI image layout as a store of artifacts: `oci-layout`, `index.json`, `blobs/sha256/…`.
 *
 * What other tools have put into the folder stays. Source: OCI Image Specification 1.1, "Image Layout".
 */

import { mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { HostError } from '../errors.ts';
import { type ArtifactStore, type Descriptor, MANIFEST_MAX_BYTES, verifyDigest } from './oci-artifact.ts';
import { DIGEST } from './oci-reference.ts';

const TAG_NAME = 'org.opencontainers.image.ref.name';
/** A list of all artifacts of a folder. */
const INDEX_MAX_BYTES = 16 * 1024 * 1024;

interface Index {
  readonly schemaVersion: 2;
  readonly manifests: readonly Descriptor[];
}

export function createLayoutStore(folder: string): ArtifactStore {
  const pathOf = (digest: string): string => join(folder, 'blobs', ...digest.split(':'));
  return {
    async resolve(reference) {
      if (DIGEST.test(reference)) return reference;
      const { manifests } = await readIndex(folder);
      const found = manifests.find(({ annotations }) => annotations?.[TAG_NAME] === reference);
      if (found === undefined) throw notFound(`${folder} has no tag ${reference}`);
      if (!DIGEST.test(found.digest)) {
        throw new HostError('OCI_ARTIFACT_INVALID', `${folder}/index.json: ${reference} has no SHA-256`);
      }
      return found.digest;
    },
    async manifest(digest) {
      return verifyDigest(await read(pathOf(digest), MANIFEST_MAX_BYTES), digest, `blob ${digest}`);
    },
    async blob({ digest, size }) {
      return verifyDigest(await read(pathOf(digest), size), digest, `blob ${digest}`);
    },
    putBlob: ({ digest }, bytes) => write(pathOf(digest), bytes),
    async putManifest(tag, descriptor, bytes) {
      await write(pathOf(descriptor.digest), bytes);
      await write(join(folder, 'oci-layout'), Buffer.from('{"imageLayoutVersion":"1.0.0"}'));
      const index = await readIndex(folder).catch((error: HostError): Index => {
        if (error.code === 'OCI_NOT_FOUND') return { schemaVersion: 2, manifests: [] };
        throw error;
      });
      const others = index.manifests.filter(({ annotations }) => annotations?.[TAG_NAME] !== tag);
      const own = { ...descriptor, annotations: { [TAG_NAME]: tag } };
      const text = JSON.stringify({ ...index, manifests: [...others, own] }, null, 2);
      await write(join(folder, 'index.json'), Buffer.from(text));
    },
  };
}

async function readIndex(folder: string): Promise<Index> {
  const path = join(folder, 'index.json');
  let index: Partial<Index> | null;
  try {
    index = JSON.parse(Buffer.from(await read(path, INDEX_MAX_BYTES)).toString('utf8'));
  } catch (error) {
    if (error instanceof HostError) throw error;
    throw new HostError('OCI_ARTIFACT_INVALID', `${path} is not JSON`, { cause: error });
  }
  if (!Array.isArray(index?.manifests)) {
    throw new HostError('OCI_ARTIFACT_INVALID', `${path} has no list of manifests`);
  }
  return index as Index;
}

async function read(path: string, maxBytes: number): Promise<Uint8Array> {
  try {
    const { size } = await stat(path);
    if (size > maxBytes) {
      throw new HostError('OCI_ARTIFACT_INVALID', `${path} has ${size} bytes, at most ${maxBytes} are read`);
    }
    return await readFile(path);
  } catch (error) {
    if (error instanceof HostError) throw error;
    throw notFound(`${path} cannot be read (${(error as NodeJS.ErrnoException).code})`, error);
  }
}

/** Whole or not at all: beside it first. */
async function write(path: string, bytes: Uint8Array): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(`${path}.partial`, bytes);
    await rename(`${path}.partial`, path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new HostError('OCI_REFUSED', `${path} cannot be written (${code})`, { cause: error });
  }
}

const notFound = (detail: string, cause?: unknown): HostError =>
  new HostError('OCI_NOT_FOUND', detail, { cause });
