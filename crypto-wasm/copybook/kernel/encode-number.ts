/**
 * A JSON number, or a string that holds one, to the bytes of a number: exactly, or not at all.
 *
 * The fast way takes what decoding writes: up to 15 digits, no exponent, not more decimals than the picture. Its digits
 * are found with one comparison, put in their places with one look-up, and packed from there. Everything else goes
 * through a decimal number of any length (`decimal-text.ts`), which is checked against the picture digit by digit.
 */

import { alignDecimal, ALIGNED, Alignment, decimalIsNegative, readDecimal } from './decimal-text';
import { EDITED_MAX_DIGITS, formatEdited } from './edited';
import { EncodeNode } from './encode-node';
import { Kind } from './item';
import { unfit } from './json-input';
import { LEADING, storeBytes, storeLanes } from './exact-stores';
import { lookup } from './lookup';

/** `0` and 10 in every byte; 0x00ff and 10 in every two; 100 and 1, then 10,000 and 1, in every four. */
const ZEROS: usize = memory.data(6 * 16, 16);
for (let i = 0; i < 16; i += 4) {
  store<u32>(ZEROS + i, 0x30303030);
  store<u32>(ZEROS + i, 0x0a0a0a0a, 16);
  store<u32>(ZEROS + i, 0x00ff00ff, 32);
  store<u32>(ZEROS + i, 0x000a000a, 48);
  store<u32>(ZEROS + i, 0x00010064, 64);
  store<u32>(ZEROS + i, 0x00012710, 80);
}

/** Digits of the number at hand: the vector of the fast way, or ASCII for edited pictures. */
const DIGITS: usize = memory.data(64, 16);
const EDITED_TEXT: usize = memory.data(256, 16);

/** `{A…I` and `}J…R`: signs over digits in ASCII, positive and negative, unless `asciiSigns` wants plain ones. */
const ASCII_SIGNS: usize = memory.data<u8>([
  0x7b, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49,
  0x7d, 0x4a, 0x4b, 0x4c, 0x4d, 0x4e, 0x4f, 0x50, 0x51, 0x52,
]);

/**
 * The fast way of ZONED, PACKED, PACKED_UNSIGNED, BINARY and EDITED, for nodes that have `places`. Gives 0, without a
 * problem, for what it does not take: that may be a number all the same, or null.
 */
export function encodeUsualNumber(node: EncodeNode, at: usize, out: usize): usize {
  const isQuoted = load<u8>(at) == 0x22;
  let from = at + <usize>isQuoted;
  const isNegative = load<u8>(from) == 0x2d;
  from += <usize>isNegative;
  let digits = v128.xor(v128.load(from), v128.load(ZEROS));
  const areDigits = i8x16.lt_u(digits, v128.load(ZEROS, 16));
  const mask = i8x16.bitmask(areDigits);
  const whole = ctz(~mask);
  let end = whole;
  if (load<u8>(from + whole) == 0x2e) {
    // A point that no digit follows is not JSON; one behind the vector's last digit does not come up, see below.
    const decimals = ctz(~(mask >> (whole + 1)));
    if (decimals == 0 || decimals > node.scale) return 0;
    end = whole + 1 + decimals;
  }
  const behind = load<u8>(from + end);
  // Unusual: no digit, or as many as the vector has; more than there is room for; leading zeros; an exponent.
  const wholeMax = load<u8>(from) == 0x30 ? 1 : node.wholeDigits;
  const isOver = isQuoted ? behind == 0x22 : behind == 0x2c || behind == 0x7d || behind == 0x5d || behind <= 0x20;
  const isLong = <i32>(end > 15) | <i32>(whole + node.scale > 15) | <i32>(whole > wholeMax);
  if (<i32>(whole == 0) | isLong | <i32>!isOver) return 0;
  digits = v128.and(v128.and(digits, areDigits), v128.load(LEADING + (end << 4)));
  const isZero = !v128.any_true(digits);
  // Signs are as good as random: what depends on them does so without branches.
  const minus = <i32>isNegative & <i32>!isZero;
  if (minus > <i32>node.isSigned) return 0;
  digits = lookup(digits, i8x16.add(v128.load(node.places), i8x16.splat(<i8>whole)));
  if (node.kind == Kind.PACKED) {
    storePacked(node, digits, node.positiveSign + minus, out);
  } else if (node.kind == Kind.ZONED) {
    if (isZero && node.blankWhenZero) memory.fill(out, node.space, node.lengthBytes);
    else storeZoned(node, digits, minus != 0, out);
  } else if (node.kind == Kind.BINARY) {
    const value = binaryOf(digits);
    const negated = 0 - <u64>minus;
    if (value > node.positiveMax + (negated & (node.negativeMax - node.positiveMax))) return 0;
    storeBinary(node, (value ^ negated) - negated, out);
  } else if (node.kind == Kind.PACKED_UNSIGNED) {
    storePacked(node, digits, -1, out);
  } else {
    v128.store(DIGITS, v128.or(digits, v128.load(ZEROS)));
    storeEdited(node, minus != 0, out);
  }
  return from + end + <usize>isQuoted;
}

