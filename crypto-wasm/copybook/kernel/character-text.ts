/**
 * One text's bytes → UTF-8, trimmed and, for JSON, escaped: the slow way, for every kind of text, one character after
 * another. What always holds: escapes are those of JSON.stringify; a character that the code page does not have makes
 * the text invalid; bytes between SO and SI are pairs. Nothing is allocated.
 */

import { CodePage } from './code-page';
import { Item, Kind } from './item';
import { pageOf } from './item-options';
import { Options, Trim } from './options';
import { Reason, setReason } from './value-text';

const SHIFT_OUT: u8 = 0x0e;
const SHIFT_IN: u8 = 0x0f;
/** The wide space of double-byte pages. */
const WIDE_SPACE: i32 = 0x3000;
/** Letters of the short escapes of 08…0D; 0 where there is none. */
const SHORT_ESCAPES: usize = memory.data<u8>([0x62, 0x74, 0x6e, 0, 0x66, 0x72]);
const HEX: usize = memory.data<u8>([
  0x30, 0x31, 0x32, 0x33, 0x34, 0x35, 0x36, 0x37, 0x38, 0x39, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66,
]);

/** The most bytes that `writeText` writes for so many: six for an escaped control character, two for hexadecimal. */
export function textMaxBytes(lengthBytes: i32): i32 {
  return lengthBytes * 6;
}

/**
 * The text of TEXT, EDITED_TEXT, NATIONAL, GRAPHIC or BYTES (hexadecimal) without quotes, of the first `lengthBytes`
 * bytes of the item. Gives its end, 0 when it is not valid (`reason` of `value-text.ts`).
 */
export function writeText(
  item: Item, options: Options, at: usize, lengthBytes: i32, isEscaped: bool, out: usize,
): usize {
  if (item.kind == Kind.BYTES) return writeHex(at, lengthBytes, out);
  if (item.kind == Kind.NATIONAL) return writeNational(options, at, lengthBytes, isEscaped, out);
  const page = pageOf(item, options);
  if (item.kind == Kind.GRAPHIC) {
    const trimmed = graphicTrimmed(page, options.trim, at, lengthBytes & ~1);
    return writePairs(page, at + <usize>(trimmed >> 32), <i32>trimmed, isEscaped, out);
  }
  let from = at, end = at + lengthBytes;
  if ((options.trim & Trim.RIGHT) != 0) while (end > from && load<u8>(end - 1) == page.space) end--;
  if ((options.trim & Trim.LEFT) != 0) while (from < end && load<u8>(from) == page.space) from++;
  const hasShifts = page.hasDouble && !page.isAscii;
  let to = out;
  while (from < end) {
    const byte = load<u8>(from++);
    if (hasShifts && byte == SHIFT_OUT) {
      const begin = from;
      while (from < end && load<u8>(from) != SHIFT_IN) from++;
      if (from >= end || ((from - begin) & 1) != 0) {
        setReason(Reason.SHIFT);
        return 0;
      }
      to = writePairs(page, begin, <i32>(from - begin), isEscaped, to);
      if (to == 0) return 0;
      from++;
      continue;
    }
    const unit = <i32>load<u16>(page.toUnicode + (<usize>byte << 1));
    if (unit == 0xfffd) return invalidCharacter();
    to = writeCharacter(unit, isEscaped, to);
  }
  return to;
}

function invalidCharacter(): usize {
  setReason(Reason.CHARACTER);
  return 0;
}

function writePairs(page: CodePage, at: usize, lengthBytes: i32, isEscaped: bool, out: usize): usize {
  let to = out;
  for (let i = 0; i + 1 < lengthBytes; i += 2) {
    const character = page.doubleToUnicode(load<u8>(at + i), load<u8>(at + i + 1));
    if (character < 0 || character == 0xfffd) return invalidCharacter();
    to = writeCharacter(character, isEscaped, to);
  }
  return to;
}

