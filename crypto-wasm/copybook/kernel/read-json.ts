/**
 * A JSON text → a tree, for the specification: small, read once, and kept by nobody.
 *
 * RFC 8259 to the letter, and stricter where it leaves room: the bytes are valid UTF-8, a surrogate stands in its
 * pair, a member has one value. Numbers stay the text that they are. Records that are to be encoded are read elsewhere,
 * byte by byte and without a tree.
 */

import { fail, hasProblem, LIMIT, OPTIONS } from './problem';

export namespace JsonKind {
  export const NULL: i32 = 0;
  export const BOOLEAN: i32 = 1;
  export const NUMBER: i32 = 2;
  export const STRING: i32 = 3;
  export const ARRAY: i32 = 4;
  export const OBJECT: i32 = 5;
}

/** A specification nests four deep. */
const NESTING_MAX_COUNT: i32 = 16;
/** Names of 20,000 items with a few values each; a tree of more would crowd out the call's memory. */
const VALUES_MAX_COUNT: i32 = 200_000;

export class JsonValue {
  /** Of a string; of a number, as written. */
  text: string = '';
  isTrue: bool = false;
  /** Of an object, beside `values`. */
  keys: string[] = [];
  values: JsonValue[] = [];

  constructor(readonly kind: i32) {}
}

/** Null with a problem (`OPTIONS`, `LIMIT`) set. */
export function readJson(at: usize, lengthBytes: i32): JsonValue | null {
  const reader = new JsonReader(at, at + lengthBytes);
  const value = reader.readValue(0);
  reader.skipSpace();
  if (!hasProblem() && reader.at < reader.end) reader.refuse('something follows its end');
  return hasProblem() ? null : value;
}

class JsonReader {
  private valuesCount: i32 = 0;
  private readonly start: usize;

  constructor(
    public at: usize,
    readonly end: usize,
  ) {
    this.start = at;
  }

  /** Always gives a value; a problem is set when it is none of the text's. */
  readValue(depth: i32): JsonValue {
    this.skipSpace();
    if (++this.valuesCount > VALUES_MAX_COUNT) {
      fail(LIMIT, 'the specification has more than ' + VALUES_MAX_COUNT.toString() + ' values');
    }
    if (depth > NESTING_MAX_COUNT) {
      fail(LIMIT, 'the specification nests more than ' + NESTING_MAX_COUNT.toString() + ' deep');
    }
    const first = this.peek();
    if (hasProblem()) return new JsonValue(JsonKind.NULL);
    if (first == 0x7b) return this.readObject(depth);
    if (first == 0x5b) return this.readArray(depth);
    if (first == 0x22) {
      const value = new JsonValue(JsonKind.STRING);
      value.text = this.readString();
      return value;
    }
    if (first == 0x2d || isDigit(first)) return this.readNumber();
    const value = new JsonValue(first == 0x6e ? JsonKind.NULL : JsonKind.BOOLEAN);
    if (first == 0x74 && this.skipWord('true')) value.isTrue = true;
    else if (!(first == 0x66 && this.skipWord('false')) && !(first == 0x6e && this.skipWord('null'))) {
      this.refuse('a value is missing');
    }
    return value;
  }

  refuse(what: string): void {
    fail(OPTIONS, 'the specification is not JSON at byte ' + (this.at - this.start).toString() + ': ' + what);
  }

  skipSpace(): void {
    while (this.at < this.end) {
      const byte = load<u8>(this.at);
      if (byte != 0x20 && byte != 0x0a && byte != 0x0d && byte != 0x09) return;
      this.at++;
    }
  }

  private peek(): i32 {
    return this.at < this.end ? <i32>load<u8>(this.at) : -1;
  }

  private readObject(depth: i32): JsonValue {
    const value = new JsonValue(JsonKind.OBJECT);
    const seen = new Set<string>();
    this.at++;
    this.skipSpace();
    if (this.peek() == 0x7d) {
      this.at++;
      return value;
    }
    while (!hasProblem()) {
      this.skipSpace();
      if (this.peek() != 0x22) {
        this.refuse('a member has no name');
        break;
      }
      const key = this.readString();
      if (hasProblem()) break;
      if (seen.has(key)) fail(OPTIONS, 'the specification has the member ' + key + ' twice in one object');
      seen.add(key);
      this.skipSpace();
      if (this.peek() != 0x3a) {
        this.refuse('a colon is missing');
        break;
      }
      this.at++;
      value.keys.push(key);
      value.values.push(this.readValue(depth + 1));
      if (!this.isFollowed(0x7d)) break;
    }
    return value;
  }

  private readArray(depth: i32): JsonValue {
    const value = new JsonValue(JsonKind.ARRAY);
    this.at++;
    this.skipSpace();
    if (this.peek() == 0x5d) {
      this.at++;
      return value;
    }
    while (!hasProblem()) {
      value.values.push(this.readValue(depth + 1));
      if (!this.isFollowed(0x5d)) break;
    }
    return value;
  }

