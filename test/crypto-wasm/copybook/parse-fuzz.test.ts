/**
 * Copybooks that nobody wrote on purpose: generated ones, and ones with pieces moved, doubled, cut and garbled. Whatever
 * comes, the answer is a layout that adds up or a problem that says why; the instance is as good as before.
 */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { CopybookOptions, LayoutItem } from '../../../crypto-wasm/copybook/face.ts';
import { kernel } from './layout-answers.ts';

const RUNS = process.env.HOTCELL_FUZZ === '1' ? 50_000 : 2_000;
const CODES = new Set(['SYNTAX', 'OPTIONS', 'LIMIT', 'FRAMING']);

const names = ['A', 'B', 'CNT', 'TOTAL-AMOUNT', 'FILLER', 'X', 'K1'] as const;
const name = fc.constantFrom(...names);
const count = fc.oneof(fc.integer({ min: 0, max: 12 }), fc.constantFrom(0, 1, 99999, 999999999, 9999999999));
const picture = fc.oneof(
  fc.constantFrom(
    'X',
    '9',
    'S9(4)',
    '9(3)V99',
    'S9(9)V9(2)',
    'ZZ,ZZ9.99-',
    '$$,$$9.99CR',
    'A(5)',
    'XX/XX',
    'N(4)',
    'G(3)',
  ),
  fc
    .tuple(fc.constantFrom('X', '9', 'S9', 'Z', 'V9', 'P', 'SV9', 'N', '*', '+'), count)
    .map(([s, n]) => `${s}(${n})`),
  fc.string({ unit: fc.constantFrom(...'XA9SVPZNG*+-$.,/B0CRD()12'), minLength: 1, maxLength: 8 }),
);
const clause = fc.oneof(
  { weight: 6, arbitrary: picture.map((p) => `PIC ${p}`) },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      ...['COMP', 'COMP-1', 'COMP-2', 'COMP-3', 'COMP-3U', 'COMP-5', 'COMP-6', 'COMP-9', 'COMP-X', 'BINARY'],
      ...['USAGE DISPLAY', 'USAGE IS NATIONAL', 'DISPLAY-1', 'INDEX', 'POINTER', 'PACKED-DECIMAL'],
    ),
  },
  name.map((n) => `REDEFINES ${n}`),
  count.map((n) => `OCCURS ${n} TIMES`),
  fc.tuple(count, count, name).map(([a, b, n]) => `OCCURS ${a} TO ${b} DEPENDING ON ${n}`),
  fc.constantFrom(
    'SYNC',
    'SIGN LEADING SEPARATE',
    'SIGN TRAILING',
    'JUST RIGHT',
    'BLANK WHEN ZERO',
    'GLOBAL',
  ),
  fc.constantFrom(
    'VALUE 1',
    "VALUE 'A'",
    'VALUE ALL SPACES',
    "VALUE X'00'",
    'VALUES ARE 1 THRU 5',
    "VALUE 'open",
  ),
  fc.constantFrom('FROBNICATE', 'TO', 'OF', 'COPY A', '==', '.'),
);
const level = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom('01', '05', '10', '15', '49') },
  fc.constantFrom('66', '77', '88', '00', '50', '2', '999'),
);
const line = fc
  .tuple(level, name, fc.array(clause, { maxLength: 3 }), fc.constantFrom('.', '.', '.', '.', '', ' .'))
  .map(([l, n, clauses, end]) => [l, n, ...clauses].join(' ') + end);
const generated = fc
  .tuple(fc.array(line, { minLength: 1, maxLength: 12 }), fc.boolean(), fc.boolean())
  .map(([lines, isFixed, isRecord]) => {
    const all = isRecord ? ['01 REC.', '05 CNT PIC 99.', ...lines] : lines;
    return all.map((text) => (isFixed ? `       ${text}` : text)).join('\n');
  });

/** Entries that mostly are right, so that the layout gets its share. */
const fields = fc
  .array(
    fc.tuple(
      fc.constantFrom('05', '05', '10', '15'),
      fc.constantFrom(
        'PIC X(3)',
        'PIC S9(5)V99 COMP-3',
        'PIC S9(9) COMP SYNC',
        'PIC 9(4)',
        'COMP-2 SYNC',
        'PIC N(2)',
        '',
      ),
      fc.constantFrom('', '', 'OCCURS 3', 'OCCURS 0 TO 4 DEPENDING ON CNT', 'REDEFINES CNT', 'SYNC'),
    ),
    { minLength: 1, maxLength: 12 },
  )
  .map((entries) => {
    const lines = entries.map(([l, p, c], i) => {
      const hasItems = Number(entries[i + 1]?.[0] ?? 0) > Number(l);
      return `${l} F${i % 5} ${c} ${hasItems ? '' : p || 'PIC X'}.`;
    });
    return ['01 REC.', '05 CNT PIC 99.', ...lines].join('\n');
  });

