/**
 * The reference against what is known without it: values from IBM's language reference and public fixtures, typed in,
 * over layouts made by hand. It is the oracle of the kernel's tests, so it is not held against the kernel here.
 */

import { describe, expect, test } from 'vitest';
import type { CopybookLayout, CopybookOptions, LayoutItem } from '../../../crypto-wasm/copybook/face.ts';
import { decodeReference } from '../../../crypto-wasm/copybook/reference.ts';
import { decodeText, encodeText, referencePage } from '../../../crypto-wasm/copybook/reference-code-page.ts';
import { formatEdited, readEdited } from '../../../crypto-wasm/copybook/reference-edited.ts';
import { encodeReference } from '../../../crypto-wasm/copybook/reference-encode.ts';
import { floatBytes, floatText } from '../../../crypto-wasm/copybook/reference-float.ts';
import { readValue, writeValue } from '../../../crypto-wasm/copybook/reference-values.ts';
import { fromHex, toHex } from '../bytes.ts';

type Given = Partial<LayoutItem> & { readonly kind: string };

function itemOf(given: Given): LayoutItem {
  return { path: 'A', name: 'A', key: 'A', level: 5, shown: true, codePage: 'cp037', ...given };
}

function shown(given: Given, hex: string, options: CopybookOptions = {}): string {
  const bytes = fromHex(hex);
  const reading = readValue(itemOf({ length: bytes.length, ...given }), bytes, options);
  return reading.kind === 'value' ? reading.json : reading.kind;
}

describe('numbers', () => {
  const zoned = { kind: 'zoned', digits: 3, signed: true };
  const packed = { kind: 'packed', digits: 5, signed: true };

  test.each([
    ['c', 'F1F2C3', '123'],
    ['f', 'F1F2F3', '123'],
    ['a', 'F1F2A3', '123'],
    ['e', 'F1F2E3', '123'],
    ['d', 'F1F2D3', '-123'],
    ['b', 'F1F2B3', '-123'],
    ['no sign', 'F1F293', 'invalid'],
    ['minus zero', 'F0F0D0', '0'],
    ['a letter within', 'F1C2F3', 'invalid'],
    ['spaces', '404040', 'null'],
    ['low-values', '000000', 'null'],
  ])('a zoned number whose sign is %s', (_name, hex, expected) => {
    expect(shown(zoned, hex)).toBe(expected);
  });

  test('signs A, B, E are refused when they have to be strict, overpunch of unsigned items too', () => {
    const strict = { strictSigns: true };
    expect(['F1F2A3', 'F1F2B3', 'F1F2E3'].map((hex) => shown(zoned, hex, strict))).toEqual([
      'invalid',
      'invalid',
      'invalid',
    ]);
    expect(shown({ kind: 'zoned', digits: 3 }, 'F1F2C3', strict)).toBe('invalid');
    expect(shown({ kind: 'zoned', digits: 3 }, 'F1F2C3')).toBe('123');
    expect(shown({ kind: 'zoned', digits: 3 }, 'F1F2D3')).toBe('invalid');
  });

  test('separate signs are 4E and 60, on the side that the clause says', () => {
    const separate = { ...zoned, signSeparate: true };
    expect(shown(separate, 'F1F2F360')).toBe('-123');
    expect(shown({ ...separate, signLeading: true }, '4EF1F2F3')).toBe('123');
    expect(shown(separate, 'F1F2F340')).toBe('invalid');
  });

  test.each([
    ['12345C', '12345'],
    ['12345D', '-12345'],
    ['12345B', '-12345'],
    ['123450', 'invalid'],
    ['1A345C', 'invalid'],
    ['404040', 'null'],
    ['000000', 'null'],
  ])('a packed number %s is %s', (hex, expected) => {
    expect(shown(packed, hex)).toBe(expected);
  });

  test('the unused half byte of a packed number is zero', () => {
    expect(shown({ ...packed, digits: 4 }, '01234C')).toBe('1234');
    expect(shown({ ...packed, digits: 4 }, '11234C')).toBe('invalid');
  });

  test('decimal places and zeros are those of the picture; more than fifteen digits are a text', () => {
    expect(shown({ ...packed, scale: 2 }, '00005C')).toBe('0.05');
    expect(shown({ ...packed, scale: 2 }, '12300D')).toBe('-123.00');
    expect(shown({ ...packed, scale: -2 }, '00123C')).toBe('12300');
    expect(shown({ ...packed, scale: 7 }, '00123C')).toBe('0.0000123');
    expect(shown({ kind: 'packed', digits: 17 }, '00000000000000123F')).toBe('"123"');
  });

  test('binaries are two’s complement, of either end', () => {
    expect(shown({ kind: 'binary', digits: 4, signed: true }, 'FFFE')).toBe('-2');
    expect(shown({ kind: 'binary', digits: 4 }, 'FFFE')).toBe('65534');
    expect(shown({ kind: 'binary', digits: 4, littleEndian: true }, 'FEFF')).toBe('65534');
    expect(shown({ kind: 'binary', digits: 4 }, 'FFFE', { truncateBinary: true })).toBe('invalid');
    expect(shown({ kind: 'binary', digits: 18 }, 'F0000000000001F0')).toBe('"17293822569102705136"');
  });

  test.each([
    ['45543AE9', '345006.56'],
    ['41480000', '4.5'],
    ['C1100000', '-1'],
    ['00000000', '0'],
    ['361677A4590FAB60', '7.982006699999985e-14'],
  ])('the hexadecimal float %s is %s, and back', (hex, text) => {
    expect(floatText(fromHex(hex), false)).toBe(text);
    expect(toHex(Uint8Array.from(floatBytes(text, hex.length / 2, false) ?? [])).toUpperCase()).toBe(hex);
  });

  test.each([
    ['40490FDA', '3.1415925'],
    ['3DCCCCCD', '0.1'],
    ['400921FB54442EEA', '3.14159265359'],
    ['7F800000', undefined],
  ])('the IEEE float %s is %s', (hex, text) => {
    expect(floatText(fromHex(hex), true)).toBe(text);
  });

  test('every value that is read is written with the same bytes', () => {
    for (const [given, hex] of [
      [zoned, 'F1F2D3'],
      [packed, '12345C'],
      [{ kind: 'binary', digits: 9, signed: true }, 'FFFFFF85'],
      [{ kind: 'packedUnsigned', digits: 4 }, '1234'],
      [{ kind: 'zoned', digits: 3 }, 'F0F0F7'],
    ] as const) {
      const item = itemOf({ ...given, length: hex.length / 2 });
      const text = shown(item, hex);
      expect(toHex(Uint8Array.from(writeValue(item, text, {}) ?? [])).toUpperCase()).toBe(hex);
    }
  });
});

