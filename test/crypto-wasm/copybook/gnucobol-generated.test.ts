/**
 * GnuCOBOL and the codec over what nobody wrote: generated copybooks have the same layout, and edited pictures show the
 * same characters. The programs are made here, one for all copybooks or pictures of a run.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CopybookLayout, CopybookOptions, LayoutItem } from '../../../crypto-wasm/copybook/face.ts';
import { seedFromEnvironment } from '../random.ts';
import { copybookText } from './generated.ts';
import { cobolVersion, compileCobol, DIALECTS, type Dialect, optionsFor } from './gnucobol/compiler.ts';
import { kernels } from './implementations.ts';

const version = cobolVersion();
if (version === undefined)
  console.warn('\n!!! NO GNUCOBOL (cobc): generated copybooks are NOT compiled in this run. !!!\n');
const COPYBOOKS_COUNT = process.env.HOTCELL_FUZZ === undefined ? 60 : 600;
const TIMEOUT_MS = 300_000;
const [named] = await kernels();
if (named === undefined) throw new Error('this engine runs no build of the kernel');
const { kernel } = named;

/** In the columns of the fixed format. */
const code = (lines: readonly string[]): string => lines.map((line) => `           ${line}\n`).join('');

function layoutOf(copybook: string, options: CopybookOptions): CopybookLayout {
  const answer = kernel.layout({ copybook, options });
  if ('problem' in answer) throw new Error(`${JSON.stringify(answer.problem)}\n${copybook}`);
  return answer.layout;
}

/** Says of every item with a name where it begins and how long one of it is, every table at its maximum. */
function layoutProgram(number: number, copybook: string, layout: CopybookLayout): string {
  const counters = layout.items.flatMap(({ occurs }) => {
    const counter = layout.items[occurs?.dependsOn ?? -1];
    return counter === undefined ? [] : [`MOVE ${occurs?.max} TO ${counter.name}.`];
  });
  const shown = layout.items.filter(({ filler }) => filler !== true);
  return [
    '       IDENTIFICATION DIVISION.\n',
    `       PROGRAM-ID. LAYOUT-${number}.\n       DATA DIVISION.\n       WORKING-STORAGE SECTION.\n`,
    `${copybook}\n`,
    '       01 BASE-P USAGE POINTER.\n       01 BASE-N REDEFINES BASE-P PIC 9(18) COMP-5.\n',
    '       01 HERE-P USAGE POINTER.\n       01 HERE-N REDEFINES HERE-P PIC 9(18) COMP-5.\n',
    '       01 SIZE-N PIC 9(9).\n       PROCEDURE DIVISION.\n',
    code([
      ...counters,
      'SET BASE-P TO ADDRESS OF REC.',
      ...shown.flatMap((item) => [
        `SET HERE-P TO ADDRESS OF ${item.name}${subscripts(layout, item)}.`,
        'SUBTRACT BASE-N FROM HERE-N.',
        `MOVE LENGTH OF ${item.name} TO SIZE-N.`,
        `DISPLAY "${number} ${item.name} " HERE-N " " SIZE-N.`,
      ]),
      'EXIT PROGRAM.',
    ]),
    `       END PROGRAM LAYOUT-${number}.\n`,
  ].join('');
}

/** The first occurrence of every table that it is in. */
function subscripts(layout: CopybookLayout, item: LayoutItem): string {
  let count = 0;
  for (let at: LayoutItem | undefined = item; at !== undefined; at = layout.items[at.parent ?? -1])
    if (at.occurs !== undefined) count++;
  return count === 0 ? '' : ` (${Array.from({ length: count }, () => '1').join(' ')})`;
}

/**
 * What GnuCOBOL refuses or has otherwise: counters that need subscripts, usages of other compilers, and views beside a
 * table that is counted, whose bytes -fodoslide adds to those of the area.
 */
function isCommon(copybook: string, layout: CopybookLayout): boolean {
  const isInTable = (item: LayoutItem | undefined): boolean =>
    item !== undefined && (item.occurs !== undefined || isInTable(layout.items[item.parent ?? -1]));
  const hasCountersInTables = layout.items.some(({ occurs }) =>
    isInTable(layout.items[occurs?.dependsOn ?? -1]),
  );
  const hasBoth = /REDEFINES/.test(copybook) && /DEPENDING/.test(copybook);
  return (
    !hasCountersInTables && !hasBoth && !/PIC N|POINTER|COMP-9|COMP-3U|SYNC|PIC X\(\d\) COMP-5/.test(copybook)
  );
}

interface LaidOut {
  readonly copybook: string;
  readonly layout: CopybookLayout;
}

