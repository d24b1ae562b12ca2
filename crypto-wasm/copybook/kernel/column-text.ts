/**
 * Kernel: one text in a single-byte code page → its ASCII characters, sixteen at a time, trimmed at its end.
 *
 * A code page's letters, digits and space lie in rows (by the high nibble) that differ from ASCII by one number, its
 * delta. Two tables say which bytes of a row that holds for: by the high nibble and by the low one a set of classes,
 * and a byte is taken where both have one in common. Other printable ASCII characters are looked up row by row, which
 * costs twice as much; whatever is not printable ASCII is for the slow way (`character-text.ts`). Short texts of EBCDIC,
 * which have punctuation as often as not, go by `transcode.ts` instead, which does not branch on that.
 * Tables are made from the code page, once a layout.
 */

import { CodePage } from './code-page';
import { lookup } from './lookup';
import {
  BELOW_ROW_4, BIT, BITS, DELTA, LOW_NIBBLES, makeTables, transcodedBy, ZERO,
} from './transcode';

/** Where in `TextTables.tables` what lies: sixteen bytes each. */
const DELTA_AT: usize = 0;
const HIGH_AT: usize = 16;
const LOW_AT: usize = 32;
const SPACE_AT: usize = 48;
/** Rows whose characters are looked up: four row numbers as vectors, and four tables, 0 where a byte is not taken. */
const ROWS_AT: usize = 64;
const EXACT_AT: usize = 128;
/** Tables of `transcode.ts`, for pages of EBCDIC; behind them a byte that says whether there are. */
const PLAIN_AT: usize = 192;
const HAS_PLAIN_AT: usize = 304;
const TABLES_BYTES: usize = 320;

const NIBBLE: usize = memory.data<u8>([15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15], 16);
const ASCII_SPACES: usize = memory.data<u8>([32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32], 16);
/** Loaded 16 - n bytes in: a vector whose first n bytes are kept. */
const KEEP: usize = memory.data<u8>([
  255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
], 16);

export class TextTables {
  constructor(
    readonly page: CodePage,
    /** Aligned to 16. */
    readonly tables: usize,
    /** In UTF-8, of the page's widest character. */
    readonly characterMaxBytes: i32,
  ) {}
}

/** Allocates; what it gives stays valid as long as the layout. */
export function textTablesOf(page: CodePage): TextTables {
  const tables = (heap.alloc(TABLES_BYTES + 16) + 15) & ~15;
  memory.fill(tables, 0, TABLES_BYTES);
  let classesCount = 0;
  const classRows = new StaticArray<u32>(8);
  const leftOver = new StaticArray<i32>(16);
  for (let row = 0; row < 16; row++) {
    const delta = deltaOf(page, row);
    store<u8>(tables + DELTA_AT + row, delta);
    let members: u32 = 0;
    for (let low = 0; low < 16; low++) {
      const ascii = asciiOf(page, (row << 4) | low);
      if (ascii == 0) continue;
      if (<u8>((row << 4) + low + delta) == ascii) members |= 1 << low;
      else leftOver[row] = leftOver[row] + 1;
    }
    if (members == 0) continue;
    let known = 0;
    while (known < classesCount && classRows[known] != members) known++;
    if (known == classesCount) {
      // More than eight different rows: this one is looked up, or goes the slow way.
      if (classesCount == 8) continue;
      classRows[classesCount++] = members;
      for (let low = 0; low < 16; low++) {
        const classes = load<u8>(tables + LOW_AT + low);
        if ((members >> low) & 1) store<u8>(tables + LOW_AT + low, classes | (<u8>1 << <u8>known));
      }
    }
    store<u8>(tables + HIGH_AT + row, load<u8>(tables + HIGH_AT + row) | (<u8>1 << <u8>known));
  }
  for (let i = 0; i < 16; i++) store<u8>(tables + SPACE_AT + i, page.space);
  for (let n: usize = 0; n < 4; n++) {
    let row = 0;
    for (let other = 1; other < 16; other++) if (leftOver[other] > leftOver[row]) row = other;
    const isUsed = leftOver[row] > 0;
    leftOver[row] = 0;
    for (let i: usize = 0; i < 16; i++) {
      // No high nibble is 255.
      store<u8>(tables + ROWS_AT + n * 16 + i, isUsed ? <u8>row : 255);
      store<u8>(tables + EXACT_AT + n * 16 + i, isUsed ? asciiOf(page, (row << 4) | <i32>i) : 0);
    }
  }
  if (!page.isAscii) {
    makeTables(page, false, tables + PLAIN_AT);
    store<u8>(tables + HAS_PLAIN_AT, 1);
  }
  return new TextTables(page, tables, characterMaxBytes(page));
}

function asciiOf(page: CodePage, byte: i32): u8 {
  const ascii = load<u8>(page.toAscii + byte);
  return ascii >= 0x20 && ascii < 0x7f ? ascii : 0;
}

