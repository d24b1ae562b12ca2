/**
 * Code pages: bytes to characters and back.
 *
 * The tables come from iconv (`code-pages/generate.ts`) and lie in the module in a short form. The first `codePageOf`
 * of a page spreads them out into static memory, where they stay: the module's start costs nothing, nothing is
 * allocated, and a page that nobody names costs no memory that is written to. Every mapping is one to one, so encoding
 * is the exact inverse of decoding. Newlines are IBM's and ICU's: 0x15 is NEL (U+0085), 0x25 is LF, 0x0D is CR.
 */

import { singleNames, singleStarts, singleTexts } from './code-page-single';
import { japanese } from './code-page-japanese';
import { korean } from './code-page-korean';
import { chinese } from './code-page-chinese';

/** In the short form: so many places without a character, and so many characters one after the other. */
const SKIP: i32 = 0xfdd0;
const RUN: i32 = 0xfdd1;
const NONE: i32 = 0xfffd;

/** In `singleNames`; a test holds it against the list. */
const SINGLE_COUNT: i32 = 23;
/** Of each: 256 × u16 characters; 256 ASCII characters; for the way back 256 × u8, the block of U+xx00 or 0, and blocks. */
const ASCII_AT: i32 = 512;
const BLOCK_OF_AT: i32 = 768;
const BLOCKS_AT: i32 = 1024;
/** No page has characters of more than five ranges of 256; a test encodes every character of every page. */
const BLOCKS_COUNT: i32 = 6;
const SINGLE_BYTES: i32 = BLOCKS_AT + BLOCKS_COUNT * 256;
const singles: usize = memory.data(SINGLE_COUNT * SINGLE_BYTES, 16);

/** Bytes of a double-byte character are 0x40 … 0xFE. */
const DOUBLE_FIRST: i32 = 0x40;
const DOUBLE_WIDTH: i32 = 191;
const DOUBLE_BYTES: i32 = DOUBLE_WIDTH * DOUBLE_WIDTH * 2;
const JAPANESE: i32 = 0;
const KOREAN: i32 = 1;
const CHINESE: i32 = 2;
const doubles: usize = memory.data(3 * DOUBLE_BYTES, 16);
/** u16 for each character of the basic plane. */
const DOUBLE_BACK_BYTES: i32 = 65536 * 2;
const doublesBack: usize = memory.data(3 * DOUBLE_BACK_BYTES, 16);
/** 1 when a half is spread out. */
const doublesReady: usize = memory.data(3, 1);

/** One code page. All tables are in static memory. */
export class CodePage {
  /** As options name it, e.g. `cp037`. */
  name: string = '';
  /** 256 × u16: the character of each byte, 0xFFFD where there is none. */
  toUnicode: usize = 0;
  /** 256 bytes: the ASCII character of each byte, 0 where it is none or a control character. */
  toAscii: usize = 0;
  /** The byte of a space. */
  space: u8 = 0x40;
  isAscii: bool = false;
  /** It has double-byte characters, between SO and SI in texts and alone in graphic items. */
  hasDouble: bool = false;
  /** Which table of `singleNames`, and which double-byte half or -1. */
  single: i32 = 0;
  half: i32 = -1;
  isReady: bool = false;

  /** The byte of a character, or -1. */
  fromUnicode(codePoint: i32): i32 {
    if (<u32>codePoint > 0xffff) return -1;
    const block: i32 = load<u8>(this.toUnicode + BLOCK_OF_AT + (codePoint >> 8));
    if (block == 0) return -1;
    const byte: i32 = load<u8>(this.toUnicode + BLOCKS_AT + (block - 1) * 256 + (codePoint & 0xff));
    // Byte 0 is U+0000 in every page, and what stands where there is none.
    return byte != 0 || codePoint == 0 ? byte : -1;
  }

  /** The character of two bytes, or -1. */
  doubleToUnicode(high: u8, low: u8): i32 {
    const row = <i32>high - DOUBLE_FIRST;
    const place = <i32>low - DOUBLE_FIRST;
    if (this.half < 0 || <u32>row >= <u32>DOUBLE_WIDTH || <u32>place >= <u32>DOUBLE_WIDTH) return -1;
    const unit: i32 = load<u16>(doubles + this.half * DOUBLE_BYTES + (row * DOUBLE_WIDTH + place) * 2);
    return unit == NONE ? -1 : unit;
  }

