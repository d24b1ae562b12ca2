/**
 * What one item's bytes say, for framing alone: counters, lengths and segment fields. Whole numbers of up to 18 digits,
 * and texts compared with those of the options.
 *
 * Everything is compiled beforehand; reading allocates nothing. The caller has checked that the item's bytes are there.
 */

import { CodePage } from './code-page';
import { Item, Kind } from './item';
import { fail, OPTIONS } from './problem';

/** No whole number: bytes that are not digits or signs. */
export const NOT_A_NUMBER: i64 = i64.MIN_VALUE;
/** What an i64 holds for certain. */
const DIGITS_MAX: i32 = 18;

export class ItemValue {
  readonly kind: i32;
  readonly lengthBytes: i32;
  private readonly isSigned: bool;
  private readonly signLeading: bool;
  private readonly signSeparate: bool;
  private readonly isLittleEndian: bool;
  private readonly digits: i32;
  private readonly space: u8;
  private readonly isAscii: bool;
  private readonly toAscii: usize;

  constructor(
    readonly item: Item,
    readonly page: CodePage,
  ) {
    this.kind = item.kind;
    this.lengthBytes = item.lengthBytes;
    this.isSigned = item.isSigned;
    this.signLeading = item.signLeading;
    this.signSeparate = item.signSeparate;
    this.isLittleEndian = item.isLittleEndian;
    this.digits = item.digits;
    this.space = page.space;
    this.isAscii = page.isAscii;
    this.toAscii = page.toAscii;
  }

  isNumber(): bool {
    const kind = this.kind;
    return kind == Kind.ZONED || kind == Kind.PACKED || kind == Kind.PACKED_UNSIGNED || kind == Kind.BINARY;
  }

  isText(): bool {
    const kind = this.kind;
    return kind == Kind.TEXT || kind == Kind.GROUP || kind == Kind.EDITED || kind == Kind.EDITED_TEXT;
  }

  /** NOT_A_NUMBER when the bytes are none. */
  integerAt(at: usize): i64 {
    if (this.kind == Kind.ZONED) return this.zonedAt(at);
    if (this.kind == Kind.PACKED) return this.packedAt(at, true);
    if (this.kind == Kind.PACKED_UNSIGNED) return this.packedAt(at, false);
    if (this.kind == Kind.BINARY) return this.binaryAt(at);
    return this.digitsAt(at);
  }

  /** Digits with spaces around them. */
  private digitsAt(at: usize): i64 {
    let end = at + this.lengthBytes;
    while (end > at && this.isBlank(load<u8>(end - 1))) end--;
    while (at < end && this.isBlank(load<u8>(at))) at++;
    if (at == end || end - at > DIGITS_MAX) return NOT_A_NUMBER;
    let value: i64 = 0;
    for (; at < end; at++) {
      const digit = <u32>load<u8>(this.toAscii + load<u8>(at)) - 0x30;
      if (digit > 9) return NOT_A_NUMBER;
      value = value * 10 + digit;
    }
    return value;
  }

  private isBlank(byte: u8): bool {
    return byte == this.space || byte == 0;
  }

  private zonedAt(at: usize): i64 {
    let count = this.lengthBytes;
    let isNegative = false;
    let signed = -1;
    if (this.signSeparate) {
      count--;
      const sign = load<u8>(this.toAscii + load<u8>(this.signLeading ? at : at + count));
      if (sign != 0x2b && sign != 0x2d) return NOT_A_NUMBER;
      isNegative = sign == 0x2d;
      if (this.signLeading) at++;
    } else if (this.isSigned) {
      signed = this.signLeading ? 0 : count - 1;
    }
    if (count < 1 || count > DIGITS_MAX) return NOT_A_NUMBER;
    let value: i64 = 0;
    for (let i = 0; i < count; i++) {
      const byte = <u32>load<u8>(at + i);
      let digit: u32 = 10;
      if (i == signed) {
        digit = this.isAscii ? asciiOverpunch(byte) : ebcdicOverpunch(byte);
        isNegative = (digit & NEGATIVE) != 0;
        digit &= 15;
      } else if ((byte & 0xf0) == (this.isAscii ? 0x30 : 0xf0)) {
        digit = byte & 15;
      }
      if (digit > 9) return NOT_A_NUMBER;
      value = value * 10 + digit;
    }
    return isNegative ? -value : value;
  }

  private packedAt(at: usize, hasSign: bool): i64 {
    let nibbles = this.lengthBytes * 2;
    let isNegative = false;
    if (hasSign) {
      nibbles--;
      const sign = load<u8>(at + this.lengthBytes - 1) & 15;
      if (sign < 10) return NOT_A_NUMBER;
      isNegative = sign == 0x0b || sign == 0x0d;
    }
    if (nibbles > DIGITS_MAX + 1) return NOT_A_NUMBER;
    let value: i64 = 0;
    for (let i = 0; i < nibbles; i++) {
      const byte = load<u8>(at + (i >> 1));
      const digit = (i & 1) == 0 ? byte >> 4 : byte & 15;
      // The nibble before an even count of digits has to be zero, or the number would not fit its picture.
      if (digit > 9 || (i == 0 && nibbles > DIGITS_MAX && digit != 0)) return NOT_A_NUMBER;
      value = value * 10 + digit;
    }
    return isNegative ? -value : value;
  }