/** What most letters, digits and spaces of a row differ from ASCII by. */
function deltaOf(page: CodePage, row: i32): u8 {
  let best: u8 = 0;
  let bestCount = 0;
  for (let low = 0; low < 16; low++) {
    const ascii = asciiOf(page, (row << 4) | low);
    if (ascii == 0) continue;
    const delta = <u8>(ascii - ((row << 4) | low));
    let count = 0;
    for (let other = 0; other < 16; other++) {
      const character = asciiOf(page, (row << 4) | other);
      if (character == 0 || <u8>((row << 4) + other + delta) != character) continue;
      const letter = character | 0x20;
      const isDigit = character >= 0x30 && character <= 0x39;
      const isUsual = character == 0x20 || isDigit || (letter >= 0x61 && letter <= 0x7a);
      count += isUsual ? 17 : 1;
    }
    if (count > bestCount) {
      best = delta;
      bestCount = count;
    }
  }
  return best;
}

function characterMaxBytes(page: CodePage): i32 {
  let most = page.hasDouble ? 3 : 1;
  for (let byte = 0; byte < 256; byte++) {
    const unit = load<u16>(page.toUnicode + (byte << 1));
    most = max(most, unit < 0x80 ? 1 : unit < 0x800 ? 2 : 3);
  }
  return most;
}

/** Where the text ended that `transcodeRows` wrote last. */
export let rowsEnd: usize = 0;

/**
 * Writes the texts of rows `from` … `count` - 1, `lengthBytes` each, one behind the other to `out`, and their ends, from
 * `bytesAt` on, to the u32 after `offsets`. `addresses` are u32, a text begins `shift` bytes further. Gives the row that
 * is for the slow way, or `count`; `rowsEnd` is where the next text goes. Up to 15 bytes behind it change too.
 */
export function transcodeRows(
  tables: usize, addresses: usize, shift: usize, from: i32, count: i32, lengthBytes: i32, keepsSpaces: bool, out: usize,
  bytesAt: usize, offsets: usize,
): i32 {
  // The number of vectors before the last is a constant in each of these: all is unrolled.
  const isUnrolled = lengthBytes <= 64 && load<u8>(tables, HAS_PLAIN_AT) != 0;
  switch (isUnrolled ? (lengthBytes - 1) >> 4 : 4) {
    case 0: return rowsOf(0, tables, addresses, shift, from, count, lengthBytes, keepsSpaces, out, bytesAt, offsets);
    case 1: return rowsOf(1, tables, addresses, shift, from, count, lengthBytes, keepsSpaces, out, bytesAt, offsets);
    case 2: return rowsOf(2, tables, addresses, shift, from, count, lengthBytes, keepsSpaces, out, bytesAt, offsets);
    case 3: return rowsOf(3, tables, addresses, shift, from, count, lengthBytes, keepsSpaces, out, bytesAt, offsets);
  }
  let to = out;
  for (let n = from; n < count; n++) {
    const at = <usize>load<u32>(addresses + (<usize>n << 2)) + shift;
    const written = transcode(tables, at, lengthBytes, keepsSpaces, to);
    if (written < 0) {
      rowsEnd = to;
      return n;
    }
    to += written;
    store<u32>(offsets + (<usize>n << 2), <u32>(to - bytesAt), 4);
  }
  rowsEnd = to;
  return count;
}

/** Texts of so many whole vectors and a last one, 1…64 bytes, of an EBCDIC page. */
// @ts-ignore: decorator
@inline
function rowsOf(
  wholes: i32, tables: usize, addresses: usize, shift: usize, from: i32, count: i32, lengthBytes: i32,
  keepsSpaces: bool, out: usize, bytesAt: usize, offsets: usize,
): i32 {
  const row4 = v128.load(tables, PLAIN_AT), row5 = v128.load(tables, PLAIN_AT + 16);
  const row6 = v128.load(tables, PLAIN_AT + 32), row7 = v128.load(tables, PLAIN_AT + 48);
  const delta = v128.load(tables, PLAIN_AT + DELTA), bits = v128.load(tables, PLAIN_AT + BITS);
  const bit = v128.load(tables, PLAIN_AT + BIT), nibbles = v128.load(LOW_NIBBLES), below = v128.load(BELOW_ROW_4);
  const zero = v128.load(ZERO), spaces = v128.load(ASCII_SPACES);
  // A text of 16 bytes and more ends with a whole vector that lies over the one before it.
  const last: usize = wholes == 0 ? 0 : lengthBytes - 16;
  const keep = v128.load(KEEP + 16 - (wholes == 0 ? lengthBytes : 16)), pageSpaces = v128.load(tables, SPACE_AT);
  const addressesEnd = addresses + (<usize>count << 2);
  const toOffsets = offsets - addresses;
  let to = out;
  for (let entry = addresses + (<usize>from << 2); entry < addressesEnd; entry += 4) {
    const at = <usize>load<u32>(entry) + shift;
    let bytes = v128.load(at + last);
    if (wholes == 0) bytes = v128.bitselect(bytes, pageSpaces, keep);
    const lastText = transcodedBy(bytes, row4, row5, row6, row7, delta, bits, bit, nibbles, below, zero);
    let characters = <u64>(i8x16.bitmask(i8x16.eq(lastText, spaces)) ^ 0xffff) << <u64>last;
    let plain = lastText;
    if (wholes > 0) {
      const text = transcodedBy(v128.load(at), row4, row5, row6, row7, delta, bits, bit, nibbles, below, zero);
      plain = i8x16.min_u(plain, text);
      characters |= <u64>(i8x16.bitmask(i8x16.eq(text, spaces)) ^ 0xffff);
      v128.store(to, text);
    }
    if (wholes > 1) {
      const text = transcodedBy(v128.load(at, 16), row4, row5, row6, row7, delta, bits, bit, nibbles, below, zero);
      plain = i8x16.min_u(plain, text);
      characters |= <u64>(i8x16.bitmask(i8x16.eq(text, spaces)) ^ 0xffff) << 16;
      v128.store(to, text, 16);
    }
    if (wholes > 2) {
      const text = transcodedBy(v128.load(at, 32), row4, row5, row6, row7, delta, bits, bit, nibbles, below, zero);
      plain = i8x16.min_u(plain, text);
      characters |= <u64>(i8x16.bitmask(i8x16.eq(text, spaces)) ^ 0xffff) << 32;
      v128.store(to, text, 32);
    }
    v128.store(to + last, lastText);
    // Not a choice between two values: the lengths of texts are what no processor foresees.
    let written = keepsSpaces ? lengthBytes : 64 - <i32>clz(characters);
    if (!i8x16.all_true(plain)) {
      written = transcodeExactly(tables, at, lengthBytes, keepsSpaces, to);
      if (written < 0) {
        rowsEnd = to;
        return <i32>((entry - addresses) >> 2);
      }
    }
    to += written;
    store<u32>(entry + toOffsets, <u32>(to - bytesAt), 4);
  }
  rowsEnd = to;
  return count;
}

