/**
 * Kernels: up to 64 zoned, packed or binary fields of one column → 64-bit integers, every digit and sign checked.
 *
 * They take the common shapes only: up to 18 digits, nothing blank, no unusual sign. For a field that is anything else
 * the bit of its row stays 0, and the caller reads it the slow way (`value-text.ts`), which decides what it is. So a
 * kernel is never more tolerant than the slow way; tests hold both against each other.
 *
 * Fields are read as the 8 or 16 bytes that end with their last digit, what is before them masked away: there are
 * always readable bytes before a record. Addresses come in fours: the caller repeats one to fill up.
 */

import { Item, Kind } from './item';
import { lookup } from './lookup';
import { Options } from './options';
import { overpunch, packedSign } from './value-text';

export namespace Reader {
  /** No kernel. */
  export const SLOW: i32 = 0;
  /** Zoned, up to 8 digits; up to 16. */
  export const ZONED_8: i32 = 1;
  export const ZONED_16: i32 = 2;
  /** Packed, up to 8 bytes; up to 10. */
  export const PACKED_8: i32 = 3;
  export const PACKED_16: i32 = 4;
  /** Up to 8 bytes. */
  export const BINARY: i32 = 5;
}

/** Three vectors for zoned fields; for packed ones the nibbles that count and those that have to be zero, u64 each. */
export const INTEGER_MASKS_BYTES: i32 = 48;
const PLUS: u8 = 1;
const MINUS: u8 = 2;

const NINES: usize = memory.data<u8>([9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9], 16);
/** Weights of two digits, most significant first; of two numbers of two digits; of four. */
const TENS: usize = memory.data<u8>([10, 1, 10, 1, 10, 1, 10, 1, 10, 1, 10, 1, 10, 1, 10, 1], 16);
const HUNDREDS: usize = memory.data<i16>([100, 1, 100, 1, 100, 1, 100, 1], 16);
const MYRIADS: usize = memory.data<i16>([10000, 1, 10000, 1, 10000, 1, 10000, 1], 16);
/** The same, least significant first, for packed fields whose bytes were swapped. */
const HUNDREDS_SWAPPED: usize = memory.data<u8>([1, 100, 1, 100, 1, 100, 1, 100, 1, 100, 1, 100, 1, 100, 1, 100], 16);
const MYRIADS_SWAPPED: usize = memory.data<i16>([1, 10000, 1, 10000, 1, 10000, 1, 10000], 16);
const LOW_NIBBLES: usize = memory.data<u8>([15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15], 16);
const TIMES_TEN: usize = memory.data<u8>([0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 0, 0, 0, 0, 0, 0], 16);

/** Which kernel reads an item whose digits take so many bytes. */
export function integerReaderOf(item: Item, digitsBytes: i32): i32 {
  const isPadded = item.scale < 0;
  if (item.kind == Kind.BINARY) {
    if (item.lengthBytes > 8 || item.lengthBytes < 1) return Reader.SLOW;
    // What so many bytes hold at most, 5/2 digits a byte and one, times the zeros of PIC P.
    return isPadded && ((item.lengthBytes * 5) >> 1) + 1 - item.scale > 18 ? Reader.SLOW : Reader.BINARY;
  }
  if (item.digits > 18 || item.digits < 1 || (isPadded && item.digits - item.scale > 18)) return Reader.SLOW;
  if (item.kind == Kind.ZONED) {
    if (digitsBytes != item.digits || digitsBytes > 16) return Reader.SLOW;
    return digitsBytes <= 8 ? Reader.ZONED_8 : Reader.ZONED_16;
  }
  if (item.kind != Kind.PACKED && item.kind != Kind.PACKED_UNSIGNED) return Reader.SLOW;
  if (item.lengthBytes > 10 || item.lengthBytes < 1) return Reader.SLOW;
  return item.lengthBytes <= 8 ? Reader.PACKED_8 : Reader.PACKED_16;
}

