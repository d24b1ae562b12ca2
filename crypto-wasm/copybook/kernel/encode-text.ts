/**
 * A JSON string to the bytes of a text: code page, UTF-16, double-byte characters, hexadecimal.
 *
 * The fast way takes sixteen printable ASCII characters at once: the rows of the code page's table are looked up and
 * put together, spaces fill what is left, and nothing is written outside the field. Escapes, other characters and
 * everything that is not a plain text go one character at a time. A text that is too long is refused unless only spaces
 * are cut; characters that the code page does not have are refused.
 */

import { CodePage } from './code-page';
import { formatEditedText, isEditedText } from './edited-text';
import { blankWide } from './encode-blank';
import { EncodeNode } from './encode-node';
import { Item, Kind } from './item';
import {
  characterEnd, hexDigit, isNull, malformed, noValue, readCharacter, skipColon, skipSpaces, unfit,
} from './json-input';
import { LEADING, storeLanes } from './exact-stores';
import { lookup } from './lookup';

const SHIFT_OUT: u8 = 0x0e;
const SHIFT_IN: u8 = 0x0f;
const WIDE_SPACE: i32 = 0x3000;

/** 0x22, 0x5c, 0x20, 0x0f, then 2…7: each sixteen times. */
const SPLATS: usize = memory.data(10 * 16, 16);
memory.fill(SPLATS, 0x22, 16);
memory.fill(SPLATS + 16, 0x5c, 16);
memory.fill(SPLATS + 32, 0x20, 16);
memory.fill(SPLATS + 48, 0x0f, 16);
for (let row = 2; row < 8; row++) memory.fill(SPLATS + 64 + (row - 2) * 16, <u8>row, 16);

/**
 * The fast way of TEXT, for nodes that are `isPlain`. Gives 0, without a problem, for what it does not take: that may
 * be a text all the same, or null.
 */
export function encodeUsualText(node: EncodeNode, at: usize, out: usize): usize {
  if (load<u8>(at) != 0x22) return 0;
  const table = node.table128;
  const quote = v128.load(SPLATS);
  const backslash = v128.load(SPLATS, 16);
  const space = v128.load(SPLATS, 32);
  const spaces = i8x16.splat(node.space);
  let left = node.lengthBytes;
  at++;
  while (true) {
    const text = v128.load(at);
    const special = i8x16.bitmask(
      v128.or(v128.or(i8x16.eq(text, quote), i8x16.eq(text, backslash)), i8x16.lt_s(text, space)),
    );
    // A seventeenth bit: without special characters, sixteen are taken.
    const count = ctz(special | 0x10000);
    if (count > left) return 0;
    const bytes = v128.bitselect(transcode(text, table), spaces, v128.load(LEADING + (count << 4)));
    if (left >= 16) v128.store(out, bytes);
    else storeLanes(bytes, left, out);
    left -= 16;
    at += count;
    out += 16;
    if (count < 16) break;
  }
  if (load<u8>(at) != 0x22) return 0;
  for (; left > 0; left -= 16, out += 16) {
    if (left >= 16) v128.store(out, spaces);
    else storeLanes(spaces, left, out);
  }
  return at + 1;
}

/** TEXT, EDITED_TEXT, NATIONAL, GRAPHIC and BYTES. `at` is at the value, which is not null. */
export function encodeText(node: EncodeNode, at: usize, out: usize): usize {
  if (load<u8>(at) != 0x22) return noText(node, at);
  if (node.kind == Kind.TEXT) return encodeAnyText(node, at, out);
  if (node.kind == Kind.EDITED_TEXT) {
    const end = encodeAnyText(node, at, out);
    if (end != 0) editText(node, out);
    return end;
  }
  if (node.kind == Kind.NATIONAL) return encodeNational(node, at, out);
  if (node.kind == Kind.GRAPHIC) return encodeGraphic(node, at, out);
  return encodeHex(node.item, at, out, node.lengthBytes);
}