function expectSameLayouts(copybooks: readonly LaidOut[], dialect: Dialect, how: string): void {
  const main = [
    '       IDENTIFICATION DIVISION.\n       PROGRAM-ID. LAYOUTS.\n       PROCEDURE DIVISION.\n',
    code([...copybooks.map((_, i) => `CALL "LAYOUT-${i}".`), 'STOP RUN.']),
    '       END PROGRAM LAYOUTS.\n',
  ];
  const programs = copybooks.map(({ copybook, layout }, i) => layoutProgram(i, copybook, layout));
  // What lies behind a table that is counted begins where it ends, and views may be longer than their area.
  const flags = ['-fodoslide', '-flarger-redefines-ok'];
  const program = compileCobol([...main, ...programs].join(''), dialect, flags);
  const said = program.run().trimEnd().split('\n');
  program.close();
  const expected = copybooks.flatMap(({ layout }, i) =>
    layout.items
      .filter(({ filler }) => filler !== true)
      .map((item) => `${i} ${item.name} ${item.offset ?? 0} ${item.length ?? 0}`),
  );
  const plain = said.map((line) => line.replaceAll(/ 0+(?=\d)/g, ' '));
  const wrong = expected.findIndex((line, i) => line !== plain[i]);
  const about = copybooks[Number(expected[wrong]?.split(' ')[0] ?? -1)]?.copybook;
  expect(plain[wrong], `${how}\n${about}`).toBe(expected[wrong]);
  expect(plain.length).toBe(expected.length);
}

const ALIGNED = [
  ...['PIC X', 'PIC X(3)', 'PIC S9(4) COMP SYNC', 'PIC S9(9) COMP SYNC', 'PIC 9(18) BINARY SYNC RIGHT'],
  ...['COMP-1 SYNC', 'COMP-2 SYNCHRONIZED', 'PIC S9(7) COMP-3', 'PIC S9(5) COMP-5 SYNC LEFT'],
];

/**
 * GnuCOBOL has the slack before a group in it, aligns items of a table by where the table begins, and has the slack at
 * an element's end before its last item. So groups begin with an item that may lie anywhere and tables on a doubleword,
 * and of their elements the length is compared, not what is in them.
 */
const alignedText: fc.Arbitrary<string> = fc
  .array(
    fc.record({
      clause: fc.constantFrom(...ALIGNED),
      inner: fc.array(fc.constantFrom(...ALIGNED), { maxLength: 4 }),
      occurs: fc.integer({ min: 2, max: 3 }),
      isGroup: fc.nat(2).map((n) => n === 0),
    }),
    { minLength: 1, maxLength: 8 },
  )
  .map((items) => {
    const lines = items.flatMap(({ clause, inner, occurs, isGroup }, i) =>
      isGroup
        ? [
            `05 D-${i} COMP-2 SYNC.`,
            `05 G-${i} OCCURS ${occurs}.`,
            `   10 FILLER PIC X.`,
            ...inner.map((one) => `   10 FILLER ${one}.`),
          ]
        : [`05 F-${i} ${clause}.`],
    );
    return ['       01 REC.', ...lines.map((line) => `         ${line}`)].join('\n');
  });

interface Edited {
  readonly picture: string;
  readonly isBlank: boolean;
  readonly values: readonly string[];
}

/**
 * GnuCOBOL 3.1 does not show the sign of a fixed + or - before a currency sign, and refuses, or cuts, a picture of
 * nothing but a floating currency sign with a sign behind.
 */
const hasCompilerFault = (picture: string): boolean =>
  /^[-+]\$/.test(picture) || /^[$,.]+([-+]|CR|DB)$/.test(picture);

/** Pictures of every form, and values that they have room for. */
const editedPicture: fc.Arbitrary<Edited> = fc
  .record({
    style: fc.constantFrom('Z', '*', '$', '+', '-', '9'),
    left: fc.integer({ min: 1, max: 7 }),
    nines: fc.integer({ min: 0, max: 5 }),
    places: fc.integer({ min: 0, max: 4 }),
    isSuppressed: fc.nat(5).map((n) => n === 0),
    commas: fc.boolean(),
    insertion: fc.constantFrom('', '', 'B', '0', '/'),
    currency: fc.boolean(),
    sign: fc.constantFrom('', '', '+', '-', 'CR', 'DB', 'front +', 'front -'),
    isBlank: fc.nat(3).map((n) => n === 0),
    drawn: fc.array(fc.tuple(fc.nat(1_000_000), fc.nat(999_999), fc.boolean()), {
      minLength: 3,
      maxLength: 3,
    }),
  })
  .map((made) => {
    const isFloating = '$+-'.includes(made.style);
    const left = made.style === '9' ? 0 : made.left + (isFloating ? 1 : 0);
    const whole = [...made.style.repeat(left), ...'9'.repeat(made.nines + (left === 0 ? 1 : 0))];
    const grouped = whole.flatMap((symbol, i) => {
      const behind = whole.length - i - 1;
      const isBetween = behind > 0 && behind % 3 === 0 && i + 1 > (isFloating ? 1 : 0);
      const insertion = symbol === '9' && made.insertion !== '' ? made.insertion : ',';
      return isBetween && (made.commas || insertion !== ',') ? [symbol, insertion] : [symbol];
    });
    const isAllSuppressed = made.isSuppressed && made.nines === 0 && left > 0;
    const fraction = made.places === 0 ? '' : `.${(isAllSuppressed ? made.style : '9').repeat(made.places)}`;
    const hasOwnSign = '+-'.includes(made.style);
    const front = made.sign.startsWith('front ') ? made.sign.slice(6) : '';
    const sign = hasOwnSign ? '' : made.sign;
    const currency = made.currency && !isFloating ? '$' : '';
    const picture = `${hasOwnSign ? '' : front}${currency}${grouped.join('')}${fraction}${front === '' ? sign : ''}`;
    const digits = whole.length - (isFloating ? 1 : 0);
    const isSigned = hasOwnSign || sign !== '';
    const values = made.drawn.map(([integer, rest, isMinus]) => {
      const text = `${integer % 10 ** Math.min(digits, 6)}`;
      const places = `${rest}`.padStart(6, '0').slice(0, made.places);
      const number = made.places === 0 ? text : `${text}.${places}`;
      return isSigned && isMinus && /[1-9]/.test(number) ? `-${number}` : number;
    });
    const zero = made.places === 0 ? '0' : `0.${'0'.repeat(made.places)}`;
    return { picture, isBlank: made.isBlank && !picture.includes('*'), values: [zero, ...values] };
  })
  .filter(({ picture }) => !hasCompilerFault(picture));

