/** Lines and texts: fixed and free format, continuation, comments, directives, COPY, and the program around it all. */

import { describe, expect, test } from 'vitest';
import type { CopybookOptions } from '../../../crypto-wasm/copybook/face.ts';
import { type Copies, itemOf, layoutOf, problemOf } from './layout-answers.ts';

function namesOf(copybook: string, options?: CopybookOptions, copies?: Copies): string[] {
  return layoutOf(copybook, options, copies).items.map((item) => item.name);
}

describe('fixed format', () => {
  test('columns 1–6, 7 and 73–80 are not text', () => {
    const text = [
      '000100*    A COMMENT',
      '000200 01  REC.                                                         IGNORED.',
      `000300     05  A PIC X.${' '.repeat(49)}05 NOT-THERE PIC X.`,
      'ABCDEF/    NEXT PAGE',
      '      D    05 DEBUG PIC X.',
      '000400 EJECT',
      '       SKIP2.',
      '       05 B PIC X. *> the rest',
    ].join('\n');
    expect(namesOf(text)).toEqual(['REC', 'A', 'B']);
    expect(namesOf(text, { sourceFormat: 'fixed' })).toEqual(['REC', 'A', 'B']);
  });

  test('a word goes on behind a hyphen in column 7', () => {
    expect(namesOf('       01  LONG-NA\n      -      ME PIC X.')).toEqual(['LONG-NAME']);
  });

  test('a literal goes on up to column 72 and behind a quote', () => {
    const first = "       01  A PIC X(99) VALUE 'abc";
    const layout = layoutOf(`${first}\n      -    'def'.`);
    expect(itemOf(layout, 'A').value).toBe(`"abc${' '.repeat(72 - first.length)}def"`);
  });

  test('a comment may stand between a line and what continues it', () => {
    expect(namesOf('       01  A-\n      * X\n      -    B PIC X.')).toEqual(['A-B']);
  });

  test('entries that begin in column 7 are taken, unless fixed format is asked for', () => {
    const text = '      * X\n      01 REC.\n         05 A PIC X.';
    expect(namesOf(text)).toEqual(['REC', 'A']);
    expect(problemOf(text, { sourceFormat: 'fixed' })).toMatchObject({ code: 'SYNTAX', line: 2, column: 7 });
  });

  test('tabs go to columns that are multiples of eight', () => {
    expect(namesOf('       01  A.\r\n\t  05\tB\tPIC X.\r\n')).toEqual(['A', 'B']);
  });

  test('lines end with CR LF or LF, the last perhaps with nothing', () => {
    expect(namesOf('\ufeff       01  A.\r\n       05 B PIC X.\r\n\u001a')).toEqual(['A', 'B']);
  });
});

describe('free format', () => {
  test('is what a text is that cannot be fixed', () => {
    expect(namesOf('01 REC.\n 05 A PIC X. *> comment\n*> 05 B PIC X.\n05 C\n  PIC X.')).toEqual([
      'REC',
      'A',
      'C',
    ]);
    expect(namesOf('    05 A PIC X.\n    05     B PIC X.')).toEqual(['RECORD', 'A', 'B']);
    expect(namesOf('05     A PIC X.')).toEqual(['RECORD', 'A']);
  });

  test('has text in all columns', () => {
    expect(namesOf(`01 REC.${' '.repeat(90)}05 FAR-OUT PIC X.`)).toEqual(['REC', 'FAR-OUT']);
  });

  test('an asterisk in its picture is no comment', () => {
    expect(itemOf(layoutOf('01 A PIC **9.'), 'A').picture).toBe('**9');
  });

  test.each(['>>SOURCE FORMAT IS FREE', '  >>SOURCE FORMAT FREE.', '       >>SOURCE FREE'])(
    'begins with %s',
    (directive) => {
      expect(namesOf(`${directive}\n01 REC.\n05 A PIC X.`, { sourceFormat: 'fixed' })).toEqual(['REC', 'A']);
    },
  );

  test('ends with >>SOURCE FORMAT IS FIXED', () => {
    const text = '01 REC.\n05 A PIC X.\n>>SOURCE FORMAT IS FIXED\n000100 05 B PIC X.';
    expect(namesOf(text)).toEqual(['REC', 'A', 'B']);
  });
});