/** Sixteen digits, the last one the sign (-1: a digit too), to the last bytes of eight. */
// @ts-ignore: decorator
@inline
function storePacked(node: EncodeNode, digits: v128, sign: i32, out: usize): void {
  if (sign >= 0) digits = i8x16.replace_lane(digits, 15, <i8>sign);
  // Of each pair of digits, the first lies in the low byte.
  const pairs = v128.or(i16x8.shl(digits, 4), i16x8.shr_u(digits, 8));
  const bytes = v128.and(pairs, v128.load(ZEROS, 32));
  const value = i64x2.extract_lane(i8x16.narrow_i16x8_u(bytes, bytes), 0);
  const length = node.lengthBytes;
  storeBytes(<u64>value >> (<u64>(64 - length * 8)), length, out);
}

/** Digits from the first place on. */
// @ts-ignore: decorator
@inline
function storeZoned(node: EncodeNode, digits: v128, isMinus: bool, out: usize): void {
  const to = out + <usize>(node.signSeparate && node.signLeading);
  storeLanes(v128.or(digits, i8x16.splat(node.zone)), node.digits, to);
  if (node.isSigned) storeSign(node, isMinus, out);
}

/** The sign of a zoned number whose digits are there, with their zones. */
function storeSign(node: EncodeNode, isMinus: bool, out: usize): void {
  const at = node.signLeading ? out : out + node.lengthBytes - 1;
  const isAscii = node.zone == 0x30;
  if (node.signSeparate) {
    if (isAscii) store<u8>(at, isMinus ? 0x2d : 0x2b);
    else store<u8>(at, isMinus ? 0x60 : 0x4e);
    return;
  }
  const digit = load<u8>(at) & 15;
  if (node.hasPlainSigns) store<u8>(at, (isMinus ? 0x70 : 0x30) | digit);
  else if (isAscii) store<u8>(at, load<u8>(ASCII_SIGNS + (isMinus ? 10 : 0) + digit));
  else store<u8>(at, (isMinus ? 0xd0 : 0xc0) | digit);
}

/** Value of sixteen digits. */
// @ts-ignore: decorator
@inline
function binaryOf(digits: v128): u64 {
  const tens = i16x8.mul(v128.and(digits, v128.load(ZEROS, 32)), v128.load(ZEROS, 48));
  const pairs = i16x8.add(tens, i16x8.shr_u(digits, 8));
  const fours = i32x4.dot_i16x8_s(pairs, v128.load(ZEROS, 64));
  const narrow = i16x8.narrow_i32x4_u(fours, fours);
  const eights = i64x2.extract_lane(i32x4.dot_i16x8_s(narrow, v128.load(ZEROS, 80)), 0);
  return <u64><u32>eights * 100000000 + (<u64>eights >> 32);
}

/** Two's complement of up to 64 bits. */
// @ts-ignore: decorator
@inline
function storeBinary(node: EncodeNode, value: u64, out: usize): void {
  const bytes = node.lengthBytes;
  storeBytes(node.isLittleEndian ? value : bswap<u64>(value) >> (<u64>(64 - bytes * 8)), bytes, out);
}

/** From the ASCII digits in DIGITS. */
function storeEdited(node: EncodeNode, isMinus: bool, out: usize): void {
  formatEdited(node.edited!, DIGITS, isMinus, EDITED_TEXT);
  for (let i = 0; i < node.lengthBytes; i++) {
    store<u8>(out + i, load<u8>(node.table128 + load<u8>(EDITED_TEXT + i)));
  }
}

