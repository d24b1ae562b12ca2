/**
 * A package as an OCI artifact: the component is the layer that every Wasm runtime looks for, and each other file of the
 * package a layer of our own type beside it, so that the package can be put together again, byte for byte.
 *
 * Works on any store of manifests and blobs (`oci-registry.ts`, `oci-layout.ts`). Everything that is fetched is fetched by
 * digest and held against it; a tag is only looked up. What is put together is verified like any package.
 * Source: OCI Image Specification 1.1, "Image Manifest"; CNCF TAG Runtime, "Wasm OCI Artifact layout".
 */

import { createHash } from 'node:crypto';
import { HostError, hasCode } from '../errors.ts';
import { DIGEST } from './oci-reference.ts';
import {
  COMPONENT,
  type OpenedPackage,
  PACKAGE_MAX_BYTES,
  packEntries,
  UNPACKED_MAX_BYTES,
} from './package.ts';
import { FILES_MAX_COUNT } from './tar.ts';

export const MANIFEST_TYPE = 'application/vnd.oci.image.manifest.v1+json';
const CONFIG_TYPE = 'application/vnd.wasm.config.v0+json';
const WASM_TYPE = 'application/wasm';
const FILE_TYPE = 'application/vnd.hotcell.package.file.v1';
const TITLE = 'org.opencontainers.image.title';

/** A manifest of a package is a few KiB; the specification lets registries refuse more than 4 MiB. */
export const MANIFEST_MAX_BYTES = 256 * 1024;

export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Where artifacts are: one repository of a registry, or a layout on disk. */
export interface ArtifactStore {
  /** The digest that a tag stands for now; a digest stands for itself. Throws OCI_NOT_FOUND. */
  resolve(reference: string): Promise<string>;
  /** By digest; verified. Throws OCI_NOT_FOUND, OCI_DIGEST_MISMATCH. */
  manifest(digest: string): Promise<Uint8Array>;
  /** Verified against digest and size. Throws OCI_NOT_FOUND, OCI_DIGEST_MISMATCH. */
  blob(descriptor: Descriptor): Promise<Uint8Array>;
  putBlob(descriptor: Descriptor, bytes: Uint8Array): Promise<void>;
  /** After all its blobs. The tag stands for it from then on. */
  putManifest(tag: string, descriptor: Descriptor, bytes: Uint8Array): Promise<void>;
}

interface ArtifactManifest {
  readonly mediaType?: string;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}

/** Puts a package under a tag; returns the digest of its manifest. Throws OCI_*. */
export async function pushPackage(
  store: ArtifactStore,
  tag: string,
  { manifest, component, entries }: OpenedPackage,
): Promise<string> {
  if (DIGEST.test(tag)) throw new HostError('OCI_REFERENCE_INVALID', 'push to a tag, not to a digest');
  const layers: Descriptor[] = [];
  const ordered = [COMPONENT, ...[...entries.keys()].filter((name) => name !== COMPONENT).sort()];
  for (const name of ordered) {
    const bytes = entries.get(name) ?? component;
    const layer = {
      ...describe(name === COMPONENT ? WASM_TYPE : FILE_TYPE, bytes),
      annotations: { [TITLE]: name },
    };
    await store.putBlob(layer, bytes);
    layers.push(layer);
  }
  const config = json({
    architecture: 'wasm',
    os: 'wasip2',
    layerDigests: layers.map(({ digest }) => digest),
    component: { target: String(manifest.world ?? '') },
  });
  const described = describe(CONFIG_TYPE, config);
  await store.putBlob(described, config);
  const artifact = json({
    schemaVersion: 2,
    mediaType: MANIFEST_TYPE,
    config: described,
    layers,
    annotations: {
      [TITLE]: manifest.name,
      'org.opencontainers.image.version': manifest.version,
      ...(typeof manifest.description === 'string'
        ? { 'org.opencontainers.image.description': manifest.description }
        : {}),
    },
  });
  const top = describe(MANIFEST_TYPE, artifact);
  await store.putManifest(tag, top, artifact);
  return top.digest;
}

