/** Where items lie, what they are called, which are shown, and the schema of what is decoded. */

import { describe, expect, test } from 'vitest';
import type { CopybookLayout, CopybookOptions } from '../../../crypto-wasm/copybook/face.ts';
import { itemOf, layoutOf, problemOf, record } from './layout-answers.ts';

/** Name → offset, length, slack. */
function places(layout: CopybookLayout): Record<string, readonly (number | undefined)[]> {
  return Object.fromEntries(
    layout.items.map((item) => [item.name, [item.offset, item.length, item.slack ?? 0]]),
  );
}

describe('SYNCHRONIZED', () => {
  test('a doubleword lies on a fullword, as on z/OS, or on a doubleword by option', () => {
    const text = record('05 A PIC X.', '05 B PIC S9(10) COMP SYNC.');
    expect(places(layoutOf(text))).toMatchObject({ B: [4, 8, 3], REC: [0, 12, 0] });
    expect(places(layoutOf(text, { syncDoubleword: 8 }))).toMatchObject({ B: [8, 8, 7], REC: [0, 16, 0] });
  });

  test('halfwords, fullwords, floats, pointers', () => {
    const layout = layoutOf(
      record(
        '05 X1 PIC X. 05 H PIC 9(4) COMP SYNC.',
        '05 X2 PIC X. 05 W PIC 9(5) BINARY SYNCHRONIZED LEFT.',
        '05 X3 PIC X. 05 S COMP-1 SYNC.',
        '05 X4 PIC X. 05 D COMP-2 SYNC RIGHT.',
        '05 X5 PIC X. 05 P POINTER SYNC.',
        '05 X6 PIC X. 05 C PIC S9(5) COMP-3 SYNC.',
      ),
    );
    expect(places(layout)).toMatchObject({
      H: [2, 2, 1],
      W: [8, 4, 3],
      S: [16, 4, 3],
      D: [24, 8, 3],
      P: [36, 4, 3],
      C: [41, 3, 0],
    });
  });

  test('slack at the end of an element makes 24 bytes of 22', () => {
    const layout = layoutOf(
      record('05 T OCCURS 10.', '10 NUM PIC S9(9) COMP SYNC.', '10 TXT PIC X(18).', '05 AFTER-IT PIC X.'),
    );
    expect(places(layout)).toMatchObject({ T: [0, 24, 0], 'AFTER-IT': [240, 1, 0] });
  });

  test('a group begins where its first item has to', () => {
    const layout = layoutOf(record('05 A PIC X.', '05 G.', '10 B PIC 9(9) COMP SYNC.', '10 C PIC X.'));
    expect(places(layout)).toMatchObject({ G: [4, 5, 3], B: [4, 4, 0], REC: [0, 9, 0] });
  });

  test('a group hands it down', () => {
    const layout = layoutOf(record('05 G SYNC.', '10 A PIC X.', '10 B PIC 9(4) COMP.'));
    expect(places(layout)).toMatchObject({ B: [2, 2, 1] });
  });

  test('within an element that begins anywhere, every occurrence is aligned as the first', () => {
    const layout = layoutOf(
      record('05 A PIC X.', '05 T OCCURS 3.', '10 B PIC X.', '10 C PIC 9(4) COMP SYNC.'),
    );
    expect(places(layout)).toMatchObject({ T: [1, 4, 0], B: [1, 1, 0], C: [2, 2, 0] });
  });
});

describe('REDEFINES', () => {
  test('an area is as long as its longest view, and chains lie over one another', () => {
    const layout = layoutOf(
      record('05 A PIC X(2).', '05 B REDEFINES A PIC X(5).', '05 C REDEFINES B PIC 9.', '05 D PIC X.'),
    );
    expect(places(layout)).toMatchObject({ A: [0, 2, 0], B: [0, 5, 0], C: [0, 1, 0], D: [5, 1, 0] });
    expect(layout.items.map((item) => item.overlaid ?? false)).toEqual([false, true, true, true, false]);
    expect(itemOf(layout, 'C').redefines).toBe(2);
  });

  test('what is below a view is overlaid too', () => {
    const layout = layoutOf(record('05 A PIC X(4).', '05 B REDEFINES A.', '10 C PIC 99.', '10 D PIC 99.'));
    expect(places(layout)).toMatchObject({ C: [0, 2, 0], D: [2, 2, 0] });
    expect(itemOf(layout, 'D').overlaid).toBe(true);
  });

  test('a view that varies is refused, and taken where tables have their maximum', () => {
    const text = record(
      '05 N PIC 9.',
      '05 A PIC X(9).',
      '05 B REDEFINES A PIC X OCCURS 1 TO 9 DEPENDING ON N.',
    );
    expect(problemOf(text)).toMatchObject({ code: 'SYNTAX', line: 4 });
    expect(layoutOf(text, { odo: 'maximum' }).recordBytes).toBe(10);
  });
});

