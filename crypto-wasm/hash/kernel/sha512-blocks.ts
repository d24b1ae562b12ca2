/**
 * SHA-512's compression of whole blocks: the message schedule two words at a time, beside the rounds.
 *
 * The sum of schedule word and round constant goes through static memory, which `wipeSha512` clears. No branch and no
 * address depends on the message.
 */

/** FIPS 180-4 §4.2.3. */
const K: usize = memory.data<u64>([
  0x428a2f98d728ae22, 0x7137449123ef65cd, 0xb5c0fbcfec4d3b2f, 0xe9b5dba58189dbbc,
  0x3956c25bf348b538, 0x59f111f1b605d019, 0x923f82a4af194f9b, 0xab1c5ed5da6d8118,
  0xd807aa98a3030242, 0x12835b0145706fbe, 0x243185be4ee4b28c, 0x550c7dc3d5ffb4e2,
  0x72be5d74f27b896f, 0x80deb1fe3b1696b1, 0x9bdc06a725c71235, 0xc19bf174cf692694,
  0xe49b69c19ef14ad2, 0xefbe4786384f25e3, 0x0fc19dc68b8cd5b5, 0x240ca1cc77ac9c65,
  0x2de92c6f592b0275, 0x4a7484aa6ea6e483, 0x5cb0a9dcbd41fbd4, 0x76f988da831153b5,
  0x983e5152ee66dfab, 0xa831c66d2db43210, 0xb00327c898fb213f, 0xbf597fc7beef0ee4,
  0xc6e00bf33da88fc2, 0xd5a79147930aa725, 0x06ca6351e003826f, 0x142929670a0e6e70,
  0x27b70a8546d22ffc, 0x2e1b21385c26c926, 0x4d2c6dfc5ac42aed, 0x53380d139d95b3df,
  0x650a73548baf63de, 0x766a0abb3c77b2a8, 0x81c2c92e47edaee6, 0x92722c851482353b,
  0xa2bfe8a14cf10364, 0xa81a664bbc423001, 0xc24b8b70d0f89791, 0xc76c51a30654be30,
  0xd192e819d6ef5218, 0xd69906245565a910, 0xf40e35855771202a, 0x106aa07032bbd1b8,
  0x19a4c116b8d2d0c8, 0x1e376c085141ab53, 0x2748774cdf8eeb99, 0x34b0bcb5e19b48a8,
  0x391c0cb3c5c95a63, 0x4ed8aa4ae3418acb, 0x5b9cca4f7763e373, 0x682e6ff3d6b2b8a3,
  0x748f82ee5defb2fc, 0x78a5636f43172f60, 0x84c87814a1f0ab72, 0x8cc702081a6439ec,
  0x90befffa23631e28, 0xa4506cebde82bde9, 0xbef9a3f7b2c67915, 0xc67178f2e372532b,
  0xca273eceea26619c, 0xd186b8c721c0c207, 0xeada7dd6cde0eb1e, 0xf57d4f7fee6ed178,
  0x06f067aa72176fba, 0x0a637dc5a2c898a6, 0x113f9804bef90dae, 0x1b710b35131c471b,
  0x28db77f523047d84, 0x32caab7b40c72493, 0x3c9ebe0a15c9bebc, 0x431d67c49c100d4c,
  0x4cc5d4becb3e42b6, 0x597f299cfc657e2a, 0x5fcb6fab3ad6faec, 0x6c44198c4a475817,
], 16);
/** FIPS 180-4 §5.3.5. */
export const SHA512_START: usize = memory.data<u64>([
  0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1,
  0x510e527fade682d1, 0x9b05688c2b3e6c1f, 0x1f83d9abfb41bd6b, 0x5be0cd19137e2179,
], 16);

/** Schedule words plus round constants of one block. */
const SUMS: usize = memory.data(640, 16);

// @ts-ignore: decorator
@inline
function choice(e: u64, f: u64, g: u64): u64 {
  return g ^ (e & (f ^ g));
}

// @ts-ignore: decorator
@inline
function majority(a: u64, b: u64, c: u64): u64 {
  return (a & b) | (c & (a | b));
}

// @ts-ignore: decorator
@inline
function sum0(a: u64): u64 {
  return rotr<u64>(a, 28) ^ rotr<u64>(a, 34) ^ rotr<u64>(a, 39);
}

// @ts-ignore: decorator
@inline
function sum1(e: u64): u64 {
  return rotr<u64>(e, 14) ^ rotr<u64>(e, 18) ^ rotr<u64>(e, 41);
}

// @ts-ignore: decorator
@inline
function rotated(value: v128, count: i32): v128 {
  return v128.or(i64x2.shr_u(value, count), i64x2.shl(value, 64 - count));
}

/**
 * FIPS 180-4 §6.4.2 step 1: the two words behind w0 … w15, of which w0 w1, w2 w3, w8 w9, w10 w11 and w14 w15 are given.
 */
