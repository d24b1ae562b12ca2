/**
 * Edited pictures, parsed once: what stands at each byte of the text that shows a number, or at each character of an
 * edited text.
 *
 * The rules are those of the COBOL language reference: simple insertion (B 0 / ,), special insertion (the point), fixed
 * insertion (currency sign, + - CR DB), floating insertion and zero suppression. The currency sign is `$`, the decimal
 * point is the point. `edited.ts` carries the plans out. Nothing here grows afterwards: a plan may be kept.
 */

/** Bytes of the longest edited number; compilers stop at 249. */
export const EDITED_MAX_BYTES: i32 = 255;
/** Digits of the longest edited number: those of ARITH(EXTEND), and P beyond them. */
export const EDITED_MAX_DIGITS: i32 = 63;

/** What stands at a byte of an edited number. */
export namespace Edit {
  /** A digit, always shown. */
  export const DIGIT: u8 = 0;
  /** A digit that gives way to `pad` as long as only zeros came before it. */
  export const SUPPRESS: u8 = 1;
  /** The first of a floating string: room for the symbol, no digit. */
  export const FLOAT_FIRST: u8 = 2;
  /** A digit that gives way as SUPPRESS does, the symbol standing before the first that does not. */
  export const FLOAT: u8 = 3;
  /** A character, always shown. */
  export const INSERT: u8 = 4;
  /** A character within a suppressed or floating string, or right behind it. */
  export const INSERT_SUPPRESSED: u8 = 5;
  export const POINT: u8 = 6;
  /** + or -. */
  export const SIGN_PLUS: u8 = 7;
  /** A space or -. */
  export const SIGN_MINUS: u8 = 8;
  /** CR, two bytes: this is the first, the second is CREDIT_END. */
  export const CREDIT: u8 = 9;
  export const CREDIT_END: u8 = 10;
}

/** An edited number. */
export class EditedPlan {
  lengthBytes: i32 = 0;
  /** Digits that the text shows, those of a floating string among them. */
  digits: i32 = 0;
  /** Value = the digits × 10^-scale. */
  scale: i32 = 0;
  isSigned: bool = false;
  blankWhenZero: bool = false;
  /** Every digit can be suppressed: a zero is all spaces, or all asterisks around the point. */
  isAllSuppressed: bool = false;
  /** What suppressed digits become: a space, or `*`. */
  pad: u8 = 0x20;
  /** `$`, `+` or `-`; 0 without a floating string. */
  floats: u8 = 0;
  /** Suppression ends at this byte at the latest: the point, where V is, or the first digit that is always shown. */
  stopAt: i32 = 0;
  /** `lengthBytes` of `Edit`, then `lengthBytes` characters: the symbol to insert, in ASCII. */
  readonly steps: StaticArray<u8> = new StaticArray<u8>(2 * EDITED_MAX_BYTES);

  @inline
  kindAt(index: i32): u8 {
    return load<u8>(changetype<usize>(this.steps) + index);
  }
  @inline
  symbolAt(index: i32): u8 {
    return load<u8>(changetype<usize>(this.steps) + EDITED_MAX_BYTES + index);
  }
}

