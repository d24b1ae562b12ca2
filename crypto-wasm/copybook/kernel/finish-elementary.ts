/**
 * An elementary item: what its picture, usage and sign make of its bytes. Sizes are those of Enterprise COBOL for z/OS
 * where it has the usage; those that it has not (COMP-3U, COMP-6, COMP-9, COMP-X) are of the compilers that have them.
 */

import { Draft } from './draft';
import { Item, Kind } from './item';
import { Options } from './options';
import { Picture, PictureKind, readPicture } from './parse-picture';
import { fail, hasProblem, LIMIT } from './problem';
import { failToken, Token } from './token';

/** `usage` and `sign` are the entries that they come from: its own, or a group's above. */
export function finishElementary(draft: Draft, usage: Draft | null, sign: Draft | null, options: Options): void {
  const item = draft.item;
  item.usage = usage === null ? '' : usage.usage;
  const token = draft.picture;
  if (token === null) {
    finishWithoutPicture(draft, sign);
    return;
  }
  const picture = readPicture(token.text, item.blankWhenZero);
  if (picture.fault.length > 0) {
    const what = 'PIC ' + token.shown() + ' of ' + item.name + ': ' + picture.fault;
    if (picture.isTooLong) fail(LIMIT, what);
    failToken(token, what);
    return;
  }
  item.digits = picture.digits;
  item.scale = picture.scale;
  item.isSigned = picture.isSigned;
  switch (picture.kind) {
    case PictureKind.NUMBER:
      finishNumber(draft, picture, token, options);
      break;
    case PictureKind.TEXT:
      finishText(draft, picture, token, usage === draft);
      break;
    case PictureKind.NATIONAL:
    case PictureKind.GRAPHIC:
      finishWide(item, picture, token, options);
      break;
    case PictureKind.EDITED:
      finishDisplay(item, Kind.EDITED, picture.size, token);
      break;
    default:
      finishDisplay(item, Kind.EDITED_TEXT, picture.size, token);
      break;
  }
  applySign(draft, sign);
  checkClauses(draft);
}

function finishNumber(draft: Draft, picture: Picture, token: Token, options: Options): void {
  const item = draft.item;
  const usage = item.usage;
  const digits = picture.digits;
  if (usage == '' || usage == 'DISPLAY') {
    item.kind = Kind.ZONED;
    item.usage = 'DISPLAY';
    item.lengthBytes = digits;
  } else if (usage == 'COMP-3') {
    item.kind = Kind.PACKED;
    item.lengthBytes = digits / 2 + 1;
  } else if (usage == 'COMP-3U' || usage == 'COMP-6') {
    item.kind = Kind.PACKED_UNSIGNED;
    item.lengthBytes = (digits + 1) / 2;
    if (item.isSigned) failToken(token, item.name + ' has a sign, and USAGE ' + usage + ' has none');
  } else if (usage == 'COMP' || usage == 'COMP-5' || usage == 'COMP-9' || usage == 'COMP-X') {
    item.kind = Kind.BINARY;
    item.isLittleEndian = usage == 'COMP-9' || (usage == 'COMP-5' && options.nativeIsLittleEndian);
    item.isNativeBinary = usage == 'COMP-5' || usage == 'COMP-X';
    const smallBytes = usage == 'COMP-9' ? 1 : options.smallBinaryBytes;
    item.lengthBytes = usage == 'COMP-X' ? leastBytes(digits, item.isSigned) : binaryBytes(digits, smallBytes);
  } else {
    failToken(token, 'PIC ' + token.shown() + ' is a number, which USAGE ' + usage + ' cannot hold');
  }
}

/** Halfword, fullword, doubleword; beyond what IBM has, 16 bytes. */
function binaryBytes(digits: i32, smallBytes: i32): i32 {
  if (digits <= 2) return smallBytes;
  if (digits <= 4) return 2;
  if (digits <= 9) return 4;
  return digits <= 18 ? 8 : 16;
}

