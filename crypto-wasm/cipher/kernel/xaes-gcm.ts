/**
 * XAES-256-GCM: AES-256-GCM under a key derived from a random nonce of 24 bytes, so that nonces need no counting.
 * Source: C2SP, XAES-256-GCM.md.
 *
 * The root key is one context, kept as long as the key is; each message needs room for its own GCM context, wiped
 * before a function returns. The contract for `source`, `target` and the tag is that of `aes-gcm.ts`.
 */

import { enterState, finishRounds, SCHEDULE_BYTES } from './aes';
import { GCM_BYTES, openGcm, sealGcm, takeGcmKey } from './aes-gcm';
import { expandKey } from './aes-key';
import { clear } from './bytes';

/** The first half of a nonce goes into the key, the second is the IV of GCM. */
const HALF_BYTES: usize = 12;

const SUBKEY: usize = SCHEDULE_BYTES;
const DERIVED: usize = SUBKEY + 16;
/** Of the context of a root key: key schedule, CMAC subkey, and room for a derived key. */
export const XAES_BYTES: usize = DERIVED + 32;

/** Takes the root key of 32 bytes, which may be wiped afterwards. */
export function takeXaesKey(root: usize, key: usize): void {
  expandKey(root, key, 32);
  clear(root + DERIVED, 32);
  encrypt(root);
  // K1 = L × x in GF(2¹²⁸): CMAC's first subkey. NIST SP 800-38B, section 6.1.
  const high = bswap(load<u64>(root, DERIVED));
  const low = bswap(load<u64>(root, DERIVED + 8));
  const carry = (<u64>0 - (high >> 63)) & 0x87;
  store<u64>(root, bswap((high << 1) | (low >> 63)), SUBKEY);
  store<u64>(root, bswap((low << 1) ^ carry), SUBKEY + 8);
  clear(root + DERIVED, 32);
}

/** `room` holds `GCM_BYTES`. */
export function sealXaes(
  root: usize,
  room: usize,
  nonce: usize,
  aad: usize,
  aadBytes: usize,
  source: usize,
  target: usize,
  lengthBytes: usize,
  tag: usize,
): void {
  derive(root, room, nonce);
  sealGcm(room, nonce + HALF_BYTES, HALF_BYTES, aad, aadBytes, source, target, lengthBytes, tag);
  clear(room, GCM_BYTES);
}

/** `room` holds `GCM_BYTES`. Gives true when the tag is right; else false, with `target` untouched. */
export function openXaes(
  root: usize,
  room: usize,
  nonce: usize,
  aad: usize,
  aadBytes: usize,
  source: usize,
  target: usize,
  lengthBytes: usize,
  tag: usize,
): bool {
  derive(root, room, nonce);
  const iv = nonce + HALF_BYTES;
  const genuine = openGcm(room, iv, HALF_BYTES, aad, aadBytes, source, target, lengthBytes, tag);
  clear(room, GCM_BYTES);
  return genuine;
}

/** The message's key: AES(K, M1 + K1) ‖ AES(K, M2 + K1), with Mn = 00 0n 58 00 ‖ nonce[0…12]. */
function derive(root: usize, room: usize, nonce: usize): void {
  const subkey = v128.load(root, SUBKEY);
  for (let n: u32 = 1; n <= 2; n++) {
    const at = root + DERIVED + 16 * (n - 1);
    store<u32>(at, 0x00580000 | (n << 8));
    store<u64>(at, load<u64>(nonce), 4);
    store<u32>(at, load<u32>(nonce, 8), 12);
    v128.store(at, v128.xor(v128.load(at), subkey));
  }
  encrypt(root);
  takeGcmKey(room, root + DERIVED, 32);
  clear(root + DERIVED, 32);
}

/** The two blocks at `DERIVED`, in place. */
function encrypt(root: usize): void {
  enterState(root, root + DERIVED, root + DERIVED + 32);
  finishRounds(root, root + DERIVED, root + DERIVED + 32, 1);
}
