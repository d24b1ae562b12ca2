/** COMP-1 and COMP-2 to text: the shortest number that gives the same bytes, of IBM's format and of IEEE 754. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compileDecodeProbes, createDecodeProbe, Kind } from './decode-probe.ts';

const builds = await compileDecodeProbes();

/** Value of IBM hexadecimal bits as numerator and power of two. */
function hexParts(bits: bigint, digits: number): { fraction: bigint; exponent: number } {
  const fraction = bits & ((1n << BigInt(digits * 4)) - 1n);
  return { fraction, exponent: (Number((bits >> BigInt(digits * 4)) & 127n) - 64 - digits) * 4 };
}

/** -1, 0, 1: how a decimal text compares with fraction × 2^exponent, exactly. */
function compareDecimal(text: string, fraction: bigint, exponent: number): number {
  const [mantissa = '', power = '0'] = text.split('e');
  const [whole = '', part = ''] = mantissa.split('.');
  const ten = Number(power) - part.length;
  let left = BigInt(whole + part) * 10n ** BigInt(Math.max(ten, 0));
  let right = fraction << BigInt(Math.max(exponent, 0));
  left <<= BigInt(Math.max(-exponent, 0));
  right *= 10n ** BigInt(Math.max(-ten, 0));
  return left < right ? -1 : left > right ? 1 : 0;
}

describe.each(builds)('floats to text, $name', ({ module }) => {
  const probe = createDecodeProbe(module);
  const use = (length: number, ...options: string[]): void => {
    probe.use(
      [
        { name: 'R', level: 1, kind: Kind.group, length },
        { name: 'A', kind: Kind.float, length },
      ],
      options,
    );
  };

  test('an IEEE double is written as JavaScript writes it', () => {
    use(8, 'floatIsIeee:true');
    const bytes = Buffer.alloc(8);
    const check = (value: number): void => {
      bytes.writeDoubleBE(value);
      expect(probe.slow(1, bytes)).toBe(Number.isFinite(value) ? String(value) : undefined);
    };
    for (const value of [
      0,
      -0,
      1,
      -1.5,
      -1436919466395538.2,
      0.1,
      1e21,
      1e-7,
      123456789012345680000,
      5e-324,
      2 ** 53,
      2 ** -1022,
    ])
      check(value);
    for (const value of [
      Number.MAX_VALUE,
      Number.NaN,
      Number.POSITIVE_INFINITY,
      9.5367431640625e-7,
      4.35,
      1e23,
    ])
      check(value);
    fc.assert(fc.property(fc.double(), check), { numRuns: 1500 });
    use(8, 'floatIsIeee:true', 'floatIsLittleEndian:true');
    bytes.writeDoubleLE(-1234.5678);
    expect(probe.decode(bytes)).toBe('"A":-1234.5678');
  });

  test('an IEEE single is the shortest number that gives it again', () => {
    use(4, 'floatIsIeee:true');
    const bytes = Buffer.alloc(4);
    fc.assert(
      fc.property(fc.float({ noNaN: true, noDefaultInfinity: true }), (value) => {
        bytes.writeFloatBE(value);
        const text = probe.slow(1, bytes) ?? '';
        expect(Math.fround(Number(text))).toBe(value === 0 ? 0 : value);
        for (let precision = 1; precision < 9; precision++) {
          const shorter = value.toPrecision(precision);
          if (Math.fround(Number(shorter)) !== value) continue;
          const significant = text.replace(/e.*|[-.]/g, '').replace(/^0+|0+$/g, '');
          expect(significant.length).toBeLessThanOrEqual(precision);
          break;
        }
      }),
      { numRuns: 1500 },
    );
  });

  test('published IBM numbers come out as published', () => {
    use(4);
    expect(probe.decode(Buffer.from('45543AE9', 'hex'))).toBe('"A":345006.56');
    expect(probe.decode(Buffer.from('41480000', 'hex'))).toBe('"A":4.5');
    expect(probe.decode(Buffer.from('C276A000', 'hex'))).toBe('"A":-118.625');
    expect(probe.decode(Buffer.from('80000000', 'hex'))).toBe('"A":0');
    use(8);
    expect(probe.decode(Buffer.from('361677A4590FAB60', 'hex'))).toBe('"A":7.982006699999985e-14');
    expect(probe.decode(Buffer.from('4110000000000000', 'hex'))).toBe('"A":1');
  });

  test.each([4, 8])('an IBM number of %d bytes is nearer to its text than any other', (length) => {
    use(length);
    const digits = length === 8 ? 14 : 6;
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: (1n << BigInt(length * 8)) - 1n }),
        fc.boolean(),
        (any, isTop) => {
          // Normalised, and often at the lower end of an exponent, where the neighbour below is nearer.
          const top = 1n << BigInt(digits * 4 - 4);
          let bits = any | top;
          if (isTop) bits = (any & ~((1n << BigInt(digits * 4)) - 1n)) | top;
          const bytes = Buffer.from(bits.toString(16).padStart(length * 2, '0'), 'hex');
          const text = (probe.slow(1, bytes) ?? '').replace(/^-/, '');
          const { fraction, exponent } = hexParts(bits, digits);
          // Half way to the neighbours, in 32nds of the last digit.
          const isLowEnd = fraction === top && ((bits >> BigInt(digits * 4)) & 127n) !== 0n;
          expect(compareDecimal(text, fraction * 32n - (isLowEnd ? 1n : 16n), exponent - 5)).toBe(1);
          expect(compareDecimal(text, fraction * 32n + 16n, exponent - 5)).toBe(-1);
        },
      ),
      { numRuns: 1500 },
    );
  });
});