const seeds = [
  '       01  REC.\n           05  A PIC X(10).\n           05  CNT PIC S9(4) COMP.\n' +
    '           05  T OCCURS 1 TO 9 DEPENDING ON CNT.\n               10  V PIC S9(5)V99 COMP-3.\n' +
    '           05  Z REDEFINES A.\n               10  Y PIC 9(10).\n           66  R RENAMES A THRU CNT.\n',
  "01 R.\n 05 N PIC N(3) VALUE N'abc'.\n 88 IS-ON VALUE 'a' THRU 'f' 'x'.\n 05 E PIC $$,$$9.99CR BLANK WHEN ZERO.\n" +
    ' COPY PART REPLACING ==:T:== BY ==AB== LEADING ==X== BY ==Y==.\n 77 K INDEX.\n',
  'DATA DIVISION.\nFILE SECTION.\nFD F RECORD CONTAINS 80.\n01 R PIC X(80).\nPROCEDURE DIVISION.\n    STOP RUN.\n',
  "000100 01  R.\n000200     05  LONG-NAME-IN-\n000300-    TWO PIC X(20) VALUE 'abc\n000400-    'def'.  \n",
];
const copies = {
  PART: '05 :T:-FIELD PIC X(3).\n 05 XK PIC 9.\n COPY DEEPER.',
  DEEPER: '05 D PIC 9(4) COMP.',
  A: 'COPY B.',
  B: 'COPY A.',
};
const change = fc.tuple(
  fc.constantFrom('delete', 'double', 'move', 'set', 'cut'),
  fc.nat({ max: 400 }),
  fc.nat({ max: 40 }),
  fc.constantFrom(
    ...'.()9X-*/\'"\n\t =,0D',
    '\u0000',
    'é',
    '\ud83d\ude00',
    '==',
    ' OCCURS 999999999',
    ' COPY A.',
  ),
);
const mutated = fc
  .tuple(fc.constantFrom(...seeds), fc.array(change, { minLength: 1, maxLength: 6 }))
  .map(([seed, changes]) => {
    let text = seed;
    for (const [kind, at, length, insert] of changes) {
      const from = at % (text.length + 1);
      const piece = text.slice(from, from + length);
      const rest = text.slice(from + length);
      if (kind === 'delete') text = text.slice(0, from) + rest;
      else if (kind === 'double') text = text.slice(0, from) + piece + piece + rest;
      else if (kind === 'move') text = piece + text.slice(0, from) + rest;
      else if (kind === 'set') text = text.slice(0, from) + insert + rest;
      else text = text.slice(0, from);
    }
    return text.toWellFormed();
  });
const options: fc.Arbitrary<CopybookOptions> = fc.record(
  {
    sourceFormat: fc.constantFrom('auto', 'fixed', 'free'),
    syncDoubleword: fc.constantFrom(4, 8),
    smallBinary: fc.constantFrom(1, 2),
    nativeEndian: fc.constantFrom('big', 'little'),
    odo: fc.constantFrom('variable', 'maximum'),
    keepRoot: fc.boolean(),
    groupFillers: fc.boolean(),
    valueFillers: fc.boolean(),
    fillerNames: fc.constantFrom('sequence', 'previous'),
    names: fc.constantFrom('keep', 'underscore'),
    fields: fc.array(name, { maxLength: 1 }),
    recordFormat: fc.constantFrom('F', 'V'),
  },
  { requiredKeys: [] },
);

const known = { copybook: '01 R.\n 05 A PIC X(3).\n 05 B PIC S9(5) COMP-3.' };
const expected = kernel.layout(known);

test(`${RUNS} copybooks that are mostly wrong give a layout that adds up or a problem, and change nothing`, () => {
  let laidOut = 0;
  const codes = new Map<string, number>();
  fc.assert(
    fc.property(fc.oneof(generated, mutated, fields), options, (copybook, chosen) => {
      const answer = kernel.layout({ copybook, copies, options: chosen });
      if ('problem' in answer) {
        const { code, message, line: at = 1, column = 1 } = answer.problem;
        codes.set(code, (codes.get(code) ?? 0) + 1);
        expect(CODES).toContain(code);
        expect(message).not.toBe('');
        expect(Math.min(at, column)).toBeGreaterThan(0);
        if (code === 'SYNTAX') expect(answer.problem.line).toBeDefined();
        return;
      }
      laidOut++;
      addsUp(answer.layout.items, answer.layout.recordBytes);
      expect(answer.layout.recordMinBytes).toBeLessThanOrEqual(answer.layout.recordBytes);
    }),
    { numRuns: RUNS },
  );
  expect(kernel.layout(known)).toEqual(expected);
  // A fuzz of which everything is refused at the door, or nothing, would say little.
  expect(laidOut).toBeGreaterThan(RUNS / 100);
  expect(codes.get('SYNTAX')).toBeGreaterThan(RUNS / 10);
}, 600_000);

/** Every item lies within its group, and siblings that share no bytes follow one another. */
function addsUp(items: readonly LayoutItem[], recordBytes: number): void {
  for (const item of items) {
    const parent = item.parent === undefined || item.parent < 0 ? undefined : items[item.parent];
    const { offset = 0, length = 0 } = item;
    const end = offset + length * (item.occurs?.max ?? 1);
    expect(offset).toBeGreaterThanOrEqual(parent?.offset ?? 0);
    expect(end).toBeLessThanOrEqual(
      parent === undefined ? recordBytes : (parent.offset ?? 0) + (parent.length ?? 0),
    );
    if (item.redefines !== undefined && item.redefines >= 0) {
      expect(offset).toBe(items[item.redefines]?.offset);
    }
  }
}