  /** Two bytes, the high one above, or -1. */
  doubleFromUnicode(codePoint: i32): i32 {
    if (this.half < 0 || <u32>codePoint > 0xffff) return -1;
    const code: i32 = load<u16>(doublesBack + this.half * DOUBLE_BACK_BYTES + codePoint * 2);
    return code == 0 ? -1 : code;
  }
}

const pages = new StaticArray<CodePage>(SINGLE_COUNT + 1);
for (let i = 0; i < SINGLE_COUNT; i++) pages[i] = describePage(singleNames[i], i);
/** Japanese texts under the number of their double-byte half; its single bytes are those of cp930 (CCSID 290). */
pages[SINGLE_COUNT] = describePage('cp300', singleNames.indexOf('cp930'));

function describePage(name: string, single: i32): CodePage {
  const page = new CodePage();
  page.name = name;
  page.single = single;
  page.toUnicode = singles + single * SINGLE_BYTES;
  page.toAscii = page.toUnicode + ASCII_AT;
  page.isAscii = name == 'ascii' || name == 'latin1';
  page.space = page.isAscii ? 0x20 : 0x40;
  if (name == 'cp300' || name == 'cp930' || name == 'cp939') page.half = JAPANESE;
  else if (name == 'cp1364') page.half = KOREAN;
  else if (name == 'cp1388') page.half = CHINESE;
  page.hasDouble = page.half >= 0;
  return page;
}

/** Null when there is no such page. `cp037`, `ascii`, `latin1`, … */
export function codePageOf(name: string): CodePage | null {
  for (let i = 0; i < pages.length; i++) {
    const page = pages[i];
    if (page.name != name) continue;
    if (!page.isReady) {
      spreadSingle(page);
      if (page.hasDouble && load<u8>(doublesReady + page.half) == 0) spreadDouble(page.half);
      page.isReady = true;
    }
    return page;
  }
  return null;
}

function spreadSingle(page: CodePage): void {
  const table = page.toUnicode;
  const from = singleStarts[page.single];
  spread(singleTexts, from, singleStarts[page.single + 1], table);
  memory.fill(table + BLOCK_OF_AT, 0, 256 + BLOCKS_COUNT * 256);
  let blocks = 0;
  for (let byte = 0; byte < 256; byte++) {
    const unit: i32 = load<u16>(table + byte * 2);
    store<u8>(page.toAscii + byte, unit >= 0x20 && unit < 0x7f ? unit : 0);
    if (unit == NONE) continue;
    const blockOf = table + BLOCK_OF_AT + (unit >> 8);
    if (load<u8>(blockOf) == 0) {
      if (blocks == BLOCKS_COUNT) continue;
      store<u8>(blockOf, ++blocks);
    }
    store<u8>(table + BLOCKS_AT + (<i32>load<u8>(blockOf) - 1) * 256 + (unit & 0xff), byte);
  }
}

function spreadDouble(half: i32): void {
  const texts = half == JAPANESE ? japanese : half == KOREAN ? korean : chinese;
  const table = doubles + half * DOUBLE_BYTES;
  const back = doublesBack + half * DOUBLE_BACK_BYTES;
  spread(texts, 0, texts.length, table);
  for (let row = 0; row < DOUBLE_WIDTH; row++) {
    for (let place = 0; place < DOUBLE_WIDTH; place++) {
      const unit: i32 = load<u16>(table + (row * DOUBLE_WIDTH + place) * 2);
      if (unit == NONE) continue;
      store<u16>(back + unit * 2, ((row + DOUBLE_FIRST) << 8) | (place + DOUBLE_FIRST));
    }
  }
  store<u8>(doublesReady + half, 1);
}

/** Short form → u16 each. The texts are the generator's, which fill the table exactly; marks may stand across texts. */
function spread(texts: StaticArray<string>, from: i32, end: i32, table: usize): void {
  let out = table;
  let mark = 0;
  let count = 0;
  for (let i = from; i < end; i++) {
    const text = texts[i];
    for (let at = 0; at < text.length; at++) {
      const unit = text.charCodeAt(at);
      if (mark == 0) {
        if (unit == SKIP || unit == RUN) {
          mark = unit;
          continue;
        }
        store<u16>(out, unit);
        out += 2;
      } else if (count == 0) {
        count = unit;
        if (mark == RUN) continue;
        for (; count > 0; count--, out += 2) store<u16>(out, NONE);
        mark = 0;
      } else {
        for (let n = 0; n < count; n++, out += 2) store<u16>(out, unit + n);
        count = 0;
        mark = 0;
      }
    }
  }
}
