/**
 * Operations for numbers: which kernel takes an item, and the vectors it works with.
 *
 * The text of a number has a fixed number of slots, with its leading zeros and its point; kernels put digits into slots
 * with one shuffle. An item whose text does not fit a kernel's slots goes the slow way.
 */

import { CodePage } from './code-page';
import { At, Flag, Op } from './decode-op';
import { Item, Kind } from './item';
import { pageOf } from './item-options';
import { ASCII_ZONES, EBCDIC_ZONES } from './number-lanes';
import { Options } from './options';
import { isNumberQuoted, JSON_DIGITS_MAX, overpunch, packedSign } from './value-text';

/** Fills in the operation's kind and what the kind needs. Key, place and policy are there already. */
export function fillNumber(op: usize, item: Item, options: Options): void {
  const isQuoted = isNumberQuoted(item, options);
  store<u32>(op + At.CLOSE, isQuoted ? 0x2c22 : 0x2c);
  store<i32>(op + At.CLOSE_BYTES, isQuoted ? 2 : 1);
  store<i32>(op, Op.NUMBER);
  if (item.kind == Kind.ZONED) fillZoned(op, item, pageOf(item, options), options.strictSigns);
  else if (item.kind == Kind.PACKED || item.kind == Kind.PACKED_UNSIGNED) fillPacked(op, item, options.strictSigns);
  else if (item.kind == Kind.BINARY) fillBinary(op, item, options);
}

/** Slots of so many digits with that scale; 0 when there are more than 32. */
function widthOf(digits: i32, scale: i32): i32 {
  if (digits <= 0 || digits > 32 || scale > 32 || scale < -32) return 0;
  const width = scale > 0 ? max(digits - scale, 1) + 1 + scale : digits - scale;
  return width <= 32 ? width : 0;
}

/** The digit that a slot shows, from the most significant one; -1 the point, -2 a zero that is always there. */
function digitAt(slot: i32, digits: i32, scale: i32): i32 {
  const whole = digits - scale;
  if (scale <= 0) return slot < digits ? slot : -2;
  const point = max(whole, 1);
  if (slot == point) return -1;
  const digit = slot < point ? slot - (point - whole) : whole + slot - point - 1;
  return digit >= 0 && digit < digits ? digit : -2;
}

/** WIDTH, the bits, and the template's vector(s). */
function fillSlots(op: usize, template: usize, digits: i32, scale: i32, width: i32): void {
  store<i32>(op + At.WIDTH, width);
  let bits: u32 = 0;
  for (let slot = 0; slot < width; slot++) {
    const isPoint = digitAt(slot, digits, scale) == -1;
    if (!isPoint) bits |= <u32>1 << slot;
    // Slots of the second vector lie with its own template, 64 bytes further.
    store<u8>(template + (slot & 15) + (slot >> 4) * 64, isPoint ? 0x2e : 0x30);
  }
  store<u32>(op + At.DIGIT_BITS, bits);
  const guard = scale > 0 ? width - scale - 2 : width - 1;
  store<u32>(op + At.GUARD_BITS, <u32>1 << guard);
}

function fillZoned(op: usize, item: Item, page: CodePage, isStrict: bool): void {
  const isSeparate = item.isSigned && item.signSeparate;
  const digits = item.lengthBytes - (isSeparate ? 1 : 0);
  const width = widthOf(digits, item.scale);
  if (width == 0 || width > 16 || item.lengthBytes > 16) return;
  store<i32>(op, Op.ZONED);
  store<usize>(op + At.ZONES, page.isAscii ? ASCII_ZONES : EBCDIC_ZONES);
  fillSlots(op, op + At.TEMPLATE, digits, item.scale, width);
  const first = isSeparate && item.signLeading ? 1 : 0;
  const signAt = item.isSigned && item.signLeading ? 0 : item.lengthBytes - 1;
  for (let i = 0; i < 16; i++) {
    const digit = i < width ? digitAt(i, digits, item.scale) : -1;
    store<u8>(op + At.SLOTS + i, digit >= 0 ? <u8>(first + digit) : 0x80);
    store<u8>(op + At.HIGH + i, i >= first && i < first + digits ? (i == signAt ? 0x0f : 0xff) : 0);
  }
  store<i32>(op + At.SIGN_OFFSET, signAt);
  const table = heap.alloc(256);
  for (let byte = 0; byte < 256; byte++) {
    let sign: i32 = 0xff;
    if (isSeparate) {
      if (byte == (page.isAscii ? 0x2b : 0x4e)) sign = 0;
      if (byte == (page.isAscii ? 0x2d : 0x60)) sign = 1;
    } else {
      const digit = overpunch(<u8>byte, page.isAscii, item.isSigned, isStrict);
      // Where the digit is not the low nibble (ASCII A…R), the slow way knows.
      if (digit >= 0 && (digit & 15) == (byte & 15)) sign = digit >> 4;
    }
    store<u8>(table + byte, <u8>sign);
  }
  store<usize>(op + At.SIGN_TABLE, table);
}

