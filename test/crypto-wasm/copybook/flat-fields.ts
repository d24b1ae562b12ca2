/**
 * Random fields of records with values that are known exactly: bytes are made here, with BigInt, from the values.
 */

import fc from 'fast-check';
import type { FlatItem } from './flat-probe.ts';

/** What a column should say of one field: a number as its digits, a text, bytes as hexadecimal, or null. */
export interface Cell {
  readonly bytes: Uint8Array;
  /** As JSON and CSV write it. */
  readonly text: string | null;
  readonly isInvalid: boolean;
}

export interface Field {
  readonly item: Omit<FlatItem, 'name' | 'offset'>;
  readonly cells: readonly Cell[];
}

const SPACE = 0x40;

/** One field with so many cells. */
export function fieldArbitrary(count: number): fc.Arbitrary<Field> {
  return fc.oneof(
    zonedField(count),
    zonedField(count),
    packedField(count),
    packedField(count),
    binaryField(count),
    textField(count),
    bytesField(count),
  );
}

function withNulls(
  cells: fc.Arbitrary<Cell>,
  blank: Cell,
  broken: Cell,
  count: number,
): fc.Arbitrary<Cell[]> {
  const some = fc.oneof(
    { weight: 6, arbitrary: cells },
    { weight: 1, arbitrary: fc.constant(blank) },
    { weight: 1, arbitrary: fc.constant(broken) },
  );
  const each = (cell: fc.Arbitrary<Cell>): fc.Arbitrary<Cell[]> =>
    fc.array(cell, { minLength: count, maxLength: count, size: 'max' });
  return fc.oneof(each(some), each(cells), each(fc.constant(blank)));
}

const digitsArbitrary = (digits: number): fc.Arbitrary<bigint> =>
  fc.oneof(fc.bigInt(0n, 10n ** BigInt(digits) - 1n), fc.constantFrom(0n, 1n, 10n ** BigInt(digits) - 1n));

/** The text of an integer × 10^-scale. */
export function numberText(value: bigint, scale: number): string {
  const sign = value < 0n ? '-' : '';
  const digits = (value < 0n ? -value : value).toString();
  if (scale <= 0) return value === 0n ? '0' : sign + digits + '0'.repeat(-scale);
  const padded = digits.padStart(scale + 1, '0');
  return `${sign}${padded.slice(0, -scale)}.${padded.slice(-scale)}`;
}

function zonedField(count: number): fc.Arbitrary<Field> {
  return fc
    .record({
      digits: fc.integer({ min: 1, max: 38 }),
      scale: fc.integer({ min: -3, max: 6 }),
      signed: fc.boolean(),
      leading: fc.boolean(),
      separate: fc.boolean(),
    })
    .chain(({ digits, scale, signed, leading, separate }) => {
      const length = digits + (signed && separate ? 1 : 0);
      const encode = (value: bigint): Cell => {
        const text = (value < 0n ? -value : value).toString().padStart(digits, '0');
        const bytes = Uint8Array.from(text, (digit) => 0xf0 | Number(digit));
        const minus = value < 0n;
        if (!signed) return { bytes, text: numberText(value, scale), isInvalid: false };
        if (separate) {
          const sign = minus ? 0x60 : 0x4e;
          const whole = leading ? [sign, ...bytes] : [...bytes, sign];
          return { bytes: Uint8Array.from(whole), text: numberText(value, scale), isInvalid: false };
        }
        const at = leading ? 0 : digits - 1;
        bytes[at] = (minus ? 0xd0 : 0xc0) | ((bytes[at] as number) & 15);
        return { bytes, text: numberText(value, scale), isInvalid: false };
      };
      const cells = fc
        .tuple(digitsArbitrary(digits), fc.boolean())
        .map(([value, minus]) => encode(signed && minus ? -value : value));
      const blank = { bytes: new Uint8Array(length).fill(SPACE), text: null, isInvalid: false };
      const broken = { bytes: new Uint8Array(length).fill(0xfa), text: null, isInvalid: true };
      return withNulls(cells, blank, broken, count).map((made) => ({
        item: { kind: 'zoned' as const, length, digits, scale, signed, leading, separate },
        cells: made,
      }));
    });
}

