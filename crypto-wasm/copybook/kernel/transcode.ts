/**
 * Sixteen bytes of a single-byte code page → sixteen ASCII characters at once, where they are plain.
 *
 * Bytes 80…FF: the high nibble gives what to add, two look-ups of bits tell whether that is right. Bytes
 * 40…7F: four tables, exact. Whatever is not printable ASCII, or would be escaped in JSON, comes out as 0: so one test
 * for zeros says at once that the text is valid, that it is its own UTF-8 and that it needs no escape. The tables are
 * computed from the code page, entry by entry, so a page that does not have this shape is slower but never wrong.
 */

import { CodePage } from './code-page';
import { lookup, select } from './lookup';

/** Rows 4, 5, 6, 7; then what to add, bits by low nibble, bit by high nibble: 16 bytes each. */
export const DELTA: usize = 64;
export const BITS: usize = 80;
export const BIT: usize = 96;
export const TABLES_BYTES: i32 = 112;

export const LOW_NIBBLES: usize = memory.data<u8>([15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15], 16);
export const BELOW_ROW_4: usize = memory.data<u8>([63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63], 16);
export const ZERO: usize = memory.data(16, 16);
/** What ASCII pages compare with: below a space, quote, backslash, DEL and above. */
const ASCII_TOP: usize = memory.data<u8>([94, 94, 94, 94, 94, 94, 94, 94, 94, 94, 94, 94, 94, 94, 94, 94], 16);
const SPACES: usize = memory.data<u8>([32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32], 16);
const QUOTES: usize = memory.data<u8>([34, 34, 34, 34, 34, 34, 34, 34, 34, 34, 34, 34, 34, 34, 34, 34], 16);
const SLASHES: usize = memory.data<u8>([92, 92, 92, 92, 92, 92, 92, 92, 92, 92, 92, 92, 92, 92, 92, 92], 16);

/** Writes the tables of a page at `tables` (TABLES_BYTES). Quotes and backslashes are plain unless `isEscaped`. */
export function makeTables(page: CodePage, isEscaped: bool, tables: usize): void {
  memory.fill(tables, 0, TABLES_BYTES);
  for (let byte = 0x40; byte < 0x80; byte++) store<u8>(tables + byte - 0x40, plain(page, byte, isEscaped));
  for (let row = 8; row < 16; row++) {
    store<u8>(tables + BIT + row, <u8>(<i32>1 << (row - 8)));
    const delta = commonDelta(page, row, isEscaped);
    store<u8>(tables + DELTA + row, delta);
    for (let column = 0; column < 16; column++) {
      const byte = row * 16 + column;
      const character = plain(page, byte, isEscaped);
      if (character == 0 || <u8>(character - <u8>byte) != delta) continue;
      const bits = tables + BITS + column;
      store<u8>(bits, load<u8>(bits) | <u8>(<i32>1 << (row - 8)));
    }
  }
}

/** The character of a byte where it is plain, else 0. */
function plain(page: CodePage, byte: i32, isEscaped: bool): u8 {
  const character = load<u8>(page.toAscii + byte);
  return isEscaped && (character == 0x22 || character == 0x5c) ? 0 : character;
}

/** What most of a row's plain characters are away from their bytes. */
function commonDelta(page: CodePage, row: i32, isEscaped: bool): u8 {
  let best: u8 = 0, bestCount = 0;
  for (let candidate = 0; candidate < 16; candidate++) {
    const character = plain(page, row * 16 + candidate, isEscaped);
    if (character == 0) continue;
    const delta: u8 = character - <u8>(row * 16 + candidate);
    let count = 0;
    for (let column = 0; column < 16; column++) {
      const other = plain(page, row * 16 + column, isEscaped);
      if (other != 0 && <u8>(other - <u8>(row * 16 + column)) == delta) count++;
    }
    if (count > bestCount) {
      best = delta;
      bestCount = count;
    }
  }
  return best;
}

/** Characters of an EBCDIC page, 0 where they are not plain. */
// @ts-ignore: decorator
@inline
export function transcoded(bytes: v128, tables: usize): v128 {
  return transcodedBy(
    bytes, v128.load(tables), v128.load(tables, 16), v128.load(tables, 32), v128.load(tables, 48),
    v128.load(tables, DELTA), v128.load(tables, BITS), v128.load(tables, BIT),
    v128.load(LOW_NIBBLES), v128.load(BELOW_ROW_4), v128.load(ZERO),
  );
}