/** What `readIntegers` masks fields with, into INTEGER_MASKS_BYTES at `out`. */
export function writeIntegerMasks(item: Item, isAscii: bool, digitsBytes: i32, out: usize): void {
  memory.fill(out, 0, INTEGER_MASKS_BYTES);
  if (item.kind == Kind.BINARY) {
    // The bound of the picture, for `truncateBinary`.
    let bound: u64 = 1;
    for (let i = 0; i < item.digits && i < 19; i++) bound *= 10;
    store<u64>(out, item.digits > 18 ? u64.MAX_VALUE : bound);
    return;
  }
  if (item.kind != Kind.ZONED) {
    const nibbles = item.lengthBytes * 2 - (item.kind == Kind.PACKED ? 1 : 0);
    store<u64>(out, nibblesMask(nibbles));
    store<u64>(out, nibblesMask(nibbles - 16), 8);
    // Nibbles beyond the picture's digits have to be zero.
    store<u64>(out, nibblesMask(nibbles) & ~nibblesMask(item.digits), 16);
    store<u64>(out, nibblesMask(nibbles - 16) & ~nibblesMask(item.digits - 16), 24);
    return;
  }
  const laneBytes = digitsBytes <= 8 ? 8 : 16;
  for (let i = 0; i < 16; i++) {
    const place = (i & (laneBytes - 1)) - (laneBytes - digitsBytes);
    if (place < 0) continue;
    store<u8>(out + i, 0x0f);
    // A byte that carries a sign has its zone looked up.
    const carriesSign =
      item.isSigned && !item.signSeparate && place == (item.signLeading ? 0 : digitsBytes - 1);
    if (carriesSign) continue;
    store<u8>(out + i, 0xf0, 16);
    store<u8>(out + i, isAscii ? 0x30 : 0xf0, 32);
  }
}

function nibblesMask(nibbles: i32): u64 {
  if (nibbles <= 0) return 0;
  return nibbles >= 16 ? u64.MAX_VALUE : (<u64>1 << (nibbles * 4)) - 1;
}

/** For each byte that can carry the sign: 0 not for the kernel, PLUS or MINUS. 256 bytes at `out`. */
export function writeSigns(item: Item, isAscii: bool, options: Options, out: usize): void {
  for (let i = 0; i < 256; i++) {
    const byte = <u8>i;
    let sign = -1;
    if (item.kind == Kind.ZONED && item.isSigned && item.signSeparate) {
      if (byte == (isAscii ? 0x2b : 0x4e)) sign = 0;
      else if (byte == (isAscii ? 0x2d : 0x60)) sign = 1;
    } else if (item.kind == Kind.ZONED) {
      // The kernel takes the low nibble as the digit: in ASCII only digits themselves have it there.
      const digit = overpunch(byte, isAscii, item.isSigned, options.strictSigns);
      if (digit >= 0 && (digit & 15) == (byte & 15)) sign = digit >> 4;
    } else if (item.kind == Kind.PACKED) {
      sign = packedSign(byte & 15, item.isSigned, options.strictSigns);
    } else {
      sign = 0;
    }
    store<u8>(out + i, sign < 0 ? 0 : sign == 0 ? PLUS : MINUS);
  }
}

/** Eight or sixteen bytes of digits → eight pairs of them, each 0…99. */
// @ts-ignore: decorator
@inline
function pairs(digits: v128, weights: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return i16x8.relaxed_dot_i8x16_i7x16_s(digits, weights);
  // Bytes times bytes: the even ones, the odd ones, and their sum.
  const even = i16x8.mul(v128.and(digits, i16x8.splat(255)), v128.and(weights, i16x8.splat(255)));
  return i16x8.add(even, i16x8.mul(i16x8.shr_u(digits, 8), i16x8.shr_u(weights, 8)));
}

/** `value` negated when `sign` is MINUS. */
// @ts-ignore: decorator
@inline
function signed(value: i64, sign: u32): i64 {
  const minus = <i64>(sign >> 1);
  return (value ^ -minus) + minus;
}