/**
 * Writes the characters of `lengthBytes` bytes to `out`, where up to 15 bytes behind them change too. Gives the length
 * without spaces at the end (`keepsSpaces`: with them), or -1 when the text is for the slow way.
 */
export function transcode(tables: usize, at: usize, lengthBytes: i32, keepsSpaces: bool, out: usize): i32 {
  const delta = v128.load(tables, DELTA_AT), high = v128.load(tables, HIGH_AT), low = v128.load(tables, LOW_AT);
  const nibble = v128.load(NIBBLE), spaces = v128.load(ASCII_SPACES), pageSpaces = v128.load(tables, SPACE_AT);
  let good = v128.load(KEEP);
  let end = 0;
  for (let i = 0; i < lengthBytes; i += 16) {
    const keep = v128.load(KEEP + 16 - min(16, lengthBytes - i));
    const bytes = v128.bitselect(v128.load(at + i), pageSpaces, keep);
    const row = v128.and(i16x8.shr_u(bytes, 4), nibble);
    good = i8x16.min_u(good, v128.and(lookup(high, row), lookup(low, v128.and(bytes, nibble))));
    const text = i8x16.add(bytes, lookup(delta, row));
    v128.store(out + i, text);
    const mask = i8x16.bitmask(i8x16.eq(text, spaces)) ^ 0xffff;
    end = mask != 0 ? i + 32 - clz(mask) : end;
  }
  if (!i8x16.all_true(good)) return transcodeExactly(tables, at, lengthBytes, keepsSpaces, out);
  return keepsSpaces ? lengthBytes : end;
}

/** The same with four more rows looked up. */
function transcodeExactly(tables: usize, at: usize, lengthBytes: i32, keepsSpaces: bool, out: usize): i32 {
  const delta = v128.load(tables, DELTA_AT), high = v128.load(tables, HIGH_AT), low = v128.load(tables, LOW_AT);
  const nibble = v128.load(NIBBLE), spaces = v128.load(ASCII_SPACES);
  const zero = i64x2.splat(0);
  let bad = zero;
  let end = 0;
  for (let i = 0; i < lengthBytes; i += 16) {
    const keep = v128.load(KEEP + 16 - min(16, lengthBytes - i));
    const bytes = v128.bitselect(v128.load(at + i), v128.load(tables, SPACE_AT), keep);
    const row = v128.and(i16x8.shr_u(bytes, 4), nibble), place = v128.and(bytes, nibble);
    const taken = i8x16.ne(v128.and(lookup(high, row), lookup(low, place)), zero);
    let text = v128.and(i8x16.add(bytes, lookup(delta, row)), taken);
    for (let n: usize = 0; n < 64; n += 16) {
      const isRow = i8x16.eq(row, v128.load(tables + n, ROWS_AT));
      // A byte that the delta is right for has the same character here.
      text = v128.or(text, v128.and(isRow, lookup(v128.load(tables + n, EXACT_AT), place)));
    }
    bad = v128.or(bad, i8x16.eq(text, zero));
    v128.store(out + i, text);
    const mask = i8x16.bitmask(i8x16.ne(text, spaces));
    end = mask != 0 ? i + 32 - clz(mask) : end;
  }
  if (v128.any_true(bad)) return -1;
  return keepsSpaces ? lengthBytes : end;
}