/** The same with all tables in registers, for loops: the engine does not know that stores leave tables as they are. */
// @ts-ignore: decorator
@inline
export function transcodedBy(
  bytes: v128, row4: v128, row5: v128, row6: v128, row7: v128, delta: v128, bits: v128, bit: v128,
  nibbles: v128, belowRow4: v128, zero: v128,
): v128 {
  const low = v128.and(bytes, nibbles);
  const high = v128.and(i16x8.shr_u(bytes, 4), nibbles);
  const odd = i8x16.lt_s(i16x8.shl(bytes, 3), zero);
  const upper = i8x16.lt_s(i16x8.shl(bytes, 2), zero);
  const rows45 = select(lookup(row5, low), lookup(row4, low), odd);
  const rows67 = select(lookup(row7, low), lookup(row6, low), odd);
  const isRow4To7 = i8x16.gt_s(bytes, belowRow4);
  const exact = v128.and(select(rows67, rows45, upper), isRow4To7);
  // No bit is that of a row below 8: there, what is added is not shown.
  const added = i8x16.add(bytes, lookup(delta, high));
  const fits = v128.and(lookup(bits, low), lookup(bit, high));
  return v128.or(v128.andnot(added, i8x16.eq(fits, zero)), exact);
}

/** The same of an ASCII page; only for what is escaped. */
// @ts-ignore: decorator
@inline
export function plainAscii(bytes: v128): v128 {
  const bad = i8x16.gt_u(i8x16.sub(bytes, v128.load(SPACES)), v128.load(ASCII_TOP));
  const escaped = v128.or(i8x16.eq(bytes, v128.load(QUOTES)), i8x16.eq(bytes, v128.load(SLASHES)));
  return v128.andnot(v128.andnot(bytes, bad), escaped);
}

/**
 * Transcodes a whole text without escapes, for plain output: gives the end. `toUnicode` tells the rest, character by
 * character; what the page does not have becomes U+FFFD. Reads up to 15 bytes behind; `out` has room for 3 × + 16.
 */
export function transcodeText(page: CodePage, tables: usize, at: usize, lengthBytes: usize, out: usize): usize {
  const end = at + lengthBytes;
  const row4 = v128.load(tables), row5 = v128.load(tables, 16), row6 = v128.load(tables, 32);
  const row7 = v128.load(tables, 48), delta = v128.load(tables, DELTA), bits = v128.load(tables, BITS);
  const bit = v128.load(tables, BIT), nibbles = v128.load(LOW_NIBBLES), below = v128.load(BELOW_ROW_4);
  const zero = v128.load(ZERO);
  let to = out;
  while (at + 16 <= end) {
    const characters = transcodedBy(
      v128.load(at), row4, row5, row6, row7, delta, bits, bit, nibbles, below, zero,
    );
    v128.store(to, characters);
    if (i8x16.all_true(characters)) {
      at += 16;
      to += 16;
      continue;
    }
    to = transcodeBytes(page, at, 16, to);
    at += 16;
  }
  return transcodeBytes(page, at, end - at, to);
}

function transcodeBytes(page: CodePage, at: usize, lengthBytes: usize, out: usize): usize {
  const table = page.toUnicode;
  for (const end = at + lengthBytes; at < end; at++) {
    const unit: u32 = load<u16>(table + (<usize>load<u8>(at) << 1));
    if (unit < 0x80) {
      store<u8>(out++, <u8>unit);
    } else if (unit < 0x800) {
      store<u8>(out, <u8>(0xc0 | (unit >> 6)));
      store<u8>(out + 1, <u8>(0x80 | (unit & 63)));
      out += 2;
    } else {
      store<u8>(out, <u8>(0xe0 | (unit >> 12)));
      store<u8>(out + 1, <u8>(0x80 | ((unit >> 6) & 63)));
      store<u8>(out + 2, <u8>(0x80 | (unit & 63)));
      out += 3;
    }
  }
  return out;
}
