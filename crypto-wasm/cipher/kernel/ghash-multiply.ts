/**
 * Multiplication in GHASH's field by integer multiplications, for the end of a message and for short ones.
 *
 * Integer products carry; with only every fourth bit set no carry can reach the next bit that is used, so four masked
 * factors a side give a carry-less product. The upper half of a product is the lower half of the product of the
 * bit-reversed factors, reversed. All of it is i64.mul, shifts and logic: no branch, no address depends on a value.
 * Sums of products are reduced once. Source: NIST SP 800-38D, section 6.3; T. Pornin, "Constant-Time Crypto" (BearSSL).
 *
 * Elements are pairs of words as in the standard's bit string: `high` is bytes 0…7 read big-endian, `low` bytes 8…15.
 */

import { clear } from './bytes';
import { lookup } from './lookup';

/** One power of the hash key: low, high, their sum, and the same three bit-reversed. */
export const POWER_BYTES: usize = 48;
/** Six sums of products: low, high, middle, and the same three of the reversed factors. */
export const SUMS_BYTES: usize = 48;

const REVERSE_BYTES: usize = memory.data<u8>([15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0], 16);
/** The bits of a nibble in reverse order, as a low and as a high nibble. */
const REVERSE_LOW: usize = memory.data<u8>(
  [0x00, 0x08, 0x04, 0x0c, 0x02, 0x0a, 0x06, 0x0e, 0x01, 0x09, 0x05, 0x0d, 0x03, 0x0b, 0x07, 0x0f],
  16,
);
const REVERSE_HIGH: usize = memory.data<u8>(
  [0x00, 0x80, 0x40, 0xc0, 0x20, 0xa0, 0x60, 0xe0, 0x10, 0x90, 0x50, 0xd0, 0x30, 0xb0, 0x70, 0xf0],
  16,
);

const BITS_0: u64 = 0x1111111111111111;
const BITS_1: u64 = 0x2222222222222222;
const BITS_2: u64 = 0x4444444444444444;
const BITS_3: u64 = 0x8888888888888888;

/** The lower 64 bits of the carry-less product. */
// @ts-ignore: decorator
@inline
function multiplyLow(a: u64, b: u64): u64 {
  const a0 = a & BITS_0;
  const a1 = a & BITS_1;
  const a2 = a & BITS_2;
  const a3 = a & BITS_3;
  const b0 = b & BITS_0;
  const b1 = b & BITS_1;
  const b2 = b & BITS_2;
  const b3 = b & BITS_3;
  return (
    (((a0 * b0) ^ (a1 * b3) ^ (a2 * b2) ^ (a3 * b1)) & BITS_0) |
    (((a0 * b1) ^ (a1 * b0) ^ (a2 * b3) ^ (a3 * b2)) & BITS_1) |
    (((a0 * b2) ^ (a1 * b1) ^ (a2 * b0) ^ (a3 * b3)) & BITS_2) |
    (((a0 * b3) ^ (a1 * b2) ^ (a2 * b1) ^ (a3 * b0)) & BITS_3)
  );
}

/** A word with its bits in reverse order. */
function reverseBits(word: u64): u64 {
  let w = bswap(word);
  w = ((w >> 4) & 0x0f0f0f0f0f0f0f0f) | ((w & 0x0f0f0f0f0f0f0f0f) << 4);
  w = ((w >> 2) & 0x3333333333333333) | ((w & 0x3333333333333333) << 2);
  return ((w >> 1) & 0x5555555555555555) | ((w & 0x5555555555555555) << 1);
}

/** Sixteen bytes as in the standard → an entry of the table of powers. */
export function storePower(power: usize, element: usize): void {
  const high = bswap(load<u64>(element));
  const low = bswap(load<u64>(element, 8));
  const highReversed = reverseBits(high);
  const lowReversed = reverseBits(low);
  store<u64>(power, low);
  store<u64>(power, high, 8);
  store<u64>(power, low ^ high, 16);
  store<u64>(power, lowReversed, 24);
  store<u64>(power, highReversed, 32);
  store<u64>(power, lowReversed ^ highReversed, 40);
}

