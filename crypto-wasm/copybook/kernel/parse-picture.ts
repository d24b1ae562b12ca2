/**
 * A picture → what it describes: category, characters, digits, decimal places, sign.
 *
 * Numbers (9 S V P), texts (X A 9, with B 0 / edited), national (N) and graphic (G) characters are read here; the
 * grammar of edited numbers is that of `edited-picture.ts`.
 */

import { EDITED_MAX_BYTES, parseEdited } from './edited';

export namespace PictureKind {
  export const NUMBER: i32 = 0;
  export const TEXT: i32 = 1;
  export const NATIONAL: i32 = 2;
  export const GRAPHIC: i32 = 3;
  export const EDITED: i32 = 4;
  export const EDITED_TEXT: i32 = 5;
}

/** Beyond the 31 of IBM's extended arithmetic: the 38 of decimals in 128 bits. */
export const DIGITS_MAX_COUNT: i32 = 38;
/** PIC P on top of these. */
const SCALE_MAX_COUNT: i32 = 63;
/** Of one item; a record is bounded further. */
const CHARACTERS_MAX_COUNT: i32 = 16 * 1024 * 1024;

export class Picture {
  kind: i32 = PictureKind.TEXT;
  /** Storage positions: characters of a text, digits of a number, bytes of an edited item. */
  size: i32 = 0;
  digits: i32 = 0;
  scale: i32 = 0;
  isSigned: bool = false;
  /** Why it is none; empty for a right one. */
  fault: string = '';
  /** The fault is one of size. */
  isTooLong: bool = false;
}

/** `text` is in capitals. */
export function readPicture(text: string, blankWhenZero: bool): Picture {
  const picture = new Picture();
  const counts = new StaticArray<i64>(128);
  let size: i64 = 0;
  let shape = ''; // each run's symbol
  let pointsAfter: i64 = 0; // digits behind V
  let leadingP: i64 = 0;
  let trailingP: i64 = 0;
  let at = 0;
  while (at < text.length) {
    const unit = text.charCodeAt(at++);
    let count: i64 = 1;
    if (at < text.length && text.charCodeAt(at) == 0x28) {
      const from = ++at;
      count = 0;
      while (at < text.length && text.charCodeAt(at) >= 0x30 && text.charCodeAt(at) <= 0x39 && at - from < 10) {
        count = count * 10 + (text.charCodeAt(at++) - 0x30);
      }
      if (at == from || at >= text.length || text.charCodeAt(at++) != 0x29 || count == 0) {
        return faulty(picture, 'a repetition is a number from 1 in parentheses');
      }
    }
    if (unit > 0x7f) return faulty(picture, 'it has the symbol ' + String.fromCharCode(unit));
    counts[unit] += count;
    size += count;
    if (size > CHARACTERS_MAX_COUNT) return tooLong(picture, CHARACTERS_MAX_COUNT.toString() + ' characters');
    const symbol = String.fromCharCode(unit);
    if (!shape.endsWith(symbol)) shape += symbol;
    if (shape.length > EDITED_MAX_BYTES) return tooLong(picture, EDITED_MAX_BYTES.toString() + ' symbols');
    if (unit == 0x39 && counts[0x56] > 0) pointsAfter += count;
    if (unit == 0x50) {
      if (counts[0x39] == 0) leadingP += count;
      else trailingP += count;
    }
  }
  if (size == 0) return faulty(picture, 'it is empty');
  picture.size = <i32>size;
  if (isOf(shape, 'SVP9')) {
    return numberOf(picture, shape, counts[0x39], pointsAfter, leadingP, trailingP, counts[0x53], counts[0x56]);
  }
  if (isOf(shape, 'XA9') && (counts[0x58] > 0 || counts[0x41] > 0)) return picture;
  if (isOf(shape, 'N') || isOf(shape, 'G')) {
    picture.kind = shape == 'N' ? PictureKind.NATIONAL : PictureKind.GRAPHIC;
    return picture;
  }
  if (isOf(shape, 'XA9B0/') && (counts[0x58] > 0 || counts[0x41] > 0)) {
    picture.kind = PictureKind.EDITED_TEXT;
    return picture;
  }
  if (size > EDITED_MAX_BYTES) return tooLong(picture, EDITED_MAX_BYTES.toString() + ' characters of an edited number');
  const edited = parseEdited(text, blankWhenZero);
  if (edited === null) return faulty(picture, 'it is neither a number, a text nor an edited form of these');
  if (edited.digits > DIGITS_MAX_COUNT) return tooLong(picture, DIGITS_MAX_COUNT.toString() + ' digits');
  picture.kind = PictureKind.EDITED;
  picture.size = edited.lengthBytes;
  picture.digits = edited.digits;
  picture.scale = edited.scale;
  picture.isSigned = edited.isSigned;
  return picture;
}

function numberOf(
  picture: Picture, shape: string, digits: i64, pointsAfter: i64, leadingP: i64, trailingP: i64, signs: i64, points: i64,
): Picture {
  if (signs > 1 || (signs == 1 && !shape.startsWith('S'))) return faulty(picture, 'S stands once, at the beginning');
  if (points > 1) return faulty(picture, 'V stands once');
  if (digits == 0) return faulty(picture, 'it has no digit');
  // [S][V]P…9…, [S]P…V9… is not COBOL; [S]9…P…[V].
  const body = signs == 1 ? shape.substring(1) : shape;
  const isRight =
    body == '9' || body == '9V' || body == 'V9' || body == '9V9' || body == 'P9' || body == 'VP9' ||
    body == '9P' || body == '9PV';
  if (!isRight) return faulty(picture, 'P stands at one end, with V beside it at most');
  if (digits > DIGITS_MAX_COUNT) return tooLong(picture, DIGITS_MAX_COUNT.toString() + ' digits');
  if (leadingP + digits > SCALE_MAX_COUNT || trailingP > SCALE_MAX_COUNT) {
    return tooLong(picture, SCALE_MAX_COUNT.toString() + ' places with P');
  }
  picture.kind = PictureKind.NUMBER;
  picture.digits = <i32>digits;
  picture.size = <i32>digits;
  picture.isSigned = signs == 1;
  if (leadingP > 0) picture.scale = <i32>(leadingP + digits);
  else picture.scale = trailingP > 0 ? -<i32>trailingP : <i32>pointsAfter;
  return picture;
}

/** Whether all symbols of a picture are among these. */
function isOf(shape: string, symbols: string): bool {
  for (let i = 0; i < shape.length; i++) {
    if (!symbols.includes(shape.charAt(i))) return false;
  }
  return true;
}

function faulty(picture: Picture, fault: string): Picture {
  picture.fault = fault;
  return picture;
}

function tooLong(picture: Picture, bound: string): Picture {
  picture.isTooLong = true;
  return faulty(picture, 'it has more than ' + bound);
}