/** As few bytes as hold every number of so many digits: 10^digits ≤ 2^bits, by ⌈digits × log2 10⌉. */
function leastBytes(digits: i32, isSigned: bool): i32 {
  const bits = <i32>((<i64>digits * 3321928095 + 999999999) / 1000000000) + (isSigned ? 1 : 0);
  return (bits + 7) / 8;
}

function finishText(draft: Draft, picture: Picture, token: Token, hasOwnUsage: bool): void {
  const item = draft.item;
  item.digits = 0;
  const usage = item.usage;
  const isBinary = usage == 'COMP' || usage == 'COMP-5' || usage == 'COMP-X' || usage == 'COMP-9';
  if (isBinary && hasOwnUsage) {
    item.kind = Kind.BYTES;
    item.lengthBytes = picture.size;
    return;
  }
  finishDisplay(item, Kind.TEXT, picture.size, token);
}

function finishDisplay(item: Item, kind: i32, size: i32, token: Token): void {
  if (item.usage.length > 0 && item.usage != 'DISPLAY') {
    failToken(token, 'PIC ' + token.shown() + ' needs USAGE DISPLAY and has ' + item.usage);
  }
  item.kind = kind;
  item.usage = 'DISPLAY';
  item.lengthBytes = size;
}

function finishWide(item: Item, picture: Picture, token: Token, options: Options): void {
  const isGraphicPicture = picture.kind == PictureKind.GRAPHIC;
  const usage = item.usage;
  const isGraphic = usage == 'DISPLAY-1' || (usage == '' && (isGraphicPicture || options.nationalIsDbcs));
  if (!isGraphic && (isGraphicPicture || (usage != '' && usage != 'NATIONAL'))) {
    failToken(token, 'PIC ' + token.shown() + ' has characters of two bytes, which USAGE ' + usage + ' has not');
  }
  item.kind = isGraphic ? Kind.GRAPHIC : Kind.NATIONAL;
  item.usage = isGraphic ? 'DISPLAY-1' : 'NATIONAL';
  item.lengthBytes = picture.size * 2;
}

function finishWithoutPicture(draft: Draft, sign: Draft | null): void {
  const item = draft.item;
  const usage = item.usage;
  if (usage == 'COMP-1' || usage == 'COMP-2') {
    item.kind = Kind.FLOAT;
    item.isSigned = true;
    item.lengthBytes = usage == 'COMP-1' ? 4 : 8;
  } else if (usage == 'INDEX' || usage == 'POINTER' || usage == 'FUNCTION-POINTER' || usage == 'PROCEDURE-POINTER') {
    item.kind = Kind.BYTES;
    item.lengthBytes = usage == 'PROCEDURE-POINTER' ? 8 : 4;
  } else {
    failToken(draft.at, item.name + ' has neither a picture nor items below it');
  }
  applySign(draft, sign);
  checkClauses(draft);
}

/** SIGN says something about signed DISPLAY numbers only; at a group it is for those below it. */
function applySign(draft: Draft, sign: Draft | null): void {
  const item = draft.item;
  const own = draft.sign;
  const isSigned = item.kind == Kind.ZONED && item.isSigned;
  if (own !== null && !isSigned) failToken(own, 'SIGN stands at ' + item.name + ', which is no signed DISPLAY number');
  if (sign === null || !isSigned) return;
  item.signLeading = sign.signLeading;
  item.signSeparate = sign.signSeparate;
  if (item.signSeparate) item.lengthBytes += 1;
}

function checkClauses(draft: Draft): void {
  if (hasProblem()) return;
  const item = draft.item;
  const kind = item.kind;
  const justified = draft.justified;
  if (justified !== null && kind != Kind.TEXT && kind != Kind.NATIONAL && kind != Kind.GRAPHIC) {
    failToken(justified, 'JUSTIFIED stands at ' + item.name + ', which is no text');
  }
  const blank = draft.blank;
  if (blank !== null && kind != Kind.ZONED && kind != Kind.EDITED) {
    failToken(blank, 'BLANK WHEN ZERO stands at ' + item.name + ', which is no DISPLAY number');
  }
}