describe('edited numbers', () => {
  test.each([
    ['Z,ZZ9.99', 1234n, '   12.34'],
    ['Z,ZZ9.99', 123456n, '1,234.56'],
    ['Z,ZZ9.99CR', -123456n, '1,234.56CR'],
    ['Z,ZZ9.99CR', 5n, '    0.05  '],
    ['$$,$$9.99', 500n, '    $5.00'],
    ['$$,$$9.99', 123456n, '$1,234.56'],
    ['***,**9.99', 1234n, '*****12.34'],
    ['+++9', -7n, '  -7'],
    ['---9', 7n, '   7'],
    ['-9(3)', -42n, '-042'],
    ['9(3)-', 42n, '042 '],
    ['99/99/99', 10203n, '01/02/03'],
    ['ZZZ', 0n, '   '],
    ['9(8).9(2)', 78909n, '00000789.09'],
    ['ZZ,ZZZDB', -7n, '     7DB'],
  ])('%s shows %s as %j, and reads it back', (picture, value, text) => {
    expect(formatEdited(picture, value, false)).toBe(text);
    expect(readEdited(picture, text, false)).toBe(value);
  });

  test('what no value looks like is invalid, spaces are blank', () => {
    expect(readEdited('Z,ZZ9.99', '1 234.56', false)).toBeUndefined();
    expect(readEdited('Z,ZZ9.99', '        ', false)).toBe('blank');
    expect(readEdited('Z,ZZ9.99', '        ', true)).toBe(0n);
  });
});

describe('texts', () => {
  test('pairs stand between SO and SI, there and back', () => {
    const page = referencePage('cp1364');
    const bytes = fromHex('F1F2F3F40E4A77B0910F81828384');
    expect(decodeText(bytes, page)).toBe('1234ф쌤abcd');
    expect(Uint8Array.from(encodeText('1234ф쌤abcd', page) ?? [])).toEqual(bytes);
    expect(decodeText(fromHex('0E4A77'), page)).toBeUndefined();
    expect(decodeText(fromHex('0E4A0F'), page)).toBeUndefined();
  });

  test('only the wanted end is cut', () => {
    const text = { kind: 'text' };
    expect(shown(text, '40C140')).toBe('" A"');
    expect(shown(text, '40C140', { trim: 'left' })).toBe('"A "');
    expect(shown(text, '40C140', { trim: 'both' })).toBe('"A"');
    expect(shown(text, '40C140', { trim: 'none' })).toBe('" A "');
  });

  test('a lone half of a surrogate pair is invalid', () => {
    expect(shown({ kind: 'national' }, 'D83D')).toBe('invalid');
    expect(shown({ kind: 'national' }, 'D83DDE00')).toBe('"😀"');
    expect(shown({ kind: 'national' }, '41000020', { nationalEndian: 'little' })).toBe('"A\u2000"');
  });
});

