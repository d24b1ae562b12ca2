/**
 * What can be hashed: the face that the kernel's door and the readable reference both implement.
 *
 * Input is never kept or changed; output is a new array that belongs to the caller. Sizes that no algorithm defines are
 * programmer errors, thrown as RangeError by the checks below, which every implementation uses.
 */

export type Sha2 = 'sha256' | 'sha512';

/** What a hasher computes. Keys are copied when it is made. */
export type HasherSpec =
  | { readonly kind: 'sha256' }
  | { readonly kind: 'sha512' }
  | { readonly kind: 'hmac'; readonly hash: Sha2; readonly key: Uint8Array }
  | { readonly kind: 'blake3' }
  | { readonly kind: 'blake3-keyed'; readonly key: Uint8Array }
  /** `context` is hard-coded and globally unique; never input of a user. */
  | { readonly kind: 'blake3-derive-key'; readonly context: string };

/** A message that comes in pieces. */
export interface Hasher {
  /** Takes the next piece, of any size. Throws Error — it is closed. */
  update(piece: Uint8Array): void;
  /**
   * The digest of all pieces so far; the hasher goes on. Only BLAKE3 takes a length (32 by default) and an offset into
   * its output, in bytes. Throws RangeError — another hash was asked for part of its output; Error — it is closed.
   */
  digest(lengthBytes?: number, offsetBytes?: number): Uint8Array;
  /** Ends it and clears what it held. Safe to call twice. */
  close(): void;
}

/** SHA-2 and what stands on it: what node:crypto offers too. */
export interface Sha2Face {
  sha256(message: Uint8Array): Uint8Array;
  sha512(message: Uint8Array): Uint8Array;
  hmac(hash: Sha2, key: Uint8Array, message: Uint8Array): Uint8Array;
  /** RFC 5869, extract then expand. Throws RangeError — `lengthBytes` above 255 digests, `info` above 64 KiB. */
  hkdf(hash: Sha2, material: Uint8Array, salt: Uint8Array, info: Uint8Array, lengthBytes: number): Uint8Array;
  /** RFC 5869 §2.3 alone, for a key that is uniformly random already. Throws RangeError as `hkdf` does. */
  hkdfExpand(hash: Sha2, key: Uint8Array, info: Uint8Array, lengthBytes: number): Uint8Array;
}

export interface Blake3Face {
  blake3(message: Uint8Array, lengthBytes?: number): Uint8Array;
  /** Throws RangeError — the key is not of 32 bytes. */
  blake3Keyed(key: Uint8Array, message: Uint8Array, lengthBytes?: number): Uint8Array;
  /** `context` as in `HasherSpec`. Throws RangeError — it is longer than 64 KiB in UTF-8. */
  blake3DeriveKey(context: string, material: Uint8Array, lengthBytes?: number): Uint8Array;
}

export interface HashKernel extends Sha2Face, Blake3Face {
  /** A hasher, to be closed. Throws RangeError — as the functions above, or too many are open. */
  createHasher(spec: HasherSpec): Hasher;
}

export const DIGEST_BYTES = { sha256: 32, sha512: 64 } as const satisfies Record<Sha2, number>;
/** Of BLAKE3: a key, and its output when no other length is asked for. */
export const BLAKE3_KEY_BYTES = 32;
export const BLAKE3_DIGEST_BYTES = 32;
/** RFC 5869 §2.3: the block counter is one byte. */
const HKDF_DIGESTS_MAX_COUNT = 255;
/** What HKDF binds, and a BLAKE3 context in UTF-8: both are names, and lie in the kernel's input window at once. */
const NAME_MAX_BYTES = 65_536;

export function checkHkdf(hash: Sha2, info: Uint8Array, lengthBytes: number): void {
  const maxBytes = HKDF_DIGESTS_MAX_COUNT * DIGEST_BYTES[hash];
  if (!Number.isSafeInteger(lengthBytes) || lengthBytes < 0 || lengthBytes > maxBytes) {
    throw new RangeError(`HKDF with ${hash} gives 0 to ${maxBytes} bytes, not ${lengthBytes}`);
  }
  if (info.length > NAME_MAX_BYTES) {
    throw new RangeError(`info has at most ${NAME_MAX_BYTES} bytes, not ${info.length}`);
  }
}

export function checkBlake3Key(key: Uint8Array): void {
  if (key.length !== BLAKE3_KEY_BYTES) {
    throw new RangeError(`a BLAKE3 key has ${BLAKE3_KEY_BYTES} bytes, not ${key.length}`);
  }
}

/** The context in UTF-8. */
export function encodeBlake3Context(context: string): Uint8Array {
  const bytes = new TextEncoder().encode(context);
  if (bytes.length > NAME_MAX_BYTES) {
    throw new RangeError(`a BLAKE3 context has at most ${NAME_MAX_BYTES} bytes, not ${bytes.length}`);
  }
  return bytes;
}

export function checkBlake3Range(lengthBytes: number, offsetBytes: number): void {
  const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;
  if (!isCount(lengthBytes) || !isCount(offsetBytes)) {
    throw new RangeError(
      `part of BLAKE3's output is a whole number of bytes at another, not ${lengthBytes} at ${offsetBytes}`,
    );
  }
}

/** SHA-2 and HMAC give their digest at once. */
export function checkWholeDigest(digestBytes: number, lengthBytes: number, offsetBytes: number): void {
  if (lengthBytes !== digestBytes || offsetBytes !== 0) {
    throw new RangeError(`this digest has ${digestBytes} bytes and is given at once`);
  }
}
