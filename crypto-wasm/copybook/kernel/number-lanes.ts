/**
 * Digits in the lanes of vectors → the text of a number, with every digit and every sign checked on the way.
 *
 * A number's text has fixed slots (`number-op.ts`). All digits are put into their slots at once; the first slot that is
 * not `0`, or the last one before the point, is where the text begins. No branch depends on the value; a byte that is
 * not valid makes the result 0, and the caller goes the slow way, which knows why.
 */

import { At } from './decode-op';
import { lookup } from './lookup';

export const ASCII_ZONES: usize = memory.data<u8>([48, 48, 48, 48, 48, 48, 48, 48, 48, 48, 48, 48, 48, 48, 48, 48], 16);
/** Added with saturation, sets the top bit of everything above 9. */
const ABOVE_NINE: usize = memory.data<u8>(
  [0x76, 0x76, 0x76, 0x76, 0x76, 0x76, 0x76, 0x76, 0x76, 0x76, 0x76, 0x76, 0x76, 0x76, 0x76, 0x76], 16,
);
/** What digits of EBCDIC and of ASCII are or-ed with. */
export const EBCDIC_ZONES: usize = memory.data<u8>(
  [0xf0, 0xf0, 0xf0, 0xf0, 0xf0, 0xf0, 0xf0, 0xf0, 0xf0, 0xf0, 0xf0, 0xf0, 0xf0, 0xf0, 0xf0, 0xf0], 16,
);
/** Loaded from n on, moves a vector's bytes down by n, up to 31. */
export const MOVES: usize = memory.data<u8>([
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
  0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80,
  0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80,
], 16);
/** The text of a long number with its leading zeros. */
const LONG_TEXT: usize = memory.data(64, 16);

// @ts-ignore: decorator
@inline
function isBeyondNine(digits: v128): bool {
  return i8x16.bitmask(i8x16.add_sat_u(digits, v128.load(ABOVE_NINE))) != 0;
}

/** Writes the text in `slots` and what closes it. */
// @ts-ignore: decorator
@inline
function writeSlots(op: usize, slots: v128, isNegative: i32, out: usize): usize {
  const bits = ~i8x16.bitmask(i8x16.eq(slots, v128.load(ASCII_ZONES))) & load<i32>(op, At.DIGIT_BITS);
  const skipped = ctz(bits | load<i32>(op, At.GUARD_BITS));
  store<u8>(out, 0x2d);
  out += <usize>(isNegative & <i32>(bits != 0));
  v128.store(out, lookup(slots, v128.load(MOVES + <usize>skipped)));
  out += <usize>(load<i32>(op, At.WIDTH) - skipped);
  store<u16>(out, load<u16>(op, At.CLOSE));
  return out + load<usize>(op, At.CLOSE_BYTES);
}

/** One digit a byte, up to 16 bytes with a separate sign. `at` has 16 readable bytes. */
// @ts-ignore: decorator
@inline
export function writeZoned(op: usize, at: usize, out: usize): usize {
  const zones = v128.load(load<usize>(op, At.ZONES));
  const sign = load<u8>(load<usize>(op, At.SIGN_TABLE) + load<u8>(at + load<usize>(op, At.SIGN_OFFSET)));
  const digits = v128.and(v128.xor(v128.load(at), zones), v128.load(op, At.HIGH));
  if (<i32>isBeyondNine(digits) | <i32>(sign > 1)) return 0;
  const slots = v128.or(lookup(digits, v128.load(op, At.SLOTS)), v128.load(op, At.TEMPLATE));
  return writeSlots(op, slots, sign, out);
}

/** Nibbles of the bytes at `at` in their slots, without the template. */
// @ts-ignore: decorator
@inline
function packedDigits(bytes: v128, vectors: usize): v128 {
  const placed = lookup(bytes, v128.load(vectors));
  return v128.or(
    v128.and(i16x8.shr_u(placed, 4), v128.load(vectors, 16)),
    v128.and(placed, v128.load(vectors, 32)),
  );
}

