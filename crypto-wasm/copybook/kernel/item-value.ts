/**
 * What one item's bytes say, for framing alone: counters, lengths and segment fields. Whole numbers of up to 18 digits,
 * and texts compared with those of the options.
 *
 * Everything is compiled beforehand; reading allocates nothing. The caller has checked that the item's bytes are there.
 */

import { CodePage } from './code-page';
import { Item, Kind } from './item';
import { pageOf } from './item-options';
import { Options } from './options';
import { fail, OPTIONS } from './problem';
import { numberTextMaxBytes, writeNumberText } from './value-text';

/** No whole number: bytes that are not digits or signs, or more digits than 18. */
export const NOT_A_NUMBER: i64 = i64.MIN_VALUE;
/** What an i64 holds for certain. */
const DIGITS_MAX: i32 = 18;

const TEXT_BYTES: i32 = 512;
const TEXT: usize = memory.data(512, 16);

export class ItemValue {
  readonly lengthBytes: i32;
  readonly page: CodePage;
  private readonly isAnyNumber: bool;
  private readonly space: u8;
  private readonly toAscii: usize;

  /** An unknown code page is a problem. */
  constructor(
    readonly item: Item,
    private readonly options: Options,
  ) {
    const kind = item.kind;
    this.page = pageOf(item, options);
    this.lengthBytes = item.lengthBytes;
    const isNumeric =
      kind == Kind.ZONED || kind == Kind.PACKED || kind == Kind.PACKED_UNSIGNED ||
      kind == Kind.BINARY || kind == Kind.EDITED;
    this.isAnyNumber = isNumeric && item.scale == 0 && numberTextMaxBytes(item) <= TEXT_BYTES;
    this.space = this.page.space;
    this.toAscii = this.page.toAscii;
  }

  /** Whole numbers only: others cannot count or tell segments apart. */
  isNumber(): bool {
    return this.isAnyNumber;
  }

  isText(): bool {
    const kind = this.item.kind;
    return kind == Kind.TEXT || kind == Kind.GROUP || kind == Kind.EDITED_TEXT;
  }

  /** The number, or the digits of a text. A blank number is 0 where the options say so, else none. */
  integerAt(at: usize): i64 {
    if (!this.isAnyNumber) {
      const from = this.textAt(at);
      const bytes = min(textBytes, TEXT_BYTES);
      for (let i = 0; i < bytes; i++) store<u8>(TEXT + i, load<u8>(this.toAscii + load<u8>(from + i)));
      return digits(TEXT, TEXT + bytes);
    }
    const end = writeNumberText(this.item, this.options, at, TEXT);
    return end == 0 ? NOT_A_NUMBER : digits(TEXT, end);
  }

  private isBlank(byte: u8): bool {
    return byte == this.space || byte == 0;
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

/** Of ASCII digits, perhaps behind a minus. */
function digits(from: usize, end: usize): i64 {
  const isNegative = from < end && load<u8>(from) == 0x2d;
  if (isNegative) from++;
  if (from == end || <i32>(end - from) > DIGITS_MAX) return NOT_A_NUMBER;
  let value: i64 = 0;
  for (; from < end; from++) {
    const digit = <u32>load<u8>(from) - 0x30;
    if (digit > 9) return NOT_A_NUMBER;
    value = value * 10 + digit;
  }
  return isNegative ? -value : value;
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
    const count = texts.length;
    this.numbers = new StaticArray<i64>(count);
    this.addresses = new StaticArray<usize>(count);
    this.lengths = new StaticArray<i32>(count);
    this.count = count;
    for (let i = 0; i < count; i++) {
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
