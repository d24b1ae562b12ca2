/**
 * Numbers of the reference: the bytes of one zoned, packed or binary item → an integer of any size, and back.
 *
 * The slowest way that shows the rule. What a number means is `value × 10^-scale`; text of it is made here too.
 */

import type { LayoutItem } from './face.ts';
import type { ReferencePage } from './reference-code-page.ts';

export interface NumberRules {
  readonly page: ReferencePage;
  readonly isStrict: boolean;
  readonly truncatesBinary: boolean;
}

const DIGITS_MAX = 9;
/** Overpunched digits, converted to ASCII. */
const PLUS_DIGITS = '{ABCDEFGHI';
const MINUS_DIGITS = '}JKLMNOPQR';
const PLUS_NIBBLES = [0xa, 0xc, 0xe, 0xf];
const MINUS_NIBBLES = [0xb, 0xd];
const STRICT_NIBBLES = [0xc, 0xd, 0xf];

/** All decimal places, no leading zeros, no `-0`. */
export function decimalText(value: bigint, scale: number): string {
  const digits = `${value < 0n ? -value : value}`;
  const sign = value < 0n ? '-' : '';
  if (scale <= 0) return value === 0n ? '0' : sign + digits + '0'.repeat(-scale);
  const padded = digits.padStart(scale + 1, '0');
  return `${sign}${padded.slice(0, -scale)}.${padded.slice(-scale)}`;
}

/** Undefined when a digit or the sign is none. */
export function readZoned(item: LayoutItem, bytes: Uint8Array, rules: NumberRules): bigint | undefined {
  const { page, isStrict } = rules;
  const isSeparate = item.signed === true && item.signSeparate === true;
  const signIndex = item.signLeading ? 0 : bytes.length - 1;
  let isNegative = false;
  let value = 0n;
  for (const [index, byte] of bytes.entries()) {
    if (isSeparate && index === signIndex) {
      const sign = page.characters.get(byte);
      if (sign !== '+' && sign !== '-') return undefined;
      isNegative = sign === '-';
      continue;
    }
    let digit = byte - (page.isAscii ? 0x30 : 0xf0);
    if ((digit < 0 || digit > DIGITS_MAX) && index === signIndex && !isSeparate) {
      const overpunched = page.isAscii ? asciiOverpunch(byte) : ebcdicOverpunch(byte, isStrict);
      if (overpunched === undefined) return undefined;
      if (item.signed !== true && (overpunched.isNegative || isStrict)) return undefined;
      ({ digit, isNegative } = overpunched);
    }
    if (digit < 0 || digit > DIGITS_MAX) return undefined;
    value = value * 10n + BigInt(digit);
  }
  return isNegative ? -value : value;
}

interface Overpunch {
  readonly digit: number;
  readonly isNegative: boolean;
}

function ebcdicOverpunch(byte: number, isStrict: boolean): Overpunch | undefined {
  const zone = byte >> 4;
  const isNegative = MINUS_NIBBLES.includes(zone);
  if (!isNegative && !PLUS_NIBBLES.includes(zone)) return undefined;
  if (isStrict && !STRICT_NIBBLES.includes(zone)) return undefined;
  return { digit: byte & 15, isNegative };
}

/** What becomes of overpunched bytes when EBCDIC is converted to ASCII, and 0x70 … 0x79 of ASCII compilers. */
function asciiOverpunch(byte: number): Overpunch | undefined {
  const character = String.fromCharCode(byte);
  const plus = PLUS_DIGITS.indexOf(character);
  if (plus >= 0) return { digit: plus, isNegative: false };
  const minus = Math.max(MINUS_DIGITS.indexOf(character), 'pqrstuvwxy'.indexOf(character));
  return minus >= 0 ? { digit: minus, isNegative: true } : undefined;
}

