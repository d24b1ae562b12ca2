/**
 * JSON as bytes: the reader under encoding. It never makes strings or trees; who encodes walks along with it.
 *
 * Every function takes the address to read at and gives the address behind what it read, or 0 when it could not: then
 * either a problem is set, or `isTruncated` says that the text ended too early. Reading may go past the end of the
 * text, but stops at the first control character: the driver sees to it that one lies at the end (see `encode.ts`), and
 * only spaces between tokens are bounded by `limit` itself. UTF-8 and the JSON grammar are checked everywhere, also in
 * what is skipped.
 */

import { failInRecord, VALUE } from './problem';

/** Objects and arrays within one another; a copybook has 49 levels, each with a table. */
export const DEPTH_MAX_COUNT: i32 = 128;

let origin: usize = 0;
let originOffset: i64 = 0;
let limit: usize = 0;
let recordNumber: i64 = 0;
/** The text ended before what was to be read did. */
export let isTruncated: bool = false;
/** Behind the character that `readCharacter` gave. */
export let characterEnd: usize = 0;

/** The text at `at` is byte `offset` of the whole input, and ends at `end`. */
export function openInput(at: usize, end: usize, offset: i64): void {
  origin = at;
  originOffset = offset;
  limit = end;
  isTruncated = false;
}

export function beginRecordAt(number: i64): void {
  recordNumber = number;
}

/** Position of an address in the whole input. */
export function offsetOf(at: usize): i64 {
  return originOffset + <i64>(at - origin);
}

/** Gives 0. */
export function malformed(at: usize, what: string): usize {
  if (at >= limit) isTruncated = true;
  else failInRecord(VALUE, recordNumber, offsetOf(at), '', 'this is not JSON: ' + what);
  return 0;
}

/** A value that does not fit its field; gives 0. */
export function unfit(at: usize, field: string, what: string): usize {
  failInRecord(VALUE, recordNumber, offsetOf(at), field, what);
  return 0;
}

// @ts-ignore: decorator
@inline
export function isSpace(byte: u32): bool {
  return byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09;
}

/** 0 where the text ends. */
export function skipSpaces(at: usize): usize {
  while (at < limit && isSpace(load<u8>(at))) at++;
  if (at < limit) return at;
  isTruncated = true;
  return 0;
}

/** From behind the opening quote to behind the closing one. */
export function skipString(at: usize): usize {
  while (true) {
    const bytes = v128.load(at);
    const special = v128.or(
      v128.or(i8x16.eq(bytes, i8x16.splat(0x22)), i8x16.eq(bytes, i8x16.splat(0x5c))),
      i8x16.lt_s(bytes, i8x16.splat(0x20)),
    );
    const mask = i8x16.bitmask(special);
    if (mask == 0) {
      at += 16;
      continue;
    }
    at += ctz(mask);
    if (load<u8>(at) == 0x22) return at + 1;
    if (readCharacter(at) < 0) return 0;
    at = characterEnd;
  }
}

/** One character of a string, escapes and surrogate pairs resolved; -1 where it is none. Sets `characterEnd`. */
export function readCharacter(at: usize): i32 {
  const byte: i32 = load<u8>(at);
  if (byte < 0x80) {
    if (byte == 0x5c) return readEscape(at);
    if (byte < 0x20) {
      malformed(at, 'a control character in a string');
      return -1;
    }
    characterEnd = at + 1;
    return byte;
  }
  // Well-formed sequences only: no overlong ones, no surrogates, nothing beyond U+10FFFF.
  const second: i32 = load<u8>(at, 1);
  if (byte >= 0xc2 && byte < 0xe0) {
    if (isContinuation(at, 1)) {
      characterEnd = at + 2;
      return ((byte & 0x1f) << 6) | (second & 0x3f);
    }
  } else if (byte >= 0xe0 && byte < 0xf0) {
    const isWell = (byte != 0xe0 || second >= 0xa0) && (byte != 0xed || second < 0xa0);
    if (isContinuation(at, 1) && isWell && isContinuation(at, 2)) {
      characterEnd = at + 3;
      return ((byte & 0x0f) << 12) | ((second & 0x3f) << 6) | (load<u8>(at, 2) & 0x3f);
    }
  } else if (byte >= 0xf0 && byte < 0xf5) {
    const isWell = (byte != 0xf0 || second >= 0x90) && (byte != 0xf4 || second < 0x90);
    if (isContinuation(at, 1) && isWell && isContinuation(at, 2) && isContinuation(at, 3)) {
      characterEnd = at + 4;
      const low = ((<i32>load<u8>(at, 2) & 0x3f) << 6) | (load<u8>(at, 3) & 0x3f);
      return ((byte & 0x07) << 18) | ((second & 0x3f) << 12) | low;
    }
  }
  // A sequence that the end of the text cuts is a text that is too short, not one that is wrong.
  let inner = at;
  while (inner < at + 4 && load<u8>(inner) >= 0x80) inner++;
  malformed(inner >= limit ? inner : at, 'bytes that are not UTF-8');
  return -1;
}

// @ts-ignore: decorator
@inline
function isContinuation(at: usize, index: usize): bool {
  return (load<u8>(at + index) & 0xc0) == 0x80;
}

