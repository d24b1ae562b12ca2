/**
 * COMP-1 and COMP-2 of the reference: IBM hexadecimal and IEEE 754 ↔ decimal text, by exact fractions.
 *
 * The text is the shortest decimal number that is nearer to this number than to its neighbours, written as JavaScript
 * writes numbers. It is found by trying: one digit, two digits, … until reading gives the number again.
 */

/** value = numerator / denominator, neither below zero. */
interface Fraction {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

const POINT_MIN_EXPONENT = -7;
const POINT_MAX_EXPONENT = 21;
const DIGITS_MAX_COUNT = 18;

/** Undefined when the number is not finite. `bytes` are big-endian. */
export function floatText(bytes: Uint8Array, isIeee: boolean): string | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (isIeee) {
    const value = bytes.length === 4 ? view.getFloat32(0) : view.getFloat64(0);
    if (!Number.isFinite(value)) return undefined;
    if (bytes.length === 8 || value === 0) return `${value}`;
    // 2^149 makes the smallest single an integer.
    const whole = { numerator: BigInt(Math.abs(value) * 2 ** 149), denominator: 2n ** 149n };
    for (let count = 1; ; count++) {
      const { digits, exponent } = round(whole, count);
      const text = (value < 0 ? '-' : '') + plainText(digits, exponent);
      if (Math.fround(Number(text)) === value) return text;
    }
  }
  const exact = hexadecimalValue(bytes);
  if (exact.numerator === 0n) return '0';
  const target = `${nearestHexadecimal(exact, bytes.length)}`;
  for (let count = 1; count <= DIGITS_MAX_COUNT; count++) {
    const { digits, exponent } = round(exact, count);
    const tried = fractionOf(digits, exponent);
    // Half way between two numbers, readers differ in which they take: such a text is none of either.
    const isClear = !isHalfway(tried, bytes.length);
    if (isClear && `${nearestHexadecimal(tried, bytes.length)}` === target)
      return ((bytes[0] ?? 0) & 0x80 ? '-' : '') + plainText(digits, exponent);
  }
  throw new Error('no decimal number of 18 digits gives the same bytes');
}

function hexadecimalValue(bytes: Uint8Array): Fraction {
  const fraction = bytes.subarray(1).reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
  const exponent = ((bytes[0] ?? 0) & 0x7f) - 64 - (bytes.length - 1) * 2;
  return exponent >= 0
    ? { numerator: fraction * 16n ** BigInt(exponent), denominator: 1n }
    : { numerator: fraction, denominator: 16n ** BigInt(-exponent) };
}

/** Exponent and fraction of the nearest hexadecimal number, its bytes as one integer; above the middle goes up. */
export function nearestHexadecimal({ numerator, denominator }: Fraction, lengthBytes: number): bigint {
  const digits = (lengthBytes - 1) * 2;
  const limit = 16n ** BigInt(digits);
  let exponent = 64 + digits;
  let top = numerator;
  let bottom = denominator;
  // Scaled so that top / bottom has `digits` hexadecimal digits.
  while (top < (bottom * limit) / 16n && exponent > 0) {
    top *= 16n;
    exponent--;
  }
  while (top >= bottom * limit) {
    bottom *= 16n;
    exponent++;
  }
  let fraction = (top * 2n + bottom) / (bottom * 2n);
  if (fraction === limit) {
    fraction /= 16n;
    exponent++;
  }
  return BigInt(exponent) * limit + fraction;
}

/** True when it is as far from the hexadecimal number below as from the one above. */
function isHalfway({ numerator, denominator }: Fraction, lengthBytes: number): boolean {
  const near = nearestHexadecimal({ numerator, denominator }, lengthBytes);
  // What is a little less is nearer to the one below.
  const less = { numerator: numerator * 10n ** 40n - 1n, denominator: denominator * 10n ** 40n };
  return nearestHexadecimal(less, lengthBytes) !== near && !isExact({ numerator, denominator }, lengthBytes);
}

function isExact(value: Fraction, lengthBytes: number): boolean {
  const digits = BigInt((lengthBytes - 1) * 2);
  const bits = nearestHexadecimal(value, lengthBytes);
  const exponent = Number(bits / 16n ** digits) - 64 - Number(digits);
  const fraction = bits % 16n ** digits;
  const [up, down] = exponent >= 0 ? [16n ** BigInt(exponent), 1n] : [1n, 16n ** BigInt(-exponent)];
  return fraction * up * value.denominator === value.numerator * down;
}

/** The nearest number of so many digits, of two that are equally near the even one: digits × 10^exponent. */
function round({ numerator, denominator }: Fraction, count: number): { digits: bigint; exponent: number } {
  let exponent = `${numerator}`.length - `${denominator}`.length - count - 1;
  const scaled = (): bigint => {
    const top = exponent < 0 ? numerator * 10n ** BigInt(-exponent) : numerator;
    const bottom = exponent < 0 ? denominator : denominator * 10n ** BigInt(exponent);
    const rest = (top % bottom) * 2n;
    const digits = top / bottom;
    return rest > bottom || (rest === bottom && digits % 2n === 1n) ? digits + 1n : digits;
  };
  let digits = scaled();
  while (`${digits}`.length > count) {
    exponent++;
    digits = scaled();
  }
  return { digits, exponent };
}

function fractionOf(digits: bigint, exponent: number): Fraction {
  return exponent >= 0
    ? { numerator: digits * 10n ** BigInt(exponent), denominator: 1n }
    : { numerator: digits, denominator: 10n ** BigInt(-exponent) };
}

/** As `String(number)` writes it. */
function plainText(value: bigint, power: number): string {
  const digits = `${value}`.replace(/0+$/, '');
  const exponent = power + `${value}`.length - digits.length;
  // The point stands behind so many digits.
  const point = digits.length + exponent;
  if (point > POINT_MAX_EXPONENT || point <= POINT_MIN_EXPONENT + 1) {
    const mantissa = digits.length === 1 ? digits : `${digits[0]}.${digits.slice(1)}`;
    return `${mantissa}e${point > 0 ? '+' : ''}${point - 1}`;
  }
  if (exponent >= 0) return digits + '0'.repeat(exponent);
  if (point <= 0) return `0.${'0'.repeat(-point)}${digits}`;
  return `${digits.slice(0, point)}.${digits.slice(point)}`;
}

/** Bytes of a decimal text, big-endian; undefined when the number is too large. */
export function floatBytes(text: string, lengthBytes: number, isIeee: boolean): number[] | undefined {
  const bytes = new Uint8Array(lengthBytes);
  const view = new DataView(bytes.buffer);
  if (isIeee) {
    if (lengthBytes === 4) view.setFloat32(0, Number(text));
    else view.setFloat64(0, Number(text));
    return Number.isFinite(lengthBytes === 4 ? view.getFloat32(0) : view.getFloat64(0))
      ? [...bytes]
      : undefined;
  }
  const parts = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([-+]?\d+))?$/.exec(text);
  if (parts === null) return undefined;
  const [, sign, whole = '', places = '', power = '0'] = parts;
  const value = fractionOf(BigInt(whole + places), Number(power) - places.length);
  if (value.numerator === 0n) return [...bytes];
  const nearest = nearestHexadecimal(value, lengthBytes);
  if (nearest >= 1n << BigInt(lengthBytes * 8 - 1)) return undefined;
  for (let i = 0; i < lengthBytes; i++)
    bytes[i] = Number((nearest >> BigInt((lengthBytes - 1 - i) * 8)) & 0xffn);
  if (sign === '-') bytes[0] = (bytes[0] ?? 0) | 0x80;
  return [...bytes];
}
