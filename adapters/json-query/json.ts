/** JSON text → values. Source: RFC 8259. */

import { Text } from 'hotcell/typed';
import { Case, fail, failed, FALSE, Kind, listValue, NULL, TRUE, Value } from './value';

/** Lists and objects within each other: what walks them recurses. */
const DEPTH_MAX: i32 = 100;

let start: usize = 0;
let at: usize = 0;
let end: usize = 0;
let which: Case = Case.BadJson;
let offset: i32 = 0;

/** One value with white space around it. A fault is of the case `faultCase`, `faultOffset` bytes further on. */
export function readJson(address: usize, length: i32, faultCase: Case, faultOffset: i32): Value {
  start = at = address;
  end = address + <usize>length;
  which = faultCase;
  offset = faultOffset;
  const value = readValue(0);
  skipSpace();
  if (!failed && at < end) refuse('there is more behind the value');
  return value;
}

function refuse(message: string): Value {
  fail(which, at < end ? message : 'the text ends too early', <i32>(at - start) + offset);
  return NULL;
}

// @ts-ignore: decorator
@inline
function peek(): u8 {
  return at < end ? load<u8>(at) : 0;
}

function skipSpace(): void {
  while (at < end) {
    const byte = load<u8>(at);
    if (byte != 0x20 && byte != 0x0a && byte != 0x0d && byte != 0x09) return;
    at++;
  }
}

function readValue(depth: i32): Value {
  skipSpace();
  const byte = peek();
  if (byte == 0x22) return readString();
  if (byte == 0x7b || byte == 0x5b) {
    if (depth == DEPTH_MAX) {
      fail(Case.TooLarge, 'lists and objects are nested deeper than ' + DEPTH_MAX.toString(), <i32>(at - start) + offset);
      return NULL;
    }
    return byte == 0x7b ? readObject(depth + 1) : readList(depth + 1);
  }
  if (byte == 0x2d || isDigit(byte)) return readNumber();
  if (isWord('null')) return NULL;
  if (isWord('true')) return TRUE;
  if (isWord('false')) return FALSE;
  return refuse('a value is expected');
}

function isWord(word: string): bool {
  const length = <usize>word.length;
  if (at + length > end) return false;
  for (let index: usize = 0; index < length; index++) {
    if (load<u8>(at + index) != <u8>word.charCodeAt(<i32>index)) return false;
  }
  at += length;
  return true;
}

function readList(depth: i32): Value {
  at++;
  skipSpace();
  if (peek() == 0x5d) {
    at++;
    return new Value(Kind.List);
  }
  const items = new Array<Value>();
  while (!failed) {
    items.push(readValue(depth));
    if (isAtEnd(0x5d)) break;
  }
  return listValue(items);
}

function readObject(depth: i32): Value {
  const made = new Value(Kind.Object);
  at++;
  skipSpace();
  if (peek() == 0x7d) {
    at++;
    return made;
  }
  made.items = new Array<Value>();
  made.names = new Array<Value>();
  while (!failed) {
    skipSpace();
    if (peek() != 0x22) return refuse('a name in quotes is expected');
    made.names.push(readString());
    skipSpace();
    if (failed) return NULL;
    if (peek() != 0x3a) return refuse('a colon is expected');
    at++;
    made.items.push(readValue(depth));
    if (isAtEnd(0x7d)) break;
  }
  return made;
}

/** After an item: its list or object ends, or goes on, or is at fault. */
function isAtEnd(close: u8): bool {
  if (failed) return true;
  skipSpace();
  const byte = peek();
  if (byte != 0x2c && byte != close) {
    refuse('a comma or the closing bracket is expected');
    return true;
  }
  at++;
  return byte == close;
}

// @ts-ignore: decorator
@inline
function isDigit(byte: u8): bool {
  return byte >= 0x30 && byte <= 0x39;
}