function fillPacked(op: usize, item: Item, isStrict: bool): void {
  const isUnsigned = item.kind == Kind.PACKED_UNSIGNED;
  const nibbles = item.lengthBytes * 2 - (isUnsigned ? 0 : 1);
  const pad = nibbles - item.digits;
  const width = widthOf(item.digits, item.scale);
  if (width == 0 || item.lengthBytes > 16 || pad < 0 || pad > 1) return;
  let vectors = op + At.SLOTS;
  store<i32>(op, Op.PACKED);
  if (width > 16) {
    store<i32>(op, Op.PACKED_LONG);
    vectors = heap.alloc(128 + 16);
    vectors = (vectors + 15) & ~15;
    memory.fill(vectors, 0, 128);
    store<usize>(op + At.LONG, vectors);
  }
  fillSlots(op, vectors + 48, item.digits, item.scale, width);
  for (let i = 0; i < (width > 16 ? 32 : 16); i++) {
    const digit = i < width ? digitAt(i, item.digits, item.scale) : -1;
    const nibble = digit + pad;
    const at = vectors + (i & 15) + (i >> 4) * 64;
    store<u8>(at, digit >= 0 ? <u8>(nibble >> 1) : 0x80);
    store<u8>(at + 16, digit >= 0 && (nibble & 1) == 0 ? 0x0f : 0);
    store<u8>(at + 32, digit >= 0 && (nibble & 1) == 1 ? 0x0f : 0);
  }
  store<i32>(op + At.PAD, pad == 1 ? 0xf0 : 0);
  const table = heap.alloc(16);
  for (let nibble = 0; nibble < 16; nibble++) {
    store<u8>(table + nibble, <u8>(isUnsigned ? 0 : packedSign(nibble, item.isSigned, isStrict)));
  }
  store<usize>(op + At.SIGN_TABLE, table);
}

function fillBinary(op: usize, item: Item, options: Options): void {
  const length = item.lengthBytes;
  if (length != 2 && length != 4 && length != 8) return;
  // Of the sixteen digits that the kernel makes, those that the item's bytes can have.
  let digits = length == 2 ? 5 : length == 4 ? 10 : 16;
  if (length == 8 && item.scale > 0) digits = 15;
  if (item.scale < 0 && length == 8) digits = 16 + item.scale;
  const width = widthOf(digits, item.scale);
  if (digits < 1 || width == 0 || width > 16 || item.scale > digits) return;
  store<i32>(op, length == 2 ? Op.BINARY_2 : length == 4 ? Op.BINARY_4 : Op.BINARY_8);
  let flags = load<i32>(op + At.FLAGS);
  if (item.isSigned) flags |= Flag.IS_SIGNED;
  if (item.isLittleEndian) flags |= Flag.IS_LITTLE;
  store<i32>(op + At.FLAGS, flags);
  fillSlots(op, op + At.TEMPLATE, digits, item.scale, width);
  for (let i = 0; i < 16; i++) {
    const digit = i < width ? digitAt(i, digits, item.scale) : -1;
    store<u8>(op + At.SLOTS + i, digit >= 0 ? <u8>(16 - digits + digit) : 0x80);
  }
  const isTruncated = options.truncateBinary && !item.isNativeBinary;
  let digitsMost = isTruncated ? min(digits, item.digits) : digits;
  // What gets quotes by its value goes the slow way.
  if (!isNumberQuoted(item, options)) digitsMost = min(digitsMost, JSON_DIGITS_MAX);
  let most: u64 = 1;
  for (let i = 0; i < digitsMost; i++) most *= 10;
  store<u64>(op + At.MOST, most - 1);
}
