/** What each clause of an entry makes of an item. */

import { describe, expect, test } from 'vitest';
import type { CopybookOptions, LayoutItem } from '../../../crypto-wasm/copybook/face.ts';
import { entry, itemOf, layoutOf, problemOf, record } from './layout-answers.ts';

type Shape = Partial<LayoutItem>;

const pictures: readonly (readonly [string, Shape])[] = [
  ['PIC X', { kind: 'text', length: 1, usage: 'DISPLAY' }],
  ['PICTURE IS X(10)', { kind: 'text', length: 10, picture: 'X(10)' }],
  ['PIC A(3)', { kind: 'text', length: 3 }],
  ['PIC XX99A', { kind: 'text', length: 5 }],
  ['PIC 9', { kind: 'zoned', length: 1, digits: 1 }],
  ['PIC 9(008)', { kind: 'zoned', length: 8, digits: 8 }],
  ['PIC S9(7)V99', { kind: 'zoned', length: 9, digits: 9, scale: 2, signed: true }],
  ['PIC 9(8)V9(2)', { kind: 'zoned', length: 10, digits: 10, scale: 2 }],
  ['PIC V999', { kind: 'zoned', length: 3, digits: 3, scale: 3 }],
  ['PIC 9(3)PP', { kind: 'zoned', length: 3, digits: 3, scale: -2 }],
  ['PIC 9(15)P', { kind: 'zoned', length: 15, digits: 15, scale: -1 }],
  ['PIC SVP9(15)', { kind: 'zoned', length: 15, digits: 15, scale: 16, signed: true }],
  ['PIC PP99', { kind: 'zoned', length: 2, digits: 2, scale: 4 }],
  ['PIC 9(38)', { kind: 'zoned', length: 38, digits: 38 }],
  ['PIC ZZZ,ZZ9.99-', { kind: 'edited', length: 11, digits: 8, scale: 2, signed: true }],
  ['PIC 9(8).9(2)', { kind: 'edited', length: 11, digits: 10, scale: 2 }],
  ['PIC -9(18)', { kind: 'edited', length: 19, digits: 18, signed: true }],
  ['PIC $$,$$9.99CR', { kind: 'edited', length: 11, digits: 6, scale: 2, signed: true }],
  ['PIC **9.9', { kind: 'edited', length: 5, digits: 4, scale: 1 }],
  ['PIC 99/99/9999', { kind: 'edited', length: 10, digits: 8 }],
  ['PIC XX/XX', { kind: 'editedText', length: 5 }],
  ['PIC XBX0X', { kind: 'editedText', length: 5 }],
  ['PIC N(4)', { kind: 'national', length: 8, usage: 'NATIONAL' }],
  ['PIC G(4)', { kind: 'graphic', length: 8, usage: 'DISPLAY-1' }],
  ['PIC N(4) USAGE DISPLAY-1', { kind: 'graphic', length: 8 }],
];