/** Any number, by way of its decimal digits. `at` is at the value, which is not null. */
export function encodeAnyNumber(node: EncodeNode, at: usize, out: usize): usize {
  const next = readDecimal(at, node.item);
  if (next == 0) return 0;
  // A binary may be larger than its picture; 40 digits are more than 16 bytes hold.
  const count = node.kind == Kind.BINARY ? 40 : node.digits;
  const alignment = count > ALIGNED_DIGITS_MAX ? Alignment.TOO_LARGE : alignDecimal(node.scale, count);
  if (alignment == Alignment.TOO_LARGE) return tooLarge(node, at);
  if (alignment == Alignment.TOO_PRECISE) return tooPrecise(node, at);
  const isZero = alignment == Alignment.ZERO;
  const isMinus = decimalIsNegative && !isZero;
  if (isMinus && !node.isSigned) {
    const what = 'the picture ' + node.item.picture + ' has no sign: give a number that is not negative';
    return unfit(at, node.item.path(), what);
  }
  switch (node.kind) {
    case Kind.PACKED:
      packAny(node, count, node.positiveSign + <i32>isMinus, out);
      break;
    case Kind.PACKED_UNSIGNED:
      packAny(node, count, -1, out);
      break;
    case Kind.ZONED: {
      if (isZero && node.blankWhenZero) {
        memory.fill(out, node.space, node.lengthBytes);
        break;
      }
      const to = node.signSeparate && node.signLeading ? out + 1 : out;
      for (let i = 0; i < count; i++) store<u8>(to + i, load<u8>(ALIGNED + i) | node.zone);
      if (node.isSigned) storeSign(node, isMinus, out);
      break;
    }
    case Kind.BINARY:
      if (!binaryAny(node, count, isMinus, out)) return tooLarge(node, at);
      break;
    default:
      for (let i = 0; i < count; i++) store<u8>(DIGITS + i, load<u8>(ALIGNED + i) + 0x30);
      storeEdited(node, isMinus, out);
      break;
  }
  return next;
}

const ALIGNED_DIGITS_MAX: i32 = EDITED_MAX_DIGITS;

function packAny(node: EncodeNode, count: i32, sign: i32, out: usize): void {
  memory.fill(out, 0, node.lengthBytes);
  let nibble = node.lengthBytes * 2 - 1;
  if (sign >= 0) {
    store<u8>(out + (nibble >> 1), <u8>sign);
    nibble--;
  }
  for (let i = count - 1; i >= 0 && nibble >= 0; i--, nibble--) {
    const at = out + (nibble >> 1);
    const digit = load<u8>(ALIGNED + i);
    store<u8>(at, load<u8>(at) | ((nibble & 1) != 0 ? digit : digit << 4));
  }
}

/** False where the number is larger than the bytes, or than the digits that count. */
function binaryAny(node: EncodeNode, count: i32, isMinus: bool, out: usize): bool {
  const bytes = node.lengthBytes;
  let low: u64 = 0;
  let high: u64 = 0;
  for (let i = 0; i < count; i++) {
    // (high, low) × 10 + digit, in parts of 32 bits.
    const a = (low & 0xffffffff) * 10 + <u64>load<u8>(ALIGNED + i);
    const b = (low >> 32) * 10 + (a >> 32);
    const c = (high & 0xffffffff) * 10 + (b >> 32);
    const d = (high >> 32) * 10 + (c >> 32);
    if (d >> 32 != 0) return false;
    low = (b << 32) | (a & 0xffffffff);
    high = (d << 32) | (c & 0xffffffff);
  }
  if (node.isRanged) {
    if (high != 0 || low > (isMinus ? node.negativeMax : node.positiveMax)) return false;
  } else if (!fitsBytes(node, low, high, isMinus)) {
    return false;
  }
  if (isMinus) {
    low = ~low + 1;
    high = ~high + (low == 0 ? 1 : 0);
  }
  for (let i = 0; i < bytes; i++) {
    const byte = i < 8 ? <u8>(low >> (<u64>i * 8)) : i < 16 ? <u8>(high >> (<u64>(i - 8) * 8)) : isMinus ? 0xff : 0;
    store<u8>(node.isLittleEndian ? out + i : out + bytes - 1 - i, byte);
  }
  return true;
}

/** Of 9 bytes and more. */
function fitsBytes(node: EncodeNode, low: u64, high: u64, isMinus: bool): bool {
  const bits = node.lengthBytes * 8;
  if (bits > 128) return true;
  const free = node.isSigned ? bits - 1 : bits; // of the magnitude
  if (free >= 128) return true;
  const highFree = <u64>(free - 64);
  const excess = high >> highFree;
  if (excess == 0) return true;
  return isMinus && low == 0 && high == <u64>1 << highFree;
}

function tooLarge(node: EncodeNode, at: usize): usize {
  const item = node.item;
  const shape = item.picture.length > 0 ? 'the picture ' + item.picture : item.lengthBytes.toString() + ' bytes';
  return unfit(at, item.path(), 'the number is too large for ' + shape + ': give a smaller one, or widen the field');
}

function tooPrecise(node: EncodeNode, at: usize): usize {
  const scale = max(node.scale, 0);
  const item = node.item;
  const places =
    node.scale < 0
      ? 'is not a multiple of 1' + '0'.repeat(-node.scale)
      : 'has more than ' + scale.toString() + (scale == 1 ? ' decimal place' : ' decimal places');
  const what = 'the number ' + places + ', and the picture ' + item.picture + ' holds no more: round it first';
  return unfit(at, item.path(), what);
}
