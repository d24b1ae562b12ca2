/**
 * SHA-256 and SHA-512 in pieces of any size. The hash is named by its bits, 256 or 512.
 *
 * A context is SHA2_CONTEXT_BYTES of the caller's memory: state, the block that is being filled, and counts. A copy of
 * it is a context too, which is how a state is kept and used again. Nothing is allocated.
 */

import { SHA256_START, sha256Blocks, wipeSha256 } from './sha256-blocks';
import { SHA512_START, sha512Blocks, wipeSha512 } from './sha512-blocks';

/** Context: state 64, block 128, then numbers. SHA-256 uses half of both. */
const BLOCK: usize = 64;
const TOTAL: usize = 192;
const BITS: usize = 200;
export const SHA2_CONTEXT_BYTES: usize = 208;

// @ts-ignore: decorator
@inline
export function sha2BlockBytes(bits: u32): usize {
  return bits == 512 ? 128 : 64;
}

// @ts-ignore: decorator
@inline
export function sha2DigestBytes(bits: u32): usize {
  return bits == 512 ? 64 : 32;
}

export function sha2Init(context: usize, bits: u32): void {
  if (bits == 512) memory.copy(context, SHA512_START, 64);
  else memory.copy(context, SHA256_START, 32);
  store<u64>(context, 0, TOTAL);
  store<u32>(context, bits, BITS);
}

/** Takes the next `bytes` of the message. */
export function sha2Update(context: usize, input: usize, bytes: usize): void {
  const bits = load<u32>(context, BITS);
  const blockBytes = sha2BlockBytes(bits);
  const total = load<u64>(context, TOTAL);
  const filled = <usize>total & (blockBytes - 1);
  store<u64>(context, total + <u64>bytes, TOTAL);
  if (filled > 0) {
    const taken = min(blockBytes - filled, bytes);
    memory.copy(context + BLOCK + filled, input, taken);
    if (filled + taken < blockBytes) return;
    addBlocks(context, bits, context + BLOCK, 1);
    input += taken;
    bytes -= taken;
  }
  const blocks = bytes / blockBytes;
  addBlocks(context, bits, input, blocks);
  memory.copy(context + BLOCK, input + blocks * blockBytes, bytes - blocks * blockBytes);
}

/** Writes the digest, 32 or 64 bytes. The context is spent: only `sha2Init` and `sha2Wipe` may follow. */
export function sha2Finish(context: usize, out: usize): void {
  const bits = load<u32>(context, BITS);
  const blockBytes = sha2BlockBytes(bits);
  const total = load<u64>(context, TOTAL);
  let filled = <usize>total & (blockBytes - 1);
  // FIPS 180-4 §5.1: one bit, zeros, the message's length in bits as 64 or 128 bits.
  store<u8>(context + BLOCK + filled, 0x80);
  filled++;
  if (filled > blockBytes - blockBytes / 8) {
    memory.fill(context + BLOCK + filled, 0, blockBytes - filled);
    addBlocks(context, bits, context + BLOCK, 1);
    filled = 0;
  }
  memory.fill(context + BLOCK + filled, 0, blockBytes - filled);
  store<u64>(context + BLOCK + blockBytes - 8, bswap<u64>(total << 3));
  if (bits == 512) store<u64>(context + BLOCK + blockBytes - 16, bswap<u64>(total >> 61));
  addBlocks(context, bits, context + BLOCK, 1);
  if (bits == 512) {
    for (let i: usize = 0; i < 64; i += 8) store<u64>(out + i, bswap<u64>(load<u64>(context + i)));
  } else {
    for (let i: usize = 0; i < 32; i += 4) store<u32>(out + i, bswap<u32>(load<u32>(context + i)));
  }
}

/** Clears a context and the scratch that any context has used. */
export function sha2Wipe(context: usize): void {
  memory.fill(context, 0, SHA2_CONTEXT_BYTES);
  wipeSha256();
  wipeSha512();
}

function addBlocks(context: usize, bits: u32, input: usize, blocks: usize): void {
  if (bits == 512) sha512Blocks(context, input, blocks);
  else sha256Blocks(context, input, blocks);
}
