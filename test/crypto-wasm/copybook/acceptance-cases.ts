/**
 * The cases of the acceptance data: which copybook, which data, which options, what has to come out. The data is public,
 * lies outside this repository (`test/vectors.ts`), and its index says what each case is about.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CopybookOptions, Specification } from '../../../crypto-wasm/copybook/face.ts';
import {
  type Conventions,
  difference,
  NumberText,
  parseLines,
  parseValue,
  type Value,
} from './acceptance-compare.ts';

export interface AcceptanceCase {
  readonly id: string;
  /** Why this case cannot be expressed; then it has nothing else. */
  readonly skip?: string;
  readonly specification: Specification;
  readonly input: Uint8Array;
  /** The first difference between the rows and what is expected. */
  check(rows: readonly Value[]): string | undefined;
  /** Set where the whole operation, or a record, has to be refused. */
  readonly refuses?: RegExp;
}

/** As Cobrix reads files unless told otherwise. */
export const COBRIX: CopybookOptions = {
  names: 'underscore',
  omitNulls: true,
  trim: 'both',
  invalid: 'null',
  odo: 'maximum',
};
const LITTLE_PAYLOAD = { endian: 'little', includesItself: false } as const;

interface CobrixCase {
  readonly id: string;
  readonly copybook: string;
  readonly data: string;
  readonly expected: string;
  readonly options?: CopybookOptions;
  readonly rules?: Conventions;
  /** Members of the expected rows that the codec does not have. */
  readonly without?: readonly string[];
  readonly takes?: number;
  readonly check?: (rows: readonly Value[], expected: readonly Value[]) => string | undefined;
}

const COMPANIES = {
  segmentField: 'SEGMENT-ID',
  recordIds: true,
  recordFormat: 'V',
  rdw: LITTLE_PAYLOAD,
} as const;
/** The default page of Cobrix. */
const COMMON: Conventions = { controls: 'spaces', isAscii: true };
/** Its default page for ASCII. */
const COMMON_ASCII: Conventions = { controls: 'nothing', isAscii: true };
/** PIC 9(8) COMP is a signed number of 32 bits there, and null beyond. */
const INT_MAX = 2 ** 31 - 1;

const TEST3 = ['both', 'left', 'right', 'none'] as const;
const FILLERS: readonly (readonly [string, CopybookOptions])[] = [
  ['7', {}],
  ['7a', { groupFillers: true }],
  ['7b', { valueFillers: true }],
  ['7c', { groupFillers: true, valueFillers: true }],
  ['7d', { groupFillers: true, valueFillers: true, fillerNames: 'previous' }],
];

