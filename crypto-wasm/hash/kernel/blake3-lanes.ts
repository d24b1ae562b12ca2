/**
 * Four BLAKE3 inputs at once, one a lane: what chunks and parents of a large message are hashed with.
 *
 * The sixteen state words live in sixteen v128 locals; the message, transposed so that one v128 holds the same word of
 * all four inputs, lies in static memory and is addressed through the schedule of the round. Round loop rolled; tables
 * in static memory and loaded: the compiler puts v128 constants back into the loop, which costs more than the load.
 * No branch and no address depends on message or key. The caller wipes with `wipeLanes` after a secret.
 */

/** BLAKE3 §2.2, table 1: the initial words. */
export const IV: usize = memory.data<u32>([
  0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
], 16);

/** BLAKE3 §2.2, table 2, applied 0 to 6 times: the word each position takes in each round, times 16 bytes. */
const SCHEDULE: usize = memory.data<u8>([
  0, 16, 32, 48, 64, 80, 96, 112, 128, 144, 160, 176, 192, 208, 224, 240,
  32, 96, 48, 160, 112, 0, 64, 208, 16, 176, 192, 80, 144, 224, 240, 128,
  48, 64, 160, 192, 208, 32, 112, 224, 96, 80, 144, 0, 176, 240, 128, 16,
  160, 112, 192, 144, 224, 48, 208, 240, 64, 0, 176, 32, 80, 128, 16, 96,
  192, 208, 144, 176, 240, 160, 224, 128, 112, 32, 80, 48, 0, 16, 96, 64,
  144, 224, 176, 80, 128, 192, 240, 16, 208, 48, 0, 160, 32, 96, 64, 112,
  176, 240, 80, 0, 16, 144, 128, 96, 224, 160, 32, 192, 48, 64, 112, 208,
], 16);
const ROUNDS: usize = 7;

/** Byte shuffles that rotate each 32-bit word right by 16 and by 8. */
const ROTATE_16: usize = memory.data<u8>([2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13], 16);
const ROTATE_8: usize = memory.data<u8>([1, 2, 3, 0, 5, 6, 7, 4, 9, 10, 11, 8, 13, 14, 15, 12], 16);

/** Sixteen v128: the transposed message block; then eight: the chaining value between blocks. */
const MESSAGE: usize = memory.data(384, 16);
const CHAIN: usize = MESSAGE + 256;

// @ts-ignore: decorator
@inline
function shuffled(value: v128, mask: v128): v128 {
  // Indices are below 16, where relaxed and plain swizzle are defined to agree.
  return ASC_FEATURE_RELAXED_SIMD ? i8x16.relaxed_swizzle(value, mask) : i8x16.swizzle(value, mask);
}

// @ts-ignore: decorator
@inline
function rotated(value: v128, count: i32): v128 {
  return v128.or(i32x4.shr_u(value, count), i32x4.shl(value, 32 - count));
}

// @ts-ignore: decorator
@inline
function word(schedule: usize, position: usize): v128 {
  return v128.load(MESSAGE + <usize>load<u8>(schedule + position));
}

/** Transposes words 4·group … 4·group+3 of the four inputs' blocks into MESSAGE. */
// @ts-ignore: decorator
@inline
function transpose(group: usize, in0: usize, in1: usize, in2: usize, in3: usize): void {
  const a = v128.load(in0 + group * 16), b = v128.load(in1 + group * 16);
  const c = v128.load(in2 + group * 16), d = v128.load(in3 + group * 16);
  const ab = v128.shuffle<u32>(a, b, 0, 4, 1, 5), ab2 = v128.shuffle<u32>(a, b, 2, 6, 3, 7);
  const cd = v128.shuffle<u32>(c, d, 0, 4, 1, 5), cd2 = v128.shuffle<u32>(c, d, 2, 6, 3, 7);
  const to = MESSAGE + group * 64;
  v128.store(to, v128.shuffle<u64>(ab, cd, 0, 2));
  v128.store(to, v128.shuffle<u64>(ab, cd, 1, 3), 16);
  v128.store(to, v128.shuffle<u64>(ab2, cd2, 0, 2), 32);
  v128.store(to, v128.shuffle<u64>(ab2, cd2, 1, 3), 48);
}