/** Offset and length in bytes, packed into one number, without wide spaces at the ends. */
function graphicTrimmed(page: CodePage, trim: i32, at: usize, lengthBytes: i32): u64 {
  let from = 0, end = lengthBytes;
  if ((trim & Trim.RIGHT) != 0) while (end > from && isWideSpace(page, at + end - 2)) end -= 2;
  if ((trim & Trim.LEFT) != 0) while (from < end && isWideSpace(page, at + from)) from += 2;
  return (<u64>from << 32) | <u64>(end - from);
}

function isWideSpace(page: CodePage, at: usize): bool {
  return page.doubleToUnicode(load<u8>(at), load<u8>(at + 1)) == WIDE_SPACE;
}

function unitAt(at: usize, isLittle: bool): i32 {
  const unit = load<u16>(at);
  return isLittle ? unit : bswap<u16>(unit);
}

function writeNational(options: Options, at: usize, lengthBytes: i32, isEscaped: bool, out: usize): usize {
  const isLittle = options.nationalIsLittleEndian;
  let from = at, end = at + (lengthBytes & ~1);
  if ((options.trim & Trim.RIGHT) != 0) while (end > from && unitAt(end - 2, isLittle) == 0x20) end -= 2;
  if ((options.trim & Trim.LEFT) != 0) while (from < end && unitAt(from, isLittle) == 0x20) from += 2;
  let to = out;
  while (from < end) {
    let character = unitAt(from, isLittle);
    from += 2;
    if (character >= 0xd800 && character < 0xe000) {
      const low = from < end ? unitAt(from, isLittle) : 0;
      if (character >= 0xdc00 || low < 0xdc00 || low >= 0xe000) return invalidCharacter();
      character = 0x10000 + ((character - 0xd800) << 10) + (low - 0xdc00);
      from += 2;
    }
    to = writeCharacter(character, isEscaped, to);
  }
  return to;
}

/** One character in UTF-8; for JSON, quotes, backslashes and what is below a space escaped. */
export function writeCharacter(character: i32, isEscaped: bool, out: usize): usize {
  if (character < 0x80) {
    if (!isEscaped || (character >= 0x20 && character != 0x22 && character != 0x5c)) {
      store<u8>(out, <u8>character);
      return out + 1;
    }
    store<u8>(out, 0x5c);
    let short = <u8>character;
    if (character < 0x20) short = character >= 8 && character <= 13 ? load<u8>(SHORT_ESCAPES + character - 8) : 0;
    if (short != 0) {
      store<u8>(out + 1, short);
      return out + 2;
    }
    store<u32>(out + 1, 0x30303075);
    store<u8>(out + 4, <u8>(0x30 + (character >> 4)));
    store<u8>(out + 5, load<u8>(HEX + (character & 15)));
    return out + 6;
  }
  if (character < 0x800) {
    store<u8>(out, <u8>(0xc0 | (character >> 6)));
    store<u8>(out + 1, <u8>(0x80 | (character & 63)));
    return out + 2;
  }
  if (character < 0x10000) {
    store<u8>(out, <u8>(0xe0 | (character >> 12)));
    store<u8>(out + 1, <u8>(0x80 | ((character >> 6) & 63)));
    store<u8>(out + 2, <u8>(0x80 | (character & 63)));
    return out + 3;
  }
  store<u8>(out, <u8>(0xf0 | (character >> 18)));
  store<u8>(out + 1, <u8>(0x80 | ((character >> 12) & 63)));
  store<u8>(out + 2, <u8>(0x80 | ((character >> 6) & 63)));
  store<u8>(out + 3, <u8>(0x80 | (character & 63)));
  return out + 4;
}

/** Bytes in hexadecimal, small letters. */
export function writeHex(at: usize, lengthBytes: i32, out: usize): usize {
  for (let i = 0; i < lengthBytes; i++) {
    const byte = load<u8>(at + i);
    store<u8>(out + (i << 1), load<u8>(HEX + (byte >> 4)));
    store<u8>(out + (i << 1) + 1, load<u8>(HEX + (byte & 15)));
  }
  return out + (lengthBytes << 1);
}
