/**
 * What a text is called in an address.
 *
 * Letters, digits and marks of Unicode make words, in lower case; Latin letters become ASCII. Apostrophes within words (' ’) and
 * combining marks of U+0300 – U+036F vanish; everything else parts words. Each character is put into lower case by itself, so that
 * a sigma at the end of a word is σ.
 */

import { Text } from 'hotcell/typed';
import { foldLatin, isLetter, ITSELF, NO_LETTER, NOT_LATIN } from './letters';
import { codePointAt, widthOf } from './utf8';

/** Empty when the text has no letter or digit. */
export function slugOf(text: usize, textBytes: i32, maxCharacters: u32): Text {
  const out = new Text();
  const end = text + <usize>textBytes;
  let characters: u32 = 0;
  let isParted = false;
  let wholeWords = 0;
  for (let at = text; at < end; at += widthOf(load<u8>(at))) {
    const point = codePointAt(at);
    if (vanishes(point)) continue;
    const folded = foldOf(point);
    if (folded == NO_LETTER) {
      if (out.length > 0 && !isParted) wholeWords = out.length;
      isParted = out.length > 0;
      continue;
    }
    const needed: u32 = (isParted ? 1 : 0) + (folded > 0xff ? 2 : 1);
    if (characters + needed > maxCharacters) {
      if (wholeWords > 0) out.length = wholeWords;
      break;
    }
    characters += needed;
    if (isParted) out.putByte(0x2d);
    isParted = false;
    if (folded == ITSELF) putLower(out, point);
    else {
      out.putByte(<u8>folded);
      if (folded > 0xff) out.putByte(<u8>(folded >> 8));
    }
  }
  return out;
}

// @ts-ignore: decorator
@inline
function vanishes(point: u32): bool {
  return point == 0x27 || point == 0x2019 || (point >= 0x300 && point <= 0x36f);
}

/** As `foldLatin`, for every character: letters that are not Latin are themselves. */
function foldOf(point: u32): u32 {
  if (point < 0x80) {
    if (point >= 0x41 && point <= 0x5a) return point + 0x20;
    return (point >= 0x61 && point <= 0x7a) || (point >= 0x30 && point <= 0x39) ? point : NO_LETTER;
  }
  const latin = foldLatin(point);
  if (latin != NOT_LATIN) return latin;
  return point >= 0x250 && isLetter(point) ? ITSELF : NO_LETTER;
}

function putLower(out: Text, point: u32): void {
  out.say(String.fromCodePoint(point).toLowerCase());
}
