/**
 * The key that XAES-256-GCM derives for one nonce: AES in counter mode as CMAC. Source: C2SP, XAES-256-GCM.md.
 *
 * Apart from the AEAD, because records commit to the derived key. Constant time, as the AES it stands on. A root key is
 * one context of `XAES_BYTES` that the caller places (aligned to 16), keeps as long as the key, and wipes with `clear`.
 */

import { enterState, finishRounds, SCHEDULE_BYTES } from './aes';
import { expandKey } from './aes-key';
import { clear } from './bytes';

const SUBKEY: usize = SCHEDULE_BYTES;
/** Of the context of a root key: key schedule and CMAC subkey. Blocks are encrypted in pairs, so it is made in two. */
export const XAES_BYTES: usize = SUBKEY + 32;

/** Takes the root key of 32 bytes, which may be wiped afterwards. */
export function takeXaesKey(root: usize, key: usize): void {
  expandKey(root, key, 32);
  clear(root + SUBKEY, 32);
  encryptPair(root, root + SUBKEY);
  // K1 = L × x in GF(2¹²⁸): CMAC's first subkey. NIST SP 800-38B, section 6.1.
  const high = bswap(load<u64>(root, SUBKEY));
  const low = bswap(load<u64>(root, SUBKEY + 8));
  const carry = (<u64>0 - (high >> 63)) & 0x87;
  store<u64>(root, bswap((high << 1) | (low >> 63)), SUBKEY);
  store<u64>(root, bswap((low << 1) ^ carry), SUBKEY + 8);
  clear(root + SUBKEY + 16, 16);
}

/**
 * Writes the 32 bytes of the key for a nonce of 24 to `out`, which the caller wipes:
 * AES(K, M1 + K1) ‖ AES(K, M2 + K1), with Mn = 00 0n 58 00 ‖ nonce[0…12].
 */
export function deriveXaesKey(root: usize, nonce: usize, out: usize): void {
  const subkey = v128.load(root, SUBKEY);
  for (let n: u32 = 1; n <= 2; n++) {
    const at = out + 16 * (n - 1);
    store<u32>(at, 0x00580000 | (n << 8));
    store<u64>(at, load<u64>(nonce), 4);
    store<u32>(at, load<u32>(nonce, 8), 12);
    v128.store(at, v128.xor(v128.load(at), subkey));
  }
  encryptPair(root, out);
}

/** Two blocks, in place. */
function encryptPair(root: usize, blocks: usize): void {
  enterState(root, blocks, blocks + 32);
  finishRounds(root, blocks, blocks + 32, 1);
}