function packedField(count: number): fc.Arbitrary<Field> {
  return fc
    .record({
      digits: fc.integer({ min: 1, max: 31 }),
      scale: fc.integer({ min: -3, max: 6 }),
      signed: fc.boolean(),
      hasSign: fc.boolean(),
    })
    .chain(({ digits, scale, signed, hasSign }) => {
      const length = hasSign ? (digits >> 1) + 1 : (digits + 1) >> 1;
      const encode = (value: bigint): Cell => {
        const nibbles = (value < 0n ? -value : value).toString() + (hasSign ? signOf(value, signed) : '');
        const bytes = Uint8Array.from(Buffer.from(nibbles.padStart(length * 2, '0'), 'hex'));
        return { bytes, text: numberText(value, scale), isInvalid: false };
      };
      const cells = fc
        .tuple(digitsArbitrary(digits), fc.boolean())
        .map(([value, minus]) => encode(signed && hasSign && minus ? -value : value));
      const spaces = new Uint8Array(length).fill(SPACE);
      // Unsigned packed spaces are a number: 4040…
      const zeros = { bytes: new Uint8Array(length), text: hasSign ? null : '0', isInvalid: false };
      const blank = hasSign ? { bytes: spaces, text: null, isInvalid: false } : encode(0n);
      const broken = { bytes: new Uint8Array(length).fill(0xfa), text: null, isInvalid: true };
      return withNulls(
        fc.oneof(
          { weight: 20, arbitrary: cells },
          {
            weight: 1,
            arbitrary: fc.constant(hasSign ? zeros : { ...zeros, text: numberText(0n, scale) }),
          },
        ),
        blank,
        broken,
        count,
      ).map((made) => ({
        item: {
          kind: hasSign ? ('packed' as const) : ('packedUnsigned' as const),
          length,
          digits,
          scale,
          signed: signed && hasSign,
        },
        cells: made,
      }));
    });
}

const signOf = (value: bigint, signed: boolean): string => (value < 0n ? 'd' : signed ? 'c' : 'f');

function binaryField(count: number): fc.Arbitrary<Field> {
  return fc
    .record({
      length: fc.integer({ min: 1, max: 8 }),
      scale: fc.integer({ min: -2, max: 4 }),
      signed: fc.boolean(),
      little: fc.boolean(),
      native: fc.boolean(),
    })
    .chain(({ length, scale, signed, little, native }) => {
      const bits = length * 8;
      const digits = Math.max(1, Math.floor(bits * Math.log10(2)));
      const most = signed ? 2n ** BigInt(bits - 1) - 1n : 2n ** BigInt(bits) - 1n;
      const least = signed ? -(2n ** BigInt(bits - 1)) : 0n;
      // An unsigned COMP of eight bytes without decimals has an int64 column, which does not hold what is above 2^63.
      const isNarrow = !signed && length === 8 && !native && scale === 0;
      const encode = (value: bigint): Cell => {
        const unsigned = BigInt.asUintN(bits, value);
        const bytes = Uint8Array.from(Buffer.from(unsigned.toString(16).padStart(length * 2, '0'), 'hex'));
        const isInvalid = isNarrow && value >= 2n ** 63n;
        const cellBytes = little ? bytes.reverse() : bytes;
        return { bytes: cellBytes, text: isInvalid ? null : numberText(value, scale), isInvalid };
      };
      const cells = fc.oneof(fc.bigInt(least, most), fc.constantFrom(least, most, 0n, 1n)).map(encode);
      return fc.array(cells, { minLength: count, maxLength: count, size: 'max' }).map((made) => ({
        item: { kind: 'binary' as const, length, digits, scale, signed, little, native },
        cells: made,
      }));
    });
}

/** Characters of cp037 of every sort: letters, punctuation, beyond ASCII, control characters. */
const CHARACTERS: readonly (readonly [string, number])[] = [
  ...[...'ABCDEFGHI'].map((letter, i) => [letter, 0xc1 + i] as const),
  ...[...'stuvwxyz'].map((letter, i) => [letter, 0xa2 + i] as const),
  ...[...'0123456789'].map((digit, i) => [digit, 0xf0 + i] as const),
  [' ', 0x40],
];
const OTHERS: readonly (readonly [string, number])[] = [
  [',', 0x6b],
  ['"', 0x7f],
  ['.', 0x4b],
  ["'", 0x7d],
  ['{', 0xc0],
  ['\\', 0xe0],
  ['[', 0xba],
  ['\r', 0x0d],
  ['\n', 0x25],
  ['é', 0x51],
  ['ß', 0x59],
  ['¢', 0x4a],
  ['\0', 0x00],
];

function textField(count: number): fc.Arbitrary<Field> {
  const usual = fc.constantFrom(...CHARACTERS);
  const any = fc.oneof(usual, fc.constantFrom(...OTHERS));
  return fc.integer({ min: 1, max: 70 }).chain((length) => {
    const cellOf = (characters: readonly (readonly [string, number])[]): Cell => {
      const bytes = new Uint8Array(length).fill(SPACE);
      bytes.set(characters.map(([, byte]) => byte));
      const text = characters.map(([character]) => character).join('');
      return { bytes, text: text.replace(/ +$/, ''), isInvalid: false };
    };
    const cells = fc.oneof(fc.array(usual, { maxLength: length }), fc.array(any, { maxLength: length }));
    return fc
      .array(cells.map(cellOf), { minLength: count, maxLength: count, size: 'max' })
      .map((made) => ({ item: { kind: 'text' as const, length }, cells: made }));
  });
}

function bytesField(count: number): fc.Arbitrary<Field> {
  return fc.integer({ min: 1, max: 20 }).chain((length) =>
    fc
      .array(fc.uint8Array({ minLength: length, maxLength: length }), {
        minLength: count,
        maxLength: count,
        size: 'max',
      })
      .map((made) => ({
        item: { kind: 'bytes' as const, length },
        cells: made.map((bytes) => ({ bytes, text: Buffer.from(bytes).toString('hex'), isInvalid: false })),
      })),
  );
}
