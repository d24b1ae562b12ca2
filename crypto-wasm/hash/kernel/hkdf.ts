/**
 * HKDF (RFC 5869) over SHA-256 and SHA-512. The hash is named by its bits, 256 or 512.
 *
 * Nothing is allocated; the context it works with is static and cleared before each call returns.
 */

import { HMAC_CONTEXT_BYTES, hmacFinish, hmacInit, hmacReset, hmacUpdate, hmacWipe } from './hmac';
import { sha2DigestBytes } from './sha2';

const CONTEXT: usize = memory.data(HMAC_CONTEXT_BYTES, 16);
const BLOCK: usize = memory.data(64, 16);
const COUNTER: usize = memory.data(16, 16);
/** RFC 5869 §2.3: the block counter is one byte. */
const BLOCKS_MAX_COUNT: usize = 255;

/** RFC 5869 §2.2: writes 32 or 64 bytes to `prk`. An empty salt is one of zeros: HMAC pads it to the same block. */
export function hkdfExtract(
  bits: u32, salt: usize, saltBytes: usize, material: usize, materialBytes: usize, prk: usize,
): void {
  hmacInit(CONTEXT, bits, salt, saltBytes);
  hmacUpdate(CONTEXT, material, materialBytes);
  hmacFinish(CONTEXT, prk);
  hmacWipe(CONTEXT);
}

/** RFC 5869 §2.3: writes `outBytes`. False, and nothing written, above 255 digests. `out` overlaps no input. */
export function hkdfExpand(
  bits: u32, prk: usize, prkBytes: usize, info: usize, infoBytes: usize, out: usize, outBytes: usize,
): bool {
  const digestBytes = sha2DigestBytes(bits);
  if (outBytes > BLOCKS_MAX_COUNT * digestBytes) return false;
  hmacInit(CONTEXT, bits, prk, prkBytes);
  let previousBytes: usize = 0;
  for (let counter: u8 = 1; outBytes > 0; counter++) {
    hmacReset(CONTEXT);
    hmacUpdate(CONTEXT, BLOCK, previousBytes);
    hmacUpdate(CONTEXT, info, infoBytes);
    store<u8>(COUNTER, counter);
    hmacUpdate(CONTEXT, COUNTER, 1);
    hmacFinish(CONTEXT, BLOCK);
    const taken = min(digestBytes, outBytes);
    memory.copy(out, BLOCK, taken);
    out += taken;
    outBytes -= taken;
    previousBytes = digestBytes;
  }
  hmacWipe(CONTEXT);
  memory.fill(BLOCK, 0, 64);
  store<u8>(COUNTER, 0);
  return true;
}