/**
 * Zoned fields of up to 8 digits. `addresses` are u32, `shift` goes from there to 8 bytes before the end of the digits,
 * `signShift` to the byte with the sign (`signs` 0: none). Integers go to `values`; bit n is 1 where row n's is right.
 */
export function readZoned8(
  addresses: usize, count: i32, shift: usize, masks: usize, signs: usize, signShift: usize, values: usize,
): u64 {
  const keep = v128.load(masks), zoneMask = v128.load(masks, 16), zone = v128.load(masks, 32);
  const nines = v128.load(NINES), tens = v128.load(TENS), hundreds = v128.load(HUNDREDS), myriads = v128.load(MYRIADS);
  const zero = i64x2.splat(0);
  let valid: u64 = 0;
  for (let i = 0; i < count; i += 4) {
    const at = addresses + (<usize>i << 2), to = values + (<usize>i << 3);
    const a: usize = load<u32>(at), b: usize = load<u32>(at, 4);
    const c: usize = load<u32>(at, 8), d: usize = load<u32>(at, 12);
    const first = v128.load64_lane(b + shift, v128.load64_zero(a + shift), 1);
    const second = v128.load64_lane(d + shift, v128.load64_zero(c + shift), 1);
    const firstDigits = v128.and(first, keep), secondDigits = v128.and(second, keep);
    const firstBad = v128.or(v128.and(v128.xor(first, zone), zoneMask), i8x16.gt_u(firstDigits, nines));
    const secondBad = v128.or(v128.and(v128.xor(second, zone), zoneMask), i8x16.gt_u(secondDigits, nines));
    const firstQuads = i32x4.dot_i16x8_s(pairs(firstDigits, tens), hundreds);
    const secondQuads = i32x4.dot_i16x8_s(pairs(secondDigits, tens), hundreds);
    const four = i32x4.dot_i16x8_s(i16x8.narrow_i32x4_s(firstQuads, secondQuads), myriads);
    let bits =
      i64x2.bitmask(i64x2.eq(firstBad, zero)) | (i64x2.bitmask(i64x2.eq(secondBad, zero)) << 2);
    if (signs == 0) {
      v128.store(to, i64x2.extend_low_i32x4_u(four));
      v128.store(to, i64x2.extend_high_i32x4_u(four), 16);
    } else {
      const signA: u32 = load<u8>(signs + load<u8>(a + signShift));
      const signB: u32 = load<u8>(signs + load<u8>(b + signShift));
      const signC: u32 = load<u8>(signs + load<u8>(c + signShift));
      const signD: u32 = load<u8>(signs + load<u8>(d + signShift));
      store<i64>(to, signed(i32x4.extract_lane(four, 0), signA));
      store<i64>(to, signed(i32x4.extract_lane(four, 1), signB), 8);
      store<i64>(to, signed(i32x4.extract_lane(four, 2), signC), 16);
      store<i64>(to, signed(i32x4.extract_lane(four, 3), signD), 24);
      bits &= <i32>(signA != 0) | (<i32>(signB != 0) << 1) | (<i32>(signC != 0) << 2) | (<i32>(signD != 0) << 3);
    }
    valid |= <u64>bits << i;
  }
  return valid;
}

