/**
 * The ChaCha20 block function, four blocks at a time: a vector holds one word of each. Additions, exclusive-ors and
 * rotations by fixed amounts only, so constant time as it stands. Source: RFC 8439, section 2.3.
 *
 * The state is the sixteen words of the standard in memory; what surrounds it (nonces, Poly1305) is not known here.
 */

import { lookup } from './lookup';

/** Of the state: constants, key, block counter, nonce. Secret. */
export const STATE_BYTES: usize = 64;
/** Key stream of one step: four blocks. */
export const STREAM_BYTES: usize = 256;

/** "expand 32-byte k". RFC 8439, section 2.3. */
const CONSTANTS: usize = memory.data<u32>([0x61707865, 0x3320646e, 0x79622d32, 0x6b206574], 16);
const LANE_COUNTS: usize = memory.data<u32>([0, 1, 2, 3], 16);
/** Rotations by whole bytes, as index vectors. */
const TURN_16: usize = memory.data<u8>([2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13], 16);
const TURN_8: usize = memory.data<u8>([3, 0, 1, 2, 7, 4, 5, 6, 11, 8, 9, 10, 15, 12, 13, 14], 16);

/** Constants and key into a state; counter and nonce are the caller's to set, at offset 48. */
export function setKey(state: usize, key: usize): void {
  v128.store(state, v128.load(CONSTANTS));
  v128.store(state, v128.load(key), 16);
  v128.store(state, v128.load(key, 16), 32);
}

// @ts-ignore: decorator
@inline
function turn(words: v128, bits: i32): v128 {
  return v128.or(i32x4.shl(words, bits), i32x4.shr_u(words, 32 - bits));
}

/** Four vectors of one word each → four words of each block, at `stream`, `stream + 64`, … */
// @ts-ignore: decorator
@inline
function storeWords(stream: usize, a: v128, b: v128, c: v128, d: v128): void {
  const abLow = v128.shuffle<i32>(a, b, 0, 4, 1, 5);
  const abHigh = v128.shuffle<i32>(a, b, 2, 6, 3, 7);
  const cdLow = v128.shuffle<i32>(c, d, 0, 4, 1, 5);
  const cdHigh = v128.shuffle<i32>(c, d, 2, 6, 3, 7);
  v128.store(stream, v128.shuffle<i64>(abLow, cdLow, 0, 2));
  v128.store(stream, v128.shuffle<i64>(abLow, cdLow, 1, 3), 64);
  v128.store(stream, v128.shuffle<i64>(abHigh, cdHigh, 0, 2), 128);
  v128.store(stream, v128.shuffle<i64>(abHigh, cdHigh, 1, 3), 192);
}

