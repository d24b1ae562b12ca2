/**
 * A number in JSON, or in a JSON string, as a decimal of any length: significant digits, a power of ten, a sign.
 *
 * No double on the way. `readDecimal` keeps the digits here, in static memory; `alignDecimal` puts them at the places
 * of a picture, `encode-float.ts` makes a floating-point number of them. Strings may have leading zeros and a plus
 * sign, numbers are those of JSON. Digits beyond what is kept only leave a mark that they were there.
 */

import { Item } from './item';
import { malformed, unfit } from './json-input';

/** Exact for every double: the longest decimal that matters when one is rounded has 768 significant digits. */
export const DECIMAL_MAX_DIGITS: i32 = 800;
/** Beyond it, nothing that has bytes here comes near; it keeps sums of exponents small. */
const EXPONENT_MAX: i32 = 1000000;
/** Most places of a picture that can be filled. */
const ALIGNED_MAX_DIGITS: i32 = 64;

/** 0…9, the most significant first and not zero, the last not zero either. */
export const DECIMAL: usize = memory.data(800, 16);
export const ALIGNED: usize = memory.data(64, 16);

export let decimalIsNegative: bool = false;
export let decimalCount: i32 = 0;
/** Value = digits × 10^exponent. */
export let decimalExponent: i32 = 0;
/** There were more digits, and not all were zero. */
export let decimalIsCut: bool = false;

/** What became of a number at the places of a picture. */
export namespace Alignment {
  export const FITS: i32 = 0;
  export const ZERO: i32 = 1;
  export const TOO_LARGE: i32 = 2;
  export const TOO_PRECISE: i32 = 3;
}

/** Gives the address behind the number and its closing quote, or 0. `item` is for the problem only. */
export function readDecimal(at: usize, item: Item): usize {
  const isQuoted = load<u8>(at) == 0x22;
  const begin = at;
  if (isQuoted) at++;
  decimalIsNegative = load<u8>(at) == 0x2d;
  if (decimalIsNegative || (isQuoted && load<u8>(at) == 0x2b)) at++;
  decimalCount = 0;
  decimalExponent = 0;
  decimalIsCut = false;
  const first = at;
  let digit: u8 = load<u8>(at) - 0x30;
  // A string may leave the zero before the point out.
  if (digit > 9 && !(isQuoted && load<u8>(at) == 0x2e)) return noNumber(begin, at, isQuoted, item);
  for (; digit < 10; digit = load<u8>(++at) - 0x30) take(digit);
  if (!isQuoted && at - first > 1 && load<u8>(first) == 0x30) return malformed(first, 'a number with leading zeros');
  if (load<u8>(at) == 0x2e) {
    digit = load<u8>(++at) - 0x30;
    if (digit > 9) return noNumber(begin, at, isQuoted, item);
    for (; digit < 10; digit = load<u8>(++at) - 0x30) {
      decimalExponent--;
      take(digit);
    }
  }
  if ((load<u8>(at) | 0x20) == 0x65) {
    at++;
    const isDown = load<u8>(at) == 0x2d;
    if (isDown || load<u8>(at) == 0x2b) at++;
    digit = load<u8>(at) - 0x30;
    if (digit > 9) return noNumber(begin, at, isQuoted, item);
    let exponent = 0;
    for (; digit < 10; digit = load<u8>(++at) - 0x30) exponent = min(exponent * 10 + digit, EXPONENT_MAX);
    decimalExponent += isDown ? -exponent : exponent;
  }
  while (decimalCount > 0 && load<u8>(DECIMAL + decimalCount - 1) == 0) {
    decimalCount--;
    decimalExponent++;
  }
  if (decimalCount == 0) {
    decimalExponent = 0;
    decimalIsNegative = false;
  }
  const behind = load<u8>(at);
  if (isQuoted) return behind == 0x22 ? at + 1 : noNumber(begin, at, isQuoted, item);
  if (behind == 0x2c || behind == 0x7d || behind == 0x5d || behind == 0x20 || behind - 9 < 2 || behind == 13) return at;
  return malformed(at, 'a number that does not end');
}

// @ts-ignore: decorator
@inline
function take(digit: u8): void {
  if (decimalCount == 0 && digit == 0) return;
  if (decimalCount < DECIMAL_MAX_DIGITS) {
    store<u8>(DECIMAL + decimalCount++, digit);
    return;
  }
  decimalExponent++;
  if (digit != 0) decimalIsCut = true;
}

/** `at` is where it stopped being one. */
function noNumber(begin: usize, at: usize, isQuoted: bool, item: Item): usize {
  const byte = load<u8>(at);
  // Within a string, a control character is the end of the text or no JSON at all.
  if (byte < 0x20 || (!isQuoted && begin != at)) return malformed(at, 'a digit is missing');
  return unfit(begin, item.path(), 'a number is needed here: give a JSON number, or a string of one');
}

/** Writes `count` digits 0…9 at ALIGNED, of which the last `scale` are decimal places. Gives an `Alignment`. */
export function alignDecimal(scale: i32, count: i32): i32 {
  if (count > ALIGNED_MAX_DIGITS) return Alignment.TOO_LARGE;
  memory.fill(ALIGNED, 0, ALIGNED_MAX_DIGITS);
  if (decimalCount == 0) return Alignment.ZERO;
  const shift = decimalExponent + scale;
  if (decimalCount + shift > count) return Alignment.TOO_LARGE;
  if (shift < 0 || decimalIsCut) return Alignment.TOO_PRECISE;
  memory.copy(ALIGNED + count - shift - decimalCount, DECIMAL, decimalCount);
  return Alignment.FITS;
}