/** The same for up to 16 digits; `shift` goes to 16 bytes before the end of the digits. */
export function readZoned16(
  addresses: usize, count: i32, shift: usize, masks: usize, signs: usize, signShift: usize, values: usize,
): u64 {
  const keep = v128.load(masks), zoneMask = v128.load(masks, 16), zone = v128.load(masks, 32);
  const nines = v128.load(NINES), tens = v128.load(TENS), hundreds = v128.load(HUNDREDS), myriads = v128.load(MYRIADS);
  let valid: u64 = 0;
  for (let i = 0; i < count; i += 2) {
    const at = addresses + (<usize>i << 2), to = values + (<usize>i << 3);
    const a: usize = load<u32>(at), b: usize = load<u32>(at, 4);
    const first = v128.load(a + shift), second = v128.load(b + shift);
    const firstDigits = v128.and(first, keep), secondDigits = v128.and(second, keep);
    const firstBad = v128.or(v128.and(v128.xor(first, zone), zoneMask), i8x16.gt_u(firstDigits, nines));
    const secondBad = v128.or(v128.and(v128.xor(second, zone), zoneMask), i8x16.gt_u(secondDigits, nines));
    const firstQuads = i32x4.dot_i16x8_s(pairs(firstDigits, tens), hundreds);
    const secondQuads = i32x4.dot_i16x8_s(pairs(secondDigits, tens), hundreds);
    // High and low eight digits of the first, then of the second.
    const four = i32x4.dot_i16x8_s(i16x8.narrow_i32x4_s(firstQuads, secondQuads), myriads);
    const valueA = <i64>i32x4.extract_lane(four, 0) * 100000000 + <i64>i32x4.extract_lane(four, 1);
    const valueB = <i64>i32x4.extract_lane(four, 2) * 100000000 + <i64>i32x4.extract_lane(four, 3);
    let bits = <i32>!v128.any_true(firstBad) | (<i32>!v128.any_true(secondBad) << 1);
    if (signs == 0) {
      store<i64>(to, valueA);
      store<i64>(to, valueB, 8);
    } else {
      const signA: u32 = load<u8>(signs + load<u8>(a + signShift));
      const signB: u32 = load<u8>(signs + load<u8>(b + signShift));
      store<i64>(to, signed(valueA, signA));
      store<i64>(to, signed(valueB, signB), 8);
      bits &= <i32>(signA != 0) | (<i32>(signB != 0) << 1);
    }
    valid |= <u64>bits << i;
  }
  return valid;
}

/** Packed fields of up to 8 bytes. `shift` goes to 8 bytes before their end; `nibble` is 4 where the last is a sign. */
export function readPacked8(
  addresses: usize, count: i32, shift: usize, masks: usize, signs: usize, nibble: u64, values: usize,
): u64 {
  const keep = load<u64>(masks), surplus = load<u64>(masks, 16);
  const nines = v128.load(NINES), tens = v128.load(TIMES_TEN), low = v128.load(LOW_NIBBLES);
  const hundreds = v128.load(HUNDREDS_SWAPPED), myriads = v128.load(MYRIADS_SWAPPED);
  const zero = i64x2.splat(0);
  let valid: u64 = 0;
  for (let i = 0; i < count; i += 2) {
    const at = addresses + (<usize>i << 2), to = values + (<usize>i << 3);
    const wordA = bswap(load<u64>(<usize>load<u32>(at) + shift));
    const wordB = bswap(load<u64>(<usize>load<u32>(at, 4) + shift));
    const digitsA = (wordA >> nibble) & keep, digitsB = (wordB >> nibble) & keep;
    const both = i64x2.replace_lane(i64x2.splat(digitsA), 1, digitsB);
    const ones = v128.and(both, low), tensPlace = v128.and(i16x8.shr_u(both, 4), low);
    const bad = v128.or(i8x16.gt_u(ones, nines), i8x16.gt_u(tensPlace, nines));
    const bytes = i8x16.add(lookup(tens, tensPlace), ones);
    const halves = i32x4.dot_i16x8_s(pairs(bytes, hundreds), myriads);
    const partsA = <u64>i64x2.extract_lane(halves, 0), partsB = <u64>i64x2.extract_lane(halves, 1);
    const signA: u32 = load<u8>(signs + <usize>(wordA & 0xff)), signB: u32 = load<u8>(signs + <usize>(wordB & 0xff));
    store<i64>(to, signed(<i64>((partsA & 0xffffffff) + (partsA >> 32) * 100000000), signA));
    store<i64>(to, signed(<i64>((partsB & 0xffffffff) + (partsB >> 32) * 100000000), signB), 8);
    const bits =
      i64x2.bitmask(i64x2.eq(bad, zero)) &
      (<i32>(signA != 0 && (digitsA & surplus) == 0) | (<i32>(signB != 0 && (digitsB & surplus) == 0) << 1));
    valid |= <u64>bits << i;
  }
  return valid;
}

