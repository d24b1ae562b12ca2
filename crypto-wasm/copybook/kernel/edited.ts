/**
 * Edited numbers both ways: digits and a sign to the text that a picture such as `$$,$$9.99CR` shows, and back.
 *
 * Texts are ASCII here; who writes to another code page translates them (every character of an edited number is in all
 * of them). Digits are ASCII too, `plan.digits` of them, most significant first. Reading accepts what formatting
 * writes, and besides zeros that a picture would have suppressed: the value is the same. Everything else is invalid.
 */

import { Edit, EditedPlan } from './edited-picture';

export { EDITED_MAX_BYTES, EDITED_MAX_DIGITS, EditedPlan, parseEdited } from './edited-picture';

/** What a text turned out to be. */
export namespace EditedValue {
  export const INVALID: i32 = 0;
  export const POSITIVE: i32 = 1;
  export const NEGATIVE: i32 = 2;
  /** All spaces, and the picture has no zero that looks like this. */
  export const BLANK: i32 = 3;
}

/** Writes `plan.lengthBytes` at `out`. A zero is never negative. */
export function formatEdited(plan: EditedPlan, digits: usize, isNegative: bool, out: usize): void {
  const length = plan.lengthBytes;
  let isZero = true;
  for (let i = 0; i < plan.digits; i++) if (load<u8>(digits + i) != 0x30) { isZero = false; break; }
  const negative = isNegative && !isZero;
  if (isZero && (plan.blankWhenZero || plan.isAllSuppressed)) {
    const pad: u8 = plan.blankWhenZero ? 0x20 : plan.pad;
    for (let i = 0; i < length; i++) {
      store<u8>(out + i, pad == 0x2a && plan.kindAt(i) == Edit.POINT ? 0x2e : pad);
    }
    return;
  }
  let suppressing = true;
  let digit = digits;
  for (let i = 0; i < length; i++) {
    const kind = plan.kindAt(i);
    if (suppressing && i >= plan.stopAt) suppressing = endSuppression(plan, negative, out + i);
    let byte = plan.symbolAt(i);
    switch (kind) {
      case Edit.DIGIT:
        byte = load<u8>(digit++);
        break;
      case Edit.SUPPRESS:
      case Edit.FLOAT:
        byte = load<u8>(digit++);
        if (!suppressing) break;
        if (byte == 0x30) byte = plan.pad;
        else suppressing = endSuppression(plan, negative, out + i);
        break;
      case Edit.FLOAT_FIRST:
        byte = 0x20;
        break;
      case Edit.INSERT_SUPPRESSED:
        if (suppressing) byte = plan.pad;
        break;
      case Edit.SIGN_PLUS:
        byte = negative ? 0x2d : 0x2b;
        break;
      case Edit.SIGN_MINUS:
        byte = negative ? 0x2d : 0x20;
        break;
      case Edit.CREDIT:
      case Edit.CREDIT_END:
        if (!negative) byte = 0x20;
        break;
      default:
        break;
    }
    store<u8>(out + i, byte);
  }
}

/** Puts the floating symbol before `at`, where the first digit or the point goes. Gives false: suppression is over. */
function endSuppression(plan: EditedPlan, negative: bool, at: usize): bool {
  if (plan.floats == 0x24) store<u8>(at - 1, 0x24);
  else if (plan.floats == 0x2b) store<u8>(at - 1, negative ? 0x2d : 0x2b);
  else if (plan.floats == 0x2d && negative) store<u8>(at - 1, 0x2d);
  return false;
}

