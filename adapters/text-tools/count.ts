/** Lines, words, characters and bytes of a text, in one pass. */

import { codePointAt, widthOf } from './utf8';

/** Writes four `u32`: lines, words, characters, bytes. */
export function countAll(text: usize, textBytes: i32, result: usize): void {
  const end = text + <usize>textBytes;
  let lines: u32 = 0;
  let words: u32 = 0;
  let characters: u32 = 0;
  let isInWord = false;
  for (let at = text; at < end; characters++) {
    const first = load<u8>(at);
    if (first == 0x0a) lines++;
    const isSpace = isWhiteSpace(first < 0x80 ? first : codePointAt(at));
    if (!isSpace && !isInWord) words++;
    isInWord = !isSpace;
    at += widthOf(first);
  }
  if (textBytes > 0 && load<u8>(end - 1) != 0x0a) lines++;
  store<u32>(result, lines);
  store<u32>(result, words, 4);
  store<u32>(result, characters, 8);
  store<u32>(result, textBytes, 12);
}

/** The property White_Space of the Unicode Character Database, PropList.txt. */
function isWhiteSpace(point: u32): bool {
  if (point <= 0x20) return point == 0x20 || (point >= 0x09 && point <= 0x0d);
  if (point < 0x85) return false;
  if (point == 0x85 || point == 0xa0 || point == 0x1680) return true;
  if (point >= 0x2000 && point <= 0x200a) return true;
  return point == 0x2028 || point == 0x2029 || point == 0x202f || point == 0x205f || point == 0x3000;
}
