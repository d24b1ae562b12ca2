/**
 * The module that is built of the kernels: every operation, on addresses in the exported memory.
 *
 * It imports nothing and allocates nothing. Memory below `freeFrom()` is its own (the tables); all above is the
 * caller's, who also grows it. Contexts and the caller's own key bytes are wiped with `wipe`.
 */

import { GCM_BYTES } from './aes-gcm';
import { clear } from './bytes';
import { CHACHA_BYTES } from './chacha20-poly1305';
import { XAES_ROOM_BYTES } from './xaes-gcm';
import { XAES_BYTES } from './xaes-key';

export { openGcm, sealGcm, takeGcmKey } from './aes-gcm';
export { openChaCha, sealChaCha } from './chacha20-poly1305';
export { openXaes, sealXaes } from './xaes-gcm';
export { takeXaesKey } from './xaes-key';
export { equalTags } from './bytes';

/** First address, aligned to 16, that the caller may use. */
export function freeFrom(): usize {
  return (__heap_base + 15) & ~15;
}

/** Size of a context of `takeGcmKey`. */
export function gcmBytes(): usize {
  return GCM_BYTES;
}

/** Size of a context of `takeXaesKey`. */
export function xaesBytes(): usize {
  return XAES_BYTES;
}

/** Size of the room that `sealXaes` and `openXaes` work in. */
export function xaesRoomBytes(): usize {
  return XAES_ROOM_BYTES;
}

/** Size of the room that `sealChaCha` works in. */
export function chachaBytes(): usize {
  return CHACHA_BYTES;
}

/** Zeros over a multiple of 16 bytes. */
export function wipe(address: usize, lengthBytes: usize): void {
  clear(address, lengthBytes);
}