const cobrixCases: readonly CobrixCase[] = [
  {
    id: 'test1',
    copybook: 'test1_copybook.cob',
    data: 'test1_data/example.bin',
    expected: 'test1_expected/test1.txt',
    rules: COMMON,
  },
  {
    id: 'test1a',
    copybook: 'test1a_copybook.cob',
    data: 'test1_data/example.bin',
    expected: 'test1a_expected/test1a.txt',
    options: { recordStart: 2, recordEnd: 27 },
    rules: COMMON,
  },
  {
    id: 'test1b',
    copybook: 'test1_copybook.cob',
    data: 'test1_data/example.bin',
    expected: 'test1b_expected/test1b.txt',
    options: { recordIds: true },
    rules: COMMON,
    without: ['File_Id'],
  },
  ...TEST3.map((trim) => ({
    id: `test3 ${trim}`,
    copybook: 'test3_copybook.cob',
    data: 'test3_data/TRAN2.AUG31.DATA.dat',
    expected: `test3_expected/test3_trim_${trim}.txt`,
    options: { segmentField: 'SIGNATURE', segmentFilter: ['S9276511'], trim },
    rules: { ...COMMON, trim },
  })),
  {
    id: 'test4',
    copybook: 'test4_copybook.cob',
    data: 'test4_data/COMP.DETAILS.SEP30.DATA.dat',
    expected: 'test4_expected/test4.txt',
    options: {
      ...COMPANIES,
      codePage: 'latin1',
      segmentIdLevels: [['C'], ['P']],
      segmentIdPrefix: 'A',
    },
    rules: COMMON_ASCII,
    without: ['File_Id'],
  },
  {
    id: 'test4a',
    copybook: 'test4_copybook.cob',
    data: 'test4a_data/COMP.DETAILS.SEP30.DATA.dat',
    expected: 'test4_expected/test4a.txt',
    options: {
      ...COMPANIES,
      codePage: 'latin1',
      segmentIdLevels: [['C'], ['P']],
      segmentIdPrefix: 'A',
    },
    rules: { controls: 'nothing' },
    without: ['File_Id'],
  },
  {
    id: 'test5',
    copybook: 'test5_copybook.cob',
    data: 'test5_data/COMP.DETAILS.SEP30.DATA.dat',
    expected: 'test5_expected/test5.txt',
    options: { ...COMPANIES, segmentIdLevels: [['C'], ['P']], segmentIdPrefix: 'A' },
    rules: COMMON,
    without: ['File_Id'],
  },
  {
    id: 'test5a',
    copybook: 'test5_copybook.cob',
    data: 'test5_data/COMP.DETAILS.SEP30.DATA.dat',
    expected: 'test5_expected/test5a.txt',
    options: { ...COMPANIES, segmentIdLevels: [['C']], segmentIdPrefix: 'B' },
    rules: COMMON,
    without: ['File_Id'],
  },
  {
    id: 'test5c',
    copybook: 'test5_copybook.cob',
    data: 'test5_data/COMP.DETAILS.SEP30.DATA.dat',
    expected: 'test5_expected/test5c.txt',
    options: {
      ...COMPANIES,
      segmentIdLevels: [['C']],
      segmentIdPrefix: 'B',
      redefineSegments: { 'STATIC-DETAILS': ['C', 'D'], CONTACTS: ['P'] },
    },
    rules: COMMON,
    without: ['File_Id'],
  },
  ...FILLERS.map(([id, options]) => ({
    id: `test${id}`,
    copybook: 'test7_fillers.cob',
    data: 'test7_data/TEST.FILLERS.DEC07.DATA.dat',
    expected: `test7_expected/test${id}.txt`,
    options,
    rules: COMMON,
    check: checkSorted,
  })),
  {
    id: 'test8p',
    copybook: 'test8_copybook.cob',
    data: 'test8_data/TRAN2.MAR14.DATA.dat',
    expected: 'test8_expected/test8_printable.txt',
    rules: COMMON,
  },
  {
    id: 'test9 cp037',
    copybook: 'test9_copybook.cob',
    data: 'test9_data/TRAN.APR14.NPT.DATA.dat',
    expected: 'test9_expected/test9_cp037.txt',
    rules: { controls: 'spaces' },
  },
  {
    id: 'test10',
    copybook: 'test10_copybook.cob',
    data: 'test10_data/data.dat',
    expected: 'test10_expected/test10.txt',
    options: { codePage: 'ascii', keepRoot: true },
    check: (rows, expected) => difference(rows, expected.map(dropTexts)),
  },
  {
    id: 'test10, groups as text',
    copybook: 'test10_copybook.cob',
    data: 'test10_data/data.dat',
    expected: 'test10_expected/test10.txt',
    options: { codePage: 'ascii', keepRoot: true, groupsAsText: ['NAME', 'ACCOUNT-NO'] },
    check: (rows, expected) => difference(rows, expected.map(onlyTexts)),
  },
  {
    // What is in its 9(8).9(2) begins with spaces, which are no digits here.
    id: 'test19, without 9(8).9(2)',
    copybook: 'test19_display_num.cob',
    data: 'test19_display_num/data.dat',
    expected: 'test19_display_num_expected/test19.txt',
    options: { recordIds: true },
    rules: { ...COMMON, zeroIsNothing: true },
    without: ['File_Id', 'Record_Byte_Length', 'WS_AMOUNT_FRACTION2'],
  },
  {
    id: 'test21',
    copybook: 'test21_copybook.cob',
    data: 'test21_data/data.dat',
    expected: 'test21_expected/test21.txt',
    options: { codePage: 'ascii', keepRoot: true, odo: 'variable' },
  },
  ...(['data.dat', 'data2.dat'] as const).map(
    (name): CobrixCase => ({
      id: `test25 ${name}`,
      copybook: 'test25_copybook.cob',
      data: `test25_data/${name}`,
      expected: 'test25_expected/test25.txt',
      options: {
        codePage: 'ascii',
        keepRoot: true,
        odo: name === 'data.dat' ? 'variable' : 'maximum',
        occursMappings: { DETAIL1: { A: 0, B: 1 }, DETAIL2: { A: 1, B: 2 } },
      },
    }),
  ),
];