/** COMP-3, and COMP-6 and COMP-3U, which have no sign. Digits beyond the picture's have to be zero. */
export function readPacked(
  item: LayoutItem,
  bytes: Uint8Array,
  isUnsigned: boolean,
  isStrict: boolean,
): bigint | undefined {
  const nibbles = [...bytes].flatMap((byte) => [byte >> 4, byte & 15]);
  const sign = isUnsigned ? 0xf : (nibbles.pop() ?? 0);
  if (nibbles.some((nibble) => nibble > DIGITS_MAX)) return undefined;
  const isNegative = MINUS_NIBBLES.includes(sign);
  if (!isNegative && !PLUS_NIBBLES.includes(sign)) return undefined;
  if (isStrict && !STRICT_NIBBLES.includes(sign)) return undefined;
  if (isNegative && item.signed !== true) return undefined;
  const value = BigInt(nibbles.join('') || '0');
  if (value >= 10n ** BigInt(item.digits ?? 0)) return undefined;
  return isNegative ? -value : value;
}

export function readBinary(item: LayoutItem, bytes: Uint8Array, truncates: boolean): bigint | undefined {
  const big = item.littleEndian ? bytes.toReversed() : bytes;
  const raw = big.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
  const value = item.signed ? BigInt.asIntN(bytes.length * 8, raw) : raw;
  const isTruncated = truncates && !item.nativeBinary;
  const magnitude = value < 0n ? -value : value;
  return isTruncated && magnitude >= 10n ** BigInt(item.digits ?? 0) ? undefined : value;
}

export interface SignRules {
  readonly page: ReferencePage;
  /** Of ASCII: the option `asciiSigns`. */
  readonly hasPlainSigns: boolean;
}

/** Undefined when the value does not fit the item. The sign of a signed zoned or packed number is C or D, else F. */
export function writeNumber(
  item: LayoutItem,
  kind: string,
  value: bigint,
  { page, hasPlainSigns }: SignRules,
): number[] | undefined {
  const length = item.length ?? 0;
  const digits = item.digits ?? 0;
  const magnitude = value < 0n ? -value : value;
  if (value < 0n && item.signed !== true) return undefined;
  if (kind === 'binary') return writeBinary(item, value, length);
  if (magnitude >= 10n ** BigInt(digits)) return undefined;
  const sign = item.signed !== true ? 0xf : value < 0n ? 0xd : 0xc;
  if (kind === 'packed') {
    return fromNibbles([...digitsOf(magnitude, length * 2 - 1), sign]);
  }
  if (kind === 'packedunsigned') return fromNibbles(digitsOf(magnitude, length * 2));
  return writeZoned(item, magnitude, value < 0n, { page, hasPlainSigns });
}

function digitsOf(magnitude: bigint, count: number): number[] {
  return [...`${magnitude}`.padStart(count, '0')].map(Number);
}

function fromNibbles(nibbles: readonly number[]): number[] {
  return Array.from(
    { length: nibbles.length / 2 },
    (_, i) => (nibbles[i * 2] ?? 0) * 16 + (nibbles[i * 2 + 1] ?? 0),
  );
}

function writeBinary(item: LayoutItem, value: bigint, length: number): number[] | undefined {
  const bits = length * 8;
  if ((item.signed ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value)) !== value) return undefined;
  const raw = BigInt.asUintN(bits, value);
  const little = Array.from({ length }, (_, i) => Number((raw >> BigInt(i * 8)) & 0xffn));
  return item.littleEndian ? little : little.toReversed();
}

function writeZoned(
  item: LayoutItem,
  magnitude: bigint,
  isNegative: boolean,
  { page, hasPlainSigns }: SignRules,
): number[] {
  const isSeparate = item.signed === true && item.signSeparate === true;
  const count = (item.length ?? 0) - (isSeparate ? 1 : 0);
  const digits = digitsOf(magnitude, count);
  const bytes = digits.map((digit) => digit + (page.isAscii ? 0x30 : 0xf0));
  if (isSeparate) {
    const sign = page.bytes.get(isNegative ? '-' : '+') ?? 0;
    return item.signLeading ? [sign, ...bytes] : [...bytes, sign];
  }
  if (item.signed !== true) return bytes;
  const at = item.signLeading ? 0 : count - 1;
  const digit = digits[at] ?? 0;
  if (page.isAscii && hasPlainSigns) bytes[at] = (isNegative ? 0x70 : 0x30) + digit;
  else if (page.isAscii) bytes[at] = (isNegative ? MINUS_DIGITS : PLUS_DIGITS).charCodeAt(digit);
  else bytes[at] = (isNegative ? 0xd0 : 0xc0) + digit;
  return bytes;
}