/** The plan of a numeric edited picture, or null where it is none, or longer than an edited number can be. */
export function parseEdited(picture: string, blankWhenZero: bool): EditedPlan | null {
  const symbols = new StaticArray<u8>(EDITED_MAX_BYTES + 2 * EDITED_MAX_DIGITS);
  const count = expand(picture, symbols);
  if (count <= 0) return null;

  let suppressor: u8 = 0;
  let pluses = 0;
  let minuses = 0;
  let dollars = 0;
  for (let i = 0; i < count; i++) {
    const symbol = symbols[i];
    if (symbol == 0x5a || symbol == 0x2a) { // Z *
      if (suppressor != 0 && suppressor != symbol) return null;
      suppressor = symbol;
    } else if (symbol == 0x2b) pluses++;
    else if (symbol == 0x2d) minuses++;
    else if (symbol == 0x24) dollars++;
  }
  const plan = new EditedPlan();
  plan.blankWhenZero = blankWhenZero;
  if (pluses > 1) plan.floats = 0x2b;
  if (minuses > 1) { if (plan.floats != 0) return null; plan.floats = 0x2d; }
  if (dollars > 1) { if (plan.floats != 0) return null; plan.floats = 0x24; }
  if (suppressor != 0 && plan.floats != 0) return null;
  if (suppressor == 0x2a) plan.pad = 0x2a;
  const stringSymbol: u8 = plan.floats != 0 ? plan.floats : suppressor;

  let stringLast = -1;
  for (let i = 0; i < count; i++) if (stringSymbol != 0 && symbols[i] == stringSymbol) stringLast = i;

  const steps = changetype<usize>(plan.steps);
  let at = 0; // bytes of the text
  let stringSeen = false;
  let stringOpen = false; // between the string's first symbol and the last insertion character behind it
  let digitsBehindPoint = 0;
  let pointSeen = false; // point or V
  let always = 0; // digits that are always shown
  let leftScaling = 0;
  let rightScaling = 0;
  let signs = 0;
  let stop = -1;
  for (let i = 0; i < count; i++) {
    const symbol = symbols[i];
    let kind: u8 = Edit.INSERT;
    let shown = symbol;
    let width = 1;
    if (stringSymbol != 0 && symbol == stringSymbol) {
      // A digit that is always shown ends the string for good.
      if (always > 0) return null;
      if (plan.floats != 0 && !stringSeen) kind = Edit.FLOAT_FIRST;
      else kind = plan.floats != 0 ? Edit.FLOAT : Edit.SUPPRESS;
      stringSeen = true;
      stringOpen = true;
    } else if (symbol == 0x39) { // 9
      if (i < stringLast) return null;
      kind = Edit.DIGIT;
      always++;
      stringOpen = false;
      if (stop < 0) stop = at;
    } else if (symbol == 0x2c || symbol == 0x42 || symbol == 0x30 || symbol == 0x2f) { // , B 0 /
      if (symbol == 0x42) shown = 0x20;
      if (stringOpen && !pointSeen) kind = Edit.INSERT_SUPPRESSED;
    } else if (symbol == 0x2e || symbol == 0x56) { // . V
      if (pointSeen || rightScaling > 0) return null;
      if (leftScaling > 0 && symbol == 0x2e) return null;
      pointSeen = true;
      if (stop < 0) stop = at;
      if (symbol == 0x56) width = 0;
      else kind = Edit.POINT;
    } else if (symbol == 0x50) { // P
      width = 0;
      if (plan.digits == 0 && !stringSeen) leftScaling++;
      else rightScaling++;
      if (leftScaling > 0 && rightScaling > 0) return null;
    } else if (symbol == 0x2b || symbol == 0x2d || symbol == 0x43 || symbol == 0x44) { // + - CR DB, fixed
      if (++signs > 1 || plan.floats == 0x2b || plan.floats == 0x2d) return null;
      if (symbol == 0x2b || symbol == 0x2d) {
        if (i != 0 && i != count - 1) return null;
        kind = symbol == 0x2b ? Edit.SIGN_PLUS : Edit.SIGN_MINUS;
      } else {
        if (i != count - 1) return null;
        kind = Edit.CREDIT;
        width = 2;
      }
      stringOpen = false;
    } else if (symbol == 0x24) { // $, fixed: first, or behind a sign
      if (i > 1 || (i == 1 && symbols[0] != 0x2b && symbols[0] != 0x2d)) return null;
    } else {
      return null;
    }
    if (kind == Edit.DIGIT || kind == Edit.SUPPRESS || kind == Edit.FLOAT) {
      // Digits on both sides of scaling positions would leave a hole in the number.
      if (rightScaling > 0) return null;
      plan.digits++;
      if (pointSeen) digitsBehindPoint++;
    }
    if (at + width > EDITED_MAX_BYTES) return null;
    if (width > 0) {
      store<u8>(steps + at, kind);
      store<u8>(steps + EDITED_MAX_BYTES + at, shown);
    }
    if (width == 2) {
      store<u8>(steps + at + 1, Edit.CREDIT_END);
      store<u8>(steps + EDITED_MAX_BYTES + at + 1, symbol == 0x43 ? 0x52 : 0x42); // R, B
    }
    at += width;
  }
  if (plan.digits == 0 || plan.digits + leftScaling + rightScaling > EDITED_MAX_DIGITS) return null;
  // Behind the point, a string may only go on when nothing is ever shown: Z9.ZZ has no meaning, and ZZ.Z9 none either.
  if (always > 0 && stringLast >= 0 && stringBehindPoint(symbols, count, stringLast)) return null;
  plan.lengthBytes = at;
  plan.stopAt = stop < 0 ? at : stop;
  plan.isAllSuppressed = always == 0;
  plan.isSigned = signs > 0 || plan.floats == 0x2b || plan.floats == 0x2d;
  plan.scale = digitsBehindPoint;
  if (leftScaling > 0) plan.scale = plan.digits + leftScaling;
  else if (rightScaling > 0) plan.scale = -rightScaling;
  return plan;
}

function stringBehindPoint(symbols: StaticArray<u8>, count: i32, stringLast: i32): bool {
  for (let i = 0; i < count; i++) {
    if (symbols[i] == 0x2e || symbols[i] == 0x56) return i < stringLast;
  }
  return false;
}

/**
 * One symbol for each position, `(5)` written out; CR as C, DB as D. Gives their number, or -1 where something is no
 * symbol, a repetition is none, or there are more than fit.
 */
function expand(picture: string, symbols: StaticArray<u8>): i32 {
  let count = 0;
  let i = 0;
  while (i < picture.length) {
    let unit = picture.charCodeAt(i++);
    if (unit >= 0x61 && unit <= 0x7a) unit -= 0x20;
    if (unit > 0x7e || unit == 0x28 || unit == 0x29) return -1; // ( )
    if (unit == 0x43 || unit == 0x44) { // CR, DB
      const next = i < picture.length ? picture.charCodeAt(i++) & 0xdf : 0;
      if (next != (unit == 0x43 ? 0x52 : 0x42)) return -1;
    }
    let repetition = 1;
    if (i < picture.length && picture.charCodeAt(i) == 0x28) {
      repetition = 0;
      i++;
      const from = i;
      while (i < picture.length && picture.charCodeAt(i) >= 0x30 && picture.charCodeAt(i) <= 0x39) {
        repetition = repetition * 10 + (picture.charCodeAt(i++) - 0x30);
        if (repetition > symbols.length) return -1;
      }
      if (i == from || i >= picture.length || picture.charCodeAt(i++) != 0x29 || repetition == 0) return -1;
    }
    if (count + repetition > symbols.length) return -1;
    for (let n = 0; n < repetition; n++) symbols[count++] = <u8>unit;
  }
  return count;
}
