/**
 * One chunk of a stream: keys of the stream, nonce of the chunk, where it stands. What sealing, opening from the front
 * and random access have in common.
 *
 * Source: C2SP chunked-encryption.md, sections as cited; Cobblestone-128 and -256 are its instances with SHA-512 and
 * AES-GCM, named by IANA's AEAD registry in the derivation.
 */

import { FormatError, notAuthentic } from './errors.ts';
import {
  concatenate,
  copyOf,
  equalInConstantTime,
  type FormatPrimitives,
  GCM_NONCE_BYTES,
  TAG_BYTES,
} from './primitives.ts';

export type StreamSuite = 'cobblestone-256' | 'cobblestone-128';

/** 'Message chunking': 16 KiB; the last chunk is always shorter, and may be empty. */
export const CHUNK_BYTES = 16_384;
export const SEALED_CHUNK_BYTES = CHUNK_BYTES + TAG_BYTES;
export const SALT_BYTES = 24;
const COMMITMENT_BYTES = 32;
/** Salt and commitment. */
export const STREAM_HEADER_BYTES = SALT_BYTES + COMMITMENT_BYTES;
/** 'Message chunking': 2^38 chunks are 4 PiB. */
export const CHUNKS_MAX_COUNT = 2 ** 38;

const SUITES = {
  'cobblestone-256': { keyBytes: 32, aead: 'AEAD_AES_256_GCM' },
  'cobblestone-128': { keyBytes: 16, aead: 'AEAD_AES_128_GCM' },
} as const satisfies Record<StreamSuite, object>;

export interface StreamOptions {
  readonly primitives: FormatPrimitives;
  /** The input key: uniformly random, 32 bytes (16 for Cobblestone-128). Not kept. */
  readonly key: Uint8Array;
  /** Bound to the stream and not stored. Empty by default. */
  readonly context?: Uint8Array;
  /** Cobblestone-256 by default. */
  readonly suite?: StreamSuite;
}

/** The keys of one stream. Holds them until `close`. */
export interface StreamKeys {
  readonly header: Uint8Array;
  /** At most 16 KiB. Throws FORMAT_LIMIT — the chunk's index. */
  seal(index: number, plaintext: Uint8Array): Uint8Array;
  /** Throws FORMAT_AUTHENTICATION — not the chunk of this stream at this index; FORMAT_LIMIT — the index. */
  open(index: number, sealed: Uint8Array): Uint8Array;
  close(): void;
}

export function checkStreamKey({ key, suite = 'cobblestone-256' }: StreamOptions): void {
  const { keyBytes } = SUITES[suite];
  if (key.length !== keyBytes) {
    throw new RangeError(`a key of ${suite} has ${keyBytes} bytes, not ${key.length}`);
  }
}

/** 'Key derivation'. Throws RangeError — the length of key or salt. */
export function deriveStreamKeys(options: StreamOptions, salt: Uint8Array): StreamKeys {
  const { primitives, key: inputKey, context = new Uint8Array(), suite = 'cobblestone-256' } = options;
  const { keyBytes, aead } = SUITES[suite];
  checkStreamKey(options);
  if (salt.length !== SALT_BYTES) throw new RangeError(`a salt has ${SALT_BYTES} bytes, not ${salt.length}`);
  const label = new TextEncoder().encode(`c2sp.org/chunked-encryption@v1+${aead}\0`);
  const derived = primitives.hkdfExpandSha512(
    inputKey,
    concatenate(label, salt, context),
    keyBytes + GCM_NONCE_BYTES + COMMITMENT_BYTES,
  );
  const key = copyOf(derived.subarray(0, keyBytes));
  const baseNonce = copyOf(derived.subarray(keyBytes, keyBytes + GCM_NONCE_BYTES));
  const header = concatenate(salt, derived.subarray(keyBytes + GCM_NONCE_BYTES));
  derived.fill(0);
  const noAad = new Uint8Array();

  /** 'AEAD usage': the base nonce XOR the index as a big-endian number. */
  const nonceOf = (index: number): Uint8Array => {
    if (!Number.isInteger(index) || index < 0 || index >= CHUNKS_MAX_COUNT) {
      throw new FormatError('FORMAT_LIMIT', `a stream has at most 2^38 chunks; there is none at ${index}`);
    }
    const nonce = copyOf(baseNonce);
    const view = new DataView(nonce.buffer);
    view.setUint32(8, view.getUint32(8) ^ index);
    view.setUint8(7, view.getUint8(7) ^ Math.floor(index / 2 ** 32));
    return nonce;
  };
  return {
    header,
    seal: (index, plaintext) => primitives.aesGcmSeal(key, nonceOf(index), noAad, plaintext),
    open(index, sealed) {
      const plaintext = primitives.aesGcmOpen(key, nonceOf(index), noAad, sealed);
      if (plaintext === undefined) throw notAuthentic();
      return plaintext;
    },
    close() {
      key.fill(0);
      baseNonce.fill(0);
    },
  };
}

/** The keys for a stream's header of 56 bytes. Throws FORMAT_AUTHENTICATION — the commitment is not this key's. */
export function openStreamKeys(options: StreamOptions, header: Uint8Array): StreamKeys {
  if (header.length !== STREAM_HEADER_BYTES) {
    throw new RangeError(`a stream's header has ${STREAM_HEADER_BYTES} bytes, not ${header.length}`);
  }
  const keys = deriveStreamKeys(options, header.subarray(0, SALT_BYTES));
  if (equalInConstantTime(keys.header, header)) return keys;
  keys.close();
  throw notAuthentic();
}