/** The same for 9 and 10 bytes; `shift` goes to 16 bytes before their end. */
export function readPacked16(
  addresses: usize, count: i32, shift: usize, masks: usize, signs: usize, nibble: u64, values: usize,
): u64 {
  const keepLow = load<u64>(masks), keepHigh = load<u64>(masks, 8);
  const surplusLow = load<u64>(masks, 16), surplusHigh = load<u64>(masks, 24);
  const nines = v128.load(NINES), tens = v128.load(TIMES_TEN), low = v128.load(LOW_NIBBLES);
  const hundreds = v128.load(HUNDREDS_SWAPPED), myriads = v128.load(MYRIADS_SWAPPED);
  let valid: u64 = 0;
  for (let i = 0; i < count; i++) {
    const at: usize = <usize>load<u32>(addresses + (<usize>i << 2)) + shift;
    const highWord = bswap(load<u64>(at)), lowWord = bswap(load<u64>(at, 8));
    // Without a sign nibble nothing moves from the high word into the low one.
    const carried = nibble == 0 ? 0 : highWord << 60;
    const lowDigits = ((lowWord >> nibble) | carried) & keepLow, highDigits = (highWord >> nibble) & keepHigh;
    const both = i64x2.replace_lane(i64x2.splat(lowDigits), 1, highDigits);
    const ones = v128.and(both, low), tensPlace = v128.and(i16x8.shr_u(both, 4), low);
    const bad = v128.or(i8x16.gt_u(ones, nines), i8x16.gt_u(tensPlace, nines));
    const bytes = i8x16.add(lookup(tens, tensPlace), ones);
    const halves = i32x4.dot_i16x8_s(pairs(bytes, hundreds), myriads);
    const lowParts = <u64>i64x2.extract_lane(halves, 0), highParts = <u64>i64x2.extract_lane(halves, 1);
    const value = (lowParts & 0xffffffff) + (lowParts >> 32) * 100000000 + (highParts & 0xff) * 10000000000000000;
    const sign: u32 = load<u8>(signs + <usize>(lowWord & 0xff));
    store<i64>(values + (<usize>i << 3), signed(<i64>value, sign));
    const isRight =
      sign != 0 && (lowDigits & surplusLow) == 0 && (highDigits & surplusHigh) == 0 && !v128.any_true(bad);
    valid |= <u64>isRight << i;
  }
  return valid;
}

/** Binaries of up to 8 bytes, whatever their length; `bound` 0, or what their magnitude has to stay below. */
export function readBinary(
  addresses: usize, count: i32, offsetBytes: usize, lengthBytes: i32, isLittle: bool, isSigned: bool, bound: u64,
  values: usize,
): u64 {
  const spare: u64 = 64 - 8 * lengthBytes;
  const from = isLittle ? offsetBytes : offsetBytes + lengthBytes - 8;
  let valid: u64 = 0;
  for (let i = 0; i < count; i++) {
    const raw = load<u64>(<usize>load<u32>(addresses + (<usize>i << 2)) + from);
    const word = (isLittle ? raw : bswap(raw)) << spare;
    const value: i64 = isSigned ? <i64>word >> <i64>spare : <i64>(word >> spare);
    store<i64>(values + (<usize>i << 3), value);
    // An unsigned one of 8 bytes above 2^63 is negative here.
    let isRight = isSigned || value >= 0;
    if (bound != 0) isRight = isRight && <u64>(value < 0 ? -value : value) < bound;
    valid |= <u64>isRight << i;
  }
  return valid;
}