describe('OCCURS DEPENDING ON', () => {
  const text = record(
    '05 N PIC 9.',
    '05 T OCCURS 1 TO 4 DEPENDING ON N.',
    '10 M PIC 9.',
    '10 U PIC X(3) OCCURS 0 TO 5 DEPENDING ON M OF T.',
    '05 Z PIC X(2).',
  );

  test('what follows a table lies behind its maximum; the shortest record has every table at its minimum', () => {
    const layout = layoutOf(text);
    expect(places(layout)).toMatchObject({ T: [1, 16, 0], U: [2, 3, 0], Z: [65, 2, 0] });
    expect(layout).toMatchObject({ recordBytes: 67, recordMinBytes: 1 + 1 + 2, isVariable: true });
    expect(['REC', 'N', 'T', 'M', 'U', 'Z'].map((name) => itemOf(layout, name).variable ?? false)).toEqual([
      ...[true, false, true, false, true, false],
    ]);
  });

  test('with tables at their maximum nothing varies', () => {
    const layout = layoutOf(text, { odo: 'maximum' });
    expect(layout).toMatchObject({ recordBytes: 67, recordMinBytes: 67, isVariable: false });
  });
});

test('RENAMES covers what lies from one item to the other', () => {
  const layout = layoutOf(
    record(
      '05 A PIC X.',
      '05 G.',
      '10 B PIC XX.',
      '10 C PIC X(3).',
      '66 R1 RENAMES A THRU B OF G.',
      '66 R2 RENAMES G.',
    ),
  );
  expect(layout.renames).toEqual([
    { name: 'R1', from: 1, thru: 3, offset: 0, length: 3 },
    { name: 'R2', from: 2, thru: 2, offset: 1, length: 5 },
  ]);
  expect(layout.items).toHaveLength(5);
});

describe('keys and what is shown', () => {
  const text = record(
    '05 FILLER PIC X.',
    '05 A-B PIC X.',
    '05 FILLER PIC X.',
    '05 FILLER.',
    '10 C PIC X.',
    '10 FILLER PIC X.',
    '05 A-B PIC X.',
    '05 G.',
    '10 FILLER PIC X.',
  );
  const keys = (options: CopybookOptions): string[] => layoutOf(text, options).items.map((item) => item.key);
  const shown = (options: CopybookOptions): string[] =>
    layoutOf(text, options)
      .items.filter((item) => item.shown)
      .map((item) => item.key);

  test('FILLERs are counted over the whole copybook, siblings of one name told apart', () => {
    expect(keys({})).toEqual([
      ...['REC', 'FILLER_P1', 'A-B', 'FILLER_P2', 'FILLER_1', 'C', 'FILLER_P3', 'A-B_2', 'G', 'FILLER_P4'],
    ]);
    expect(keys({ names: 'underscore' })[2]).toBe('A_B');
  });

  test('FILLERs are called after the key before, by option', () => {
    expect(keys({ fillerNames: 'previous', names: 'underscore' })).toEqual([
      ...['REC', 'FILLER_AFTER_REC', 'A_B', 'FILLER_AFTER_A_B', 'FILLER_AFTER_FILLER_AFTER_A_B', 'C'],
      ...['FILLER_AFTER_C', 'A_B_2', 'G', 'FILLER_AFTER_G'],
    ]);
  });

  test('FILLERs are shown by option, and a group for what it has', () => {
    expect(shown({})).toEqual(['REC', 'A-B', 'A-B_2']);
    expect(shown({ groupFillers: true })).toEqual(['REC', 'A-B', 'FILLER_1', 'C', 'A-B_2']);
    expect(shown({ valueFillers: true })).toEqual([
      ...['REC', 'FILLER_P1', 'A-B', 'FILLER_P2', 'A-B_2', 'G', 'FILLER_P4'],
    ]);
  });

  test('a projection shows what it names, what is below and what is around', () => {
    const options = { groupFillers: true, fields: ['c'] };
    expect(shown(options)).toEqual(['REC', 'FILLER_1', 'C']);
    expect(shown({ fields: ['REC'] })).toEqual(['REC', 'A-B', 'A-B_2']);
  });

  test('a name of several items has to be a path', () => {
    const twice = record('05 A.', '10 X PIC X.', '05 B.', '10 X PIC X.');
    expect(problemOf(twice, { fields: ['X'] })).toMatchObject({ code: 'OPTIONS' });
    expect(layoutOf(twice, { fields: ['rec.b.x'] }).items.map((item) => item.shown ?? false)).toEqual([
      ...[true, false, false, true, true],
    ]);
  });
});

