/** Copybooks that are wrong, each refused with a code, a place and a reason; and those that are too much. */

import { describe, expect, test } from 'vitest';
import { entry, freshKernel, layoutOf, problemOf, record } from './layout-answers.ts';

/** Free format, in the second line of a record; the column is that of the fault. */
const entries: readonly (readonly [string, number, RegExp])[] = [
  ['05 A PIC X COMP-7.', 12, /COMP-7 begins no clause/],
  ['05 A PIC X FROBNICATE YES.', 12, /FROBNICATE begins no clause/],
  ['05 A USAGE COMP-7 PIC 9.', 12, /no USAGE COMP-7/],
  ['05 A PIC Q.', 10, /PIC Q of A/],
  ['05 A PIC 9(.', 10, /repetition/],
  ['05 A PIC X(0).', 10, /repetition/],
  ['05 A PIC 9V9V9.', 10, /V stands once/],
  ['05 A PIC 9S.', 10, /S stands once/],
  ['05 A PIC SV.', 10, /no digit/],
  ['05 A PIC 9P9.', 10, /P stands/],
  ['05 A PIC Z9Z.', 10, /neither a number/],
  ['05 A PIC N(2)/.', 10, /neither a number/],
  ['05 A PIC.', 9, /goes on with a period/],
  ['05 A PIC X PIC X.', 12, /a second time/],
  ['05 A COMP COMP-3 PIC 9.', 11, /a second time/],
  ['05 A PIC X COMP-3.', 10, /needs USAGE DISPLAY/],
  ['05 A PIC S9 COMP-6.', 10, /has a sign/],
  ['05 A PIC 9 NATIONAL.', 10, /cannot hold/],
  ['05 A PIC ZZ9 COMP.', 10, /needs USAGE DISPLAY/],
  ['05 A PIC G(2) NATIONAL.', 10, /two bytes/],
  ['05 A PIC 9 COMP-1.', 10, /cannot hold/],
  ['05 A.', 1, /neither a picture nor items/],
  ['05 A PIC X. 10 B PIC X.', 10, /A has a picture and items below it/],
  ['05 A JUST. 10 B PIC X.', 6, /JUSTIFIED stands at a group/],
  ['05 A PIC 9 JUST.', 12, /no text/],
  ['05 A PIC X BLANK WHEN ZERO.', 12, /no DISPLAY number/],
  ['05 A PIC X BLANK WHEN SPACE.', 23, /not with WHEN ZERO/],
  ['05 A PIC 9 SIGN LEADING.', 12, /no signed DISPLAY number/],
  ['05 A PIC S9 SIGN SEPARATE.', 18, /not with LEADING or TRAILING/],
  ['05 A PIC X OCCURS.', 18, /goes on with a period/],
  ['05 A PIC X OCCURS 0.', 12, /at least one/],
  ['05 A PIC X OCCURS 1 TO 3.', 12, /needs DEPENDING/],
  ['05 A PIC X OCCURS 5 TO 3 DEPENDING ON B.', 12, /its least/],
  ['05 A PIC X OCCURS 3 DEPENDING ON NO-ONE.', 34, /no item NO-ONE/],
  ['05 A PIC X OCCURS 3 DEPENDING ON B. 05 B PIC 9.', 34, /behind the table/],
  ['05 A OCCURS 3 DEPENDING ON B. 10 B PIC 9.', 28, /in the table/],
  ['05 A OCCURS 2. 10 B PIC 9. 05 C PIC X OCCURS 3 DEPENDING ON B.', 61, /which occurrence/],
  ['05 A. 10 B PIC 9. 05 C PIC X OCCURS 3 DEPENDING ON A.', 52, /is a group/],
  ['05 B PIC 9. 05 B PIC 9. 05 C PIC X OCCURS 3 DEPENDING ON B.', 58, /several items/],
  ['05 B PIC 9V9. 05 C PIC X OCCURS 3 DEPENDING ON B.', 48, /no integer/],
  ['05 A REDEFINES B PIC X.', 16, /does not stand directly before/],
  ['05 A PIC X. 05 B PIC X. 05 C REDEFINES A PIC X.', 40, /does not stand directly before/],
  ['05 A PIC X. 04 B REDEFINES A PIC X.', 28, /level 4 and redefines level 5/],
  ['05 N PIC 9. 05 A OCCURS 3 DEPENDING ON N PIC X. 05 B REDEFINES A PIC X(3).', 49, /OCCURS DEPENDING ON/],
  ['05 A COMP. 10 B PIC 9 COMP-3.', 23, /stands in a group of USAGE COMP/],
  ['05 B PIC X. 66 R RENAMES A.', 26, /no item A/],
  ['05 B PIC X. 66 R RENAMES REC.', 26, /whole record/],
  ['05 A OCCURS 2 PIC X. 66 R RENAMES A.', 35, /in a table/],
  ['05 A PIC X. 05 B PIC X. 66 R RENAMES B THRU A.', 38, /comes before/],
  ['05 A PIC X. 88 C.', 17, /not with VALUE/],
  ['05 A PIC X. 88 C VALUE.', 23, /no literal/],
  ["05 A PIC X VALUE X'0G'.", 18, /hexadecimal/],
  ["05 A PIC X VALUE 'abc.", 18, /has no end/],
  ['05 A PIC X VALUE FOO.', 18, /no literal/],
  ['50 A PIC X.', 1, /no level 50/],
  ['00 A PIC X.', 1, /no level 00/],
  ['05 A PIC X', 11, /not with a period/],
  ['05 5A- PIC X. FOO.', 15, /level number is expected/],
  ['05 5 PIC X.', 4, /neither a name nor a clause/],
  ['77 A PIC X. 05 B PIC X.', 13, /level 77 has no items/],
  ['COPY .', 6, /not by a name/],
  ['COPY A REPLACING B C.', 20, /not with BY/],
  ['COPY A REPLACING ==B== BY ==C.', 27, /no end/],
  ['>>IF X', 1, /directive/],
];