/** Writes four words of the four chaining values back in the order of bytes: lane i goes to out + 32·i. */
// @ts-ignore: decorator
@inline
function untranspose(from: usize, out: usize): void {
  const a = v128.load(from), b = v128.load(from, 16), c = v128.load(from, 32), d = v128.load(from, 48);
  const ab = v128.shuffle<u32>(a, b, 0, 4, 1, 5), ab2 = v128.shuffle<u32>(a, b, 2, 6, 3, 7);
  const cd = v128.shuffle<u32>(c, d, 0, 4, 1, 5), cd2 = v128.shuffle<u32>(c, d, 2, 6, 3, 7);
  v128.store(out, v128.shuffle<u64>(ab, cd, 0, 2));
  v128.store(out, v128.shuffle<u64>(ab, cd, 1, 3), 32);
  v128.store(out, v128.shuffle<u64>(ab2, cd2, 0, 2), 64);
  v128.store(out, v128.shuffle<u64>(ab2, cd2, 1, 3), 96);
}

/**
 * Hashes `blocks` 64-byte blocks from each of four addresses into four 32-byte chaining values, one after the other at
 * `out`, which may overlap the inputs. Lane i counts `counter + i·step`.
 */
export function hashLanes(
  in0: usize, in1: usize, in2: usize, in3: usize, blocks: u32, key: usize,
  counter: u64, step: u64, flags: u32, flagsStart: u32, flagsEnd: u32, out: usize,
): void {
  const counters01 = i64x2.replace_lane(i64x2.splat(counter), 1, counter + step);
  const counters23 = i64x2.replace_lane(i64x2.splat(counter + 2 * step), 1, counter + 3 * step);
  const counterLow = v128.shuffle<u32>(counters01, counters23, 0, 2, 4, 6);
  const counterHigh = v128.shuffle<u32>(counters01, counters23, 1, 3, 5, 7);
  const mask16 = v128.load(ROTATE_16), mask8 = v128.load(ROTATE_8);
  for (let i: usize = 0; i < 8; i++) v128.store(CHAIN + 16 * i, v128.load32_splat(key + 4 * i));

  for (let block: u32 = 0; block < blocks; block++) {
    const at = <usize>block * 64;
    transpose(0, in0 + at, in1 + at, in2 + at, in3 + at);
    transpose(1, in0 + at, in1 + at, in2 + at, in3 + at);
    transpose(2, in0 + at, in1 + at, in2 + at, in3 + at);
    transpose(3, in0 + at, in1 + at, in2 + at, in3 + at);
    const blockFlags = flags | (block == 0 ? flagsStart : 0) | (block + 1 == blocks ? flagsEnd : 0);

    let a0 = v128.load(CHAIN), a1 = v128.load(CHAIN, 16), a2 = v128.load(CHAIN, 32), a3 = v128.load(CHAIN, 48);
    let b0 = v128.load(CHAIN, 64), b1 = v128.load(CHAIN, 80), b2 = v128.load(CHAIN, 96), b3 = v128.load(CHAIN, 112);
    let c0 = v128.load32_splat(IV), c1 = v128.load32_splat(IV, 4);
    let c2 = v128.load32_splat(IV, 8), c3 = v128.load32_splat(IV, 12);
    let d0 = counterLow, d1 = counterHigh, d2 = i32x4.splat(64), d3 = i32x4.splat(blockFlags);

    for (let s = SCHEDULE; s < SCHEDULE + ROUNDS * 16; s += 16) {
      // BLAKE3 §2.2: the quarter-round on the four columns, one step of all four at a time.
      a0 = i32x4.add(i32x4.add(a0, word(s, 0)), b0);
      a1 = i32x4.add(i32x4.add(a1, word(s, 2)), b1);
      a2 = i32x4.add(i32x4.add(a2, word(s, 4)), b2);
      a3 = i32x4.add(i32x4.add(a3, word(s, 6)), b3);
      d0 = shuffled(v128.xor(d0, a0), mask16);
      d1 = shuffled(v128.xor(d1, a1), mask16);
      d2 = shuffled(v128.xor(d2, a2), mask16);
      d3 = shuffled(v128.xor(d3, a3), mask16);
      c0 = i32x4.add(c0, d0);
      c1 = i32x4.add(c1, d1);
      c2 = i32x4.add(c2, d2);
      c3 = i32x4.add(c3, d3);
      b0 = rotated(v128.xor(b0, c0), 12);
      b1 = rotated(v128.xor(b1, c1), 12);
      b2 = rotated(v128.xor(b2, c2), 12);
      b3 = rotated(v128.xor(b3, c3), 12);
      a0 = i32x4.add(i32x4.add(a0, word(s, 1)), b0);
      a1 = i32x4.add(i32x4.add(a1, word(s, 3)), b1);
      a2 = i32x4.add(i32x4.add(a2, word(s, 5)), b2);
      a3 = i32x4.add(i32x4.add(a3, word(s, 7)), b3);
      d0 = shuffled(v128.xor(d0, a0), mask8);
      d1 = shuffled(v128.xor(d1, a1), mask8);
      d2 = shuffled(v128.xor(d2, a2), mask8);
      d3 = shuffled(v128.xor(d3, a3), mask8);
      c0 = i32x4.add(c0, d0);
      c1 = i32x4.add(c1, d1);
      c2 = i32x4.add(c2, d2);
      c3 = i32x4.add(c3, d3);
      b0 = rotated(v128.xor(b0, c0), 7);
      b1 = rotated(v128.xor(b1, c1), 7);
      b2 = rotated(v128.xor(b2, c2), 7);
      b3 = rotated(v128.xor(b3, c3), 7);
      // … and on the four diagonals.
      a0 = i32x4.add(i32x4.add(a0, word(s, 8)), b1);
      a1 = i32x4.add(i32x4.add(a1, word(s, 10)), b2);
      a2 = i32x4.add(i32x4.add(a2, word(s, 12)), b3);
      a3 = i32x4.add(i32x4.add(a3, word(s, 14)), b0);
      d3 = shuffled(v128.xor(d3, a0), mask16);
      d0 = shuffled(v128.xor(d0, a1), mask16);
      d1 = shuffled(v128.xor(d1, a2), mask16);
      d2 = shuffled(v128.xor(d2, a3), mask16);
      c2 = i32x4.add(c2, d3);
      c3 = i32x4.add(c3, d0);
      c0 = i32x4.add(c0, d1);
      c1 = i32x4.add(c1, d2);
      b1 = rotated(v128.xor(b1, c2), 12);
      b2 = rotated(v128.xor(b2, c3), 12);
      b3 = rotated(v128.xor(b3, c0), 12);
      b0 = rotated(v128.xor(b0, c1), 12);
      a0 = i32x4.add(i32x4.add(a0, word(s, 9)), b1);
      a1 = i32x4.add(i32x4.add(a1, word(s, 11)), b2);
      a2 = i32x4.add(i32x4.add(a2, word(s, 13)), b3);
      a3 = i32x4.add(i32x4.add(a3, word(s, 15)), b0);
      d3 = shuffled(v128.xor(d3, a0), mask8);
      d0 = shuffled(v128.xor(d0, a1), mask8);
      d1 = shuffled(v128.xor(d1, a2), mask8);
      d2 = shuffled(v128.xor(d2, a3), mask8);
      c2 = i32x4.add(c2, d3);
      c3 = i32x4.add(c3, d0);
      c0 = i32x4.add(c0, d1);
      c1 = i32x4.add(c1, d2);
      b1 = rotated(v128.xor(b1, c2), 7);
      b2 = rotated(v128.xor(b2, c3), 7);
      b3 = rotated(v128.xor(b3, c0), 7);
      b0 = rotated(v128.xor(b0, c1), 7);
    }
    v128.store(CHAIN, v128.xor(a0, c0));
    v128.store(CHAIN, v128.xor(a1, c1), 16);
    v128.store(CHAIN, v128.xor(a2, c2), 32);
    v128.store(CHAIN, v128.xor(a3, c3), 48);
    v128.store(CHAIN, v128.xor(b0, d0), 64);
    v128.store(CHAIN, v128.xor(b1, d1), 80);
    v128.store(CHAIN, v128.xor(b2, d2), 96);
    v128.store(CHAIN, v128.xor(b3, d3), 112);
  }
  untranspose(CHAIN, out);
  untranspose(CHAIN + 64, out + 16);
}

/** Clears what the last call left of its message and chaining values. */
export function wipeLanes(): void {
  memory.fill(MESSAGE, 0, 384);
}