describe('the schema', () => {
  const text = record(
    '05 A PIC X(5).',
    '05 N PIC S9(3)V99 COMP-3.',
    '05 L PIC 9(18).',
    '05 H PIC S9(4) COMP OCCURS 3.',
    '05 P PIC 9(3)PP.',
    '05 G.',
    '10 F COMP-2.',
    '10 V PIC N(4) OCCURS 0 TO 2 DEPENDING ON N2.',
  ).replace('05 A', '05 N2 PIC 9. 05 A');

  test('describes numbers, texts, tables and groups of a record', () => {
    expect(layoutOf(text, { blankNumbers: 'zero', strictSigns: true }).schema).toEqual({
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      type: 'object',
      properties: {
        N2: { type: 'integer', minimum: 0, maximum: 9 },
        A: { type: 'string', maxLength: 5 },
        N: { type: 'number', minimum: -999.99, maximum: 999.99 },
        L: { type: 'string', pattern: '^(0|[1-9][0-9]{0,17})$' },
        H: {
          type: 'array',
          items: { type: 'integer', minimum: -32768, maximum: 32767 },
          minItems: 3,
          maxItems: 3,
        },
        P: { type: 'integer', multipleOf: 100, minimum: 0, maximum: 99900 },
        G: {
          type: 'object',
          properties: {
            F: { type: 'number' },
            V: { type: 'array', items: { type: 'string', maxLength: 4 }, minItems: 0, maxItems: 2 },
          },
          required: ['F', 'V'],
          additionalProperties: false,
        },
      },
      required: ['N2', 'A', 'N', 'L', 'H', 'P', 'G'],
      additionalProperties: false,
    });
  });

  test('allows null where data can make it', () => {
    const typesOf = (options: CopybookOptions): unknown[] => {
      const { properties } = layoutOf(text, options).schema as {
        properties: Record<string, { type: unknown }>;
      };
      return ['A', 'N', 'H'].map((key) => properties[key]?.type);
    };
    expect(typesOf({})).toEqual(['string', ['number', 'null'], 'array']);
    expect(typesOf({ invalid: 'null' })).toEqual([['string', 'null'], ['number', 'null'], 'array']);
    expect(typesOf({ recordFormat: 'V' })).toEqual([
      ['string', 'null'],
      ['number', 'null'],
      ['array', 'null'],
    ]);
  });

  test('has texts for numbers, raw bytes and errors where they are asked for', () => {
    const { properties } = layoutOf(record('05 A PIC S9V9.'), {
      numbers: 'text',
      invalid: 'raw',
      errorColumn: true,
      keepRoot: true,
    }).schema as { properties: { REC: { properties: Record<string, unknown> }; _errors: unknown } };
    expect(properties._errors).toBeDefined();
    expect(properties.REC.properties.A).toMatchObject({
      anyOf: [
        { type: ['string', 'null'], pattern: '^-?(0|[1-9][0-9]{0,0})\\.[0-9]{1}$' },
        { type: 'object' },
      ],
    });
  });
});
