/**
 * HMAC (RFC 2104) over SHA-256 and SHA-512, in pieces of any size; many messages under one key without hashing it again.
 *
 * A context is HMAC_CONTEXT_BYTES of the caller's memory: the running hash, and the two states that the key leads to.
 * Both are as good as the key. Nothing is allocated.
 */

import { SHA2_CONTEXT_BYTES, sha2BlockBytes, sha2DigestBytes, sha2Finish, sha2Init, sha2Update, sha2Wipe } from './sha2';

/** Context: the running hash, then the hash after the inner key block, then after the outer one, then the bits. */
const INNER: usize = SHA2_CONTEXT_BYTES;
const OUTER: usize = 2 * SHA2_CONTEXT_BYTES;
const BITS: usize = 3 * SHA2_CONTEXT_BYTES;
export const HMAC_CONTEXT_BYTES: usize = BITS + 16;

/** The key, padded to a block, then a digest. */
const BLOCK: usize = memory.data(128, 16);
const DIGEST: usize = memory.data(64, 16);

/** `bits` names the hash: 256 or 512. The key may have any length and is not kept. */
export function hmacInit(context: usize, bits: u32, key: usize, keyBytes: usize): void {
  const blockBytes = sha2BlockBytes(bits);
  store<u32>(context, bits, BITS);
  memory.fill(BLOCK, 0, 128);
  // RFC 2104 §2: a key longer than a block is hashed first.
  if (keyBytes > blockBytes) {
    sha2Init(context, bits);
    sha2Update(context, key, keyBytes);
    sha2Finish(context, BLOCK);
  } else {
    memory.copy(BLOCK, key, keyBytes);
  }
  absorb(context + INNER, bits, 0x36);
  absorb(context + OUTER, bits, 0x36 ^ 0x5c);
  memory.fill(BLOCK, 0, 128);
  hmacReset(context);
}

/** Begins another message under the same key. */
export function hmacReset(context: usize): void {
  memory.copy(context, context + INNER, SHA2_CONTEXT_BYTES);
}

/** Takes the next `bytes` of the message. */
export function hmacUpdate(context: usize, input: usize, bytes: usize): void {
  sha2Update(context, input, bytes);
}

/** Writes the tag, 32 or 64 bytes. Then `hmacReset` begins another message. */
export function hmacFinish(context: usize, out: usize): void {
  const bits = load<u32>(context, BITS);
  sha2Finish(context, DIGEST);
  memory.copy(context, context + OUTER, SHA2_CONTEXT_BYTES);
  sha2Update(context, DIGEST, sha2DigestBytes(bits));
  sha2Finish(context, out);
}

/** Clears a context and every scratch that any context has used. */
export function hmacWipe(context: usize): void {
  memory.fill(context, 0, HMAC_CONTEXT_BYTES);
  memory.fill(BLOCK, 0, 128);
  memory.fill(DIGEST, 0, 64);
  sha2Wipe(context);
}

/** Changes the pad of the key block to the next one by `mask` and begins a hash with it. */
function absorb(context: usize, bits: u32, mask: u8): void {
  const blockBytes = sha2BlockBytes(bits);
  for (let i: usize = 0; i < blockBytes; i++) store<u8>(BLOCK + i, load<u8>(BLOCK + i) ^ mask);
  sha2Init(context, bits);
  sha2Update(context, BLOCK, blockBytes);
}