function readNumber(): Value {
  const from = at;
  if (peek() == 0x2d) at++;
  if (peek() == 0x30) at++;
  else if (!skipDigits()) return refuse('a digit is expected');
  if (peek() == 0x2e) {
    at++;
    if (!skipDigits()) return refuse('a digit is expected');
  }
  if ((peek() | 0x20) == 0x65) {
    at++;
    if (peek() == 0x2b || peek() == 0x2d) at++;
    if (!skipDigits()) return refuse('a digit is expected');
  }
  const made = new Value(Kind.Number);
  made.raw = from;
  made.rawLength = <i32>(at - from);
  made.number = at - from == 1 ? load<u8>(from) - 0x30 : parseFloat(String.UTF8.decodeUnsafe(from, at - from));
  return made;
}

function skipDigits(): bool {
  const from = at;
  while (isDigit(peek())) at++;
  return at > from;
}

function readString(): Value {
  const from = at++;
  let escapes = false;
  while (at < end) {
    const byte = load<u8>(at);
    if (byte == 0x22) break;
    if (byte < 0x20) return refuse('a control character in a string must be escaped');
    if (byte == 0x5c) {
      escapes = true;
      at++;
    }
    at++;
  }
  if (at >= end) {
    at = end;
    return refuse('');
  }
  const close = at;
  const made = new Value(Kind.String);
  made.raw = from;
  made.rawLength = <i32>(close + 1 - from);
  if (!escapes) {
    made.at = from + 1;
    made.length = <i32>(close - from) - 1;
  } else {
    const text = new Text(made.rawLength);
    for (at = from + 1; at < close && !failed; ) readCharacter(text, close);
    made.at = text.address;
    made.length = text.length;
    if (failed) return NULL;
  }
  at = close + 1;
  return made;
}

function readCharacter(text: Text, close: usize): void {
  const byte = load<u8>(at);
  if (byte != 0x5c) {
    text.putByte(byte);
    at++;
    return;
  }
  const escape = load<u8>(at + 1);
  if (escape == 0x75) {
    let point = readHex(at + 2, close);
    if (point < 0) {
      refuse('four hexadecimal digits are expected');
      return;
    }
    at += 6;
    if (point >= 0xd800 && point < 0xdc00 && at + 6 <= close && load<u16>(at) == 0x755c) {
      const low = readHex(at + 2, close);
      if (low >= 0xdc00 && low < 0xe000) {
        point = 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00);
        at += 6;
      }
    }
    return putPoint(text, point);
  }
  const plain = escape == 0x6e ? 0x0a : escape == 0x74 ? 0x09 : escape == 0x72 ? 0x0d : escape == 0x62 ? 0x08
    : escape == 0x66 ? 0x0c : escape == 0x22 || escape == 0x5c || escape == 0x2f ? escape : 0;
  if (plain == 0) {
    refuse('there is no such escape');
    return;
  }
  text.putByte(<u8>plain);
  at += 2;
}

function readHex(from: usize, close: usize): i32 {
  if (from + 4 > close) return -1;
  let point = 0;
  for (let index: usize = 0; index < 4; index++) {
    const byte = load<u8>(from + index);
    const letter = byte | 0x20;
    if (!isDigit(byte) && (letter < 0x61 || letter > 0x66)) return -1;
    point = (point << 4) | (isDigit(byte) ? byte - 0x30 : letter - 0x57);
  }
  return point;
}

function putPoint(text: Text, point: i32): void {
  if (point < 0x80) return text.putByte(<u8>point);
  if (point < 0x800) text.putByte(<u8>(0xc0 | (point >> 6)));
  else {
    if (point < 0x10000) text.putByte(<u8>(0xe0 | (point >> 12)));
    else {
      text.putByte(<u8>(0xf0 | (point >> 18)));
      text.putByte(<u8>(0x80 | ((point >> 12) & 0x3f)));
    }
    text.putByte(<u8>(0x80 | ((point >> 6) & 0x3f)));
  }
  text.putByte(<u8>(0x80 | (point & 0x3f)));
}
