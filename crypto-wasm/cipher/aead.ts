/**
 * The face that every implementation of the ciphers has: the kernels, the reference, and whatever a test holds against
 * them. Authenticated encryption of whole messages; a sealed message is the ciphertext with its tag of 16 bytes behind.
 *
 * Lengths are judged here, once and alike for all. What arguments hold is never judged: a message that is not genuine
 * is an answer (`undefined`), not an error, and nothing of it is given out.
 */

export const KEY_BYTES = 32;
/** AES-128, -192, -256. */
export const AES_KEY_BYTES: readonly number[] = [16, 24, 32];
export const TAG_BYTES = 16;
export const CHACHA_NONCE_BYTES = 12;
/** Of XChaCha20 and XAES: long enough to be drawn at random for every message of a key's life. */
export const LONG_NONCE_BYTES = 24;

/** `aad` is authenticated, not encrypted. The result is the caller's; arguments are neither kept nor changed. */
export type Seal = (key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, plaintext: Uint8Array) => Uint8Array;

/** Gives undefined when key, nonce, additional data, ciphertext or tag is not what the message was sealed with. */
export type Open = (
  key: Uint8Array,
  nonce: Uint8Array,
  aad: Uint8Array,
  sealed: Uint8Array,
) => Uint8Array | undefined;

/** All throw RangeError — key or nonce has a length that the cipher does not take. */
export interface Aead {
  /** AES-GCM, with a key of 16, 24 or 32 bytes; the nonce (IV) has 1 byte or more, 12 if it can be chosen. */
  readonly aesGcmSeal: Seal;
  readonly aesGcmOpen: Open;
  /** ChaCha20-Poly1305 of RFC 8439, nonce 12 bytes. */
  readonly chachaSeal: Seal;
  readonly chachaOpen: Open;
  /** XChaCha20-Poly1305, nonce 24 bytes. */
  readonly xchachaSeal: Seal;
  readonly xchachaOpen: Open;
  /** XAES-256-GCM, nonce 24 bytes. */
  readonly xaesSeal: Seal;
  readonly xaesOpen: Open;
}

/** Throws RangeError — the key is not of 32 bytes. */
export function checkKey(key: Uint8Array): void {
  if (key.length !== KEY_BYTES) throw new RangeError(`a key has ${KEY_BYTES} bytes, not ${key.length}`);
}

/** Throws RangeError — the key is none of AES. */
export function checkAesKey(key: Uint8Array): void {
  if (!AES_KEY_BYTES.includes(key.length)) {
    throw new RangeError(`a key of AES has ${AES_KEY_BYTES.join(', ')} bytes, not ${key.length}`);
  }
}

/** Throws RangeError — the nonce is not of that length. */
export function checkNonce(nonce: Uint8Array, lengthBytes: number): void {
  if (nonce.length !== lengthBytes) {
    throw new RangeError(`a nonce has ${lengthBytes} bytes here, not ${nonce.length}`);
  }
}

/** Throws RangeError — the IV is empty. NIST SP 800-38D, section 5.2.1.1. */
export function checkIv(iv: Uint8Array): void {
  if (iv.length === 0) throw new RangeError('an IV has at least one byte');
}
