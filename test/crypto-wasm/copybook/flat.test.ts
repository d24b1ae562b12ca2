/**
 * Flat output of records that are not all alike: tables as long as they count, records that end early, views and
 * segments, what becomes of bytes that are not valid, and names and types of columns.
 */

import { tableFromIPC } from 'apache-arrow';
import { describe, expect, test } from 'vitest';
import { createArrowStream } from '../../../host/copybook/arrow.ts';
import {
  compileFlat,
  createFlatKernel,
  type FlatBatch,
  type FlatItem,
  type FlatKernel,
} from './flat-probe.ts';

const builds = await compileFlat();

/** cp037 of digits, capitals and spaces. */
function ebcdic(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => {
    const code = character.charCodeAt(0);
    if (code === 0x20) return 0x40;
    if (code <= 0x39) return code + 0xc0;
    if (code <= 0x49) return code + 0x80;
    return code <= 0x52 ? code + 0x87 : code + 0x8f;
  });
}

const record = (length: number): FlatItem => ({
  name: 'REC',
  kind: 'group',
  offset: 0,
  length,
  variable: true,
});
const fixed = (length: number): FlatItem => ({ name: 'REC', kind: 'group', offset: 0, length });

function rowsOf(kernel: FlatKernel, batch: FlatBatch): unknown[][] {
  const stream = createArrowStream(kernel.columns);
  const table = tableFromIPC(Buffer.concat([stream.schemaBytes, stream.write(batch.bytes), stream.end()]));
  return Array.from({ length: table.numRows }, (_, row) =>
    kernel.columns.map((_column, i) => table.getChildAt(i)?.get(row) ?? null),
  );
}

function csvOf(batch: FlatBatch): string[] {
  return Buffer.from(batch.bytes).toString('utf8').split('\r\n').slice(1, -1);
}

/** COUNT, a table of up to three pairs that depends on it, and a text behind it. */
const TABLE: readonly FlatItem[] = [
  record(13),
  { name: 'COUNT', kind: 'zoned', offset: 0, length: 1, digits: 1 },
  { name: 'PAIR', kind: 'group', offset: 1, length: 3, occurs: 3, dependsOn: 1, variable: true },
  { name: 'KEY', kind: 'text', offset: 1, length: 1, parent: 2 },
  { name: 'VALUE', kind: 'zoned', offset: 2, length: 2, digits: 2, parent: 2 },
  { name: 'AFTER', kind: 'text', offset: 10, length: 3 },
];

