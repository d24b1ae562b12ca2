/**
 * One number's bytes → its text, exactly: the slow way, for every kind, one digit after another.
 *
 * Decoding to JSON has kernels for the common shapes and comes here for the rest; its tests hold the kernels against
 * this. CSV comes here too. What always holds: the text is that of the README (no leading zeros, no `-0`, all decimal
 * places), every digit and every sign is checked, nothing is allocated, nothing behind the item's bytes is read.
 */

import { CodePage } from './code-page';
import { EDITED_MAX_BYTES, EditedValue, readEdited } from './edited';
import { writeFloatText } from './float-text';
import { Item, Kind } from './item';
import { editedPlanOf, pageOf } from './item-options';
import { Blank, Options } from './options';

/** Why bytes are not what their item says. `reasonText` puts it into words. */
export namespace Reason {
  export const NONE: i32 = 0;
  export const DIGIT: i32 = 1;
  export const SIGN: i32 = 2;
  export const PAD: i32 = 3;
  export const TRUNCATED: i32 = 4;
  export const NOT_FINITE: i32 = 5;
  export const EDITED: i32 = 6;
  export const CHARACTER: i32 = 7;
  export const SHIFT: i32 = 8;
  export const CUT: i32 = 9;
  export const COUNTER: i32 = 10;
  export const BLANK: i32 = 11;
}

export function reasonText(reason: i32): string {
  if (reason == Reason.DIGIT) return 'a digit is not a digit';
  if (reason == Reason.SIGN) return 'the sign is not one that the picture allows';
  if (reason == Reason.PAD) return 'the unused half byte is not zero';
  if (reason == Reason.TRUNCATED) return 'the number has more digits than the picture';
  if (reason == Reason.NOT_FINITE) return 'the number is not finite';
  if (reason == Reason.EDITED) return 'the text is not one that the edited picture writes';
  if (reason == Reason.CHARACTER) return 'the code page does not have a character';
  if (reason == Reason.SHIFT) return 'double-byte characters are not closed by a shift';
  if (reason == Reason.CUT) return 'the record ends within it';
  if (reason == Reason.COUNTER) return 'the number of occurrences is not within the bounds of the table';
  if (reason == Reason.BLANK) return 'the number is blank';
  return '';
}

/** Why the last number or text was not valid. */
export let reason: i32 = Reason.NONE;
export function setReason(why: i32): void {
  reason = why;
}

/** Most digits that a number's text has, PIC P's zeros and the digits of 16 binary bytes among them. */
export const DIGITS_MAX_COUNT: i32 = 400;
/** Digits of the number at hand, 0…9, the most significant first. */
const DIGITS: usize = memory.data(DIGITS_MAX_COUNT, 16);
/** The text of an edited number in ASCII. */
const EDITED_TEXT: usize = memory.data(256, 16);
/** Value of a binary of up to 16 bytes as four 32-bit words, the least significant first. */
const WORDS: usize = memory.data(16, 16);

/** A JSON number has at most so many digits: doubles, which most readers take, keep each of them. */
export const JSON_DIGITS_MAX: i32 = 15;

/** Whether the text always stands in quotes in JSON. */
export function isNumberQuoted(item: Item, options: Options): bool {
  return options.numbersAsText || (item.kind != Kind.FLOAT && item.digits > JSON_DIGITS_MAX);
}

/** Puts a binary's text of more digits than its picture has into quotes where a double would round it; gives its end. */
export function quoteLong(item: Item, from: usize, end: usize): usize {
  if (item.kind != Kind.BINARY) return end;
  let digits = min(item.scale, 0);
  for (let at = from; at < end; at++) {
    const byte = load<u8>(at);
    if (byte > 0x30 || (byte == 0x30 && digits > min(item.scale, 0))) digits++;
  }
  if (digits <= JSON_DIGITS_MAX) return end;
  memory.copy(from + 1, from, end - from);
  store<u8>(from, 0x22);
  store<u8>(end + 1, 0x22);
  return end + 2;
}

/** The most bytes that `writeNumberText` writes for this item. */
export function numberTextMaxBytes(item: Item): i32 {
  if (item.kind == Kind.FLOAT) return 32;
  const digits = item.kind == Kind.BINARY ? max(40, item.digits) : max(item.digits, item.lengthBytes * 2);
  return digits + (item.scale < 0 ? -item.scale : item.scale) + 4;
}

/**
 * The text of a number (ZONED, PACKED, PACKED_UNSIGNED, BINARY, FLOAT, EDITED) without quotes: gives its end; `out`
 * itself for a blank one that is null; 0 when the bytes are not valid, `reason` being why. All bytes of the item are there.
 */
