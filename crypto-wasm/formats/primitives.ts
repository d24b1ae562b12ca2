/**
 * What the formats stand on: a block cipher, an AEAD, a key derivation, randomness. Given to them, so that the same bytes
 * come out of any implementation and tests own the randomness.
 *
 * Keys of AES are 16 or 32 bytes, by their length. No function keeps or changes what it is given; what it returns belongs
 * to the caller.
 */

export interface FormatPrimitives {
  /** NIST SP 800-38D, 96-bit nonce: ciphertext ‖ 16-byte tag. */
  aesGcmSeal(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, plaintext: Uint8Array): Uint8Array;
  /** The plaintext of ciphertext ‖ tag, or undefined when the tag is not right. No plaintext is shown before. */
  aesGcmOpen(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, sealed: Uint8Array): Uint8Array | undefined;
  /** FIPS 197: whole blocks of 16 bytes, each on its own. */
  aesBlockEncrypt(key: Uint8Array, blocks: Uint8Array): Uint8Array;
  /** RFC 5869 §2.3 with SHA-512. */
  hkdfExpandSha512(key: Uint8Array, info: Uint8Array, lengthBytes: number): Uint8Array;
  randomBytes(count: number): Uint8Array;
}

export const TAG_BYTES = 16;
export const GCM_NONCE_BYTES = 12;

/** True when both are the same. Its time depends on the lengths alone, which are public. */
export function equalInConstantTime(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= (a[i] ?? 0) ^ (b[i] ?? 0);
  return difference === 0;
}

/** A copy in memory of its own. Of a Buffer, `slice` would be a view: clearing it would clear the caller's key. */
export function copyOf(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(bytes);
}

export function concatenate(...parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