// Left out without a compiler: the console.warn( at the top of this file says so.
describe.runIf(version !== undefined).each(DIALECTS)('-std=%s', (dialect) => {
  test(
    `${COPYBOOKS_COUNT} generated copybooks are laid out as the compiler lays them out`,
    () => {
      const seed = seedFromEnvironment();
      const options = { ...optionsFor(dialect), odo: 'variable' as const };
      const copybooks = fc
        .sample(copybookText, { numRuns: COPYBOOKS_COUNT * 3, seed })
        .map((copybook) => ({ copybook, layout: layoutOf(copybook, options) }))
        .filter(({ copybook, layout }) => isCommon(copybook, layout))
        .slice(0, COPYBOOKS_COUNT);
      expect(copybooks.length).toBeGreaterThan(COPYBOOKS_COUNT / 2);
      expectSameLayouts(copybooks, dialect, `HOTCELL_SEED=${seed}`);
    },
    TIMEOUT_MS,
  );

  test(
    `${COPYBOOKS_COUNT} records with SYNCHRONIZED items have their slack bytes where the compiler has them`,
    () => {
      const seed = seedFromEnvironment();
      const options = optionsFor(dialect);
      const copybooks = fc
        .sample(alignedText, { numRuns: COPYBOOKS_COUNT, seed })
        .map((copybook) => ({ copybook, layout: layoutOf(copybook, options) }));
      expectSameLayouts(copybooks, dialect, `HOTCELL_SEED=${seed}`);
    },
    TIMEOUT_MS,
  );

  test(
    `${COPYBOOKS_COUNT * 4} edited pictures show what the compiler makes of a number, and are read as that number`,
    () => {
      const seed = seedFromEnvironment();
      const pictures = fc.sample(editedPicture, { numRuns: COPYBOOKS_COUNT * 4, seed });
      const source = [
        '       IDENTIFICATION DIVISION.\n       PROGRAM-ID. EDITED.\n',
        '       DATA DIVISION.\n       WORKING-STORAGE SECTION.\n',
        ...pictures.map(
          ({ picture, isBlank }, i) =>
            `       01 E-${i} PIC ${picture}${isBlank ? '\n           BLANK WHEN ZERO' : ''}.\n`,
        ),
        '       PROCEDURE DIVISION.\n',
        code([
          ...pictures.flatMap(({ values }, i) =>
            values.flatMap((value) => [`MOVE ${value} TO E-${i}.`, `DISPLAY E-${i} "]".`]),
          ),
          'STOP RUN.',
        ]),
      ];
      const program = compileCobol(source.join(''), dialect);
      const said = program.run().split('\n');
      program.close();
      const options: CopybookOptions = { ...optionsFor(dialect), numbers: 'text' };
      let line = 0;
      for (const { picture, isBlank, values } of pictures) {
        const copybook = `       01 R.\n       05 A PIC ${picture}${isBlank ? '\n       BLANK WHEN ZERO' : ''}.`;
        const json = values.map((value) => `{"A":"${value}"}\n`).join('');
        const encoded = kernel.encode({ copybook, options }, Buffer.from(json));
        if ('problem' in encoded || encoded.stop !== undefined)
          throw new Error(`HOTCELL_SEED=${seed} ${JSON.stringify(encoded)} ${copybook} ${json}`);
        const length = encoded.output.length / values.length;
        values.forEach((value, i) => {
          const ours = Buffer.from(encoded.output.subarray(i * length, (i + 1) * length)).toString('latin1');
          const about = `HOTCELL_SEED=${seed} PIC ${picture} ${isBlank ? 'BLANK WHEN ZERO ' : ''}${value}: `;
          expect(`${about}${ours}]`).toBe(`${about}${said[line++]}`);
        });
        const decoded = kernel.decode({ copybook, options }, encoded.output);
        if ('problem' in decoded || decoded.stop !== undefined)
          throw new Error(`${JSON.stringify(decoded)} ${copybook}`);
        expect(Buffer.from(decoded.output).toString(), picture).toBe(json);
      }
    },
    TIMEOUT_MS,
  );
});
