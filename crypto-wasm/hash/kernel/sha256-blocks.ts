/**
 * SHA-256's compression of whole blocks: the message schedule four words at a time, beside the rounds.
 *
 * The sum of schedule word and round constant goes through static memory, which `wipeSha256` clears. No branch and no
 * address depends on the message.
 */

/** FIPS 180-4 §4.2.2. */
const K: usize = memory.data<u32>([
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
  0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
  0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
  0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
  0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
  0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
  0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
  0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
], 16);
/** FIPS 180-4 §5.3.3. */
export const SHA256_START: usize = memory.data<u32>([
  0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
], 16);

const BIG_ENDIAN: usize = memory.data<u8>([3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12], 16);
/** Schedule words plus round constants of one block. */
const SUMS: usize = memory.data(256, 16);

// @ts-ignore: decorator
@inline
function rotated(value: v128, count: i32): v128 {
  return v128.or(i32x4.shr_u(value, count), i32x4.shl(value, 32 - count));
}

// @ts-ignore: decorator
@inline
function swapped(value: v128, mask: v128): v128 {
  return ASC_FEATURE_RELAXED_SIMD ? i8x16.relaxed_swizzle(value, mask) : i8x16.swizzle(value, mask);
}

/** FIPS 180-4 (4.7) on four words. */
// @ts-ignore: decorator
@inline
function sigma1x4(value: v128): v128 {
  return v128.xor(v128.xor(rotated(value, 17), rotated(value, 19)), i32x4.shr_u(value, 10));
}

/** FIPS 180-4 §6.2.2 step 1: the four words behind w0 … w15, given as four vectors. */
// @ts-ignore: decorator
@inline
function nextWords(w0: v128, w4: v128, w8: v128, w12: v128, zero: v128): v128 {
  const w1 = v128.shuffle<u32>(w0, w4, 1, 2, 3, 4);
  const sigma0 = v128.xor(v128.xor(rotated(w1, 7), rotated(w1, 18)), i32x4.shr_u(w1, 3));
  const partial = i32x4.add(i32x4.add(w0, sigma0), v128.shuffle<u32>(w8, w12, 1, 2, 3, 4));
  // The last two words need the first two of the same four: σ1 in two halves. σ1 of zero is zero.
  const first = i32x4.add(partial, sigma1x4(v128.shuffle<u32>(w12, zero, 2, 3, 4, 4)));
  return i32x4.add(first, sigma1x4(v128.shuffle<u32>(first, zero, 4, 4, 0, 1)));
}

// @ts-ignore: decorator
@inline
function choice(e: u32, f: u32, g: u32): u32 {
  return g ^ (e & (f ^ g));
}

// @ts-ignore: decorator
@inline
function majority(a: u32, b: u32, c: u32): u32 {
  return (a & b) | (c & (a | b));
}

// @ts-ignore: decorator
@inline
function sum0(a: u32): u32 {
  return rotr<u32>(a, 2) ^ rotr<u32>(a, 13) ^ rotr<u32>(a, 22);
}

// @ts-ignore: decorator
@inline
function sum1(e: u32): u32 {
  return rotr<u32>(e, 6) ^ rotr<u32>(e, 11) ^ rotr<u32>(e, 25);
}

/** Adds `blocks` blocks of 64 bytes at `input` to the state of eight words. */
export function sha256Blocks(state: usize, input: usize, blocks: usize): void {
  const mask = v128.load(BIG_ENDIAN);
  const zero = i32x4.splat(0);
  let a = load<u32>(state), b = load<u32>(state, 4), c = load<u32>(state, 8), d = load<u32>(state, 12);
  let e = load<u32>(state, 16), f = load<u32>(state, 20), g = load<u32>(state, 24), h = load<u32>(state, 28);

  for (; blocks > 0; blocks--, input += 64) {
    let w0 = swapped(v128.load(input), mask), w4 = swapped(v128.load(input, 16), mask);
    let w8 = swapped(v128.load(input, 32), mask), w12 = swapped(v128.load(input, 48), mask);
    v128.store(SUMS, i32x4.add(w0, v128.load(K)));
    v128.store(SUMS, i32x4.add(w4, v128.load(K, 16)), 16);
    v128.store(SUMS, i32x4.add(w8, v128.load(K, 32)), 32);
    v128.store(SUMS, i32x4.add(w12, v128.load(K, 48)), 48);
    // FIPS 180-4 §6.2.2 step 3, eight rounds a turn, so that the words come back to their names.
    for (let at = SUMS; at < SUMS + 256; at += 32) {
      // The schedule runs sixteen words ahead: the processor does its vectors beside the scalars of the rounds.
      if (at < SUMS + 192) {
        const w16 = nextWords(w0, w4, w8, w12, zero);
        const w20 = nextWords(w4, w8, w12, w16, zero);
        v128.store(at, i32x4.add(w16, v128.load(at + (K - SUMS), 64)), 64);
        v128.store(at, i32x4.add(w20, v128.load(at + (K - SUMS), 80)), 80);
        w0 = w8;
        w4 = w12;
        w8 = w16;
        w12 = w20;
      }
      h += sum1(e) + choice(e, f, g) + load<u32>(at);
      d += h;
      h += sum0(a) + majority(a, b, c);
      g += sum1(d) + choice(d, e, f) + load<u32>(at, 4);
      c += g;
      g += sum0(h) + majority(h, a, b);
      f += sum1(c) + choice(c, d, e) + load<u32>(at, 8);
      b += f;
      f += sum0(g) + majority(g, h, a);
      e += sum1(b) + choice(b, c, d) + load<u32>(at, 12);
      a += e;
      e += sum0(f) + majority(f, g, h);
      d += sum1(a) + choice(a, b, c) + load<u32>(at, 16);
      h += d;
      d += sum0(e) + majority(e, f, g);
      c += sum1(h) + choice(h, a, b) + load<u32>(at, 20);
      g += c;
      c += sum0(d) + majority(d, e, f);
      b += sum1(g) + choice(g, h, a) + load<u32>(at, 24);
      f += b;
      b += sum0(c) + majority(c, d, e);
      a += sum1(f) + choice(f, g, h) + load<u32>(at, 28);
      e += a;
      a += sum0(b) + majority(b, c, d);
    }
    store<u32>(state, (a += load<u32>(state)));
    store<u32>(state, (b += load<u32>(state, 4)), 4);
    store<u32>(state, (c += load<u32>(state, 8)), 8);
    store<u32>(state, (d += load<u32>(state, 12)), 12);
    store<u32>(state, (e += load<u32>(state, 16)), 16);
    store<u32>(state, (f += load<u32>(state, 20)), 20);
    store<u32>(state, (g += load<u32>(state, 24)), 24);
    store<u32>(state, (h += load<u32>(state, 28)), 28);
  }
}

/** Clears what the last block left behind. */
export function wipeSha256(): void {
  memory.fill(SUMS, 0, 256);
}