/** N PIC 9, T PIC X OCCURS 0 TO 3 DEPENDING ON N, C PIC X. */
const table: CopybookLayout = {
  recordBytes: 5,
  recordMinBytes: 2,
  isVariable: true,
  fixedRecordBytes: 0,
  renames: [],
  columns: [],
  schema: {},
  items: [
    itemOf({ kind: 'group', name: 'R', path: 'R', key: 'R', length: 5, level: 1 }),
    itemOf({ kind: 'zoned', name: 'N', path: 'R.N', key: 'N', length: 1, digits: 1, parent: 0 }),
    itemOf({
      ...{ kind: 'text', name: 'T', path: 'R.T', key: 'T', length: 1, offset: 1, parent: 0 },
      ...{ variable: true, occurs: { min: 0, max: 3, dependsOn: 1 } },
    }),
    itemOf({ kind: 'text', name: 'C', path: 'R.C', key: 'C', length: 1, offset: 4, parent: 0 }),
  ],
};

function rowsOf(hex: string, options: CopybookOptions): readonly unknown[] {
  const { output, stop } = decodeReference(table, options, fromHex(hex));
  const lines = Buffer.from(output).toString().trim().split('\n');
  return [
    ...lines.filter((line) => line !== '').map((line) => JSON.parse(line) as unknown),
    ...(stop ? [stop.code] : []),
  ];
}

const A2 = { N: 2, T: ['A', 'B'], C: 'C' };
const A0 = { N: 0, T: [], C: 'C' };

describe('records', () => {
  test.each<readonly [string, string, CopybookOptions, readonly unknown[]]>([
    ['lie one behind the other, as long as they count', 'F2C1C2C3F0C3', {}, [A2, A0]],
    ['have their tables at the maximum', 'F2C1C2C4C3F0C4C4C4C3', { odo: 'maximum' }, [A2, A0]],
    ['stop where a counter is out of its bounds', 'F0C3F4C1C2C3C4C5', {}, [A0, 'DATA']],
    ['that the input ends in are not shown', 'F0C3F2C1', {}, [A0, 'FRAMING']],
    ['have words of IBM', '00080000F2C1C2C300060000F0C3', { recordFormat: 'V' }, [A2, A0]],
    [
      'have words that are little and do not count themselves',
      '00000400F2C1C2C300000200F0C3',
      { recordFormat: 'V', rdw: { endian: 'little', includesItself: false } },
      [A2, A0],
    ],
    ['lie in blocks', '000C000000080000F2C1C2C3000A000000060000F0C3', { recordFormat: 'VB' }, [A2, A0]],
    [
      'span blocks',
      '000A000000060100F2C1000A000000060200C2C3000A000000060000F0C3',
      { recordFormat: 'VBS' },
      [A2, A0],
    ],
    ['that span have a first segment', '000A000000060200F2C1', { recordFormat: 'VBS' }, ['FRAMING']],
    ['can be skipped by length', '00080000F2C1C2C300060000F0C3', { recordFormat: 'V', recordMax: 3 }, [A0]],
    ['are chosen by a field', 'F2C1C2C3F0C3', { segmentField: 'N', segmentFilter: ['0'] }, [A0]],
    [
      'have lengths by a field',
      'F2C1C2C3F0C3',
      { recordFormat: 'D', recordLengthField: 'N', recordLengthMap: { '2': 4, '0': 2 } },
      [A2, A0],
    ],
  ])('%s', (_name, hex, options, expected) => {
    expect(rowsOf(hex, options)).toEqual(expected);
  });

  test('are written as they were read', () => {
    const lines = [A2, A0].map((row) => JSON.stringify(row)).join('\n');
    expect(toHex(encodeReference(table, {}, lines)).toUpperCase()).toBe('F2C1C2C3F0C3');
  });

  test('have numbers and ids of their segments', () => {
    const options = {
      recordIds: true,
      segmentField: 'N',
      segmentIdLevels: [['2'], ['0']],
      segmentIdPrefix: 'X',
    };
    expect(rowsOf('F2C1C2C3F0C3F0C3', options)).toEqual([
      { Record_Id: 0, Record_Byte_Length: 4, Seg_Id0: 'X_0_0', Seg_Id1: null, ...A2 },
      { Record_Id: 1, Record_Byte_Length: 2, Seg_Id0: 'X_0_0', Seg_Id1: 'X_0_0_L1_1', ...A0 },
      { Record_Id: 2, Record_Byte_Length: 2, Seg_Id0: 'X_0_0', Seg_Id1: 'X_0_0_L1_2', ...A0 },
    ]);
  });
});
