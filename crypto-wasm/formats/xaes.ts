/**
 * XAES-256-GCM: AES-256-GCM with a 192-bit nonce, which may be random for 2^80 messages under one key.
 *
 * A key for each nonce is derived with AES itself, as CMAC in counter mode; the first of three block encryptions depends
 * on the root key alone and is done once. Source: C2SP XAES-256-GCM.md.
 */

import { copyOf, type FormatPrimitives } from './primitives.ts';

export const XAES_KEY_BYTES = 32;
export const XAES_NONCE_BYTES = 24;

/** The key and nonce that AES-256-GCM gets. */
export interface DerivedKey {
  readonly key: Uint8Array;
  readonly nonce: Uint8Array;
}

export interface XaesKey {
  /** Derives for a nonce of 24 bytes. The key belongs to the caller, who clears it. */
  derive(nonce: Uint8Array): DerivedKey;
  /** Clears the copy of the root key. */
  close(): void;
}

/** Keeps a copy of the root key of 32 bytes until `close`. */
export function createXaesKey(primitives: FormatPrimitives, rootKey: Uint8Array): XaesKey {
  if (rootKey.length !== XAES_KEY_BYTES) {
    throw new RangeError(`a root key has ${XAES_KEY_BYTES} bytes, not ${rootKey.length}`);
  }
  const root = copyOf(rootKey);
  // L = AES-256(K, 0^128), and K1 = L doubled in GF(2^128).
  const k1 = doubled(primitives.aesBlockEncrypt(root, new Uint8Array(16)));
  return {
    derive(nonce) {
      if (nonce.length !== XAES_NONCE_BYTES) {
        throw new RangeError(`a nonce has ${XAES_NONCE_BYTES} bytes, not ${nonce.length}`);
      }
      // M1 and M2: a counter, 'X', a zero byte, the first half of the nonce; both XOR K1 before they are encrypted.
      const blocks = new Uint8Array(XAES_KEY_BYTES);
      for (const counter of [1, 2]) {
        blocks.set([0, counter, 0x58, 0], 16 * (counter - 1));
        blocks.set(nonce.subarray(0, 12), 16 * (counter - 1) + 4);
      }
      const masked = blocks.map((byte, i) => byte ^ (k1[i % 16] ?? 0));
      const key = primitives.aesBlockEncrypt(root, masked);
      masked.fill(0);
      return { key, nonce: copyOf(nonce.subarray(12)) };
    },
    close() {
      root.fill(0);
      k1.fill(0);
    },
  };
}

/** One bit to the left; what falls out comes back as x^7 + x^2 + x + 1. Without a branch on the secret. */
function doubled(block: Uint8Array): Uint8Array {
  const out = block.map((byte, i) => (byte << 1) | ((block[i + 1] ?? 0) >> 7));
  out[15] = (out[15] ?? 0) ^ (0x87 & -((block[0] ?? 0) >> 7));
  block.fill(0);
  return out;
}
