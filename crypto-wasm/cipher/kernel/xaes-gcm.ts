/**
 * XAES-256-GCM: AES-256-GCM under a key derived from a random nonce of 24 bytes, so that nonces need no counting.
 * Source: C2SP, XAES-256-GCM.md.
 *
 * The root key is a context of `xaes-key.ts`; each message needs room for its own GCM context, and for the derived key
 * behind it, wiped before a function returns. The contract for `source`, `target` and the tag is that of `aes-gcm.ts`.
 */

import { GCM_BYTES, openGcm, sealGcm, takeGcmKey } from './aes-gcm';
import { clear } from './bytes';
import { deriveXaesKey } from './xaes-key';

/** The first half of a nonce goes into the key, the second is the IV of GCM. */
const HALF_BYTES: usize = 12;

const DERIVED: usize = GCM_BYTES;
/** Room for one message at a time. */
export const XAES_ROOM_BYTES: usize = DERIVED + 32;

/** `room` holds `XAES_ROOM_BYTES`. */
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

/** `room` holds `XAES_ROOM_BYTES`. Gives true when the tag is right; else false, with `target` untouched. */
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

function derive(root: usize, room: usize, nonce: usize): void {
  deriveXaesKey(root, nonce, room + DERIVED);
  takeGcmKey(room, room + DERIVED, 32);
  clear(room + DERIVED, 32);
}