function readEscape(at: usize): i32 {
  const byte: i32 = load<u8>(at, 1);
  characterEnd = at + 2;
  switch (byte) {
    case 0x22: return 0x22;
    case 0x5c: return 0x5c;
    case 0x2f: return 0x2f;
    case 0x62: return 0x08;
    case 0x66: return 0x0c;
    case 0x6e: return 0x0a;
    case 0x72: return 0x0d;
    case 0x74: return 0x09;
    case 0x75: break;
    default:
      malformed(at + 1, 'an escape that there is not');
      return -1;
  }
  const high = readHex4(at + 2);
  if (high < 0) return -1;
  characterEnd = at + 6;
  if (high < 0xd800 || high > 0xdfff) return high;
  if (high < 0xdc00) {
    if (load<u8>(at, 6) != 0x5c) {
      malformed(at + 6, 'half of a surrogate pair');
      return -1;
    }
    if (load<u8>(at, 7) != 0x75) {
      malformed(at + 7, 'half of a surrogate pair');
      return -1;
    }
    const low = readHex4(at + 8);
    if (low < 0) return -1;
    if (low >= 0xdc00 && low <= 0xdfff) {
      characterEnd = at + 12;
      return 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
    }
  }
  malformed(at, 'half of a surrogate pair');
  return -1;
}

function readHex4(at: usize): i32 {
  let value = 0;
  for (let i: usize = 0; i < 4; i++) {
    const digit = hexDigit(load<u8>(at + i));
    if (digit < 0) {
      malformed(at + i, 'an escape without four hexadecimal digits');
      return -1;
    }
    value = (value << 4) | digit;
  }
  return value;
}

/** -1 where it is none. */
// @ts-ignore: decorator
@inline
export function hexDigit(byte: u8): i32 {
  if (byte - 0x30 < 10) return byte - 0x30;
  const letter: u8 = (byte | 0x20) - 0x61;
  return letter < 6 ? <i32>letter + 10 : -1;
}

/** Whether `null` stands there. */
// @ts-ignore: decorator
@inline
export function isNull(at: usize): bool {
  return load<u32>(at) == 0x6c6c756e;
}

/** Any value, checked and passed over. `at` is at its first byte. */
export function skipValue(at: usize, depth: i32): usize {
  const byte = load<u8>(at);
  if (byte == 0x22) return skipString(at + 1);
  if (byte == 0x7b || byte == 0x5b) { // { [
    if (depth >= DEPTH_MAX_COUNT) return malformed(at, 'deeper than ' + DEPTH_MAX_COUNT.toString() + ' levels');
    const isObject = byte == 0x7b;
    const close: u8 = isObject ? 0x7d : 0x5d;
    at = skipSpaces(at + 1);
    if (at == 0) return 0;
    if (load<u8>(at) == close) return at + 1;
    while (true) {
      if (isObject) {
        at = skipKey(at);
        if (at == 0) return 0;
      }
      at = skipValue(at, depth + 1);
      if (at == 0) return 0;
      at = skipSpaces(at);
      if (at == 0) return 0;
      const next = load<u8>(at);
      if (next == close) return at + 1;
      if (next != 0x2c) return malformed(at, isObject ? 'a comma or } is missing' : 'a comma or ] is missing');
      at = skipSpaces(at + 1);
      if (at == 0) return 0;
    }
  }
  if (byte == 0x2d || byte - 0x30 < 10) return skipNumber(at);
  if (isNull(at)) return at + 4;
  if (load<u32>(at) == 0x65757274) return at + 4; // true
  if (byte == 0x66 && load<u32>(at, 1) == 0x65736c61) return at + 5; // false
  return noValue(at);
}

/** What stands there is no value; where the text ends within a word, it is truncated. Gives 0. */
export function noValue(at: usize): usize {
  let end = at;
  while (end < at + 5 && load<u8>(end) - 0x61 < 26) end++;
  return malformed(end >= limit ? end : at, 'a value is missing');
}

/** A key, its colon and the spaces around it. */
function skipKey(at: usize): usize {
  if (load<u8>(at) != 0x22) return malformed(at, 'a key is missing');
  at = skipString(at + 1);
  if (at == 0) return 0;
  return skipColon(at);
}

/** From behind a key to the value. */
export function skipColon(at: usize): usize {
  at = skipSpaces(at);
  if (at == 0) return 0;
  if (load<u8>(at) != 0x3a) return malformed(at, 'a colon is missing');
  return skipSpaces(at + 1);
}

function skipNumber(at: usize): usize {
  if (load<u8>(at) == 0x2d) at++;
  if (load<u8>(at) == 0x30) at++;
  else {
    at = skipDigits(at);
    if (at == 0) return 0;
  }
  if (load<u8>(at) == 0x2e) {
    at = skipDigits(at + 1);
    if (at == 0) return 0;
  }
  if ((load<u8>(at) | 0x20) == 0x65) {
    at++;
    if (load<u8>(at) == 0x2b || load<u8>(at) == 0x2d) at++;
    at = skipDigits(at);
    if (at == 0) return 0;
  }
  // At the very end nobody knows whether the number goes on.
  if (at >= limit) return malformed(at, '');
  return at;
}

function skipDigits(at: usize): usize {
  if (load<u8>(at) - 0x30 >= 10) return malformed(at, 'a digit is missing');
  do at++; while (load<u8>(at) - 0x30 < 10);
  return at;
}