/** Sixteen printable ASCII characters; others give anything. */
// @ts-ignore: decorator
@inline
function transcode(text: v128, table: usize): v128 {
  const low = v128.and(text, v128.load(SPLATS, 48));
  const row = i8x16.shr_u(text, 4);
  const punctuation = v128.and(lookup(v128.load(table, 32), low), i8x16.eq(row, v128.load(SPLATS, 64)));
  const digits = v128.and(lookup(v128.load(table, 48), low), i8x16.eq(row, v128.load(SPLATS, 80)));
  const upper = v128.and(lookup(v128.load(table, 64), low), i8x16.eq(row, v128.load(SPLATS, 96)));
  const upperEnd = v128.and(lookup(v128.load(table, 80), low), i8x16.eq(row, v128.load(SPLATS, 112)));
  const lower = v128.and(lookup(v128.load(table, 96), low), i8x16.eq(row, v128.load(SPLATS, 128)));
  const lowerEnd = v128.and(lookup(v128.load(table, 112), low), i8x16.eq(row, v128.load(SPLATS, 144)));
  return v128.or(v128.or(v128.or(punctuation, digits), v128.or(upper, upperEnd)), v128.or(lower, lowerEnd));
}

/** Where bytes of a text go: so many are dropped first, so many kept, the rest dropped too. Only spaces may be. */
let to: usize = 0;
let dropped: i32 = 0;
let room: i32 = 0;
let cutsText: bool = false;

// @ts-ignore: decorator
@inline
function put(byte: u8, space: u8): void {
  if (dropped > 0) {
    dropped--;
    if (byte != space) cutsText = true;
  } else if (room > 0) {
    room--;
    store<u8>(to++, byte);
  } else if (byte != space) {
    cutsText = true;
  }
}

/** TEXT and EDITED_TEXT, any characters. `at` is at the quote. */
function encodeAnyText(node: EncodeNode, at: usize, out: usize): usize {
  const length = node.lengthBytes;
  let excess = 0;
  if (node.isJustified) {
    to = out;
    dropped = i32.MAX_VALUE;
    room = 0;
    if (putText(node, at) == 0) return 0;
    const bytes = i32.MAX_VALUE - dropped;
    excess = bytes - length;
  }
  to = excess < 0 ? out - excess : out;
  dropped = max(excess, 0);
  room = length;
  cutsText = false;
  const end = putText(node, at);
  if (end == 0) return 0;
  if (cutsText) return tooLong(node, at, length.toString() + ' bytes');
  if (excess < 0) memory.fill(out, node.space, -excess);
  else if (room > 0) memory.fill(to, node.space, out + length - to);
  return end;
}

/** Puts the bytes of a string; gives the address behind its quote, or 0. */
function putText(node: EncodeNode, at: usize): usize {
  const page = node.ascii!.page;
  const space = node.space;
  const hasShifts = page.hasDouble && !page.isAscii;
  let isShifted = false;
  let from = at + 1;
  while (load<u8>(from) != 0x22) {
    const character = readCharacter(from);
    if (character < 0) return 0;
    const byte = page.fromUnicode(character);
    if (byte >= 0) {
      if (isShifted) put(SHIFT_IN, space);
      isShifted = false;
      // Shifts in the text itself would change what the bytes behind them mean.
      if (hasShifts && (byte == SHIFT_OUT || byte == SHIFT_IN)) return noCharacter(node, from, character);
      put(<u8>byte, space);
    } else {
      const pair = hasShifts ? page.doubleFromUnicode(character) : -1;
      if (pair < 0) return noCharacter(node, from, character);
      if (!isShifted) put(SHIFT_OUT, space);
      isShifted = true;
      put(<u8>(pair >> 8), 0);
      put(<u8>pair, 0);
    }
    from = characterEnd;
  }
  if (isShifted) put(SHIFT_IN, space);
  return from + 1;
}

/** A text that has the inserted characters in their places is there already; another one that fits is edited. */
function editText(node: EncodeNode, out: usize): void {
  const plan = node.editedText;
  if (plan === null) return;
  let bytes = node.lengthBytes;
  while (bytes > 0 && load<u8>(out + bytes - 1) == node.space) bytes--;
  if (bytes > plan.textCount || isEditedText(plan, out, bytes, node.table128)) return;
  const copy = node.scratch;
  memory.copy(copy, out, bytes);
  formatEditedText(plan, copy, bytes, node.table128, out);
}

function encodeNational(node: EncodeNode, at: usize, out: usize): usize {
  const isLittle = nationalIsLittle;
  const end = out + (node.lengthBytes & ~1);
  let from = at + 1;
  let next = out;
  while (load<u8>(from) != 0x22) {
    let character = readCharacter(from);
    if (character < 0) return 0;
    const width: usize = character >= 0x10000 ? 4 : 2;
    if (next + width > end) {
      if (character != 0x20) return tooLong(node, at, (node.lengthBytes >> 1).toString() + ' characters of UTF-16');
    } else {
      if (width == 4) {
        character -= 0x10000;
        const high = <u16>(0xd800 | (character >> 10));
        store<u16>(next, isLittle ? high : bswap<u16>(high));
        next += 2;
        character = 0xdc00 | (character & 0x3ff);
      }
      store<u16>(next, isLittle ? <u16>character : bswap<u16>(<u16>character));
      next += 2;
    }
    from = characterEnd;
  }
  blankWide(node, next, out + node.lengthBytes);
  return from + 1;
}

