/**
 * Numbers → text: kernels against the slow way, and both against what BigInt says, over generated fields of every kind,
 * in both builds; every sign nibble and every zone one by one; floats against JavaScript and against their neighbours.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compileDecodeProbes, createDecodeProbe, type Field, Kind } from './decode-probe.ts';

const builds = await compileDecodeProbes();

/** `null` where the bytes are not valid. */
type Text = string | null;

/** Digits × 10^-scale as the README writes numbers. */
function shown(value: bigint, scale: number): string {
  const amount = value < 0n ? -value : value;
  const minus = value < 0n ? '-' : '';
  if (scale <= 0) return amount === 0n ? '0' : `${minus}${amount}${'0'.repeat(-scale)}`;
  const digits = amount.toString().padStart(scale + 1, '0');
  return `${minus}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

function packedText(field: Field, bytes: Uint8Array, isStrict: boolean): Text {
  const nibbles = Buffer.from(bytes).toString('hex');
  const isUnsigned = field.kind === Kind.packedUnsigned;
  const digits = isUnsigned ? nibbles : nibbles.slice(0, -1);
  const sign = isUnsigned ? 'f' : nibbles.slice(-1);
  const count = field.digits ?? 0;
  if (!/^[0-9]+$/.test(digits) || /[^0]/.test(digits.slice(0, digits.length - count))) return null;
  const positive = isStrict ? 'cf' : 'acef';
  const negative = field.signed ? (isStrict ? 'd' : 'bd') : '';
  if (!`${positive}${negative}`.includes(sign)) return null;
  return shown(negative.includes(sign) ? -BigInt(digits) : BigInt(digits), field.scale ?? 0);
}

/** Digit and sign of an overpunched byte, by the letters that it shows in EBCDIC or ASCII. */
function overpunched(
  byte: number,
  isAscii: boolean,
  isStrict: boolean,
): [digit: number, sign: -1 | 0 | 1] | null {
  if (!isAscii) {
    const digit = byte & 15;
    const zone = (byte >> 4).toString(16);
    if (digit > 9) return null;
    if (zone === 'f') return [digit, 0];
    if ((isStrict ? 'c' : 'ace').includes(zone)) return [digit, 1];
    return (isStrict ? 'd' : 'bd').includes(zone) ? [digit, -1] : null;
  }
  const character = String.fromCharCode(byte);
  if (character >= '0' && character <= '9') return [Number(character), 0];
  const plus = '{ABCDEFGHI'.indexOf(character);
  if (plus >= 0) return [plus, 1];
  const minus = '}JKLMNOPQR'.indexOf(character);
  if (minus >= 0) return [minus, -1];
  return byte >= 0x70 && byte <= 0x79 ? [byte - 0x70, -1] : null;
}

function zonedText(field: Field, bytes: Uint8Array, isAscii: boolean, isStrict: boolean): Text {
  const zone = isAscii ? 0x30 : 0xf0;
  const rest = [...bytes];
  let isNegative = false;
  if (field.separate) {
    const sign = field.leading ? rest.shift() : rest.pop();
    if (sign === (isAscii ? 0x2d : 0x60)) isNegative = true;
    else if (sign !== (isAscii ? 0x2b : 0x4e)) return null;
  } else {
    const place = field.leading && field.signed ? 0 : rest.length - 1;
    const last = overpunched(rest[place] ?? 0, isAscii, isStrict);
    if (last === null || (!field.signed && last[1] !== 0 && (isStrict || last[1] < 0))) return null;
    isNegative = last[1] < 0;
    rest[place] = zone + last[0];
  }
  const digits = rest.map((byte) => byte - zone);
  if (digits.some((digit) => digit < 0 || digit > 9)) return null;
  const value = BigInt(digits.join(''));
  return shown(isNegative ? -value : value, field.scale ?? 0);
}

function binaryText(field: Field, bytes: Uint8Array, isTruncated: boolean): Text {
  const hex = Buffer.from(field.little ? [...bytes].reverse() : bytes).toString('hex');
  const bits = bytes.length * 8;
  const value = field.signed ? BigInt.asIntN(bits, BigInt(`0x${hex}`)) : BigInt(`0x${hex}`);
  const digits = (value < 0n ? -value : value).toString().length;
  if (isTruncated && !field.native && digits > (field.digits ?? 0)) return null;
  return shown(value, field.scale ?? 0);
}

interface Case {
  readonly field: Field;
  readonly bytes: Uint8Array;
  readonly options: readonly string[];
  readonly expected: Text;
  readonly alignment: number;
}

const scaleOf = (digits: number): fc.Arbitrary<number> =>
  fc.oneof(fc.constant(0), fc.integer({ min: 0, max: digits }), fc.integer({ min: -4, max: digits + 4 }));

/** Mostly digits with their zeros in front, sometimes any byte at one place. */
function spoilt(bytes: Uint8Array, place: number, byte: number | undefined): Uint8Array {
  if (byte !== undefined && bytes.length > 0) bytes[place % bytes.length] = byte;
  return bytes;
}

const spoiling = fc.tuple(fc.nat(), fc.option(fc.nat(255), { nil: undefined, freq: 3 }));
const digitsText = (count: number): fc.Arbitrary<string> =>
  fc
    .tuple(fc.integer({ min: 0, max: count }), fc.array(fc.nat(9), { minLength: count, maxLength: count }))
    .map(([zeros, digits]) => '0'.repeat(zeros) + digits.slice(zeros).join(''));

const packedCase: fc.Arbitrary<Case> = fc.integer({ min: 1, max: 33 }).chain((digits) =>
  fc
    .record({
      scale: scaleOf(digits),
      isUnsigned: fc.boolean(),
      signed: fc.boolean(),
      isStrict: fc.boolean(),
      text: digitsText(digits),
      sign: fc.constantFrom(...'cdfcdfabe0159'),
      spoil: spoiling,
      alignment: fc.nat(15),
    })
    .map(({ scale, isUnsigned, signed, isStrict, text, sign, spoil, alignment }) => {
      const nibbles = isUnsigned ? text : text + sign;
      const even = nibbles.length % 2 === 0 ? nibbles : `0${nibbles}`;
      const bytes = spoilt(Uint8Array.from(Buffer.from(even, 'hex')), ...spoil);
      const kind = isUnsigned ? Kind.packedUnsigned : Kind.packed;
      const field = { name: 'A', kind, length: bytes.length, digits, scale, signed: signed && !isUnsigned };
      const options = [`strictSigns:${isStrict}`, 'blankNumbers:2'];
      return { field, bytes, options, alignment, expected: packedText(field, bytes, isStrict) };
    }),
);

const zonedCase: fc.Arbitrary<Case> = fc.integer({ min: 1, max: 33 }).chain((digits) =>
  fc
    .record({
      scale: scaleOf(digits),
      signed: fc.boolean(),
      leading: fc.boolean(),
      separate: fc.boolean(),
      isStrict: fc.boolean(),
      isAscii: fc.boolean(),
      text: digitsText(digits),
      sign: fc.constantFrom(0xf0, 0xc0, 0xd0, 0xa0, 0xb0, 0xe0, 0x30, 0x70, 0x40, 0x00),
      isMinus: fc.boolean(),
      spoil: spoiling,
      alignment: fc.nat(15),
    })
    .map(({ scale, signed, leading, separate, isStrict, isAscii, text, sign, isMinus, spoil, alignment }) => {
      const zone = isAscii ? 0x30 : 0xf0;
      const bytes = [...text].map((digit) => zone + Number(digit));
      const isSeparate = signed && separate;
      const place = signed && leading ? 0 : digits - 1;
      if (isSeparate) {
        const byte = isMinus ? (isAscii ? 0x2d : 0x60) : isAscii ? 0x2b : 0x4e;
        if (leading) bytes.unshift(byte);
        else bytes.push(byte);
      } else if (isAscii) {
        const digit = Number(text[place]);
        if (isMinus) bytes[place] = sign === 0x70 ? 0x70 + digit : '}JKLMNOPQR'.charCodeAt(digit);
        else if (sign === 0xc0) bytes[place] = '{ABCDEFGHI'.charCodeAt(digit);
      } else {
        bytes[place] = sign | Number(text[place]);
      }
      const record = spoilt(Uint8Array.from(bytes), ...spoil);
      const field: Field = {
        name: 'A',
        kind: Kind.zoned,
        length: record.length,
        digits,
        scale,
        signed,
        leading: signed && leading,
        separate: isSeparate,
      };
      const options = [
        `strictSigns:${isStrict}`,
        `codePage:${isAscii ? 'ascii' : 'cp037'}`,
        'blankNumbers:2',
      ];
      return {
        field,
        bytes: record,
        options,
        alignment,
        expected: zonedText(field, record, isAscii, isStrict),
      };
    }),
);

const binaryCase: fc.Arbitrary<Case> = fc
  .record({
    length: fc.constantFrom(1, 2, 3, 4, 5, 6, 7, 8, 12, 16),
    scale: fc.integer({ min: -3, max: 20 }),
    signed: fc.boolean(),
    little: fc.boolean(),
    native: fc.boolean(),
    isTruncated: fc.boolean(),
    value: fc.bigInt({ min: -(1n << 127n), max: (1n << 127n) - 1n }),
    bits: fc.integer({ min: 1, max: 128 }),
    alignment: fc.nat(15),
  })
  .map(({ length, scale, signed, little, native, isTruncated, value, bits, alignment }) => {
    const small = BigInt.asUintN(length * 8, BigInt.asIntN(bits, value));
    const bytes = Uint8Array.from(Buffer.from(small.toString(16).padStart(length * 2, '0'), 'hex'));
    if (little) bytes.reverse();
    const digits = [0, 2, 4, 7, 9, 12, 14, 16, 18][length] ?? 31;
    const field = { name: 'A', kind: Kind.binary, length, digits, scale, signed, little, native };
    const options = [`truncateBinary:${isTruncated}`];
    return { field, bytes, options, alignment, expected: binaryText(field, bytes, isTruncated) };
  });

const isQuoted = ({ digits = 0 }: Field): boolean => digits > 15;

describe.each(builds)('numbers to text, $name', ({ module }) => {
  const probe = createDecodeProbe(module);

  function check({ field, bytes, options, alignment, expected }: Case): void {
    probe.use(
      [{ name: 'R', level: 1, kind: Kind.group, length: field.length }, field],
      [...options, 'invalid:1'],
    );
    const quote = isQuoted(field) ? '"' : '';
    expect(probe.slow(1, bytes, alignment) ?? null).toBe(expected);
    expect(probe.decode(bytes, -1, alignment)).toBe(
      expected === null ? '"A":null' : `"A":${quote}${expected}${quote}`,
    );
    // Between neighbours, nothing is touched that is theirs.
    const around = [
      { name: 'R', level: 1, kind: Kind.group, length: field.length * 2 + 2 },
      { name: 'B', kind: Kind.text, length: 1 },
      field,
      { name: 'C', kind: Kind.text, length: 1 },
      { ...field, name: 'D' },
    ];
    probe.use(around, [...options, 'invalid:1']);
    const one = options.includes('codePage:ascii') ? 0x41 : 0xc1;
    const value = expected === null ? 'null' : `${quote}${expected}${quote}`;
    expect(probe.decode(Uint8Array.of(one, ...bytes, one, ...bytes), -1, alignment)).toBe(
      `"B":"A","A":${value},"C":"A","D":${value}`,
    );
  }

  test('a packed number is what its nibbles say, by the kernels and by the slow way', () => {
    fc.assert(fc.property(packedCase, check), { numRuns: 2000 });
  });

  test('a zoned number is what its digits and its sign say, in EBCDIC and ASCII', () => {
    fc.assert(fc.property(zonedCase, check), { numRuns: 2000 });
  });

  test('a binary of 1 to 16 bytes is what its bits say', () => {
    fc.assert(fc.property(binaryCase, check), { numRuns: 2000 });
  });

  test.each([true, false])('every last byte of a packed number, signed: %s', (signed) => {
    for (const isStrict of [true, false]) {
      for (const digits of [1, 2, 9, 15, 16, 18, 31]) {
        const length = (digits >> 1) + 1;
        const field: Field = { name: 'A', kind: Kind.packed, length, digits, scale: 0, signed };
        for (let byte = 0; byte < 256; byte++) {
          const bytes = new Uint8Array(length);
          bytes[length - 1] = byte;
          const expected = packedText(field, bytes, isStrict);
          check({
            field,
            bytes,
            options: [`strictSigns:${isStrict}`, 'blankNumbers:2'],
            alignment: 0,
            expected,
          });
        }
      }
    }
  });

  test.each(['cp037', 'ascii'])('every byte at both ends of a zoned number, %s', (codePage) => {
    const isAscii = codePage === 'ascii';
    for (const [signed, leading, separate] of [
      [false, false, false],
      [true, false, false],
      [true, true, false],
      [true, false, true],
      [true, true, true],
    ] as const) {
      for (const isStrict of [true, false]) {
        const field: Field = {
          name: 'A',
          kind: Kind.zoned,
          length: 5,
          digits: separate ? 4 : 5,
          signed,
          leading,
          separate,
        };
        for (let byte = 0; byte < 256; byte++) {
          for (const place of [0, 4]) {
            const bytes = new Uint8Array(5).fill(isAscii ? 0x37 : 0xf7);
            bytes[place] = byte;
            const expected = zonedText(field, bytes, isAscii, isStrict);
            const options = [`strictSigns:${isStrict}`, `codePage:${codePage}`, 'blankNumbers:2'];
            check({ field, bytes, options, alignment: 0, expected });
          }
        }
      }
    }
  });

  test('numbers that are blank are null, zero or invalid, as the options say', () => {
    const fields: Field[] = [
      { name: 'R', level: 1, kind: Kind.group, length: 15 },
      { name: 'Z', kind: Kind.zoned, length: 5, digits: 5, scale: 2 },
      { name: 'P', kind: Kind.packed, length: 5, digits: 9, scale: 2, signed: true },
      { name: 'W', kind: Kind.zoned, length: 5, digits: 5, scale: 2, blankWhenZero: true },
    ];
    const spaces = new Uint8Array(15).fill(0x40);
    const lows = new Uint8Array(15);
    probe.use(fields, ['blankNumbers:0']);
    expect(probe.decode(spaces)).toBe('"Z":null,"P":null,"W":0.00');
    expect(probe.decode(lows)).toBe('"Z":null,"P":null,"W":null');
    probe.use(fields, ['blankNumbers:1']);
    expect(probe.decode(spaces)).toBe('"Z":0.00,"P":0.00,"W":0.00');
    expect(probe.decode(lows)).toBe('"Z":0.00,"P":0.00,"W":0.00');
    probe.use(fields, ['blankNumbers:2']);
    expect(probe.decode(lows)).toMatchObject({ code: 'DATA', record: 7, offset: 1000, field: 'R.Z' });
    const half = Uint8Array.of(0x40, 0x40, 0xf1, 0xf2, 0xf3, ...new Uint8Array(10));
    probe.use(fields, ['blankNumbers:0']);
    expect(probe.decode(half)).toMatchObject({ code: 'DATA', field: 'R.Z' });
  });

  test('an edited number is the number that it shows', () => {
    const field = {
      name: 'E',
      kind: Kind.edited,
      length: 10,
      digits: 7,
      scale: 2,
      picture: 'ZZ,ZZ9.99-',
      signed: true,
    };
    probe.use([{ name: 'R', level: 1, kind: Kind.group, length: 10 }, field], ['codePage:ascii']);
    expect(probe.decode(Buffer.from(' 1,234.50-'))).toBe('"E":-1234.50');
    expect(probe.decode(Buffer.from('     0.07 '))).toBe('"E":0.07');
    expect(probe.decode(Buffer.from('1 1,234.50'))).toMatchObject({ code: 'DATA', field: 'R.E' });
  });
});