// @ts-ignore: decorator
@inline
function nextWords(w0: v128, w2: v128, w8: v128, w10: v128, w14: v128): v128 {
  const w1 = v128.shuffle<u64>(w0, w2, 1, 2);
  const sigma0 = v128.xor(v128.xor(rotated(w1, 1), rotated(w1, 8)), i64x2.shr_u(w1, 7));
  const sigma1 = v128.xor(v128.xor(rotated(w14, 19), rotated(w14, 61)), i64x2.shr_u(w14, 6));
  return i64x2.add(i64x2.add(i64x2.add(w0, sigma0), v128.shuffle<u64>(w8, w10, 1, 2)), sigma1);
}

// @ts-ignore: decorator
@inline
function loadWords(input: usize): v128 {
  return i64x2.replace_lane(
    i64x2.splat(bswap<u64>(load<u64>(input))), 1, bswap<u64>(load<u64>(input, 8)));
}

// @ts-ignore: decorator
@inline
function storeSum(at: usize, words: v128): void {
  v128.store(at, i64x2.add(words, v128.load(at + (K - SUMS))));
}

/** Adds `blocks` blocks of 128 bytes at `input` to the state of eight words. */
export function sha512Blocks(state: usize, input: usize, blocks: usize): void {
  let a = load<u64>(state), b = load<u64>(state, 8), c = load<u64>(state, 16), d = load<u64>(state, 24);
  let e = load<u64>(state, 32), f = load<u64>(state, 40), g = load<u64>(state, 48), h = load<u64>(state, 56);

  for (; blocks > 0; blocks--, input += 128) {
    let w0 = loadWords(input), w2 = loadWords(input + 16), w4 = loadWords(input + 32), w6 = loadWords(input + 48);
    let w8 = loadWords(input + 64), w10 = loadWords(input + 80);
    let w12 = loadWords(input + 96), w14 = loadWords(input + 112);
    storeSum(SUMS, w0);
    storeSum(SUMS + 16, w2);
    storeSum(SUMS + 32, w4);
    storeSum(SUMS + 48, w6);
    storeSum(SUMS + 64, w8);
    storeSum(SUMS + 80, w10);
    storeSum(SUMS + 96, w12);
    storeSum(SUMS + 112, w14);
    // FIPS 180-4 §6.4.2 step 3, eight rounds a turn, so that the words come back to their names.
    for (let at = SUMS; at < SUMS + 640; at += 64) {
      // The schedule runs sixteen words ahead: the processor does its vectors beside the scalars of the rounds.
      if (at < SUMS + 512) {
        const w16 = nextWords(w0, w2, w8, w10, w14);
        const w18 = nextWords(w2, w4, w10, w12, w16);
        const w20 = nextWords(w4, w6, w12, w14, w18);
        const w22 = nextWords(w6, w8, w14, w16, w20);
        storeSum(at + 128, w16);
        storeSum(at + 144, w18);
        storeSum(at + 160, w20);
        storeSum(at + 176, w22);
        w0 = w8;
        w2 = w10;
        w4 = w12;
        w6 = w14;
        w8 = w16;
        w10 = w18;
        w12 = w20;
        w14 = w22;
      }
      h += sum1(e) + choice(e, f, g) + load<u64>(at);
      d += h;
      h += sum0(a) + majority(a, b, c);
      g += sum1(d) + choice(d, e, f) + load<u64>(at, 8);
      c += g;
      g += sum0(h) + majority(h, a, b);
      f += sum1(c) + choice(c, d, e) + load<u64>(at, 16);
      b += f;
      f += sum0(g) + majority(g, h, a);
      e += sum1(b) + choice(b, c, d) + load<u64>(at, 24);
      a += e;
      e += sum0(f) + majority(f, g, h);
      d += sum1(a) + choice(a, b, c) + load<u64>(at, 32);
      h += d;
      d += sum0(e) + majority(e, f, g);
      c += sum1(h) + choice(h, a, b) + load<u64>(at, 40);
      g += c;
      c += sum0(d) + majority(d, e, f);
      b += sum1(g) + choice(g, h, a) + load<u64>(at, 48);
      f += b;
      b += sum0(c) + majority(c, d, e);
      a += sum1(f) + choice(f, g, h) + load<u64>(at, 56);
      e += a;
      a += sum0(b) + majority(b, c, d);
    }
    store<u64>(state, (a += load<u64>(state)));
    store<u64>(state, (b += load<u64>(state, 8)), 8);
    store<u64>(state, (c += load<u64>(state, 16)), 16);
    store<u64>(state, (d += load<u64>(state, 24)), 24);
    store<u64>(state, (e += load<u64>(state, 32)), 32);
    store<u64>(state, (f += load<u64>(state, 40)), 40);
    store<u64>(state, (g += load<u64>(state, 48)), 48);
    store<u64>(state, (h += load<u64>(state, 56)), 56);
  }
}

/** Clears what the last block left behind. */
export function wipeSha512(): void {
  memory.fill(SUMS, 0, 640);
}
