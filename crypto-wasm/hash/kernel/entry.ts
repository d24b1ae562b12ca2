/** The hash kernel as a module of its own: for the door beside it, tests and benches. An adapter imports the files. */

export {
  BLAKE3_CONTEXT_BYTES, blake3Init, blake3InitKeyed, blake3InitDeriveKey, blake3Update, blake3Output, blake3Wipe,
} from './blake3';
export { SHA2_CONTEXT_BYTES, sha2Init, sha2Update, sha2Finish, sha2Wipe } from './sha2';
export { HMAC_CONTEXT_BYTES, hmacInit, hmacReset, hmacUpdate, hmacFinish, hmacWipe } from './hmac';
export { hkdfExtract, hkdfExpand } from './hkdf';

/** Clears memory of the caller: from outside, several times as fast as through a typed array. */
export function clear(at: usize, bytes: usize): void {
  memory.fill(at, 0, bytes);
}

/** The first address that no kernel uses. */
export function heapBase(): usize {
  return __heap_base;
}