const usages: readonly (readonly [string, Shape, CopybookOptions?])[] = [
  ['PIC S9(4) COMP', { kind: 'binary', length: 2, digits: 4, signed: true }],
  ['PIC 9 COMP', { kind: 'binary', length: 2 }],
  ['PIC 9 COMP', { kind: 'binary', length: 1 }, { smallBinary: 1 }],
  ['PIC 9(5) COMP-4', { kind: 'binary', length: 4, usage: 'COMP' }],
  ['PIC 9(9) BINARY', { kind: 'binary', length: 4 }],
  ['PIC 9(10) COMPUTATIONAL', { kind: 'binary', length: 8 }],
  ['PIC 9(18) USAGE IS COMPUTATIONAL-4', { kind: 'binary', length: 8 }],
  ['PIC 9(19) COMP', { kind: 'binary', length: 16, digits: 19 }],
  ['PIC S9(9) COMP-5', { kind: 'binary', length: 4, nativeBinary: true, usage: 'COMP-5' }],
  ['PIC S9(9) COMP-5', { kind: 'binary', length: 4, littleEndian: true }, { nativeEndian: 'little' }],
  ['PIC 9(2) COMP-9', { kind: 'binary', length: 1, littleEndian: true }],
  ['PIC 9(3) COMP-9', { kind: 'binary', length: 2, littleEndian: true }],
  ['PIC 9(2) COMP-X', { kind: 'binary', length: 1, nativeBinary: true }],
  ['PIC 9(7) COMP-X', { kind: 'binary', length: 3 }],
  ['PIC S9(7) COMP-X', { kind: 'binary', length: 4 }],
  ['PIC 9(9) COMP-0', { kind: 'binary', length: 4 }],
  ['COMP-1', { kind: 'float', length: 4, usage: 'COMP-1' }],
  ['USAGE COMPUTATIONAL-2', { kind: 'float', length: 8, usage: 'COMP-2' }],
  ['PIC S9(3) COMP-3', { kind: 'packed', length: 2, digits: 3 }],
  ['PIC S9(4) COMP-3', { kind: 'packed', length: 3 }],
  ['PIC 9(7)V99 PACKED-DECIMAL', { kind: 'packed', length: 5, digits: 9, scale: 2, usage: 'COMP-3' }],
  ['PIC 9(4) COMP-6', { kind: 'packedUnsigned', length: 2, digits: 4 }],
  ['PIC 9(5) COMPUTATIONAL-3U', { kind: 'packedUnsigned', length: 3, digits: 5 }],
  ['PIC X(4) COMP', { kind: 'bytes', length: 4 }],
  ['PIC X(3) COMP-X', { kind: 'bytes', length: 3 }],
  ['USAGE INDEX', { kind: 'bytes', length: 4 }],
  ['POINTER', { kind: 'bytes', length: 4 }],
  ['USAGE IS PROCEDURE-POINTER', { kind: 'bytes', length: 8 }],
  ['PIC N(2) NATIONAL', { kind: 'national', length: 4 }],
  ['PIC N(2)', { kind: 'graphic', length: 4 }, { nationalIsDbcs: true }],
  ['PIC S9(3) SIGN LEADING', { kind: 'zoned', length: 3, signLeading: true }],
  [
    'PIC S9(3) SIGN IS TRAILING SEPARATE CHARACTER',
    { kind: 'zoned', length: 4, digits: 3, signSeparate: true },
  ],
  ['PIC S9(3) LEADING SEPARATE', { kind: 'zoned', length: 4, signLeading: true, signSeparate: true }],
  ['PIC X(3) JUSTIFIED RIGHT', { justified: true }],
  ['PIC X(3) JUST', { justified: true }],
  ['PIC 9(3) BLANK WHEN ZERO', { kind: 'zoned', blankWhenZero: true }],
  ['PIC ZZ9 BLANK ZEROS', { kind: 'edited', blankWhenZero: true }],
  ['PIC X GLOBAL EXTERNAL', { kind: 'text' }],
  ['IS GLOBAL PIC X', { kind: 'text' }],
];

describe('pictures and usages', () => {
  test.each(pictures)('%s', (text, shape) => expect(entry(text)).toMatchObject(shape));
  test.each(usages.map(([text, shape, options]) => ({ text, shape, options })))(
    '$text',
    ({ text, shape, options }) => expect(entry(text, options)).toMatchObject(shape),
  );

  test('what a clause does not say is not in the answer', () => {
    const item = entry('PIC X');
    for (const absent of [
      'digits',
      'scale',
      'signed',
      'justified',
      'occurs',
      'redefines',
      'value',
      'conditions',
    ]) {
      expect(item).not.toHaveProperty(absent);
    }
  });
});

describe('values', () => {
  test.each([
    ['VALUE 1', '1'],
    ['VALUE IS -1.50', '-1.50'],
    ['VALUE .5', '.5'],
    ["VALUE 'it''s'", '"it\'s"'],
    ['VALUE "a b"', '"a b"'],
    ["VALUE X'00FF'", 'X"00FF"'],
    ["VALUE ALL '*'", 'ALL "*"'],
    ['VALUE ALL SPACES', 'ALL SPACES'],
    ['VALUE ZEROES', 'ZEROES'],
    ['VALUES ARE 1 2 3', '1 2 3'],
    ["VALUE 'a' & 'b'", '"ab"'],
  ])('%s', (text, value) => expect(entry(`PIC X(9) ${text}`).value).toBe(value));

  test('level 88 names values and ranges of the item above it', () => {
    const layout = layoutOf(
      record(
        '05 ST PIC X.',
        "88 OPEN-ST VALUE 'A' THRU 'F' 'X'.",
        '88 NONE VALUES ARE SPACES, LOW-VALUES WHEN SET TO FALSE IS "N".',
        '05 N PIC S9(3).',
        '88 SMALL VALUE -5 THROUGH 5.',
      ),
    );
    expect(itemOf(layout, 'ST').conditions).toEqual([
      { name: 'OPEN-ST', values: ['A', 'F', 'X', 'X'] },
      { name: 'NONE', values: ['SPACES', 'SPACES', 'LOW-VALUES', 'LOW-VALUES'] },
    ]);
    expect(itemOf(layout, 'N').conditions).toEqual([{ name: 'SMALL', values: ['-5', '5'] }]);
  });
});