describe('COPY', () => {
  const copies: Copies = {
    part: '       05 :TAG:-ID PIC X(:LEN:).\n       05 OLD-NAME PIC 9(4).\n       COPY DEEP.',
    DEEP: '       05 DEEP-ITEM PIC X VALUE "q".',
  };

  test('texts are found without case, and nest', () => {
    const text = '       01 R.\n       COPY DEEP.\n       05 LAST-ONE PIC X.';
    expect(namesOf(text, {}, copies)).toEqual(['R', 'DEEP-ITEM', 'LAST-ONE']);
    expect(namesOf("       01 R.\n       COPY 'deep' OF LIB SUPPRESS.", {}, copies)).toEqual([
      'R',
      'DEEP-ITEM',
    ]);
  });

  test('REPLACING changes pseudo-text, parts of words, words and literals, in nested texts too', () => {
    const text =
      '01 R. COPY PART REPLACING ==:TAG:== BY ==CUST==\n' +
      '           ==:LEN:== BY ==7==\n' +
      '           OLD-NAME BY NEW-NAME ==PIC 9(4)== BY ==PIC S9(4) COMP==\n' +
      '           "q" BY "z"\n' +
      '           TRAILING ==-ITEM== BY ==-END== LEADING ==DEEP-== BY ==FLAT-==.';
    const layout = layoutOf(text, {}, copies);
    expect(layout.items.map((item) => item.name)).toEqual(['R', 'CUST-ID', 'NEW-NAME', 'FLAT-END']);
    expect(itemOf(layout, 'CUST-ID').length).toBe(7);
    expect(itemOf(layout, 'NEW-NAME').kind).toBe('binary');
    expect(itemOf(layout, 'FLAT-END').value).toBe('"z"');
  });

  test('REPLACING by nothing takes words away', () => {
    const text = '       01 R. COPY DEEP REPLACING ==VALUE "q"== BY ====.';
    expect(itemOf(layoutOf(text, {}, copies), 'DEEP-ITEM')).not.toHaveProperty('value');
  });

  test('a whole word is replaced, not a part of one', () => {
    const text = '       01 R. COPY DEEP REPLACING ==DEEP== BY ==FLAT==.';
    expect(namesOf(text, {}, copies)).toEqual(['R', 'DEEP-ITEM']);
  });

  test('each text has its own format', () => {
    expect(namesOf('       01 R.\n       COPY F.', {}, { F: '05 A PIC X.\n05 B PIC X.' })).toEqual([
      'R',
      'A',
      'B',
    ]);
  });

  test('texts that copy one another in a circle are refused', () => {
    const circle: Copies = { A: 'COPY B.', B: '01 X PIC X.\nCOPY A.' };
    const problem = problemOf('COPY A.', {}, circle);
    expect(problem).toMatchObject({ code: 'SYNTAX', line: 2, column: 6 });
    expect(problem.message).toContain('COPY A copies itself');
    expect(problem.message).toContain('in COPY B');
  });

  test('a text that nobody gave is refused where it is named', () => {
    expect(problemOf('01 R.\n  COPY NOWHERE.')).toMatchObject({ code: 'SYNTAX', line: 2, column: 8 });
  });

  test('a problem in a copied text has its line there, and its name', () => {
    const problem = problemOf('01 R.\nCOPY P.', {}, { P: '\n\n  05 A PIC Q.' });
    expect(problem).toMatchObject({ code: 'SYNTAX', line: 3, column: 12 });
    expect(problem.message).toContain('in COPY P');
  });

  test('copies that double with every step end at a limit', () => {
    const doubling: Record<string, string> = { T0: '05 A PIC X.\n'.repeat(100) };
    for (let i = 1; i <= 15; i++) doubling[`T${i}`] = `COPY T${i - 1}.\n`.repeat(2);
    expect(problemOf('COPY T15.', {}, doubling).code).toBe('LIMIT');
    const empty: Record<string, string> = { T0: '' };
    for (let i = 1; i <= 15; i++) empty[`T${i}`] = `COPY T${i - 1}.\n`.repeat(9);
    expect(problemOf('COPY T15.', {}, empty).code).toBe('LIMIT');
    const deep: Record<string, string> = { T0: '05 A PIC X.' };
    for (let i = 1; i <= 40; i++) deep[`T${i}`] = `COPY T${i - 1}.`;
    expect(problemOf('COPY T40.', {}, deep).code).toBe('LIMIT');
  });
});

describe('a program around the records', () => {
  const program = (...data: readonly string[]): string =>
    [
      'IDENTIFICATION DIVISION.',
      'PROGRAM-ID. P1.',
      'ENVIRONMENT DIVISION.',
      'INPUT-OUTPUT SECTION.',
      'FILE-CONTROL. SELECT F ASSIGN TO DD1.',
      'DATA DIVISION.',
      ...data,
      'PROCEDURE DIVISION.',
      '    MOVE 1 TO A. STOP RUN.',
    ].join('\n');

  test('is passed over where one file or section has the records', () => {
    const file = ['FILE SECTION.', 'FD F RECORD CONTAINS 80 CHARACTERS.', '01 A PIC X(80).'];
    expect(namesOf(program(...file, 'WORKING-STORAGE SECTION.'))).toEqual(['A']);
    expect(namesOf('WORKING-STORAGE SECTION.\n01 A PIC X.')).toEqual(['A']);
  });

  test('is refused where two files have records', () => {
    const files = ['FILE SECTION.', 'FD F.', '01 A PIC X.', 'FD G.', '01 B PIC X.'];
    expect(problemOf(program(...files))).toMatchObject({ code: 'SYNTAX', line: 11 });
  });

  test('is refused without a data division', () => {
    expect(problemOf('ID DIVISION.\nPROGRAM-ID. X.\n01 A PIC X.')).toMatchObject({ code: 'SYNTAX', line: 1 });
  });
});