/** Reads `plan.lengthBytes` at `text`, writes `plan.digits` at `digits`; gives an `EditedValue`. */
export function readEdited(plan: EditedPlan, text: usize, digits: usize): i32 {
  const length = plan.lengthBytes;
  if (isFilled(plan, text, 0x20)) {
    memory.fill(digits, 0x30, plan.digits);
    const isZero = plan.blankWhenZero || (plan.isAllSuppressed && plan.pad == 0x20);
    return isZero ? EditedValue.POSITIVE : EditedValue.BLANK;
  }
  if (plan.isAllSuppressed && plan.pad == 0x2a && isFilled(plan, text, 0x2a)) {
    memory.fill(digits, 0x30, plan.digits);
    return EditedValue.POSITIVE;
  }
  let leading = true; // nothing but what is suppressed so far
  let floated = false; // the floating symbol was there
  let negative = false;
  let shown = false; // a digit was there
  let digit = digits;
  for (let i = 0; i < length; i++) {
    const kind = plan.kindAt(i);
    const symbol = plan.symbolAt(i);
    const byte = load<u8>(text + i);
    if (leading && i >= plan.stopAt) {
      if (needsSymbol(plan) && !floated) return EditedValue.INVALID;
      leading = false;
    }
    const isDigit = byte - 0x30 < 10;
    if (isDigit && kind <= Edit.FLOAT) shown = true;
    switch (kind) {
      case Edit.DIGIT:
        if (!isDigit) return EditedValue.INVALID;
        store<u8>(digit++, byte);
        break;
      case Edit.SUPPRESS:
        if (isDigit) leading = false;
        else if (!leading || byte != plan.pad) return EditedValue.INVALID;
        store<u8>(digit++, isDigit ? byte : 0x30);
        break;
      case Edit.FLOAT_FIRST:
      case Edit.FLOAT:
        if (isDigit && kind == Edit.FLOAT) {
          if (leading && needsSymbol(plan) && !floated) return EditedValue.INVALID;
          leading = false;
        } else if (leading && isFloating(plan, byte)) {
          floated = true;
          leading = false;
          if (byte == 0x2d) negative = true;
        } else if (!leading || byte != 0x20) return EditedValue.INVALID;
        if (kind == Edit.FLOAT) store<u8>(digit++, isDigit ? byte : 0x30);
        break;
      case Edit.INSERT_SUPPRESSED:
        if (!leading) {
          // Behind a floating symbol without a digit the picture would have the symbol here, not what it inserts.
          if (byte != symbol || (!shown && i < plan.stopAt)) return EditedValue.INVALID;
        } else if (plan.floats != 0 && isFloating(plan, byte)) {
          floated = true;
          leading = false;
          if (byte == 0x2d) negative = true;
        } else if (byte != plan.pad) return EditedValue.INVALID;
        break;
      case Edit.SIGN_PLUS:
        if (byte != 0x2b && byte != 0x2d) return EditedValue.INVALID;
        negative = byte == 0x2d;
        break;
      case Edit.SIGN_MINUS:
        if (byte != 0x20 && byte != 0x2d) return EditedValue.INVALID;
        negative = byte == 0x2d;
        break;
      case Edit.CREDIT:
        negative = byte == symbol;
        if (!negative && byte != 0x20) return EditedValue.INVALID;
        break;
      case Edit.CREDIT_END:
        if (byte != (negative ? symbol : 0x20)) return EditedValue.INVALID;
        break;
      default: // INSERT and POINT
        if (byte != symbol) return EditedValue.INVALID;
        break;
    }
  }
  if (!shown) return EditedValue.INVALID;
  return negative ? EditedValue.NEGATIVE : EditedValue.POSITIVE;
}

/** `$` and `+` are always somewhere; `-` of a positive number is a space. */
// @ts-ignore: decorator
@inline
function needsSymbol(plan: EditedPlan): bool {
  return plan.floats == 0x24 || plan.floats == 0x2b;
}

// @ts-ignore: decorator
@inline
function isFloating(plan: EditedPlan, byte: u8): bool {
  return byte == plan.floats || (plan.floats == 0x2b && byte == 0x2d);
}

/** All `byte`; with asterisks the point stays where it is. */
function isFilled(plan: EditedPlan, text: usize, byte: u8): bool {
  for (let i = 0; i < plan.lengthBytes; i++) {
    const expected: u8 = byte == 0x2a && plan.kindAt(i) == Edit.POINT ? 0x2e : byte;
    if (load<u8>(text + i) != expected) return false;
  }
  return true;
}