/** Writes the key stream of the next four blocks and moves the counter on by four. RFC 8439, section 2.3.1. */
export function nextBlocks(state: usize, stream: usize): void {
  const turn16 = v128.load(TURN_16);
  const turn8 = v128.load(TURN_8);
  let w0 = v128.load32_splat(state, 0);
  let w1 = v128.load32_splat(state, 4);
  let w2 = v128.load32_splat(state, 8);
  let w3 = v128.load32_splat(state, 12);
  let w4 = v128.load32_splat(state, 16);
  let w5 = v128.load32_splat(state, 20);
  let w6 = v128.load32_splat(state, 24);
  let w7 = v128.load32_splat(state, 28);
  let w8 = v128.load32_splat(state, 32);
  let w9 = v128.load32_splat(state, 36);
  let w10 = v128.load32_splat(state, 40);
  let w11 = v128.load32_splat(state, 44);
  const counters = i32x4.add(v128.load32_splat(state, 48), v128.load(LANE_COUNTS));
  let w12 = counters;
  let w13 = v128.load32_splat(state, 52);
  let w14 = v128.load32_splat(state, 56);
  let w15 = v128.load32_splat(state, 60);
  for (let round = 0; round < 20; round += 2) {
    // Quarter rounds on the columns, four at once.
    w0 = i32x4.add(w0, w4);
    w1 = i32x4.add(w1, w5);
    w2 = i32x4.add(w2, w6);
    w3 = i32x4.add(w3, w7);
    w12 = lookup(v128.xor(w12, w0), turn16);
    w13 = lookup(v128.xor(w13, w1), turn16);
    w14 = lookup(v128.xor(w14, w2), turn16);
    w15 = lookup(v128.xor(w15, w3), turn16);
    w8 = i32x4.add(w8, w12);
    w9 = i32x4.add(w9, w13);
    w10 = i32x4.add(w10, w14);
    w11 = i32x4.add(w11, w15);
    w4 = turn(v128.xor(w4, w8), 12);
    w5 = turn(v128.xor(w5, w9), 12);
    w6 = turn(v128.xor(w6, w10), 12);
    w7 = turn(v128.xor(w7, w11), 12);
    w0 = i32x4.add(w0, w4);
    w1 = i32x4.add(w1, w5);
    w2 = i32x4.add(w2, w6);
    w3 = i32x4.add(w3, w7);
    w12 = lookup(v128.xor(w12, w0), turn8);
    w13 = lookup(v128.xor(w13, w1), turn8);
    w14 = lookup(v128.xor(w14, w2), turn8);
    w15 = lookup(v128.xor(w15, w3), turn8);
    w8 = i32x4.add(w8, w12);
    w9 = i32x4.add(w9, w13);
    w10 = i32x4.add(w10, w14);
    w11 = i32x4.add(w11, w15);
    w4 = turn(v128.xor(w4, w8), 7);
    w5 = turn(v128.xor(w5, w9), 7);
    w6 = turn(v128.xor(w6, w10), 7);
    w7 = turn(v128.xor(w7, w11), 7);
    // And on the diagonals.
    w0 = i32x4.add(w0, w5);
    w1 = i32x4.add(w1, w6);
    w2 = i32x4.add(w2, w7);
    w3 = i32x4.add(w3, w4);
    w15 = lookup(v128.xor(w15, w0), turn16);
    w12 = lookup(v128.xor(w12, w1), turn16);
    w13 = lookup(v128.xor(w13, w2), turn16);
    w14 = lookup(v128.xor(w14, w3), turn16);
    w10 = i32x4.add(w10, w15);
    w11 = i32x4.add(w11, w12);
    w8 = i32x4.add(w8, w13);
    w9 = i32x4.add(w9, w14);
    w5 = turn(v128.xor(w5, w10), 12);
    w6 = turn(v128.xor(w6, w11), 12);
    w7 = turn(v128.xor(w7, w8), 12);
    w4 = turn(v128.xor(w4, w9), 12);
    w0 = i32x4.add(w0, w5);
    w1 = i32x4.add(w1, w6);
    w2 = i32x4.add(w2, w7);
    w3 = i32x4.add(w3, w4);
    w15 = lookup(v128.xor(w15, w0), turn8);
    w12 = lookup(v128.xor(w12, w1), turn8);
    w13 = lookup(v128.xor(w13, w2), turn8);
    w14 = lookup(v128.xor(w14, w3), turn8);
    w10 = i32x4.add(w10, w15);
    w11 = i32x4.add(w11, w12);
    w8 = i32x4.add(w8, w13);
    w9 = i32x4.add(w9, w14);
    w5 = turn(v128.xor(w5, w10), 7);
    w6 = turn(v128.xor(w6, w11), 7);
    w7 = turn(v128.xor(w7, w8), 7);
    w4 = turn(v128.xor(w4, w9), 7);
  }
  storeWords(
    stream + 0,
    i32x4.add(w0, v128.load32_splat(state, 0)),
    i32x4.add(w1, v128.load32_splat(state, 4)),
    i32x4.add(w2, v128.load32_splat(state, 8)),
    i32x4.add(w3, v128.load32_splat(state, 12)),
  );
  storeWords(
    stream + 16,
    i32x4.add(w4, v128.load32_splat(state, 16)),
    i32x4.add(w5, v128.load32_splat(state, 20)),
    i32x4.add(w6, v128.load32_splat(state, 24)),
    i32x4.add(w7, v128.load32_splat(state, 28)),
  );
  storeWords(
    stream + 32,
    i32x4.add(w8, v128.load32_splat(state, 32)),
    i32x4.add(w9, v128.load32_splat(state, 36)),
    i32x4.add(w10, v128.load32_splat(state, 40)),
    i32x4.add(w11, v128.load32_splat(state, 44)),
  );
  storeWords(
    stream + 48,
    i32x4.add(w12, counters),
    i32x4.add(w13, v128.load32_splat(state, 52)),
    i32x4.add(w14, v128.load32_splat(state, 56)),
    i32x4.add(w15, v128.load32_splat(state, 60)),
  );
  store<u32>(state, load<u32>(state, 48) + 4, 48);
}
