/**
 * A decimal number to COMP-1 and COMP-2: IBM hexadecimal or IEEE 754, the nearest there is, ties to the even one.
 *
 * The quotient of two integers gives 64 bits and whether anything follows them, which decides every rounding: in one
 * word for numbers of up to 19 digits and small exponents, with integers of any length for the others. So the shortest
 * text that decoding writes gives the same bytes again.
 */

import { DECIMAL, decimalCount, decimalExponent, decimalIsCut, decimalIsNegative, readDecimal } from './decimal-text';
import { EncodePlan, EncodeNode } from './encode-node';
import { unfit } from './json-input';

/** Numbers from 10^400 on are too large, below 10^-400 too small, for every format: no need to work them out. */
const MAGNITUDE_MAX: i32 = 400;
/** 10^(400 + 800), the largest denominator, has 125 words. */
const WORDS_COUNT: i32 = 128;
const NUMERATOR: usize = memory.data(512, 16);
const DENOMINATOR: usize = memory.data(512, 16);

/** What became of a number. */
const FITS: i32 = 0;
const TOO_LARGE: i32 = 1;
const TOO_SMALL: i32 = 2;

/** The quotient: value = bits64 × 2^exponent2, the top bit set; `isInexact` when something follows. */
let bits64: u64 = 0;
let exponent2: i32 = 0;
let isInexact: bool = false;

/** `at` is at the value, which is not null. */
export function encodeFloat(plan: EncodePlan, node: EncodeNode, at: usize, out: usize): usize {
  const next = readDecimal(at, node.item);
  if (next == 0) return 0;
  const isDouble = node.lengthBytes == 8;
  let bits: u64 = 0;
  if (decimalCount > 0) {
    const magnitude = decimalCount + decimalExponent;
    if (magnitude > MAGNITUDE_MAX) return outOfRange(node, at, TOO_LARGE);
    if (magnitude < -MAGNITUDE_MAX) return outOfRange(node, at, TOO_SMALL);
    divide();
    const what = plan.floatIsIeee ? roundIeee(isDouble) : roundHexadecimal(isDouble);
    if (what != FITS) return outOfRange(node, at, what);
    bits = rounded;
    if (decimalIsNegative) bits |= isDouble ? <u64>1 << 63 : <u64>1 << 31;
  }
  const length = node.lengthBytes;
  for (let i = 0; i < length; i++) {
    store<u8>(plan.floatIsLittleEndian ? out + i : out + length - 1 - i, <u8>(bits >> (<u64>i * 8)));
  }
  return next;
}

function outOfRange(node: EncodeNode, at: usize, what: i32): usize {
  const text = what == TOO_LARGE ? 'the number is too large for ' : 'the number is too near to zero for ';
  return unfit(at, node.item.path(), text + node.lengthBytes.toString() + ' bytes of ' + node.item.usage);
}

let rounded: u64 = 0;

function roundIeee(isDouble: bool): i32 {
  const precision = isDouble ? 53 : 24;
  const bias = isDouble ? 1023 : 127;
  let top = exponent2 + 63; // 2^top is the leading bit
  const missing = max(1 - bias - top, 0); // bits that a subnormal number does not have
  if (missing > precision) return TOO_SMALL;
  let fraction = roundTo(64 - precision + missing);
  if (missing == 0) {
    if (fraction >> precision != 0) {
      fraction >>= 1;
      top++;
    }
    if (top > bias) return TOO_LARGE;
    // The leading bit adds one to the exponent.
    rounded = (<u64>(top + bias - 1) << (precision - 1)) + fraction;
  } else {
    rounded = fraction;
  }
  return rounded == 0 ? TOO_SMALL : FITS;
}

function roundHexadecimal(isDouble: bool): i32 {
  const precision = isDouble ? 56 : 24;
  const top = exponent2 + 63;
  // The fraction lies between 1/16 and 1: its exponent is that of the digit above the leading one.
  let exponent = (top >> 2) + 1;
  let shift = 67 - (top & 3) - precision;
  if (exponent < -64) {
    shift += (-64 - exponent) * 4;
    exponent = -64;
    if (shift > 64) return TOO_SMALL;
  }
  let fraction = roundTo(shift);
  if (fraction >> precision != 0) {
    fraction >>= 4;
    exponent++;
  }
  if (exponent > 63) return TOO_LARGE;
  if (fraction == 0) return TOO_SMALL;
  rounded = (<u64>(exponent + 64) << precision) | fraction;
  return FITS;
}

/** The quotient without its last `shift` bits (1…64), rounded. */
function roundTo(shift: i32): u64 {
  const kept = shift == 64 ? 0 : bits64 >> shift;
  const rest = shift == 64 ? bits64 : bits64 & ((<u64>1 << shift) - 1);
  const half = <u64>1 << (shift - 1);
  const isUp = rest > half || (rest == half && (isInexact || (kept & 1) != 0));
  return kept + (isUp ? 1 : 0);
}

function divide(): void {
  const power = decimalExponent < 0 ? -decimalExponent : decimalExponent;
  if (decimalCount <= 19 && power <= 19 && !decimalIsCut) divideWords(power);
  else divideIntegers();
}