/** 0 plus, 1 minus, more: no sign. */
// @ts-ignore: decorator
@inline
function signOf(op: usize, at: usize, lengthBytes: usize): i32 {
  const nibble = <usize>load<u8>(at + lengthBytes - 1) & 15;
  return <i32>load<u8>(load<usize>(op, At.SIGN_TABLE) + nibble);
}

/** Two digits a byte, up to 16 slots. */
// @ts-ignore: decorator
@inline
export function writePacked(op: usize, at: usize, lengthBytes: usize, out: usize): usize {
  const sign = signOf(op, at, lengthBytes);
  const digits = packedDigits(v128.load(at), op + At.SLOTS);
  const pad = <i32>load<u8>(at) & load<i32>(op, At.PAD);
  if (<i32>isBeyondNine(digits) | <i32>(sign > 1) | pad) return 0;
  return writeSlots(op, v128.or(digits, v128.load(op, At.TEMPLATE)), sign, out);
}

/** The same, 17 to 32 slots. */
// @ts-ignore: decorator
@inline
export function writePackedLong(op: usize, at: usize, lengthBytes: usize, out: usize): usize {
  const sign = signOf(op, at, lengthBytes);
  const vectors = load<usize>(op, At.LONG);
  const bytes = v128.load(at);
  const first = packedDigits(bytes, vectors), second = packedDigits(bytes, vectors + 64);
  const pad = <i32>load<u8>(at) & load<i32>(op, At.PAD);
  if (<i32>isBeyondNine(i8x16.max_u(first, second)) | <i32>(sign > 1) | pad) return 0;
  const zeros = v128.load(ASCII_ZONES);
  const firstSlots = v128.or(first, v128.load(vectors, 48)), secondSlots = v128.or(second, v128.load(vectors, 112));
  const differing = i8x16.bitmask(i8x16.ne(firstSlots, zeros)) | (i8x16.bitmask(i8x16.ne(secondSlots, zeros)) << 16);
  const bits = differing & load<i32>(op, At.DIGIT_BITS);
  const skipped = <usize>ctz(bits | load<i32>(op, At.GUARD_BITS));
  v128.store(LONG_TEXT, firstSlots);
  v128.store(LONG_TEXT + 16, secondSlots);
  store<u8>(out, 0x2d);
  out += <usize>(sign & <i32>(bits != 0));
  v128.store(out, v128.load(LONG_TEXT + skipped));
  v128.store(out + 16, v128.load(LONG_TEXT + skipped + 16));
  out += load<usize>(op, At.WIDTH) - skipped;
  store<u16>(out, load<u16>(op, At.CLOSE));
  return out + load<usize>(op, At.CLOSE_BYTES);
}

/** Eight digits of a number below 10^8, one a byte, the first in the lowest: three divisions of all parts at once. */
// @ts-ignore: decorator
@inline
export function eightDigits(value: u64): u64 {
  // Quotient, and the remainder above it: quotient + ((value - quotient * d) << n) in one multiplication.
  const fours = (value << 32) - ((value * 109951163) >> 40) * ((<u64>10000 << 32) - 1);
  const hundreds = ((fours * 10486) >> 20) & 0x0000007f0000007f;
  const twos = (fours << 16) - hundreds * ((100 << 16) - 1);
  const tens = ((twos * 103) >> 10) & 0x000f000f000f000f;
  return (twos << 8) - tens * ((10 << 8) - 1);
}

/** An amount of up to 16 digits. */
// @ts-ignore: decorator
@inline
export function writeAmount(op: usize, amount: u64, isNegative: i32, out: usize): usize {
  if (amount > load<u64>(op, At.MOST)) return 0;
  const high = amount / 100000000;
  const low = amount - high * 100000000;
  const digits = i64x2.replace_lane(i64x2.splat(eightDigits(high)), 1, eightDigits(low));
  const slots = v128.or(lookup(digits, v128.load(op, At.SLOTS)), v128.load(op, At.TEMPLATE));
  return writeSlots(op, slots, isNegative, out);
}
