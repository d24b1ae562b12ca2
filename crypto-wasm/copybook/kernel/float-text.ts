/**
 * COMP-1 and COMP-2 → the shortest decimal number that gives the same bytes again, with integers of any length.
 *
 * The method of Steele and White, "How to Print Floating-Point Numbers Accurately" (1990), free-format: value and the
 * distances to its neighbours as fractions with one denominator, digits until what is left cannot matter. Written
 * like JavaScript writes numbers: plain from 1e-7 to 1e21, with an exponent outside. Nothing is allocated.
 */

/** 32-bit words of one integer: 2^1074 × 10^17 and what lies between take 36. */
const WORDS_COUNT: i32 = 40;
const BIG_BYTES: usize = 160;
/** Remainder, denominator, distance to the number above, distance to the one below, and a sum. */
const REST: usize = memory.data(160, 16);
const DENOMINATOR: usize = memory.data(160, 16);
const ABOVE: usize = memory.data(160, 16);
const BELOW: usize = memory.data(160, 16);
const SUM: usize = memory.data(160, 16);
const TEXT: usize = memory.data(32, 16);

/** Gives the end of the text, 0 when the number is not finite. At most 25 bytes are written. */
export function writeFloatText(bits: u64, isDouble: bool, isIeee: bool, out: usize): usize {
  const width = isDouble ? 64 : 32;
  const isNegative = ((bits >> (width - 1)) & 1) != 0;
  let fraction: u64, exponent: i32;
  // How much nearer the number below is than the one above, as a power of two; 0 but at the lower end of an exponent.
  let nearer = 0;
  if (isIeee) {
    const fractionBits = isDouble ? 52 : 23;
    const exponentMax = isDouble ? 2047 : 255;
    fraction = bits & ((<u64>1 << fractionBits) - 1);
    exponent = <i32>(bits >> fractionBits) & exponentMax;
    if (exponent == exponentMax) return 0;
    if (exponent > 0) {
      if (fraction == 0 && exponent > 1) nearer = 1;
      fraction |= <u64>1 << fractionBits;
    } else {
      exponent = 1;
    }
    exponent -= (isDouble ? 1023 : 127) + fractionBits;
  } else {
    const digits = isDouble ? 14 : 6;
    fraction = bits & ((<u64>1 << (digits * 4)) - 1);
    exponent = <i32>(bits >> (digits * 4)) & 127;
    const top = <u64>1 << (digits * 4 - 4);
    while (fraction != 0 && fraction < top && exponent > 0) {
      fraction <<= 4;
      exponent--;
    }
    if (fraction == top && exponent > 0) nearer = 4;
    exponent = (exponent - 64 - digits) * 4;
  }
  if (fraction == 0) {
    store<u8>(out, 0x30);
    return out + 1;
  }
  if (isNegative) store<u8>(out++, 0x2d);
  // Half way between two neighbours, the even one is read. How IBM's are read there is not told: stay off the middle.
  return writeShortest(fraction, exponent, nearer, isIeee && (fraction & 1) == 0, out);
}

function writeShortest(fraction: u64, exponent: i32, nearer: i32, isMiddleOurs: bool, out: usize): usize {
  // value = REST / DENOMINATOR; the neighbours' middles are ABOVE and BELOW away, in the same units.
  const up = max(exponent, 0), down = max(-exponent, 0);
  set(REST, fraction);
  shiftLeft(REST, up + 1 + nearer);
  set(DENOMINATOR, 1);
  shiftLeft(DENOMINATOR, down + 1 + nearer);
  set(ABOVE, 1);
  shiftLeft(ABOVE, up + nearer);
  set(BELOW, 1);
  shiftLeft(BELOW, up);
  let bitsOfValue = exponent;
  for (let rest = fraction; rest > 1; rest >>= 1) bitsOfValue++;
  let point = <i32>Math.ceil(<f64>bitsOfValue * 0.30102999566398114 - 0.5);
  for (let i = 0; i < point; i++) multiply(DENOMINATOR, 10);
  for (let i = point; i < 0; i++) multiplyAll();
  // The estimate may be too small.
  while (true) {
    add(SUM, REST, ABOVE);
    const order = compare(SUM, DENOMINATOR);
    if (order < 0 || (order == 0 && !isMiddleOurs)) break;
    multiply(DENOMINATOR, 10);
    point++;
  }
  let count = 0;
  while (true) {
    multiplyAll();
    let digit: u8 = 0;
    while (compare(REST, DENOMINATOR) >= 0) {
      subtract(REST, DENOMINATOR);
      digit++;
    }
    const below = compare(REST, BELOW);
    const isLow = below < 0 || (below == 0 && isMiddleOurs);
    add(SUM, REST, ABOVE);
    const above = compare(SUM, DENOMINATOR);
    const isHigh = above > 0 || (above == 0 && isMiddleOurs);
    if (!isLow && !isHigh) {
      store<u8>(TEXT + count++, digit);
      continue;
    }
    if (isHigh && isLow) {
      // Both last digits give the bytes again: the nearer one, of two as near the even one.
      add(SUM, REST, REST);
      const order = compare(SUM, DENOMINATOR);
      if (order > 0 || (order == 0 && (digit & 1) != 0)) digit++;
    } else if (isHigh) {
      digit++;
    }
    store<u8>(TEXT + count++, digit);
    break;
  }
  return layOutDigits(count, point, out);
}