/** Numbers of one word. */
function divideWords(power: i32): void {
  let digits: u64 = 0;
  for (let i = 0; i < decimalCount; i++) digits = digits * 10 + <u64>load<u8>(DECIMAL + i);
  let scale: u64 = 1;
  for (let i = 0; i < power; i++) scale *= 10;
  if (decimalExponent >= 0) {
    multiplyWords(digits, scale);
    return;
  }
  const digitsShift = clz(digits);
  const scaleShift = clz(scale);
  const divisor = scale << scaleShift;
  let rest = digits << digitsShift;
  // Both have their top bit set: the quotient lies between ½ and 2.
  let quotient: u64 = 0;
  exponent2 = <i32>scaleShift - <i32>digitsShift - 63;
  if (rest >= divisor) {
    quotient = 1;
    rest -= divisor;
  } else {
    exponent2--;
  }
  for (let i = quotient == 0 ? 64 : 63; i > 0; i--) {
    const carry = rest >> 63;
    rest <<= 1;
    quotient <<= 1;
    if (carry != 0 || rest >= divisor) {
      rest -= divisor;
      quotient |= 1;
    }
  }
  bits64 = quotient;
  isInexact = rest != 0;
}

function multiplyWords(a: u64, b: u64): void {
  const low = (a & 0xffffffff) * (b & 0xffffffff);
  const middle = (a >> 32) * (b & 0xffffffff) + (low >> 32);
  const other = (a & 0xffffffff) * (b >> 32) + (middle & 0xffffffff);
  const lowWord = (other << 32) | (low & 0xffffffff);
  const highWord = (a >> 32) * (b >> 32) + (middle >> 32) + (other >> 32);
  if (highWord == 0) {
    const shift = clz(lowWord);
    bits64 = lowWord << shift;
    exponent2 = -<i32>shift;
    isInexact = false;
    return;
  }
  const shift = clz(highWord);
  bits64 = shift == 0 ? highWord : (highWord << shift) | (lowWord >> (64 - shift));
  exponent2 = 64 - <i32>shift;
  isInexact = lowWord << shift != 0;
}

/** Numbers of any length. */
function divideIntegers(): void {
  setInteger(NUMERATOR, 0);
  for (let i = 0; i < decimalCount; i++) multiplyAdd(NUMERATOR, 10, load<u8>(DECIMAL + i));
  for (let i = 0; i < decimalExponent; i++) multiplyAdd(NUMERATOR, 10, 0);
  setInteger(DENOMINATOR, 1);
  for (let i = decimalExponent; i < 0; i++) multiplyAdd(DENOMINATOR, 10, 0);
  const numeratorBits = bitsOf(NUMERATOR);
  const denominatorBits = bitsOf(DENOMINATOR);
  const words = (max(numeratorBits, denominatorBits) + 31) >> 5;
  shiftUp(NUMERATOR, words * 32 - numeratorBits);
  shiftUp(DENOMINATOR, words * 32 - denominatorBits);
  exponent2 = numeratorBits - denominatorBits - 63;
  let quotient: u64 = 0;
  if (isLess(NUMERATOR, DENOMINATOR, words)) exponent2--;
  else {
    quotient = 1;
    subtract(NUMERATOR, DENOMINATOR, words);
  }
  for (let i = quotient == 0 ? 64 : 63; i > 0; i--) {
    quotient <<= 1;
    const carry = double(NUMERATOR, words);
    if (carry || !isLess(NUMERATOR, DENOMINATOR, words)) {
      subtract(NUMERATOR, DENOMINATOR, words);
      quotient |= 1;
    }
  }
  bits64 = quotient;
  isInexact = decimalIsCut;
  for (let i = 0; i < words; i++) if (load<u32>(NUMERATOR + (i << 2)) != 0) isInexact = true;
}

/** Words of 32 bits, the least significant first. */
function setInteger(at: usize, value: u32): void {
  memory.fill(at, 0, WORDS_COUNT << 2);
  store<u32>(at, value);
}

function multiplyAdd(at: usize, by: u64, add: u64): void {
  let carry = add;
  for (let i = 0; i < WORDS_COUNT; i++) {
    const part = <u64>load<u32>(at + (i << 2)) * by + carry;
    store<u32>(at + (i << 2), <u32>part);
    carry = part >> 32;
  }
}

function bitsOf(at: usize): i32 {
  for (let i = WORDS_COUNT - 1; i >= 0; i--) {
    const word = load<u32>(at + (i << 2));
    if (word != 0) return (i + 1) * 32 - clz(word);
  }
  return 0;
}

function shiftUp(at: usize, bits: i32): void {
  const words = bits >> 5;
  const rest = bits & 31;
  for (let i = WORDS_COUNT - 1; i >= 0; i--) {
    const high: u64 = i >= words ? <u64>load<u32>(at + ((i - words) << 2)) : 0;
    const low: u64 = i > words ? <u64>load<u32>(at + ((i - words - 1) << 2)) : 0;
    store<u32>(at + (i << 2), <u32>((((high << 32) | low) << rest) >> 32));
  }
}

function double(at: usize, words: i32): bool {
  let carry: u32 = 0;
  for (let i = 0; i < words; i++) {
    const word = load<u32>(at + (i << 2));
    store<u32>(at + (i << 2), (word << 1) | carry);
    carry = word >> 31;
  }
  return carry != 0;
}

function isLess(a: usize, b: usize, words: i32): bool {
  for (let i = words - 1; i >= 0; i--) {
    const left = load<u32>(a + (i << 2));
    const right = load<u32>(b + (i << 2));
    if (left != right) return left < right;
  }
  return false;
}

function subtract(from: usize, what: usize, words: i32): void {
  let borrow: i64 = 0;
  for (let i = 0; i < words; i++) {
    const part = <i64>load<u32>(from + (i << 2)) - <i64>load<u32>(what + (i << 2)) - borrow;
    store<u32>(from + (i << 2), <u32>part);
    borrow = part < 0 ? 1 : 0;
  }
}