describe('tables', () => {
  test.each([
    ['OCCURS 3', { min: 3, max: 3 }],
    ['OCCURS 3 TIMES ASCENDING KEY IS K1 K2 DESCENDING K3 INDEXED BY I1, I2', { min: 3, max: 3 }],
    ['OCCURS 1 TO 5 TIMES DEPENDING ON CNT', { min: 1, max: 5, dependsOn: 1 }],
    ['OCCURS 5 DEPENDING ON CNT OF REC', { min: 0, max: 5, dependsOn: 1 }],
    ['OCCURS 0 TO 5 INDEXED BY I1 DEPENDING CNT IN REC', { min: 0, max: 5, dependsOn: 1 }],
  ])('%s', (text, occurs) => {
    const layout = layoutOf(record('05 CNT PIC 9.', `05 T ${text} PIC X(2).`));
    expect(itemOf(layout, 'T')).toMatchObject({ occurs, length: 2, offset: 1 });
  });

  test('a counter that is a text needs its counts in the options', () => {
    const text = record('05 CNT PIC X.', '05 T OCCURS 0 TO 2 DEPENDING ON CNT PIC X.');
    expect(problemOf(text)).toMatchObject({ code: 'SYNTAX', line: 3 });
    expect(layoutOf(text, { occursMappings: { T: { A: 1 } } }).recordBytes).toBe(3);
  });

  test('the counter is the one of that name nearest to the table', () => {
    const layout = layoutOf(
      record('05 G1.', '10 N PIC 9.', '05 G2.', '10 N PIC 9.', '10 T OCCURS 1 TO 2 DEPENDING ON N PIC X.'),
    );
    expect(itemOf(layout, 'T').occurs?.dependsOn).toBe(4);
  });
});

describe('groups', () => {
  test('usage and sign are handed down', () => {
    const layout = layoutOf(
      record(
        '05 G COMP-3.',
        '10 A PIC 9(3).',
        '05 H SIGN LEADING SEPARATE.',
        '10 B PIC S99.',
        '10 C PIC 99.',
      ),
    );
    expect(itemOf(layout, 'A')).toMatchObject({ kind: 'packed', length: 2, usage: 'COMP-3' });
    expect(itemOf(layout, 'B')).toMatchObject({ length: 3, signLeading: true, signSeparate: true });
    expect(itemOf(layout, 'C')).toMatchObject({ length: 2 });
    expect(itemOf(layout, 'H')).not.toHaveProperty('signLeading');
  });

  test('items without a name are FILLERs', () => {
    const layout = layoutOf(record('05 PIC X.', '05 FILLER PIC X.', '05.', '10 A PIC X.'));
    expect(layout.items.filter((item) => item.filler)).toHaveLength(3);
  });

  test('names that mean something elsewhere are names behind a level', () => {
    const layout = layoutOf(
      record('05 COUNT PIC 9.', '05 DATA PIC X.', '05 V PIC X.', '05 X PIC X.', '05 RECORD PIC X.'),
    );
    expect(layout.items.map((item) => item.name)).toEqual(['REC', 'COUNT', 'DATA', 'V', 'X', 'RECORD']);
  });

  test('a copybook without level 01 is one record', () => {
    const layout = layoutOf('05 A.\n10 B PIC X.\n05 C PIC X(2).');
    expect(layout.items.map((item) => item.path)).toEqual(['RECORD', 'RECORD.A', 'RECORD.A.B', 'RECORD.C']);
    expect(layout.recordBytes).toBe(3);
  });

  test('several records are views of the same bytes', () => {
    const layout = layoutOf('01 A PIC X(3).\n01 B.\n05 C PIC X(5).\n77 D PIC 9.');
    expect(layout.recordBytes).toBe(5);
    expect(layout.recordMinBytes).toBe(1);
    expect(layout.items.map((item) => [item.offset, item.redefines, item.overlaid])).toEqual([
      [0, undefined, true],
      [0, 0, true],
      [0, undefined, true],
      [0, 0, true],
    ]);
  });
});
