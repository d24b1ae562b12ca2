/**
 * Files ↔ one archive: ustar, as much of it as a package needs. The writer is deterministic: same files, same bytes.
 *
 * The reader takes what a stranger sent. It knows plain files in one folder and nothing else: links, folders, devices,
 * extended headers and names with a path in them are refused, never skipped, so that what was verified is all there is.
 * Source: POSIX.1-2017, pax, "ustar Interchange Format".
 */

import { HostError } from '../errors.ts';

export interface TarFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

const BLOCK_BYTES = 512;
/** Zeros that end an archive: two blocks, or up to a record of what other programs write. */
const END_MAX_BYTES = 64 * 1024;
/** Name, manifest, WIT, cases, README, digests, signature and the component; as many again for what authors add. */
export const FILES_MAX_COUNT = 16;

/** Names that are the same on every system and cannot leave a folder. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,95}$/;

/** Offsets and lengths of the fields that are used. */
const FIELD = {
  name: [0, 100],
  mode: [100, 8],
  uid: [108, 8],
  gid: [116, 8],
  size: [124, 12],
  mtime: [136, 12],
  checksum: [148, 8],
  type: [156, 1],
  magic: [257, 6],
  version: [263, 2],
  prefix: [345, 155],
} as const;

type Field = keyof typeof FIELD;

/** Writes the files in the order given. Names are the caller's to have checked. */
export function writeTar(files: readonly TarFile[]): Uint8Array {
  const blocks: Uint8Array[] = [];
  for (const { name, bytes } of files) {
    if (!NAME.test(name))
      throw new HostError('PACKAGE_INVALID', `${quote(name)} cannot be the name of a file`);
    blocks.push(header(name, bytes.byteLength), bytes, new Uint8Array(padding(bytes.byteLength)));
  }
  blocks.push(new Uint8Array(2 * BLOCK_BYTES));
  return Buffer.concat(blocks);
}

const padding = (length: number): number => (BLOCK_BYTES - (length % BLOCK_BYTES)) % BLOCK_BYTES;

function header(name: string, sizeBytes: number): Uint8Array {
  const block = Buffer.alloc(BLOCK_BYTES);
  const put = (field: Field, text: string): void => void block.write(text, FIELD[field][0], 'latin1');
  put('name', name);
  put('mode', '0000644\0');
  put('uid', '0000000\0');
  put('gid', '0000000\0');
  put('size', `${sizeBytes.toString(8).padStart(11, '0')}\0`);
  put('mtime', '00000000000\0');
  put('type', '0');
  put('magic', 'ustar\0');
  put('version', '00');
  put('checksum', `${checksumOf(block).toString(8).padStart(6, '0')}\0 `);
  return block;
}

/** The sum of all bytes, with blanks in the place of the sum itself. */
function checksumOf(block: Uint8Array): number {
  const [at, length] = FIELD.checksum;
  let sum = 0x20 * length;
  for (let i = 0; i < BLOCK_BYTES; i++) {
    if (i < at || i >= at + length) sum += block[i] as number;
  }
  return sum;
}

/**
 * Reads an archive; the files are views into it. Throws PACKAGE_INVALID — naming the entry: anything but plain files with
 * plain names, a name twice, a damaged header, bytes behind the end; PACKAGE_TOO_LARGE — more files than a package has.
 */
export function readTar(archive: Uint8Array): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  let at = 0;
  for (;;) {
    const block = archive.subarray(at, at + BLOCK_BYTES);
    if (block.byteLength < BLOCK_BYTES) throw invalid('the archive ends within an entry');
    if (isZero(block)) break;
    const { name, sizeBytes } = readHeader(block);
    if (files.has(name)) throw invalid(`${quote(name)} is there twice`);
    if (files.size === FILES_MAX_COUNT) {
      throw new HostError('PACKAGE_TOO_LARGE', `a package has at most ${FILES_MAX_COUNT} files`);
    }
    at += BLOCK_BYTES;
    if (sizeBytes > archive.byteLength - at) throw invalid(`${quote(name)} is longer than the archive`);
    files.set(name, archive.subarray(at, at + sizeBytes));
    at += sizeBytes + padding(sizeBytes);
  }
  const end = archive.subarray(at);
  if (end.byteLength > END_MAX_BYTES || !isZero(end))
    throw invalid('there are bytes behind the end of the archive');
  return files;
}

function readHeader(block: Uint8Array): { name: string; sizeBytes: number } {
  const text = (field: Field): string => {
    const [at, length] = FIELD[field];
    return Buffer.from(block.buffer, block.byteOffset + at, length).toString('latin1');
  };
  const name = text('name').replace(/\0.*$/s, '');
  if (octal(text('checksum')) !== checksumOf(block)) throw invalid(`the header of ${quote(name)} is damaged`);
  if (!text('magic').startsWith('ustar')) throw invalid(`the header of ${quote(name)} is not of ustar`);
  const type = text('type');
  if (type !== '0' && type !== '\0') {
    throw invalid(`${quote(name)} is not a plain file (type ${quote(type)}): links and folders are refused`);
  }
  if (!NAME.test(name) || !/^\0*$/.test(text('prefix'))) {
    throw invalid(`${quote(name)} is not a plain name: paths are refused`);
  }
  const sizeBytes = octal(text('size'));
  if (sizeBytes === undefined) throw invalid(`the size of ${quote(name)} is not a number`);
  return { name, sizeBytes };
}

/** A number in octal, ended by a blank or a zero byte; undefined for anything else (base 256 too). */
function octal(field: string): number | undefined {
  const [, digits] = /^ *([0-7]+)[ \0]*$/.exec(field) ?? [];
  return digits === undefined ? undefined : Number.parseInt(digits, 8);
}

const isZero = (bytes: Uint8Array): boolean => bytes.every((byte) => byte === 0);

const invalid = (detail: string): HostError => new HostError('PACKAGE_INVALID', detail);

/** A name of a stranger's, cut and printable. */
const quote = (name: string): string => JSON.stringify(name.slice(0, 100));