/** Adds the sum of the unreduced products blocks[n] × powers[count - n], n from 0, to `sums`. */
export function addProducts(sums: usize, blocks: usize, count: i32, powers: usize): void {
  const mask = i8x16.splat(0x0f);
  const reverseBytes = v128.load(REVERSE_BYTES);
  const reverseLow = v128.load(REVERSE_LOW);
  const reverseHigh = v128.load(REVERSE_HIGH);
  let s0 = load<u64>(sums);
  let s1 = load<u64>(sums, 8);
  let s2 = load<u64>(sums, 16);
  let r0 = load<u64>(sums, 24);
  let r1 = load<u64>(sums, 32);
  let r2 = load<u64>(sums, 40);
  for (let n = 0; n < count; n++) {
    const block = v128.load(blocks + 16 * n);
    const words = lookup(block, reverseBytes);
    const bits = v128.or(
      lookup(reverseHigh, v128.and(block, mask)),
      lookup(reverseLow, v128.and(i32x4.shr_u(block, 4), mask)),
    );
    const low = i64x2.extract_lane(words, 0);
    const high = i64x2.extract_lane(words, 1);
    const lowReversed = i64x2.extract_lane(bits, 1);
    const highReversed = i64x2.extract_lane(bits, 0);
    const power = powers + POWER_BYTES * (count - 1 - n);
    s0 ^= multiplyLow(low, load<u64>(power));
    s1 ^= multiplyLow(high, load<u64>(power, 8));
    s2 ^= multiplyLow(low ^ high, load<u64>(power, 16));
    r0 ^= multiplyLow(lowReversed, load<u64>(power, 24));
    r1 ^= multiplyLow(highReversed, load<u64>(power, 32));
    r2 ^= multiplyLow(lowReversed ^ highReversed, load<u64>(power, 40));
  }
  store<u64>(sums, s0);
  store<u64>(sums, s1, 8);
  store<u64>(sums, s2, 16);
  store<u64>(sums, r0, 24);
  store<u64>(sums, r1, 32);
  store<u64>(sums, r2, 40);
}

/** Reduces the sums to one element, sixteen bytes at `element`, and sets them to zero. */
export function reduceSums(sums: usize, element: usize): void {
  const low = load<u64>(sums);
  const high = load<u64>(sums, 8);
  // Karatsuba: the middle product less the outer ones.
  const middle = load<u64>(sums, 16) ^ low ^ high;
  const lowReversed = load<u64>(sums, 24);
  const highReversed = load<u64>(sums, 32);
  const middleReversed = load<u64>(sums, 40) ^ lowReversed ^ highReversed;
  // The lower halves of reversed products, reversed, are the upper halves; they overlap the lower ones by a bit.
  let w0 = low;
  let w1 = (reverseBits(lowReversed) >> 1) ^ middle;
  let w2 = high ^ (reverseBits(middleReversed) >> 1);
  let w3 = reverseBits(highReversed) >> 1;
  // A product of two bit-reflected strings is the reflected product shifted by one.
  w3 = (w3 << 1) | (w2 >> 63);
  w2 = (w2 << 1) | (w1 >> 63);
  w1 = (w1 << 1) | (w0 >> 63);
  w0 <<= 1;
  // Modulo 1 + x + x² + x⁷ + x¹²⁸: what lies beyond x¹²⁷ is in the two lower words here.
  w2 ^= w0 ^ (w0 >> 1) ^ (w0 >> 2) ^ (w0 >> 7);
  w1 ^= (w0 << 63) ^ (w0 << 62) ^ (w0 << 57);
  w3 ^= w1 ^ (w1 >> 1) ^ (w1 >> 2) ^ (w1 >> 7);
  w2 ^= (w1 << 63) ^ (w1 << 62) ^ (w1 << 57);
  store<u64>(element, bswap(w3));
  store<u64>(element, bswap(w2), 8);
  clear(sums, SUMS_BYTES);
}