  /** Steps over a comma (true) or over `close` (false); everything else is a problem. */
  private isFollowed(close: i32): bool {
    this.skipSpace();
    const byte = this.peek();
    if (byte != 0x2c && byte != close) {
      this.refuse('a comma or the end is missing');
      return false;
    }
    this.at++;
    return byte == 0x2c;
  }

  private skipWord(word: string): bool {
    if (this.end - this.at < <usize>word.length) return false;
    for (let i = 0; i < word.length; i++) {
      if (<i32>load<u8>(this.at + i) != word.charCodeAt(i)) return false;
    }
    this.at += word.length;
    return true;
  }

  private readNumber(): JsonValue {
    const value = new JsonValue(JsonKind.NUMBER);
    const from = this.at;
    if (this.peek() == 0x2d) this.at++;
    const first = this.at;
    this.skipDigits();
    if (this.at - first > 1 && load<u8>(first) == 0x30) this.refuse('a number begins with zero');
    if (this.peek() == 0x2e) {
      this.at++;
      this.skipDigits();
    }
    if (this.peek() == 0x65 || this.peek() == 0x45) {
      this.at++;
      if (this.peek() == 0x2b || this.peek() == 0x2d) this.at++;
      this.skipDigits();
    }
    value.text = String.UTF8.decodeUnsafe(from, this.at - from);
    return value;
  }

  private skipDigits(): void {
    const from = this.at;
    while (isDigit(this.peek())) this.at++;
    if (this.at == from) this.refuse('a digit is missing');
  }

  /** The string that begins at the quote. Read twice: for its length and its faults, then for its characters. */
  private readString(): string {
    const from = ++this.at;
    let units = 0;
    while (!hasProblem()) {
      const point = this.readPoint();
      if (point == CLOSED) break;
      units += point > 0xffff ? 2 : 1;
    }
    if (hasProblem()) return '';
    this.at = from;
    const text = __new(<usize>units << 1, idof<String>());
    let to = text;
    while (true) {
      let point = this.readPoint();
      if (point == CLOSED) break;
      if (point > 0xffff) {
        point -= 0x10000;
        store<u16>(to, <u16>(0xd800 | (point >> 10)));
        to += 2;
        point = 0xdc00 | (point & 0x3ff);
      }
      store<u16>(to, <u16>point);
      to += 2;
    }
    return changetype<string>(text);
  }

  /** The next character, CLOSED at the quote (stepped over) and with a problem set. */
  private readPoint(): i32 {
    const byte = this.peek();
    if (byte == 0x22) {
      this.at++;
      return CLOSED;
    }
    if (byte == 0x5c) return this.readEscape();
    if (byte >= 0x20 && byte < 0x80) {
      this.at++;
      return byte;
    }
    if (byte < 0x20) {
      this.refuse(byte < 0 ? 'a string has no end' : 'a string has a control character');
      return CLOSED;
    }
    return this.readUtf8(byte);
  }

  private readUtf8(first: i32): i32 {
    const more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : 1;
    let point = first & (0x3f >> more);
    let isValid = first >= 0xc2 && first <= 0xf4 && this.end - this.at > <usize>more;
    for (let i = 1; isValid && i <= more; i++) {
      const byte: i32 = load<u8>(this.at + i);
      if ((byte & 0xc0) != 0x80) isValid = false;
      point = (point << 6) | (byte & 0x3f);
    }
    const least = more == 3 ? 0x10000 : more == 2 ? 0x800 : 0x80;
    if (!isValid || point < least || point > 0x10ffff || (point >= 0xd800 && point < 0xe000)) {
      this.refuse('its bytes are not UTF-8');
      return CLOSED;
    }
    this.at += more + 1;
    return point;
  }

  private readEscape(): i32 {
    this.at++;
    const letter = this.peek();
    this.at++;
    switch (letter) {
      case 0x22: case 0x5c: case 0x2f: return letter;
      case 0x62: return 0x08;
      case 0x66: return 0x0c;
      case 0x6e: return 0x0a;
      case 0x72: return 0x0d;
      case 0x74: return 0x09;
      case 0x75: break;
      default: {
        this.refuse('a string has an unknown escape');
        return CLOSED;
      }
    }
    const high = this.readHex4();
    if (high < 0xd800 || high > 0xdfff) return high;
    const isPair = high < 0xdc00 && this.skipWord('\\u');
    const low = isPair ? this.readHex4() : 0;
    if (low < 0xdc00 || low > 0xdfff) {
      this.refuse('a string has half of a surrogate pair');
      return CLOSED;
    }
    return 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
  }

  private readHex4(): i32 {
    let unit = 0;
    for (let i = 0; i < 4; i++) {
      const byte = this.peek();
      const lower = byte | 0x20;
      const digit = isDigit(byte) ? byte - 0x30 : lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
      if (digit < 0 || byte < 0) {
        this.refuse('four hexadecimal digits are missing');
        return 0;
      }
      unit = (unit << 4) | digit;
      this.at++;
    }
    return unit;
  }
}

const CLOSED: i32 = -1;

function isDigit(byte: i32): bool {
  return byte >= 0x30 && byte <= 0x39;
}
