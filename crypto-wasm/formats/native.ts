/**
 * The formats' primitives over node:crypto: for a host that prefers speed to containment, and the oracle of tests.
 *
 * Keys are in this process then, in copies that node:crypto makes and frees in its own time: the promise that key material
 * stays in a cell's memory and is wiped there does not hold for this implementation.
 */

import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';
import { concatenate, type FormatPrimitives, TAG_BYTES } from './primitives.ts';

const AES_KEY_BYTES = [16, 32];

export const nativePrimitives: FormatPrimitives = {
  aesGcmSeal(key, nonce, aad, plaintext) {
    const cipher = createCipheriv(`aes-${bitsOf(key)}-gcm` as const, key, nonce, {
      authTagLength: TAG_BYTES,
    });
    cipher.setAAD(aad);
    const ciphertext = cipher.update(plaintext);
    cipher.final();
    return concatenate(ciphertext, cipher.getAuthTag());
  },
  aesGcmOpen(key, nonce, aad, sealed) {
    if (sealed.length < TAG_BYTES) return undefined;
    const decipher = createDecipheriv(`aes-${bitsOf(key)}-gcm` as const, key, nonce, {
      authTagLength: TAG_BYTES,
    });
    decipher.setAAD(aad);
    decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
    const plaintext = decipher.update(sealed.subarray(0, sealed.length - TAG_BYTES));
    try {
      decipher.final();
    } catch {
      // The only way node:crypto has to say that the tag is wrong.
      plaintext.fill(0);
      return undefined;
    }
    return new Uint8Array(plaintext.buffer, plaintext.byteOffset, plaintext.length);
  },
  aesBlockEncrypt(key, blocks) {
    const cipher = createCipheriv(`aes-${bitsOf(key)}-ecb`, key, null).setAutoPadding(false);
    return concatenate(cipher.update(blocks), cipher.final());
  },
  hkdfExpandSha512(key, info, lengthBytes) {
    const blocks: Uint8Array[] = [];
    let previous: Uint8Array = new Uint8Array();
    for (let bytes = 0; bytes < lengthBytes; bytes += previous.length) {
      previous = createHmac('sha512', key)
        .update(previous)
        .update(info)
        .update(Uint8Array.of(blocks.length + 1))
        .digest();
      blocks.push(previous);
    }
    return concatenate(...blocks).subarray(0, lengthBytes);
  },
  randomBytes: (count) => randomBytes(count),
};

function bitsOf(key: Uint8Array): 128 | 256 {
  if (!AES_KEY_BYTES.includes(key.length))
    throw new RangeError(`a key of AES has 16 or 32 bytes, not ${key.length}`);
  return key.length === 16 ? 128 : 256;
}
