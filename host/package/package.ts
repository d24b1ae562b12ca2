/**
 * A package as one file: `<name>-<version>.hotcell.tgz`, an archive of plain files with the digests of all of them.
 *
 * `adapter.json` is the manifest as a host installs it, `component.wasm` the component, `world.wit` the author's WIT with its
 * documentation. `digests.json` names every other file with its SHA-256; `signature.json`, when it is there, signs the bytes of
 * `digests.json`. Always: the same files make the same bytes, and what `openPackage` returns has been verified, file by file.
 * Nothing is written to disk here, and the manifest's content is the registry's to judge.
 */

import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { HostError } from '../errors.ts';
import { keyName, type PackageSignature, signDigests, verifyDigests } from './signature.ts';
import { readTar, writeTar } from './tar.ts';

const MiB = 1024 * 1024;

/** The file as it is sent. A component compresses to a third; QuickJS with a guest has half a MiB. */
export const PACKAGE_MAX_BYTES = 64 * MiB;
/** Everything unpacked: the largest component that a host takes by default, and texts beside it. */
export const UNPACKED_MAX_BYTES = 80 * MiB;

/** Of a file that is parsed: as much as a host takes of a manifest. Parsed JSON takes many times its size. */
const JSON_MAX_BYTES = 256 * 1024;

const FORMAT = 'hotcell-package@1';
export const DIGESTS = 'digests.json';
export const SIGNATURE = 'signature.json';
export const MANIFEST = 'adapter.json';
export const COMPONENT = 'component.wasm';
/** Texts that go along where an author has them. */
export const TEXTS = ['world.wit', 'cases.json', 'README.md'] as const;

export interface PackageContent {
  /** By name, `adapter.json` and `component.wasm` among them. */
  readonly files: ReadonlyMap<string, Uint8Array>;
}

export interface OpenedPackage extends PackageContent {
  /** Parsed; not validated beyond name and version. */
  readonly manifest: Readonly<Record<string, unknown>> & { readonly name: string; readonly version: string };
  readonly component: Uint8Array;
  /** All that the archive has, digests and signature too. */
  readonly entries: ReadonlyMap<string, Uint8Array>;
  /** Id of the key that signed it; undefined when it is not signed. */
  readonly keyId: string | undefined;
  /** True when that key is one of those asked for. */
  readonly isTrusted: boolean;
}

/** The bytes of a package. Throws PACKAGE_TOO_LARGE; PACKAGE_SIGNATURE_INVALID — the key is not one to sign with. */
export async function makePackage(
  { files }: PackageContent,
  options: { readonly privateKeyPem?: string | undefined } = {},
): Promise<Uint8Array> {
  const sorted = [...files].sort(([a], [b]) => (a < b ? -1 : 1));
  const digests = Object.fromEntries(
    sorted.map(([name, bytes]) => [name, { sha256: sha256(bytes), bytes: bytes.byteLength }]),
  );
  const digestBytes = json({ format: FORMAT, files: digests });
  const entries = new Map<string, Uint8Array>([...sorted, [DIGESTS, digestBytes]]);
  if (options.privateKeyPem !== undefined) {
    entries.set(SIGNATURE, json(signDigests(digestBytes, options.privateKeyPem)));
  }
  return packEntries(entries);
}

/**
 * The bytes of a package whose entries, digests and signature among them, came one by one. Nothing is verified: that is
 * `openPackage`'s. Throws PACKAGE_TOO_LARGE; PACKAGE_INVALID — a name that no file may have.
 */
export async function packEntries(entries: ReadonlyMap<string, Uint8Array>): Promise<Uint8Array> {
  const sorted = [...entries].sort(([a], [b]) => rank(a) - rank(b) || (a < b ? -1 : 1));
  const tar = writeTar(sorted.map(([name, bytes]) => ({ name, bytes })));
  if (tar.byteLength > UNPACKED_MAX_BYTES) throw tooLarge();
  const packed = await promisify(gzip)(tar, { level: 9 });
  // The system that packed it; 255 is "unknown". RFC 1952, §2.3.1.
  packed[9] = 255;
  if (packed.byteLength > PACKAGE_MAX_BYTES) throw tooLarge();
  return packed;
}

/** What tells about the others comes first: a reader of a stream has it before them. */
const rank = (name: string): number => (name === DIGESTS ? 0 : name === SIGNATURE ? 1 : 2);

/**
 * Unpacks and verifies. With `trustedKeys` (ids) an unsigned package and one of another key are refused.
 *
 * Throws PACKAGE_TOO_LARGE — more than a package may have, before it is unpacked further; PACKAGE_INVALID — naming the file;
 * PACKAGE_DIGEST_MISMATCH — naming the file; PACKAGE_UNSIGNED; PACKAGE_SIGNATURE_INVALID.
 */
