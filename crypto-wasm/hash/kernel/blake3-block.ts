/**
 * One BLAKE3 compression: what short messages, last chunks, the root and its extended output are made with.
 *
 * The four rows of the state live in four v128, the message in four more, in the order the quarter-rounds take it; the
 * permutation between rounds is a few shuffles. No branch and no address depends on message or key.
 */

import { IV } from './blake3-lanes';

const ROUNDS: i32 = 7;

// @ts-ignore: decorator
@inline
function rotated(value: v128, count: i32): v128 {
  return v128.or(i32x4.shr_u(value, count), i32x4.shl(value, 32 - count));
}

/**
 * BLAKE3 §2.2: writes the 64 bytes of output to `out`, of which the first 32 are the chaining value. `out` may be `chain`.
 * `chain` is 32 bytes, `block` 64, zero behind `blockBytes`.
 */
export function compress(
  chain: usize, block: usize, blockBytes: u32, counter: u64, flags: u32, out: usize,
): void {
  const chain0 = v128.load(chain), chain1 = v128.load(chain, 16);
  let a = chain0, b = chain1, c = v128.load(IV);
  let d = i32x4.replace_lane(
    i32x4.replace_lane(v128.load64_zero(IV), 2, blockBytes), 3, flags);
  d = i64x2.replace_lane(d, 0, counter);

  const m0 = v128.load(block), m1 = v128.load(block, 16), m2 = v128.load(block, 32), m3 = v128.load(block, 48);
  // Columns take the words 0 2 4 6, then 1 3 5 7; diagonals 14 8 10 12, then 15 9 11 13. The diagonals are made by
  // turning rows a, c and d: row b is the last to be ready, and turning it would make the chain of steps longer.
  let p = v128.shuffle<u32>(m0, m1, 0, 2, 4, 6), q = v128.shuffle<u32>(m0, m1, 1, 3, 5, 7);
  let r = v128.shuffle<u32>(m2, m3, 6, 0, 2, 4), s = v128.shuffle<u32>(m2, m3, 7, 1, 3, 5);

  for (let round = 0; round < ROUNDS; round++) {
    a = i32x4.add(i32x4.add(a, p), b);
    d = rotated(v128.xor(d, a), 16);
    c = i32x4.add(c, d);
    b = rotated(v128.xor(b, c), 12);
    a = i32x4.add(i32x4.add(a, q), b);
    d = rotated(v128.xor(d, a), 8);
    c = i32x4.add(c, d);
    b = rotated(v128.xor(b, c), 7);

    a = v128.shuffle<u32>(a, a, 3, 0, 1, 2);
    d = v128.shuffle<u32>(d, d, 2, 3, 0, 1);
    c = v128.shuffle<u32>(c, c, 1, 2, 3, 0);

    a = i32x4.add(i32x4.add(a, r), b);
    d = rotated(v128.xor(d, a), 16);
    c = i32x4.add(c, d);
    b = rotated(v128.xor(b, c), 12);
    a = i32x4.add(i32x4.add(a, s), b);
    d = rotated(v128.xor(d, a), 8);
    c = i32x4.add(c, d);
    b = rotated(v128.xor(b, c), 7);

    a = v128.shuffle<u32>(a, a, 1, 2, 3, 0);
    d = v128.shuffle<u32>(d, d, 2, 3, 0, 1);
    c = v128.shuffle<u32>(c, c, 3, 0, 1, 2);

    // BLAKE3 §2.2, table 2, in that order of the words: 2 3 7 4, 6 10 0 13, 15 1 12 9, 8 11 5 14.
    const p2 = v128.shuffle<u32>(p, q, 1, 5, 7, 2);
    const q2 = v128.shuffle<u32>(v128.shuffle<u32>(p, r, 3, 6, 0, 3), s, 0, 1, 2, 7);
    const r2 = v128.shuffle<u32>(v128.shuffle<u32>(q, r, 0, 0, 7, 3), s, 4, 1, 2, 5);
    s = v128.shuffle<u32>(v128.shuffle<u32>(q, r, 5, 1, 2, 4), s, 0, 6, 2, 3);
    p = p2;
    q = q2;
    r = r2;
  }
  v128.store(out, v128.xor(a, c));
  v128.store(out, v128.xor(b, d), 16);
  v128.store(out, v128.xor(c, chain0), 32);
  v128.store(out, v128.xor(d, chain1), 48);
}