/**
 * Fetches what a tag or a digest stands for, as the bytes of a package that `openPackage` has yet to verify.
 *
 * Throws OCI_TAG_MOVED — the tag stands for another artifact than when it was looked up: what was fetched is whole, but old;
 * OCI_ARTIFACT_INVALID — not an adapter, or of more or larger files than a package has; OCI_NOT_FOUND, OCI_DIGEST_MISMATCH, and what
 * the store throws.
 */
export async function pullPackage(
  store: ArtifactStore,
  reference: string,
): Promise<{ readonly bytes: Uint8Array; readonly digest: string }> {
  const digest = await store.resolve(reference);
  const refuseMoved = async (): Promise<void> => {
    const now = await store.resolve(reference);
    if (now === digest) return;
    throw new HostError('OCI_TAG_MOVED', `${reference} was ${digest} and is now ${now}: pull again`);
  };
  let entries: Map<string, Uint8Array>;
  try {
    entries = await fetchEntries(store, digest);
  } catch (error) {
    // Registries may remove what no tag names any more: then that is the reason.
    if (hasCode(error, 'OCI_NOT_FOUND')) await refuseMoved();
    throw error;
  }
  await refuseMoved();
  return { bytes: await packEntries(entries), digest };
}

async function fetchEntries(store: ArtifactStore, digest: string): Promise<Map<string, Uint8Array>> {
  const { layers } = readManifest(await store.manifest(digest));
  const entries = new Map<string, Uint8Array>();
  for (const layer of layers) {
    const name = layer.mediaType === WASM_TYPE ? COMPONENT : (layer.annotations?.[TITLE] ?? '');
    if (entries.has(name)) throw notAdapter(`it has two files named ${JSON.stringify(name.slice(0, 100))}`);
    entries.set(name, await store.blob(layer));
  }
  return entries;
}

function readManifest(bytes: Uint8Array): ArtifactManifest {
  let parsed: Partial<ArtifactManifest> | null;
  try {
    parsed = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw new HostError('OCI_ARTIFACT_INVALID', 'its manifest is not JSON in UTF-8', { cause: error });
  }
  const { config, layers } = parsed ?? {};
  if (!isDescriptor(config) || !Array.isArray(layers) || !layers.every(isDescriptor)) {
    throw notAdapter('its manifest is not that of an image: an index of several is not taken');
  }
  if (config.mediaType !== CONFIG_TYPE) {
    throw notAdapter(`its config is ${JSON.stringify(config.mediaType.slice(0, 100))}, not ${CONFIG_TYPE}`);
  }
  const own = layers.filter(({ mediaType }) => mediaType === FILE_TYPE || mediaType === WASM_TYPE);
  if (own.length !== layers.length || own.length < 2) {
    throw notAdapter('its layers are not those of a Hotcell package');
  }
  if (own.length > FILES_MAX_COUNT) throw notAdapter(`it has more than ${FILES_MAX_COUNT} files`);
  if (own.reduce((sum, { size }) => sum + size, 0) > UNPACKED_MAX_BYTES) {
    throw notAdapter(`its files have more than ${UNPACKED_MAX_BYTES} bytes`);
  }
  return { config, layers: own };
}

function isDescriptor(value: unknown): value is Descriptor {
  const { mediaType, digest, size } = (value ?? {}) as Partial<Descriptor>;
  return (
    typeof mediaType === 'string' &&
    typeof digest === 'string' &&
    DIGEST.test(digest) &&
    Number.isSafeInteger(size) &&
    (size as number) >= 0 &&
    (size as number) <= Math.max(PACKAGE_MAX_BYTES, UNPACKED_MAX_BYTES)
  );
}

/** Throws OCI_DIGEST_MISMATCH — the bytes are not those of the digest. */
export function verifyDigest(bytes: Uint8Array, digest: string, what: string): Uint8Array {
  const found = digestOf(bytes);
  if (found === digest) return bytes;
  throw new HostError('OCI_DIGEST_MISMATCH', `${what} should be ${digest} and is ${found}`);
}

export const digestOf = (bytes: Uint8Array): string =>
  `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

const describe = (mediaType: string, bytes: Uint8Array): Descriptor => ({
  mediaType,
  digest: digestOf(bytes),
  size: bytes.byteLength,
});

const json = (value: object): Uint8Array => Buffer.from(JSON.stringify(value));
const notAdapter = (detail: string): HostError => new HostError('OCI_ARTIFACT_INVALID', detail);