export async function openPackage(
  bytes: Uint8Array,
  options: { readonly trustedKeys?: readonly string[] | undefined } = {},
): Promise<OpenedPackage> {
  if (bytes.byteLength > PACKAGE_MAX_BYTES) throw tooLarge();
  const entries = readTar(await unpack(bytes));
  const files = new Map(entries);
  const digests = take(files, DIGESTS);
  const signature = files.get(SIGNATURE);
  files.delete(SIGNATURE);
  verifyFiles(files, parse(DIGESTS, digests));
  const keyId = signature && verifyDigests(digests, parse(SIGNATURE, signature) as PackageSignature);
  const { trustedKeys } = options;
  const isTrusted = keyId !== undefined && (trustedKeys?.includes(keyId) ?? false);
  if (trustedKeys !== undefined && keyId === undefined) {
    throw new HostError(
      'PACKAGE_UNSIGNED',
      `the package has no ${SIGNATURE}, and only signed ones are taken here: sign it with \`hotcell adapter pack --sign <key>\``,
    );
  }
  if (trustedKeys !== undefined && keyId !== undefined) requireTrusted(keyId, trustedKeys);
  const component = files.get(COMPONENT);
  if (component === undefined) throw new HostError('PACKAGE_INVALID', `${COMPONENT} is missing`);
  const manifest = (parse(MANIFEST, files.get(MANIFEST) ?? missing(MANIFEST)) ?? {}) as Partial<
    OpenedPackage['manifest']
  >;
  const { name, version } = manifest;
  if (typeof name !== 'string' || typeof version !== 'string') {
    throw new HostError('PACKAGE_INVALID', `${MANIFEST} has no name and version`);
  }
  if (manifest.component !== COMPONENT) {
    throw new HostError('PACKAGE_INVALID', `${MANIFEST}: "component" must be "${COMPONENT}"`);
  }
  if (manifest.sha256 !== sha256(component)) {
    throw new HostError(
      'PACKAGE_DIGEST_MISMATCH',
      `${COMPONENT} is not the component that ${MANIFEST} names`,
    );
  }
  return { manifest: { ...manifest, name, version }, component, files, entries, keyId, isTrusted };
}

/**
 * The same of a package that lies unpacked: the manifest is the one that the digests name, and a trusted key signed those. What
 * the manifest names is its reader's to check. Throws PACKAGE_INVALID, PACKAGE_DIGEST_MISMATCH, PACKAGE_SIGNATURE_INVALID.
 */
export function verifyManifest(
  files: { readonly manifest: Uint8Array; readonly digests: Uint8Array; readonly signature: Uint8Array },
  trustedKeys: readonly string[],
): void {
  const { manifest, digests, signature } = files;
  requireTrusted(verifyDigests(digests, parse(SIGNATURE, signature)), trustedKeys);
  const named = namedFiles(parse(DIGESTS, digests));
  if (digestIn(named, MANIFEST) !== sha256(manifest)) {
    throw new HostError('PACKAGE_DIGEST_MISMATCH', `${MANIFEST} is not the file that ${DIGESTS} names`);
  }
}

function requireTrusted(keyId: string, trustedKeys: readonly string[]): void {
  if (trustedKeys.includes(keyId)) return;
  throw new HostError(
    'PACKAGE_SIGNATURE_INVALID',
    `${SIGNATURE} is of the key ${keyName(keyId)}, which is not trusted here: have it signed by one that is, or add that key`,
  );
}

async function unpack(bytes: Uint8Array): Promise<Uint8Array> {
  let unpacked: { readonly buffer: Buffer; readonly engine: { readonly bytesWritten: number } };
  try {
    // With `info` it says how much it has read: bytes behind the end would be no part of what is verified.
    const options = { maxOutputLength: UNPACKED_MAX_BYTES, info: true };
    unpacked = (await promisify(gunzip)(bytes, options)) as unknown as typeof unpacked;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge();
    throw new HostError('PACKAGE_INVALID', 'it is not compressed with gzip, or damaged', { cause: error });
  }
  if (unpacked.engine.bytesWritten !== bytes.byteLength) {
    throw new HostError('PACKAGE_INVALID', 'there are bytes behind its end');
  }
  return unpacked.buffer;
}

/** Every file is named and every name is a file. */
function verifyFiles(files: ReadonlyMap<string, Uint8Array>, parsed: unknown): void {
  const named = namedFiles(parsed);
  for (const name of files.keys()) {
    if (!Object.hasOwn(named, name)) {
      throw new HostError('PACKAGE_DIGEST_MISMATCH', `${DIGESTS} does not name ${name}`);
    }
  }
  for (const name of Object.keys(named)) {
    if (sha256(files.get(name) ?? missing(name)) !== digestIn(named, name)) {
      throw new HostError('PACKAGE_DIGEST_MISMATCH', `${name} is not the file that ${DIGESTS} names`);
    }
  }
}

function namedFiles(parsed: unknown): Readonly<Record<string, unknown>> {
  const { format, files } = (parsed ?? {}) as { format?: unknown; files?: unknown };
  if (format === FORMAT && typeof files === 'object' && files !== null) return { ...files };
  throw new HostError('PACKAGE_INVALID', `${DIGESTS} is not of the format ${FORMAT}`);
}

const digestIn = (named: Readonly<Record<string, unknown>>, name: string): unknown =>
  Object.hasOwn(named, name) ? (named[name] as { sha256?: unknown } | null)?.sha256 : undefined;

function take(files: Map<string, Uint8Array>, name: string): Uint8Array {
  const bytes = files.get(name) ?? missing(name);
  files.delete(name);
  return bytes;
}

function missing(name: string): never {
  throw new HostError('PACKAGE_INVALID', `${name.slice(0, 100)} is missing`);
}

function parse(name: string, bytes: Uint8Array): unknown {
  if (bytes.byteLength > JSON_MAX_BYTES) {
    throw new HostError('PACKAGE_TOO_LARGE', `${name} has more than ${JSON_MAX_BYTES} bytes`);
  }
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw new HostError('PACKAGE_INVALID', `${name} is not JSON in UTF-8`, { cause: error });
  }
}

const json = (value: object): Uint8Array => Buffer.from(`${JSON.stringify(value, null, 2)}\n`);
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const tooLarge = (): HostError =>
  new HostError(
    'PACKAGE_TOO_LARGE',
    `a package has at most ${PACKAGE_MAX_BYTES / MiB} MiB, and unpacked ${UNPACKED_MAX_BYTES / MiB} MiB`,
  );