/** 0.d₁d₂… × 10^point. */
function layOutDigits(count: i32, point: i32, out: usize): usize {
  let to = out;
  if (point > 21 || point < -5) {
    store<u8>(to++, 0x30 + load<u8>(TEXT));
    if (count > 1) store<u8>(to++, 0x2e);
    for (let i = 1; i < count; i++) store<u8>(to++, 0x30 + load<u8>(TEXT + i));
    store<u8>(to++, 0x65);
    let exponent = point - 1;
    store<u8>(to++, exponent < 0 ? 0x2d : 0x2b);
    if (exponent < 0) exponent = -exponent;
    if (exponent >= 100) store<u8>(to++, <u8>(0x30 + exponent / 100));
    if (exponent >= 10) store<u8>(to++, <u8>(0x30 + (exponent / 10) % 10));
    store<u8>(to++, <u8>(0x30 + exponent % 10));
    return to;
  }
  if (point <= 0) store<u8>(to++, 0x30);
  for (let i = min(point, 0); i < max(count, point); i++) {
    if (i == point || (point <= 0 && i == min(point, 0))) store<u8>(to++, 0x2e);
    store<u8>(to++, 0x30 + (i >= 0 && i < count ? load<u8>(TEXT + i) : 0));
  }
  return to;
}

function set(a: usize, value: u64): void {
  memory.fill(a, 0, BIG_BYTES);
  store<u64>(a, value);
}

function shiftLeft(a: usize, bits: i32): void {
  const words = bits >> 5, rest = bits & 31;
  for (let i = WORDS_COUNT - 1; i >= 0; i--) {
    const high: u64 = i >= words ? <u64>load<u32>(a + ((i - words) << 2)) : 0;
    const low: u64 = i > words ? <u64>load<u32>(a + ((i - words - 1) << 2)) : 0;
    store<u32>(a + (i << 2), <u32>((((high << 32) | low) << rest) >> 32));
  }
}

function multiply(a: usize, by: u64): void {
  let carry: u64 = 0;
  for (let i = 0; i < WORDS_COUNT; i++) {
    const part = <u64>load<u32>(a + (i << 2)) * by + carry;
    store<u32>(a + (i << 2), <u32>part);
    carry = part >> 32;
  }
}

function multiplyAll(): void {
  multiply(REST, 10);
  multiply(ABOVE, 10);
  multiply(BELOW, 10);
}

function add(to: usize, a: usize, b: usize): void {
  let carry: u64 = 0;
  for (let i = 0; i < WORDS_COUNT; i++) {
    const part = <u64>load<u32>(a + (i << 2)) + <u64>load<u32>(b + (i << 2)) + carry;
    store<u32>(to + (i << 2), <u32>part);
    carry = part >> 32;
  }
}

function subtract(a: usize, b: usize): void {
  let borrow: i64 = 0;
  for (let i = 0; i < WORDS_COUNT; i++) {
    const part = <i64>load<u32>(a + (i << 2)) - <i64>load<u32>(b + (i << 2)) - borrow;
    store<u32>(a + (i << 2), <u32>part);
    borrow = part < 0 ? 1 : 0;
  }
}

function compare(a: usize, b: usize): i32 {
  for (let i = WORDS_COUNT - 1; i >= 0; i--) {
    const left = load<u32>(a + (i << 2)), right = load<u32>(b + (i << 2));
    if (left != right) return left < right ? -1 : 1;
  }
  return 0;
}