describe.each(builds)('flat output, $name', (build) => {
  test('what is behind a table moves forward by what the table has not got', () => {
    const kernel = createFlatKernel(build, TABLE);
    expect(kernel.columns.map(({ name }) => name)).toEqual([
      'COUNT',
      ...['PAIR[1].KEY', 'PAIR[1].VALUE', 'PAIR[2].KEY', 'PAIR[2].VALUE', 'PAIR[3].KEY', 'PAIR[3].VALUE'],
      'AFTER',
    ]);
    const records = ['0END', '1A01END', '3A01B02C03END', '2A01B02END'].map(ebcdic);
    const expected = [
      [0, null, null, null, null, null, null, 'END'],
      [1, 'A', 1, null, null, null, null, 'END'],
      [3, 'A', 1, 'B', 2, 'C', 3, 'END'],
      [2, 'A', 1, 'B', 2, null, null, 'END'],
    ];
    expect(rowsOf(kernel, kernel.write('columns', records))).toEqual(expected);
    expect(csvOf(kernel.write('csv', records))).toEqual(expected.map((row) => row.join()));
  });

  test('with tables always at their maximum nothing moves', () => {
    const kernel = createFlatKernel(build, TABLE, { odoIsVariable: 0 });
    const [row] = rowsOf(kernel, kernel.write('columns', [ebcdic('1A01B02C03END')]));
    expect(row?.at(-1)).toBe('END');
  });

  test('a table in a table has its own counter in each occurrence', () => {
    const kernel = createFlatKernel(build, [
      record(14),
      { name: 'N', kind: 'zoned', offset: 0, length: 1, digits: 1 },
      { name: 'OUTER', kind: 'group', offset: 1, length: 5, occurs: 2, dependsOn: 1, variable: true },
      { name: 'M', kind: 'zoned', offset: 1, length: 1, digits: 1, parent: 2 },
      { name: 'IN', kind: 'text', offset: 2, length: 2, occurs: 2, dependsOn: 3, parent: 2, variable: true },
      { name: 'AFTER', kind: 'text', offset: 11, length: 3 },
    ]);
    const records = ['21AA2BBCCEND', '20' + '0END', '12AABBEND', '0END'].map(ebcdic);
    const expected = [
      [2, 1, 'AA', null, 2, 'BB', 'CC', 'END'],
      [2, 0, null, null, 0, null, null, 'END'],
      [1, 2, 'AA', 'BB', null, null, null, 'END'],
      [0, null, null, null, null, null, null, 'END'],
    ];
    expect(rowsOf(kernel, kernel.write('columns', records))).toEqual(expected);
    expect(csvOf(kernel.write('csv', records))).toEqual(expected.map((row) => row.join()));
  });

  test('a count beyond the table ends the rows before its record', () => {
    const kernel = createFlatKernel(build, TABLE);
    for (const output of ['columns', 'csv'] as const) {
      const batch = kernel.write(output, ['1A01END', '4A01B02C03END', '0END'].map(ebcdic));
      expect(batch.rows).toBe(1);
      expect(batch.problem).toMatchObject({
        code: 'DATA',
        record: 101,
        offset: 1_000_007,
        field: 'REC.COUNT',
      });
    }
    const batch = kernel.write('columns', ['1A01END', 'XA01END'].map(ebcdic));
    expect(batch.rows).toBe(1);
  });

  test('a record that ends early has nulls behind its end, and a shorter text', () => {
    const kernel = createFlatKernel(
      build,
      [
        fixed(12),
        { name: 'A', kind: 'zoned', offset: 0, length: 2, digits: 2 },
        { name: 'T', kind: 'text', offset: 2, length: 6 },
        { name: 'B', kind: 'zoned', offset: 8, length: 4, digits: 4 },
      ],
      { invalid: 1 },
    );
    const records = ['12ABCDEF3456', '12ABC', '12', '1', '', '12ABCDEF34'].map(ebcdic);
    const batch = kernel.write('columns', records);
    expect(rowsOf(kernel, batch)).toEqual([
      [12, 'ABCDEF', 3456],
      [12, 'ABC', null],
      [12, null, null],
      [null, null, null],
      [null, null, null],
      [12, 'ABCDEF', null],
    ]);
    // What is not there at all is no error, half a number is one.
    expect(batch.invalidCount).toBe(2);
    expect(csvOf(kernel.write('csv', records)).slice(1)).toEqual([
      '12,ABC,',
      '12,,',
      ',,',
      ',,',
      '12,ABCDEF,',
    ]);
  });

  test('the first record in the file that is not valid ends the rows, whatever column is read first', () => {
    const kernel = createFlatKernel(build, [
      fixed(4),
      { name: 'A', kind: 'zoned', offset: 0, length: 2, digits: 2 },
      { name: 'B', kind: 'zoned', offset: 2, length: 2, digits: 2 },
    ]);
    for (const output of ['columns', 'csv'] as const) {
      const batch = kernel.write(output, ['1111', '2222', '33XX', '44ZZ', 'XX55'].map(ebcdic));
      expect(batch.rows).toBe(2);
      expect(batch.problem).toMatchObject({ code: 'DATA', record: 102, offset: 1_000_010, field: 'REC.B' });
      const rows = output === 'columns' ? rowsOf(kernel, batch) : csvOf(batch);
      expect(rows).toEqual(
        output === 'columns'
          ? [
              [11, 11],
              [22, 22],
            ]
          : ['11,11', '22,22'],
      );
    }
  });

  test('an item can have a policy of its own, and raw is null that counts', () => {
    const items: FlatItem[] = [
      fixed(4),
      { name: 'A', kind: 'zoned', offset: 0, length: 2, digits: 2 },
      { name: 'B', kind: 'zoned', offset: 2, length: 2, digits: 2 },
    ];
    const kernel = createFlatKernel(build, items, { invalidFields: { A: 'raw', 'REC.B': 'null' } });
    const batch = kernel.write('columns', ['XX11', '22XX', '3333'].map(ebcdic));
    expect(batch).toMatchObject({ rows: 3, invalidCount: 2, problem: undefined });
    expect(rowsOf(kernel, batch)).toEqual([
      [null, 11],
      [22, null],
      [33, 33],
    ]);
  });

  test('blank numbers are null, zero or not valid, as the option says', () => {
    const items: FlatItem[] = [fixed(3), { name: 'A', kind: 'zoned', offset: 0, length: 3, digits: 3 }];
    const rows = [0, 1].map((blankNumbers) => {
      const kernel = createFlatKernel(build, items, { blankNumbers });
      return rowsOf(kernel, kernel.write('columns', [ebcdic('   '), new Uint8Array(3)]));
    });
    expect(rows).toEqual([
      [[null], [null]],
      [[0], [0]],
    ]);
    const strict = createFlatKernel(build, items, { blankNumbers: 2 }).write('columns', [ebcdic('   ')]);
    expect(strict).toMatchObject({ rows: 0, problem: { code: 'DATA', field: 'REC.A' } });
  });

  test('a view that does not fit is null and no error; chosen by its segment it is one', () => {
    const views: FlatItem[] = [
      fixed(5),
      { name: 'KIND', kind: 'text', offset: 0, length: 1 },
      { name: 'NUMBERS', kind: 'group', offset: 1, length: 4, overlaid: true },
      { name: 'N', kind: 'zoned', offset: 1, length: 4, digits: 4, parent: 2, overlaid: true },
      { name: 'TEXTS', kind: 'group', offset: 1, length: 4, overlaid: true, redefines: 2 },
      { name: 'T', kind: 'text', offset: 1, length: 4, parent: 4, overlaid: true },
    ];
    const records = ['N1234', 'TABCD', 'N5678'].map(ebcdic);
    const plain = createFlatKernel(build, views);
    const batch = plain.write('columns', records);
    expect(batch).toMatchObject({ invalidCount: 0, problem: undefined });
    expect(rowsOf(plain, batch)).toEqual([
      ['N', 1234, '1234'],
      ['T', null, 'ABCD'],
      ['N', 5678, '5678'],
    ]);
    const chosen = createFlatKernel(build, views, {
      segmentField: 'KIND',
      redefineSegments: { NUMBERS: ['N'], TEXTS: ['T'] },
    });
    const expected = [
      ['N', 1234, null],
      ['T', null, 'ABCD'],
      ['N', null, null],
      ['N', null, null],
    ];
    const more = [...records, ...records.slice(2)];
    expect(rowsOf(chosen, chosen.write('columns', more, [0, 1, -1, -2]))).toEqual(expected);
    expect(csvOf(chosen.write('csv', more, [0, 1, -1, -2]))).toEqual(expected.map((row) => row.join()));
    const wrong = chosen.write('columns', records, [0, 0, 0]);
    expect(wrong).toMatchObject({ rows: 1, problem: { code: 'DATA', record: 101, field: 'REC.NUMBERS.N' } });
  });

  test.each([
    [0, '  A B  '],
    [1, 'A B  '],
    [2, '  A B'],
    [3, 'A B'],
  ])('texts are trimmed by option %i', (trim, expected) => {
    const items: FlatItem[] = [fixed(7), { name: 'T', kind: 'text', offset: 0, length: 7 }];
    const kernel = createFlatKernel(build, items, { trim });
    expect(rowsOf(kernel, kernel.write('columns', [ebcdic('  A B  ')]))).toEqual([[expected]]);
    expect(csvOf(kernel.write('csv', [ebcdic('  A B  ')]))).toEqual([expected]);
  });

  test.each(Array.from({ length: 70 }, (_, i) => i + 1))(
    'a text of %i bytes is all of it and nothing else',
    (length) => {
      const items: FlatItem[] = [
        fixed(length + 1),
        { name: 'T', kind: 'text', offset: 0, length },
        { name: 'NEXT', kind: 'text', offset: length, length: 1 },
      ];
      const kernel = createFlatKernel(build, items);
      const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';
      const texts = Array.from({ length: length + 1 }, (_, n) =>
        Array.from({ length: n }, (__, i) => letters[(i + n) % letters.length]).join(''),
      );
      const batch = kernel.write(
        'columns',
        texts.map((text) => ebcdic(`${text.padEnd(length)}X`)),
      );
      expect(rowsOf(kernel, batch)).toEqual(texts.map((text) => [text, 'X']));
    },
  );

  test('every character of a code page comes out, and what it has not got is not valid', () => {
    const items: FlatItem[] = [fixed(3), { name: 'T', kind: 'text', offset: 0, length: 3 }];
    for (const codePage of ['cp037', 'cp500', 'cp1047', 'cp1140', 'cp875', 'latin1', 'ascii']) {
      const kernel = createFlatKernel(build, items, { codePage, trim: 0, invalid: 1 });
      const records = Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte, byte, byte));
      const batch = kernel.write('columns', records);
      const texts = rowsOf(kernel, batch).map(([text]) => text as string | null);
      expect(texts.filter((text) => text === null)).toHaveLength(batch.invalidCount);
      const known = texts.filter((text) => text !== null);
      expect(new Set(known).size).toBe(known.length);
      for (const text of known) expect(text).toMatch(/^(.)\1\1$/su);
      expect(known.length).toBeGreaterThan(codePage === 'ascii' ? 127 : 240);
    }
  });

  test('IBM floats are the nearest doubles, IEEE ones themselves', () => {
    const items: FlatItem[] = [
      fixed(12),
      { name: 'S', kind: 'float', offset: 0, length: 4 },
      { name: 'D', kind: 'float', offset: 4, length: 8 },
    ];
    const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));
    const ibm = createFlatKernel(build, items);
    expect(
      rowsOf(
        ibm,
        ibm.write('columns', [
          hex('45543AE9 361677A4590FAB60'),
          hex('41480000 4110000000000000'),
          hex('C1100000 7FFFFFFFFFFFFFFF'),
          hex('80000000 0000000000000001'),
        ]),
      ),
    ).toEqual([
      [345006.5625, 7.982006699999985e-14],
      [4.5, 1],
      [-1, 16 ** 63],
      [0, 16 ** -78],
    ]);
    const ieee = createFlatKernel(build, items, { floatIsIeee: 1, invalid: 1 });
    const batch = ieee.write('columns', [hex('3FC00000 C000000000000000'), hex('7F800000 7FF8000000000000')]);
    expect(rowsOf(ieee, batch)).toEqual([
      [1.5, -2],
      [null, null],
    ]);
    expect(batch.invalidCount).toBe(2);
  });

  test('a column is as wide as what its item can hold', () => {
    const number = (facts: Partial<FlatItem>): FlatItem => ({
      ...{ name: 'N', kind: 'zoned', offset: 0, length: 8, digits: 8, scale: 0 },
      ...facts,
    });
    const typeOf = (facts: Partial<FlatItem>, options = {}): string => {
      const item = number(facts);
      const { columns } = createFlatKernel(build, [fixed(item.length), item], options);
      return columns.map(({ type, precision, scale }) => `${type} ${precision} ${scale}`).join();
    };
    expect(typeOf({ digits: 9 })).toBe('int32 0 0');
    expect(typeOf({ digits: 10 })).toBe('int64 0 0');
    expect(typeOf({ digits: 7, scale: -3 })).toBe('int64 0 0');
    expect(typeOf({ digits: 18 })).toBe('int64 0 0');
    expect(typeOf({ digits: 19 })).toBe('decimal 19 0');
    expect(typeOf({ digits: 9, scale: 2 })).toBe('decimal 9 2');
    expect(typeOf({ digits: 2, scale: 4 })).toBe('decimal 4 4');
    expect(typeOf({ digits: 38 })).toBe('decimal 38 0');
    expect(typeOf({ digits: 39 })).toBe('utf8 0 0');
    const binary = { kind: 'binary', digits: 9, length: 4 } as const;
    expect(typeOf({ ...binary, signed: true })).toBe('int32 0 0');
    expect(typeOf(binary)).toBe('int64 0 0');
    expect(typeOf(binary, { truncateBinary: 1 })).toBe('int32 0 0');
    expect(typeOf({ ...binary, scale: 2, signed: true })).toBe('decimal 10 2');
    expect(typeOf({ ...binary, digits: 18, length: 8 })).toBe('int64 0 0');
    expect(typeOf({ ...binary, digits: 18, length: 8, native: true })).toBe('decimal 20 0');
    expect(typeOf({ kind: 'float', length: 4 })).toBe('float64 0 0');
    expect(typeOf({ kind: 'bytes', length: 4 })).toBe('binary 0 0');
  });

  test('fillers are left out, groups can be one text, and 4,096 columns are the most', () => {
    const items = (occurs: number): FlatItem[] => [
      fixed(occurs + 4),
      { name: 'FILLER', kind: 'text', offset: 0, length: 1, hidden: true },
      { name: 'G', kind: 'group', offset: 1, length: 3 },
      { name: 'A', kind: 'text', offset: 1, length: 1, parent: 2 },
      { name: 'B', kind: 'text', offset: 2, length: 2, parent: 2 },
      { name: 'T', kind: 'text', offset: 4, length: 1, occurs },
    ];
    const kernel = createFlatKernel(build, items(1), { groupsAsText: ['g'] });
    expect(kernel.columns.map(({ name }) => name)).toEqual(['G', 'T[1]']);
    expect(rowsOf(kernel, kernel.write('columns', [ebcdic('XABCD')]))).toEqual([['ABC', 'D']]);
    expect(createFlatKernel(build, items(4094)).columns).toHaveLength(4096);
    expect(() => createFlatKernel(build, items(4095))).toThrow('LIMIT');
    expect(() => createFlatKernel(build, items(999_999_999))).toThrow('LIMIT');
  });
});