describe('what is not understood is refused where it stands', () => {
  test.each(entries)('%s', (text, column, message) => {
    const problem = problemOf(record(text));
    expect(problem.message).toMatch(message);
    expect(problem).toMatchObject({ code: 'SYNTAX', line: 2, column });
  });

  test('nothing at all is no copybook', () => {
    for (const text of ['', '\n\n', '      * only a comment', '*> another']) {
      expect(problemOf(text)).toMatchObject({ code: 'SYNTAX', line: 1, column: 1 });
    }
  });

  test('a line that continues nothing', () => {
    expect(problemOf('      - X', { sourceFormat: 'fixed' })).toMatchObject({
      code: 'SYNTAX',
      line: 1,
      column: 7,
    });
  });

  test('a record behind items that are in none', () => {
    expect(problemOf('05 A PIC X.\n01 B PIC X.')).toMatchObject({ code: 'SYNTAX', line: 2 });
  });

  test('a copybook that is cut off', () => {
    const text = record('05 A PIC S9(5)V99 COMP-3.', '05 B PIC X(10).');
    for (let end = text.length - 1; end > 0; end--) {
      const cut = text.slice(0, end);
      if (!cut.trimEnd().endsWith('.')) expect(problemOf(cut).code).toBe('SYNTAX');
    }
  });
});

describe('what is too much is refused', () => {
  const nested = Array.from({ length: 8 }, (_, i) => `${10 + i} G${i} OCCURS 99999.`);
  test.each<readonly [string, string]>([
    ['OCCURS 999999999', record('05 A PIC X OCCURS 999999999.')],
    ['tables in tables', record(...nested, '49 A PIC X.')],
    ['a long record', record('05 A PIC X(16000000) OCCURS 5.')],
    ['a picture beyond all records', record('05 A PIC X(999999999).')],
    ['a picture beyond 32 bits', record(`05 A PIC ${'X(999999999)'.repeat(20)}.`)],
    ['too many digits', record('05 A PIC 9(39).')],
    ['too many places', record('05 A PIC 9P(99).')],
    ['a million items', record('05 A PIC X.'.repeat(100_000))],
    ['many items', record('05 A PIC X.\n'.repeat(20_001))],
    [
      'many words',
      `01 A PIC X VALUES ${'1 '.repeat(300_000)}.`.replaceAll('1 1 1 1 1 1 1 1 ', '1 1 1 1 1 1 1 1\n'),
    ],
    ['a long name', `01 ${'N'.repeat(64)} PIC X.`],
    ['a long line', `01 A PIC X.${' '.repeat(20_000)}05`],
    ['a long text', `*> ${'x'.repeat(100)}\n`.repeat(50_000)],
    [
      'long paths',
      record(...deep(48), ...Array.from({ length: 3000 }, (_, i) => `49 ${'N'.repeat(57)}${i} PIC X.`)),
    ],
  ])('%s', (_, text) => {
    expect(problemOf(text).code).toBe('LIMIT');
    expect(entry('PIC X(3)').length).toBe(3);
  });

  test('what is just not too much is laid out', () => {
    const many = layoutOf(record('05 A PIC X.\n'.repeat(19_999)));
    expect(many.items.at(-1)).toMatchObject({ key: 'A_19999', offset: 19_998 });
    expect(layoutOf(record(...deep(48), '49 A PIC X.')).items).toHaveLength(49);
    expect(layoutOf(`01 ${'N'.repeat(63)} PIC X.`).recordBytes).toBe(1);
  });

  test('hostile copybooks leave nothing behind', () => {
    const kernel = freshKernel();
    const hostile = [
      record('05 A PIC X REDEFINES A.\n'.repeat(10_000)),
      record('05 A PIC X.', '05 B REDEFINES A PIC X.\n'.repeat(15_000)),
      record('05 A PIC 9.\n'.repeat(9_000), '05 T PIC X OCCURS 2 DEPENDING ON A.\n'.repeat(9_000)),
      "01 A PIC X VALUE '".concat("''".repeat(8_000), "'."),
      '\t'.repeat(2_000).concat('01 A PIC X.'),
      `       01 A PIC X VALUE 'a\n${"      -    'b\n".repeat(2_000)}      -    'c'.`,
      '05 FILLER PIC X.\n'.repeat(19_000),
    ];
    for (const copybook of hostile) {
      for (const fillerNames of ['sequence', 'previous'] as const) {
        kernel.layout({ copybook, options: { fillerNames, valueFillers: true } });
      }
    }
    expect(kernel.layout({ copybook: '01 A PIC X(7).' })).toMatchObject({ layout: { recordBytes: 7 } });
  });
});

/** Levels 02 to `last`, each a group in the one before. */
function deep(last: number): string[] {
  return Array.from({ length: last - 1 }, (_, i) => `${i + 2} ${'G'.repeat(50)}${i}.`);
}
