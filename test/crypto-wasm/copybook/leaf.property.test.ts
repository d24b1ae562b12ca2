/**
 * Single items, without a parser: what the decode plan writes for an item's bytes is what the reference says of them,
 * for every kind of item and any bytes.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CopybookOptions, LayoutItem } from '../../../crypto-wasm/copybook/face.ts';
import { expandPicture } from '../../../crypto-wasm/copybook/reference-edited.ts';
import { readValue } from '../../../crypto-wasm/copybook/reference-values.ts';
import { createRandom } from '../random.ts';
import { compileDecodeProbes, createDecodeProbe, Kind } from './decode-probe.ts';

const RUNS_COUNT = process.env.HOTCELL_FUZZ === undefined ? 1_500 : 20_000;
const MEMBERS_COUNT = 6;

const number = fc.record({
  digits: fc.integer({ min: 1, max: 31 }),
  scale: fc.integer({ min: -3, max: 9 }),
  signed: fc.boolean(),
  blankWhenZero: fc.boolean(),
});

type Leaf = Omit<LayoutItem, 'path' | 'name' | 'key' | 'level'> & {
  readonly kind: keyof typeof Kind;
  readonly length: number;
};

const leaf: fc.Arbitrary<Leaf> = fc.oneof(
  fc.tuple(number, fc.boolean(), fc.boolean()).map(([given, isLeading, isSeparate]) => {
    const signLeading = isLeading && given.signed;
    const signSeparate = isSeparate && given.signed;
    return {
      kind: 'zoned' as const,
      ...given,
      signLeading,
      signSeparate,
      length: given.digits + (signSeparate ? 1 : 0),
    };
  }),
  number.map((given) => ({ kind: 'packed' as const, ...given, length: (given.digits >> 1) + 1 })),
  number.map((given) => ({
    kind: 'packedUnsigned' as const,
    ...given,
    signed: false,
    length: (given.digits + 1) >> 1,
  })),
  fc
    .tuple(number, fc.constantFrom(1, 2, 4, 8), fc.boolean(), fc.boolean())
    .map(([given, length, littleEndian, nativeBinary]) => ({
      kind: 'binary' as const,
      ...given,
      digits: Math.min(given.digits, 18),
      length,
      littleEndian,
      nativeBinary,
    })),
  fc.constantFrom(4, 8).map((length) => ({ kind: 'float' as const, length })),
  fc
    .constantFrom(
      'ZZ9.99',
      'Z,ZZ9.99CR',
      '$$,$$9.99',
      '-(5)9',
      '+(4)',
      '***9.99-',
      '9(8).9(2)',
      '99/99/99',
      'ZZZZ',
      '-9(18)',
    )
    .map((picture) => ({
      kind: 'edited' as const,
      picture,
      length: expandPicture(picture).join('').length,
      ...editedShape(picture),
    })),
  fc.integer({ min: 1, max: 70 }).map((length) => ({ kind: 'text' as const, length })),
  fc.integer({ min: 1, max: 12 }).map((count) => ({ kind: 'national' as const, length: count * 2 })),
  fc.integer({ min: 1, max: 12 }).map((count) => ({ kind: 'graphic' as const, length: count * 2 })),
  fc.integer({ min: 1, max: 9 }).map((length) => ({ kind: 'bytes' as const, length })),
);

function editedShape(picture: string): { digits: number; scale: number; signed: boolean } {
  const symbols = expandPicture(picture);
  const floating =
    ['+', '-', '$'].find((sign) => symbols.filter((symbol) => symbol === sign).length > 1) ?? '';
  const isDigit = (symbol: string): boolean => '9Z*'.includes(symbol) || symbol === floating;
  const point = symbols.indexOf('.');
  return {
    digits: symbols.filter(isDigit).length - (floating === '' ? 0 : 1),
    scale: point < 0 ? 0 : symbols.slice(point).filter(isDigit).length,
    signed: /[-+]|CR|DB/.test(picture),
  };
}

const options = fc.record({
  codePage: fc.constantFrom(
    'cp037',
    'cp1047',
    'cp273',
    'cp1025',
    'ascii',
    'latin1',
    'cp930',
    'cp939',
    'cp1364',
    'cp1388',
  ),
  trim: fc.constantFrom('none' as const, 'left' as const, 'right' as const, 'both' as const),
  blankNumbers: fc.constantFrom('null' as const, 'zero' as const, 'invalid' as const),
  numbers: fc.constantFrom('auto' as const, 'text' as const),
  float: fc.constantFrom('ibm' as const, 'ieee' as const),
  floatEndian: fc.constantFrom('big' as const, 'little' as const),
  nationalEndian: fc.constantFrom('big' as const, 'little' as const),
  strictSigns: fc.boolean(),
  truncateBinary: fc.boolean(),
});

/** As the probe takes them. */
function settings(given: CopybookOptions): string[] {
  return [
    `codePage:${given.codePage}`,
    `trim:${['none', 'left', 'right', 'both'].indexOf(given.trim ?? 'right')}`,
    `blankNumbers:${['null', 'zero', 'invalid'].indexOf(given.blankNumbers ?? 'null')}`,
    `numbersAsText:${given.numbers === 'text'}`,
    `floatIsIeee:${given.float === 'ieee'}`,
    `floatIsLittleEndian:${given.floatEndian === 'little'}`,
    `nationalIsLittleEndian:${given.nationalEndian === 'little'}`,
    `strictSigns:${given.strictSigns}`,
    `truncateBinary:${given.truncateBinary}`,
    'invalid:2',
  ];
}