let nationalIsLittle: bool = false;
export function setTextEndian(isLittle: bool): void {
  nationalIsLittle = isLittle;
}

function encodeGraphic(node: EncodeNode, at: usize, out: usize): usize {
  const page = node.ascii!.page;
  const end = out + (node.lengthBytes & ~1);
  let from = at + 1;
  let next = out;
  while (load<u8>(from) != 0x22) {
    const character = readCharacter(from);
    if (character < 0) return 0;
    if (next == end) {
      if (character != WIDE_SPACE) {
        return tooLong(node, at, (node.lengthBytes >> 1).toString() + ' double-byte characters');
      }
    } else {
      const pair = page.doubleFromUnicode(character);
      if (pair < 0) return noCharacter(node, from, character);
      store<u16>(next, bswap<u16>(<u16>pair));
      next += 2;
    }
    from = characterEnd;
  }
  blankWide(node, next, out + node.lengthBytes);
  return from + 1;
}

/** Exactly `length` bytes. `at` is at the quote. */
function encodeHex(item: Item, at: usize, out: usize, length: i32): usize {
  let from = at + 1;
  for (let i = 0; i < length; i++) {
    const high = hexDigit(load<u8>(from));
    if (high < 0) return noHex(item, at, from, length);
    const low = hexDigit(load<u8>(from, 1));
    if (low < 0) return noHex(item, at, from + 1, length);
    store<u8>(out + i, <u8>((high << 4) | low));
    from += 2;
  }
  return load<u8>(from) == 0x22 ? from + 1 : noHex(item, at, from, length);
}

function noHex(item: Item, at: usize, from: usize, length: i32): usize {
  if (load<u8>(from) < 0x20) return malformed(from, 'a control character in a string');
  return unfit(at, item.path(), (length * 2).toString() + ' hexadecimal digits are needed here');
}

/** `{"raw":"<hex>"}` for any leaf. `at` is at the brace. */
export function encodeRaw(node: EncodeNode, at: usize, out: usize): usize {
  let from = skipSpaces(at + 1);
  if (from == 0) return 0;
  if (load<u8>(from) == 0x22 && load<u32>(from, 1) == 0x22776172) { // raw"
    from = skipColon(from + 5);
    if (from == 0) return 0;
    if (load<u8>(from) == 0x22) {
      from = encodeHex(node.item, from, out, node.lengthBytes);
      if (from == 0) return 0;
      from = skipSpaces(from);
      if (from == 0) return 0;
      if (load<u8>(from) == 0x7d) return from + 1;
      return malformed(from, 'a } is missing');
    }
  }
  // Within the literal the text may just end.
  let end = from;
  while (end < from + 6 && load<u8>(end) >= 0x20) end++;
  if (load<u8>(end) < 0x20) return malformed(end, 'the object ends too early');
  return unfit(at, node.item.path(), 'an object is not a value of this field, except {"raw":"<hexadecimal>"}');
}

/** What is there instead of a string. */
export function noText(node: EncodeNode, at: usize): usize {
  const byte = load<u8>(at);
  if (byte < 0x20) return malformed(at, 'a value is missing');
  if (byte == 0x7b) return unfit(at, node.item.path(), 'a string is needed here, not an object');
  const isValue = byte == 0x5b || byte == 0x2d || byte - 0x30 < 10 || byte == 0x74 || byte == 0x66 || isNull(at);
  if (!isValue) return noValue(at);
  return unfit(at, node.item.path(), 'a string is needed here');
}

function tooLong(node: EncodeNode, at: usize, room: string): usize {
  const what = 'the text is too long: there is room for ' + room + '; shorten it, or widen the field';
  return unfit(at, node.item.path(), what);
}

function noCharacter(node: EncodeNode, at: usize, character: i32): usize {
  const page: CodePage = node.ascii!.page;
  const name = 'U+' + character.toString(16).toUpperCase().padStart(4, '0');
  const what = 'code page ' + page.name + ' does not have ' + name + ': replace it, or choose another page';
  return unfit(at, node.item.path(), what);
}