export function writeNumberText(item: Item, options: Options, at: usize, out: usize): usize {
  if (item.kind == Kind.FLOAT) return writeFloat(item, options, at, out);
  if (item.kind == Kind.BINARY) return writeBinary(item, options, at, out);
  if (item.kind == Kind.EDITED) {
    isNegative = false;
    return editedDigits(item, pageOf(item, options), at)
      ? writeDigits(digitsCount, item.scale, out)
      : blankOr(item, options, at, out, Reason.EDITED);
  }
  isNegative = false;
  let why: i32;
  if (item.kind == Kind.ZONED) why = zonedDigits(item, pageOf(item, options), options.strictSigns, at);
  else why = packedDigits(item, options.strictSigns, at);
  if (why != Reason.NONE) return blankOr(item, options, at, out, why);
  return writeDigits(digitsCount, item.scale, out);
}

/** Whether the last number of digits was below zero, and how many digits `DIGITS` has. */
let isNegative: bool = false;
let digitsCount: i32 = 0;

/** A number that is not one: null, zero or invalid when all of it is spaces or low-values. */
function blankOr(item: Item, options: Options, at: usize, out: usize, why: i32): usize {
  reason = why;
  if (!isBlank(item, options, at)) return 0;
  // COBOL itself writes spaces for zero there.
  const isZero = item.blankWhenZero && load<u8>(at) != 0;
  if (options.blankNumbers == Blank.INVALID && !isZero) {
    reason = Reason.BLANK;
    return 0;
  }
  if (options.blankNumbers == Blank.NULL && !isZero) return out;
  digitsCount = 1;
  store<u8>(DIGITS, 0);
  isNegative = false;
  return writeDigits(1, item.scale, out);
}

function isBlank(item: Item, options: Options, at: usize): bool {
  const first = load<u8>(at);
  if (first != 0 && first != pageOf(item, options).space) return false;
  for (let i = 1; i < item.lengthBytes; i++) {
    if (load<u8>(at + i) != first) return false;
  }
  return item.lengthBytes > 0;
}

/** Fills DIGITS from one digit a byte. */
function zonedDigits(item: Item, page: CodePage, isStrict: bool, at: usize): i32 {
  let count = item.lengthBytes;
  let from = at;
  let signAt: usize = 0;
  if (item.isSigned && item.signSeparate) {
    count -= 1;
    const sign = load<u8>(item.signLeading ? at : at + count);
    if (item.signLeading) from += 1;
    const minus: u8 = page.isAscii ? 0x2d : 0x60, plus: u8 = page.isAscii ? 0x2b : 0x4e;
    if (sign == minus) isNegative = true;
    else if (sign != plus) return Reason.SIGN;
  } else {
    signAt = item.signLeading ? at : at + count - 1;
  }
  if (count > DIGITS_MAX_COUNT || count <= 0) return Reason.DIGIT;
  const zone: u8 = page.isAscii ? 0x30 : 0xf0;
  for (let i = 0; i < count; i++) {
    const byte = load<u8>(from + i);
    let digit: u8 = byte - zone;
    if (digit > 9 && from + i == signAt) {
      const sign = overpunch(byte, page.isAscii, item.isSigned, isStrict);
      if (sign < 0) return Reason.SIGN;
      digit = <u8>(sign & 15);
      isNegative = sign >= 16;
    }
    if (digit > 9) return Reason.DIGIT;
    store<u8>(DIGITS + i, digit);
  }
  digitsCount = count;
  return Reason.NONE;
}

/**
 * The digit of a byte that carries a sign, plus 16 when it is negative; -1 when it is none. EBCDIC: the zone is the
 * sign, A C E F positive, B D negative. ASCII: what becomes of those bytes when text is converted (`{A…I`, `}J…R`), and
 * the bytes 70…79 of compilers for ASCII machines. An unsigned item takes a positive sign, unless strict; never a negative one.
 */
export function overpunch(byte: u8, isAscii: bool, isSigned: bool, isStrict: bool): i32 {
  let digit: i32 = 16;
  let isMinus = false;
  if (isAscii) {
    if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
    if (byte == 0x7b) digit = 0;
    else if (byte >= 0x41 && byte <= 0x49) digit = byte - 0x40;
    else {
      isMinus = true;
      if (byte == 0x7d) digit = 0;
      else if (byte >= 0x4a && byte <= 0x52) digit = byte - 0x49;
      else if (byte >= 0x70 && byte <= 0x79) digit = byte - 0x70;
    }
  } else {
    const zone = byte >> 4;
    digit = byte & 15;
    if (zone == 15) return digit > 9 ? -1 : digit;
    isMinus = zone == 0xb || zone == 0xd;
    if (zone < 10 || (isStrict && zone != 0xc && zone != 0xd)) return -1;
  }
  if (digit > 9 || (!isSigned && (isStrict || isMinus))) return -1;
  return digit + (isMinus ? 16 : 0);
}

/** 0 plus, 1 minus, -1 not a sign that this item may have: the last nibble of a packed number. */
export function packedSign(nibble: i32, isSigned: bool, isStrict: bool): i32 {
  if (nibble == 0xf || nibble == 0xc) return 0;
  if (nibble == 0xd || (nibble == 0xb && !isStrict)) return isSigned ? 1 : -1;
  return (nibble == 0xa || nibble == 0xe) && !isStrict ? 0 : -1;
}

