/** Published copybooks: each is understood, and its record is as long as the data that comes with it says. */

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { CopybookOptions } from '../../../crypto-wasm/copybook/face.ts';
import { readVectors, vectorsFolder } from '../../vectors.ts';
import { layoutOf } from './layout-answers.ts';

const folder = vectorsFolder();

interface Case {
  readonly id: string;
  readonly copybook: string;
  readonly data_hex: string;
  readonly options: { readonly record_format: string };
}

const mapped: CopybookOptions = {
  occursMappings: { DETAIL1: { A: 0, B: 1 }, DETAIL2: { A: 1, B: 2 } },
};

/** Copybook, its longest and shortest record in bytes, options. */
const files: readonly (readonly [string, number, number, CopybookOptions?])[] = [
  ['cobrix/test1_copybook.cob', 2202, 42],
  ['cobrix/test1a_copybook.cob', 2202 - 2 - 27, 40],
  ['cobrix/test3_copybook.cob', 45, 45],
  ['cobrix/test4_copybook.cob', 64, 64],
  ['cobrix/test5_copybook.cob', 64, 64],
  ['cobrix/test7_fillers.cob', 60, 60],
  ['cobrix/test8_copybook.cob', 45, 45],
  ['cobrix/test9_copybook.cob', 45, 45],
  ['cobrix/test10_copybook.cob', 46, 46],
  ['cobrix/test19_display_num.cob', 80, 80],
  ['cobrix/test21_copybook.cob', 9, 1],
  ['cobrix/test25_copybook.cob', 6, 2, mapped],
  ['legstar/cobol/CUSTDAT', 183, 58],
  ['legstar/cobol/FLAT01', 30, 30],
  ['legstar/cobol/FLAT02', 40, 40],
  ['legstar/cobol/RDEF03', 12, 12],
  ['legstar/cobol/STRU01', 34, 34],
  ['aws-mdu/LegacyReference/COBKS05.cpy', 500, 500],
  ['aws-mdu/LegacyReference/COBPACK2.cpy', 150, 150],
  ['aws-mdu/LegacyReference/COBPACK3.cpy', 210, 210],
  ['aws-mdu/LegacyReference/COBVBFM2.cpy', 306, 36],
  ['jrecord/DTAR020.cbl', 27, 27],
];

if (folder === undefined) console.warn('published copybooks: not tested, there is no acceptance data');
describe.skipIf(folder === undefined)('published copybooks', () => {
  const root = join(folder ?? '', 'copybook');

  test.each(files.map(([path, longest, shortest, options]) => ({ path, longest, shortest, options })))(
    '$path has records of $shortest to $longest bytes',
    ({ path, longest, shortest, options }) => {
      expect(existsSync(join(root, path))).toBe(true);
      const layout = layoutOf(readFileSync(join(root, path), 'latin1'), options);
      expect([layout.recordBytes, layout.recordMinBytes]).toEqual([longest, shortest]);
    },
  );

  const cases: readonly Case[] =
    folder === undefined ? [] : JSON.parse(readVectors(root, 'inline_cases.json')).cases;

  test.each(cases)('the copybook of $id is understood', ({ copybook }) => {
    expect(layoutOf(copybook).recordBytes).toBeGreaterThan(0);
  });

  const whole = cases.filter(({ id }) => /^(legstar|hfp32|compx|comp3u|binary64|encode-comp)/.test(id));

  test.each(whole)('the data of $id are whole records', ({ copybook, data_hex: hex }) => {
    const { recordBytes, recordMinBytes, isVariable } = layoutOf(copybook);
    const bytes = hex.length / 2;
    if (isVariable) expect(bytes).toBeGreaterThanOrEqual(recordMinBytes);
    else expect(bytes % recordBytes).toBe(0);
  });
});