  private binaryAt(at: usize): i64 {
    const count = this.lengthBytes;
    if (count < 1 || count > 8) return NOT_A_NUMBER;
    let bits: u64 = 0;
    for (let i = 0; i < count; i++) bits = (bits << 8) | load<u8>(at + (this.isLittleEndian ? count - 1 - i : i));
    const spare = <u64>(64 - count * 8);
    if (this.isSigned) return (<i64>(bits << spare)) >> spare;
    return <i64>bits < 0 ? NOT_A_NUMBER : <i64>bits;
  }

  /** First byte of the text without spaces and low-values around it; its length is `textBytes`. */
  textAt(at: usize): usize {
    let end = at + this.lengthBytes;
    while (end > at && this.isBlank(load<u8>(end - 1))) end--;
    while (at < end && this.isBlank(load<u8>(at))) at++;
    textBytes = <i32>(end - at);
    return at;
  }

  /** As messages show it. Allocates. */
  shownAt(at: usize): string {
    const value = this.isNumber() ? this.integerAt(at) : NOT_A_NUMBER;
    if (value != NOT_A_NUMBER) return value.toString();
    let text = '';
    let hex = '';
    const shown = min(this.lengthBytes, 40);
    for (let i = 0; i < shown; i++) {
      const byte = load<u8>(at + i);
      const character = load<u8>(this.toAscii + byte);
      if (character >= 0x20) text += String.fromCharCode(character);
      hex += hexByte(byte);
    }
    return this.isText() && text.length == shown ? "'" + text.trim() + "'" : 'X\'' + hex + "'";
  }
}

let textBytes: i32 = 0;
const NEGATIVE: u32 = 16;

/** Digit, with NEGATIVE; 10 and more when it is none. */
function ebcdicOverpunch(byte: u32): u32 {
  const zone = byte >> 4;
  const digit = byte & 15;
  if (zone < 10 || digit > 9) return 10;
  return zone == 0x0b || zone == 0x0d ? digit | NEGATIVE : digit;
}

/** What EBCDIC overpunches became in ASCII (`{ABC`, `}JKL`), and `p`–`y`, which some compilers write. */
function asciiOverpunch(byte: u32): u32 {
  if (byte - 0x30 < 10) return byte - 0x30;
  if (byte == 0x7b) return 0;
  if (byte - 0x41 < 9) return byte - 0x40;
  if (byte == 0x7d) return NEGATIVE;
  if (byte - 0x4a < 9) return (byte - 0x49) | NEGATIVE;
  if (byte - 0x70 < 10) return (byte - 0x70) | NEGATIVE;
  return 10;
}

/** Two digits in capitals. */
export function hexByte(byte: u32): string {
  const digits = '0123456789ABCDEF';
  return digits.charAt(byte >> 4) + digits.charAt(byte & 15);
}

/** Values of one item, as options write them, to be found in records. */
export class ValueTable {
  private readonly numbers: StaticArray<i64>;
  private readonly addresses: StaticArray<usize>;
  private readonly lengths: StaticArray<i32>;
  readonly count: i32;

  /** Sets a problem (`option`) when a value cannot occur in the item. */
  constructor(
    private readonly value: ItemValue,
    readonly texts: string[],
    option: string,
  ) {
    this.count = texts.length;
    this.numbers = new StaticArray<i64>(this.count);
    this.addresses = new StaticArray<usize>(this.count);
    this.lengths = new StaticArray<i32>(this.count);
    for (let i = 0; i < this.count; i++) {
      if (value.isNumber()) this.numbers[i] = integerOf(texts[i], option);
      else this.place(i, texts[i].trim(), option);
    }
  }

  private place(index: i32, text: string, option: string): void {
    const at = heap.alloc(text.length);
    this.addresses[index] = at;
    let length = 0;
    for (let i = 0; i < text.length; i++) {
      const codePoint = text.codePointAt(i);
      if (codePoint > 0xffff) i++;
      const byte = this.value.page.fromUnicode(codePoint);
      if (byte < 0) return fail(OPTIONS, option + ": the code page has no character for all of '" + text + "'");
      store<u8>(at + length++, <u8>byte);
    }
    this.lengths[index] = length;
  }

  /** Which of the texts the item at `at` says; -1 for none. */
  find(at: usize): i32 {
    const count = this.count;
    if (this.value.isNumber()) {
      const number = this.value.integerAt(at);
      if (number == NOT_A_NUMBER) return -1;
      for (let i = 0; i < count; i++) if (unchecked(this.numbers[i]) == number) return i;
      return -1;
    }
    const text = this.value.textAt(at);
    const length = textBytes;
    for (let i = 0; i < count; i++) {
      if (unchecked(this.lengths[i]) != length) continue;
      if (memory.compare(text, unchecked(this.addresses[i]), length) == 0) return i;
    }
    return -1;
  }
}

/** A whole number of up to 18 digits. Zero with a problem set. */
export function integerOf(text: string, option: string): i64 {
  const digits = text.trim();
  const from = digits.startsWith('-') ? 1 : 0;
  let value: i64 = 0;
  if (digits.length == from || digits.length - from > DIGITS_MAX) {
    fail(OPTIONS, option + ": '" + text + "' is not a whole number, as the item's values are");
    return 0;
  }
  for (let i = from; i < digits.length; i++) {
    const digit = digits.charCodeAt(i) - 0x30;
    if (digit < 0 || digit > 9) {
      fail(OPTIONS, option + ": '" + text + "' is not a whole number, as the item's values are");
      return 0;
    }
    value = value * 10 + digit;
  }
  return from == 1 ? -value : value;
}