/** Bytes that are often nearly right: digits and signs, pairs between shifts, spaces at the ends, edited texts. */
function bytesFor({ kind, length, picture }: Leaf, isAscii: boolean, seed: number): Uint8Array {
  const random = createRandom(seed);
  const style = random.below(5);
  if (style === 0) return random.bytes(length);
  const space = isAscii ? 0x20 : 0x40;
  if (style === 1 && random.below(4) === 0)
    return new Uint8Array(length).fill(random.oneOf([0, space, 0xf0, 0x30, 0xff]));
  const zone = isAscii ? 0x30 : 0xf0;
  const bytes = Uint8Array.from({ length }, (_, i) => {
    if (kind === 'packed' || kind === 'packedUnsigned') {
      const low =
        kind === 'packed' && i === length - 1
          ? random.oneOf([0xa, 0xb, 0xc, 0xc, 0xd, 0xd, 0xe, 0xf])
          : random.below(10);
      return (i === 0 && style > 2 ? 0 : random.below(10)) * 16 + low;
    }
    if (kind === 'zoned') {
      if (i < length - 1 || random.below(2) === 0) return zone + random.below(10);
      return random.oneOf([0xa0, 0xb0, 0xc0, 0xd0, 0xe0, 0xf0, 0x70, 0x40]) + random.below(10);
    }
    if (kind === 'national') return i % 2 === 0 ? random.below(6) : random.below(256);
    if (kind === 'float')
      return i === 0 ? random.oneOf([0x3f, 0x40, 0x41, 0x42, 0xc1, 0xc2, 0x46, 0x00]) : random.below(256);
    if (kind === 'edited' && picture !== undefined) {
      const symbol = expandPicture(picture).join('')[i] ?? ' ';
      const shown = random.below(3) === 0 ? symbol : random.oneOf([...'0123456789 *$+-.']);
      return isAscii ? shown.charCodeAt(0) : (EBCDIC[shown] ?? 0x40);
    }
    const isInk = i > 2 && i < length - 3;
    return isInk || style > 2
      ? random.oneOf([0xc1, 0xd9, 0xf5, 0x4b, 0x6b, 0x7f, 0xe0, 0x41, 0x5a, 0x22, 0x5c])
      : space;
  });
  if (kind === 'text' && style === 4 && length > 6) {
    bytes.set([0x0e, 0x42 + random.below(9), 0x81 + random.below(40), 0x0f], random.below(length - 4));
  }
  if (kind === 'graphic' && style > 1)
    return bytes.map((_, i) => (i % 2 === 0 ? 0x42 + random.below(12) : 0x41 + random.below(180)));
  return bytes;
}

const EBCDIC: Readonly<Record<string, number>> = {
  ...Object.fromEntries([...'0123456789'].map((digit, i) => [digit, 0xf0 + i])),
  ...{ '*': 0x5c, $: 0x5b, '+': 0x4e, '-': 0x60, '.': 0x4b, ',': 0x6b, '/': 0x61, C: 0xc3, R: 0xd9 },
};

describe.each(await compileDecodeProbes())('$name', ({ module }) => {
  const probe = createDecodeProbe(module);

  test('an item decodes as the reference decodes it', () => {
    const property = fc.property(
      leaf,
      options,
      fc.integer({ min: 1 }),
      fc.nat(15),
      (item, given, seed, alignment) => {
        const field = {
          ...{
            name: 'A',
            kind: Kind[item.kind],
            length: item.length,
            digits: item.digits ?? 0,
            scale: item.scale ?? 0,
          },
          ...{
            signed: item.signed ?? false,
            leading: item.signLeading ?? false,
            separate: item.signSeparate ?? false,
          },
          ...{ little: item.littleEndian ?? false, native: item.nativeBinary ?? false },
          ...{ blankWhenZero: item.blankWhenZero ?? false },
          ...(item.picture === undefined ? {} : { picture: item.picture }),
        };
        const isAscii = given.codePage === 'ascii' || given.codePage === 'latin1';
        expect(probe.use([field], settings(given))).toBeTypeOf('number');
        for (let i = 0; i < MEMBERS_COUNT; i++) {
          const bytes = bytesFor(item, isAscii, seed + i);
          const reading = readValue({ path: 'A', name: 'A', key: 'A', level: 5, ...item }, bytes, given);
          const json =
            reading.kind === 'value'
              ? reading.json
              : reading.kind === 'null'
                ? 'null'
                : `{"raw":"${Buffer.from(bytes).toString('hex')}"}`;
          const decoded = probe.decode(bytes, -1, alignment);
          // Of two texts of one length that are equally near, either will do.
          const isTie =
            item.kind === 'float' &&
            typeof decoded === 'string' &&
            decoded.length === json.length + 4 &&
            Number(decoded.slice(4)) === Number(json);
          if (isTie) continue;
          const shown = `${JSON.stringify(item)} ${Buffer.from(bytes).toString('hex')}: `;
          expect(shown + decoded).toBe(`${shown}"A":${json}`);
        }
      },
    );
    fc.assert(property, { numRuns: RUNS_COUNT });
  }, 600_000);
});