/** The cases of the folder `cobrix`. */
export function readCobrixCases(folder: string): AcceptanceCase[] {
  const path = (name: string): string => join(folder, 'cobrix', name);
  const ready = cobrixCases.map((given): AcceptanceCase => {
    const text = readFileSync(path(given.expected), 'utf8');
    const expected = text.startsWith('[') ? (parseValue(text) as readonly Value[]) : parseLines(text);
    return {
      id: given.id,
      specification: {
        copybook: readFileSync(path(given.copybook), 'utf8'),
        options: { ...COBRIX, ...given.options },
      },
      input: readFileSync(path(given.data)),
      check(rows) {
        const dropped = given.without ?? [];
        const ours = rows.map((row) => dropMembers(row, dropped));
        const theirs = expected.map((row) => dropMembers(row, dropped));
        if (given.check !== undefined) return given.check(ours, theirs);
        const shown = given.id.startsWith('test5') ? ours.map(dropBeyondInt) : ours;
        return difference(shown.slice(0, theirs.length), theirs, given.rules);
      },
    };
  });
  return [...ready, skipped('test9_cp_custom', 'a code page that is a class of Scala')];
}

export function skipped(id: string, reason: string): AcceptanceCase {
  return {
    id,
    skip: reason,
    specification: { copybook: '' },
    input: new Uint8Array(),
    check: () => `${id} has nothing to check`,
  };
}

function membersOf(row: Value): Record<string, Value> {
  return row as Record<string, Value>;
}

export function dropMembers(row: Value, names: readonly string[]): Value {
  return Object.fromEntries(Object.entries(membersOf(row)).filter(([name]) => !names.includes(name)));
}

function dropBeyondInt(value: Value): Value {
  if (value instanceof NumberText) return Number(value.text) > INT_MAX ? null : value;
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, dropBeyondInt(member)]));
}

/** The upstream test sorts by amount and keeps a hundred; rows of one amount may come in any order. */
function checkSorted(rows: readonly Value[], expected: readonly Value[]): string | undefined {
  const amount = (row: Value): number => {
    const value = membersOf(row).AMOUNT;
    return value instanceof NumberText ? Number(value.text) : Number.NaN;
  };
  const last = Math.max(...expected.map(amount));
  const left = rows.filter((row) => amount(row) <= last);
  const isMissing = expected.find((row) => {
    const at = left.findIndex((other) => difference(other, row, COMMON) === undefined);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
  if (isMissing !== undefined) {
    const close = rows.find((row) => amount(row) === amount(isMissing));
    return `no row is ${JSON.stringify(isMissing)}; ${difference(close, isMissing, COMMON)}`;
  }
  const below = left.find((row) => amount(row) < last);
  return below === undefined ? undefined : `a row too many: ${JSON.stringify(below)}`;
}

function dropTexts(row: Value): Value {
  const record = membersOf(membersOf(row).RECORD ?? null);
  return { RECORD: dropMembers(record, ['NAME_NT', 'ACCOUNT_NO_NT']) };
}

function onlyTexts(row: Value): Value {
  const record = membersOf(membersOf(row).RECORD ?? null);
  return { RECORD: { NAME: record.NAME_NT ?? null, ACCOUNT_NO: record.ACCOUNT_NO_NT ?? null } };
}