/** Fills DIGITS from two digits a byte. */
function packedDigits(item: Item, isStrict: bool, at: usize): i32 {
  const isUnsigned = item.kind == Kind.PACKED_UNSIGNED;
  const nibbles = item.lengthBytes * 2 - (isUnsigned ? 0 : 1);
  if (nibbles > DIGITS_MAX_COUNT || nibbles <= 0) return Reason.DIGIT;
  if (!isUnsigned) {
    const sign = packedSign(load<u8>(at + item.lengthBytes - 1) & 15, item.isSigned, isStrict);
    if (sign < 0) return Reason.SIGN;
    isNegative = sign == 1;
  }
  for (let i = 0; i < nibbles; i++) {
    const byte = load<u8>(at + (i >> 1));
    const digit: u8 = (i & 1) == 0 ? byte >> 4 : byte & 15;
    if (digit > 9) return Reason.DIGIT;
    if (digit != 0 && i < nibbles - item.digits) return Reason.PAD;
    store<u8>(DIGITS + i, digit);
  }
  digitsCount = nibbles;
  return Reason.NONE;
}

/** Fills DIGITS from a text that shows a number. */
function editedDigits(item: Item, page: CodePage, at: usize): bool {
  const plan = editedPlanOf(item);
  if (plan === null || plan.lengthBytes != item.lengthBytes || plan.lengthBytes > EDITED_MAX_BYTES) return false;
  for (let i = 0; i < plan.lengthBytes; i++) {
    const character = load<u8>(page.toAscii + load<u8>(at + i));
    if (character == 0) return false;
    store<u8>(EDITED_TEXT + i, character);
  }
  const value = readEdited(plan, EDITED_TEXT, DIGITS);
  if (value == EditedValue.INVALID || value == EditedValue.BLANK) return false;
  isNegative = value == EditedValue.NEGATIVE;
  digitsCount = plan.digits;
  for (let i = 0; i < digitsCount; i++) store<u8>(DIGITS + i, load<u8>(DIGITS + i) - 0x30);
  return true;
}

function writeBinary(item: Item, options: Options, at: usize, out: usize): usize {
  const length = item.lengthBytes;
  memory.fill(WORDS, 0, 16);
  const top = load<u8>(item.isLittleEndian ? at + length - 1 : at);
  isNegative = item.isSigned && top >= 0x80;
  for (let i = 0; i < 16; i++) {
    let byte: u8 = isNegative ? 0xff : 0;
    if (i < length) byte = load<u8>(item.isLittleEndian ? at + i : at + length - 1 - i);
    store<u8>(WORDS + i, byte);
  }
  if (isNegative) negate(load<u64>(WORDS), load<u64>(WORDS + 8));
  let count = 40;
  while (count > 0) {
    const digit = divideWordsByTen();
    store<u8>(DIGITS + --count, digit);
  }
  digitsCount = 40;
  if (options.truncateBinary && !item.isNativeBinary && item.digits < 40) {
    for (let i = 0; i < 40 - item.digits; i++) {
      if (load<u8>(DIGITS + i) == 0) continue;
      reason = Reason.TRUNCATED;
      return 0;
    }
  }
  return writeDigits(40, item.scale, out);
}

function negate(low: u64, high: u64): void {
  const negated: u64 = ~low + 1;
  store<u64>(WORDS, negated);
  store<u64>(WORDS + 8, ~high + (negated == 0 ? 1 : 0));
}

function divideWordsByTen(): u8 {
  let rest: u64 = 0;
  for (let i = 12; i >= 0; i -= 4) {
    const part = (rest << 32) | <u64>load<u32>(WORDS + i);
    store<u32>(WORDS + i, <u32>(part / 10));
    rest = part % 10;
  }
  return <u8>rest;
}

/** Text of the digits in DIGITS × 10^-scale, negative by `isNegative`. */
function writeDigits(count: i32, scale: i32, out: usize): usize {
  let first = 0;
  while (first < count && load<u8>(DIGITS + first) == 0) first++;
  let to = out;
  if (isNegative && first < count) store<u8>(to++, 0x2d);
  const whole = count - scale;
  if (first >= min(whole, count)) store<u8>(to++, 0x30);
  for (let i = first; i < whole; i++) {
    // Nothing but zeros: one was written, PIC P does not add more.
    if (first == count) break;
    store<u8>(to++, 0x30 + (i < count ? load<u8>(DIGITS + i) : 0));
  }
  if (scale <= 0) return to;
  store<u8>(to++, 0x2e);
  for (let i = whole; i < count; i++) store<u8>(to++, 0x30 + (i >= 0 ? load<u8>(DIGITS + i) : 0));
  return to;
}

function writeFloat(item: Item, options: Options, at: usize, out: usize): usize {
  let bits: u64 = 0;
  for (let i = 0; i < item.lengthBytes; i++) {
    bits = (bits << 8) | <u64>load<u8>(options.floatIsLittleEndian ? at + item.lengthBytes - 1 - i : at + i);
  }
  const end = writeFloatText(bits, item.lengthBytes == 8, options.floatIsIeee, out);
  if (end == 0) reason = Reason.NOT_FINITE;
  return end;
}
