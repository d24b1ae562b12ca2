/** Cases of the acceptance data whose expectation is text with separators, or a list of fields: AWS, JRecord, LegStar. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CopybookLayout, CopybookOptions } from '../../../crypto-wasm/copybook/face.ts';
import type { AcceptanceCase } from './acceptance-cases.ts';
import { difference, NumberText, type Value } from './acceptance-compare.ts';

const AWS = 'aws-mdu/sample-data';
/** Which view a record has is what its type says. */
const CLIENT: CopybookOptions = {
  trim: 'both',
  recordLength: 500,
  segmentField: 'CLIENT-TYPE',
  redefineSegments: { 'CLIENT-HEADER': ['0'], 'CLIENT-MAIN': ['1'], 'CLIENT-ADDRESS': ['2'] },
};

/** Cases whose rows are lines of values between separators. */
export function readSeparatedCases(folder: string): AcceptanceCase[] {
  const client = ['', '-0', '-1', '-2'].map((part) => ({
    id: `CLIENT${part}`,
    copybook: 'aws-mdu/LegacyReference/COBKS05.cpy',
    data: `${AWS}/CLIENT.EBCDIC${part}.txt`,
    expected: `${AWS}/CLIENT.ASCII${part}.txt`,
    options: CLIENT,
    separator: '|',
    skipped: 0,
  }));
  const cases = [
    ...client,
    {
      id: 'COBVBFM2',
      copybook: 'aws-mdu/LegacyReference/COBVBFM2.cpy',
      data: `${AWS}/COBVBFM2.EBCDIC.txt`,
      expected: `${AWS}/COBVBFM2.ASCII.txt`,
      options: { recordFormat: 'V', trim: 'both' } as const,
      separator: '|',
      skipped: 0,
    },
    {
      id: 'DTAR020',
      copybook: 'jrecord/DTAR020.cbl',
      data: 'jrecord/DTAR020.bin',
      expected: 'jrecord/DTAR020.csv',
      options: { trim: 'both' } as const,
      separator: '\t',
      skipped: 1,
    },
  ];
  return [
    custdat(folder),
    ...cases.map(({ id, copybook, data, expected, options, separator, skipped }) => {
      const lines = readFileSync(join(folder, expected), 'utf8')
        .split(/\r?\n/)
        .filter((line) => line !== '')
        .slice(skipped);
      return {
        id,
        specification: { copybook: readFileSync(join(folder, copybook), 'utf8'), options },
        input: readFileSync(join(folder, data)),
        check(rows) {
          if (rows.length !== lines.length) return `${rows.length} rows, not ${lines.length}`;
          return rows
            .map((row, i) => differenceOfLine(leavesOf(row), (lines[i] ?? '').split(separator), `row ${i}`))
            .find((text) => text !== undefined);
        },
      } satisfies AcceptanceCase;
    }),
  ];
}

/** The file lacks the last byte of its only record, an asterisk. */
function custdat(folder: string): AcceptanceCase {
  const amounts = ['36.82', '175.93', '114.92', '229.65'].map((text) => new NumberText(text));
  return {
    id: 'custdat.bin, its last byte added',
    specification: { copybook: readFileSync(join(folder, 'legstar/cobol/CUSTDAT'), 'utf8') },
    input: Buffer.concat([readFileSync(join(folder, 'legstar/custdat.bin')), Uint8Array.of(0x5c)]),
    check(rows) {
      // Whole numbers have up to 15 digits, and so do these.
      const found = leavesOf(rows).filter((leaf) => leaf instanceof NumberText && leaf.text.includes('.'));
      return difference(found, amounts);
    },
  };
}

function leavesOf(value: Value): Value[] {
  if (value === null) return [];
  if (typeof value !== 'object' || value instanceof NumberText) return [value];
  return Object.values(value).flatMap(leavesOf);
}

/** Numbers by value: the text there has leading zeros. Nothing but empty values may come behind. */
function differenceOfLine(
  ours: readonly Value[],
  theirs: readonly string[],
  path: string,
): string | undefined {
  const rest = theirs.slice(ours.length).find((text) => text !== '');
  if (rest !== undefined) return `${path}: ${rest} is missing`;
  return ours
    .map((value, i) => {
      const text = theirs[i] ?? '';
      const isNumber = value instanceof NumberText;
      return difference(value, isNumber ? new NumberText(text) : text, {}, `${path}[${i}]`);
    })
    .find((found) => found !== undefined);
}

export interface LayoutCase {
  readonly id: string;
  readonly copybook: string;
  check(layout: CopybookLayout): string | undefined;
}

interface AwsField {
  readonly name: string;
  readonly offset: number;
  readonly bytes: number;
}

/** Cases that have a copybook and where its fields lie, but no records. */
export function readLayoutCases(folder: string): LayoutCase[] {
  const aws = [
    ['COBPACK2', 'cobpack2-list.json'],
    ['COBPACK3', 'cobpack3-list.json'],
  ] as const;
  const legstar = { FLAT01: 30, FLAT02: 40, STRU01: 34, RDEF03: 12, CUSTDAT: 58 + 5 * 25 };
  return [
    ...aws.map(([name, list]) => ({
      id: `layout ${name}`,
      copybook: readFileSync(join(folder, `aws-mdu/LegacyReference/${name}.cpy`), 'utf8'),
      check(layout: CopybookLayout) {
        const text = readFileSync(join(folder, AWS, list), 'utf8');
        const { transf, lrecl } = JSON.parse(text) as { transf: AwsField[]; lrecl: number };
        if (layout.recordBytes !== lrecl) return `${layout.recordBytes} bytes, not ${lrecl}`;
        // A table's occurrences are listed one by one: the first is the item.
        const missing = transf
          .filter(
            ({ name }, i) =>
              !name.startsWith('FILLER') && transf.findIndex((other) => other.name === name) === i,
          )
          .find(({ name, offset, bytes }) => {
            const item = layout.items.find((candidate) => candidate.name === name);
            return item === undefined || (item.offset ?? 0) !== offset || item.length !== bytes;
          });
        return missing === undefined ? undefined : `${missing.name} lies elsewhere`;
      },
    })),
    ...Object.entries(legstar).map(([name, bytes]) => ({
      id: `layout ${name}`,
      copybook: readFileSync(join(folder, 'legstar/cobol', name), 'utf8'),
      check: (layout: CopybookLayout) =>
        layout.recordBytes === bytes ? undefined : `${layout.recordBytes} bytes, not ${bytes}`,
    })),
  ];
}
