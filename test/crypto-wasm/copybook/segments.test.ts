/** Records of several kinds in one file: filtered, told apart, numbered from their roots, nested below them. */

import { describe, expect, test } from 'vitest';
import type { CopybookKernel, CopybookOptions, Piece } from '../../../crypto-wasm/copybook/face.ts';
import { createRandom } from '../random.ts';
import { kernels } from './implementations.ts';
import { writeV, writeVB } from './record-files.ts';

const COPYBOOK = [
  '01 R.',
  '   05 K PIC X(2).',
  '   05 G.',
  '      10 NAME PIC X(6).',
  '   05 D REDEFINES G.',
  '      10 DEPT PIC X(6).',
  '   05 E REDEFINES G.',
  '      10 EMP PIC X(6).',
  '   05 P REDEFINES G.',
  '      10 PHONE PIC X(6).',
]
  .map((line) => `       ${line}\n`)
  .join('');

const GROUPS = { G: ['C', 'X'], D: ['D'], E: ['E'], P: ['P'] };
const IDS = { segmentIdLevels: [['C'], ['D'], ['E', 'P']], segmentIdPrefix: 'A' };
const TREE = { segmentChildren: { G: ['D', 'P'], D: ['E'] } };
const BASE = { recordFormat: 'V', codePage: 'ascii', segmentField: 'K' } as const;

/** `C:one D:two` → payloads. */
function records(text: string): Uint8Array[] {
  return text.split(' ').map((word) => {
    const [kind = '', name = ''] = word.split(':');
    return Buffer.from(kind.padEnd(2) + name.padEnd(6));
  });
}

function decode(kernel: CopybookKernel, options: CopybookOptions, bytes: Uint8Array, piece?: Piece) {
  const answer = kernel.decode({ copybook: COPYBOOK, options: { ...BASE, ...options } }, bytes, piece);
  if ('problem' in answer) throw new Error(answer.problem.message);
  const text = Buffer.from(answer.output).toString();
  const rows =
    options.output === 'json'
      ? JSON.parse(`[${text}]`)
      : text
          .split('\n')
          .slice(0, -1)
          .map((line) => JSON.parse(line));
  return { ...answer, text, rows: rows as Record<string, unknown>[], count: answer.rows };
}

/** A file of many roots. */
function hierarchy(roots: number): Uint8Array[] {
  const random = createRandom(3);
  const words: string[] = [];
  for (let i = 0; i < roots; i++) {
    words.push(`C:c${i}`);
    for (let d = random.below(4); d > 0; d--) {
      words.push(`D:d${i}`);
      for (let e = random.below(5); e > 0; e--) words.push(`E:e${e}`);
      if (random.below(2) === 0) words.push(`P:p${i}`);
    }
  }
  return records(words.join(' '));
}

describe.each(await kernels())('$name', ({ kernel }) => {
  const file = writeV(records('C:one D:two X:odd E:three D:four'), {});

  test('a filter reads the values it names and no others, and numbers stay those of the file', () => {
    const { rows, records: read } = decode(kernel, { segmentFilter: ['D', 'E'], recordIds: true }, file);
    expect(rows.map((row) => [row.Record_Id, row.K])).toEqual([
      [1, 'D'],
      [3, 'E'],
      [4, 'D'],
    ]);
    expect(read).toBe(5);
  });

  test('each segment shows the group that is for it', () => {
    const { rows } = decode(kernel, { redefineSegments: GROUPS, omitNulls: true }, file);
    expect(rows).toEqual([
      { K: 'C', G: { NAME: 'one' } },
      { K: 'D', D: { DEPT: 'two' } },
      { K: 'X', G: { NAME: 'odd' } },
      { K: 'E', E: { EMP: 'three' } },
      { K: 'D', D: { DEPT: 'four' } },
    ]);
  });

  test('ids count from the root, level by level', () => {
    const bytes = writeV(records('D:early C:a D:b E:c E:d D:e X:f P:g C:h E:i'), {});
    const { rows } = decode(kernel, { ...IDS, fields: ['K'] }, bytes, { firstRecord: 100n });
    expect(rows.map((row) => [row.Seg_Id0, row.Seg_Id1, row.Seg_Id2])).toEqual([
      [null, null, null],
      ['A_0_101', null, null],
      ['A_0_101', 'A_0_101_L1_1', null],
      ['A_0_101', 'A_0_101_L1_1', 'A_0_101_L2_1'],
      ['A_0_101', 'A_0_101_L1_1', 'A_0_101_L2_2'],
      ['A_0_101', 'A_0_101_L1_2', null],
      // A segment of no level has the ids of the record before.
      ['A_0_101', 'A_0_101_L1_2', null],
      ['A_0_101', 'A_0_101_L1_2', 'A_0_101_L2_3'],
      ['A_0_108', null, null],
      ['A_0_108', 'A_0_108_L1_0', 'A_0_108_L2_1'],
    ]);
    const bare = decode(kernel, { ...IDS, segmentIdPrefix: '', omitNulls: true, fields: ['K'] }, bytes);
    expect(bare.rows[1]).toEqual({ Seg_Id0: '0_1', K: 'C' });
  });

  test('children stand in their parent, in the order of the file', () => {
    const bytes = writeV(records('C:a D:b E:c E:d P:e D:f P:g C:h C:i P:j'), {});
    const { rows, count } = decode(kernel, { redefineSegments: GROUPS, ...TREE, recordIds: true }, bytes);
    expect(count).toBe(3);
    expect(rows).toEqual([
      {
        Record_Id: 0,
        Record_Byte_Length: 8,
        K: 'C',
        G: {
          NAME: 'a',
          D: [
            { DEPT: 'b', E: [{ EMP: 'c' }, { EMP: 'd' }] },
            { DEPT: 'f', E: [] },
          ],
          P: [{ PHONE: 'e' }, { PHONE: 'g' }],
        },
      },
      { Record_Id: 7, Record_Byte_Length: 8, K: 'C', G: { NAME: 'h', D: [], P: [] } },
      { Record_Id: 8, Record_Byte_Length: 8, K: 'C', G: { NAME: 'i', D: [], P: [{ PHONE: 'j' }] } },
    ]);
  });

  test('json is rows with commas between them, and one in front when it goes on', () => {
    const bytes = writeV(records('C:a P:b C:c'), {});
    const options = { redefineSegments: GROUPS, ...TREE, output: 'json' } as const;
    expect(decode(kernel, options, bytes).rows).toHaveLength(2);
    expect(decode(kernel, { output: 'json' }, bytes).rows).toHaveLength(3);
    const more = kernel.decode({ copybook: COPYBOOK, options: { ...BASE, output: 'json' } }, bytes, {
      isContinued: true,
    });
    expect('output' in more && more.output[0]).toBe(0x2c);
  });

  test('a child without its parent, and a value without a group, are problems with their place', () => {
    const options = { redefineSegments: GROUPS, ...TREE };
    const orphan = decode(kernel, options, writeV(records('C:a P:b C:c E:d C:e'), {}));
    expect(orphan).toMatchObject({
      count: 1,
      consumed: 24,
      stop: { code: 'DATA', record: 3, offset: 36, field: 'R.E' },
    });
    const first = decode(kernel, options, writeV(records('P:a C:b'), {}));
    expect(first).toMatchObject({ count: 0, consumed: 0, stop: { code: 'DATA', record: 0 } });
    const other = decode(kernel, options, writeV(records('C:a Z:b'), {}));
    expect(other.stop).toMatchObject({ code: 'DATA', record: 1, offset: 12, field: 'R.K' });
    const filtered = { ...options, segmentFilter: ['C', 'D', 'E', 'P'] };
    expect(decode(kernel, filtered, writeV(records('C:a Z:b C:c'), {})).count).toBe(2);
  });

  test('an open root waits for what may come below it', () => {
    const options = { redefineSegments: GROUPS, ...TREE };
    const bytes = writeV(records('C:a P:b C:c P:d'), {});
    const open = decode(kernel, options, bytes, { isEnd: false });
    expect(open).toMatchObject({ count: 1, records: 2, consumed: 24, stop: undefined });
    const ids = decode(kernel, IDS, bytes, { isEnd: false });
    expect(ids).toMatchObject({ count: 2, records: 2, consumed: 24 });
    expect(decode(kernel, options, writeV(records('C:a P:b'), {}), { isEnd: false })).toMatchObject({
      count: 0,
      consumed: 0,
    });
  });

  test.each([
    ['nested', { redefineSegments: GROUPS, ...TREE, recordIds: true }],
    ['with ids', { ...IDS, recordIds: true }],
  ])('%s: pieces begin at roots and give the same rows, in blocks too', (_, options) => {
    const payloads = hierarchy(60);
    const files = [
      [writeV(payloads, {}), 'V'],
      [writeVB(payloads, {}, {}, 7), 'VB'],
      [Buffer.concat(payloads), 'F'],
    ] as const;
    for (const [bytes, recordFormat] of files) {
      const specification = { copybook: COPYBOOK, options: { ...BASE, ...options, recordFormat } };
      const whole = decode(kernel, { ...options, recordFormat }, bytes).text;
      for (const target of [1, 50, 333, 5000]) {
        const cuts = kernel.cut(specification, bytes, target);
        if ('problem' in cuts) throw new Error(cuts.problem.message);
        let at = 0;
        let record = 0n;
        let text = '';
        for (const { end, records: count, flags } of cuts.cuts) {
          const piece = { isEnd: false, flags, firstRecord: record, offset: BigInt(at) };
          const done = decode(kernel, { ...options, recordFormat }, bytes.subarray(at, end), piece);
          expect(done).toMatchObject({ stop: undefined, records: count, consumed: end - at });
          text += done.text;
          at = end;
          record += BigInt(count);
        }
        expect(text).toBe(whole);
        if (target === 1) expect(cuts.cuts).toHaveLength(60);
      }
    }
  });

  test('fixed records with roots are not for cutting by arithmetic', () => {
    const options = { ...BASE, recordFormat: 'F', ...IDS } as const;
    const cuts = kernel.cut({ copybook: COPYBOOK, options }, Buffer.concat(records('C:a P:b P:c C:d')), 8);
    expect('cuts' in cuts && cuts.cuts.map((cut) => cut.end)).toEqual([24, 32]);
  });

  test('a segment field that is a number is compared as one', () => {
    const copybook = ['01 R.', '   05 K PIC S9(3) COMP-3.', '   05 A PIC X(1).']
      .map((line) => `       ${line}\n`)
      .join('');
    const bytes = Buffer.from('001cc1012cc2001dc3012cc4', 'hex');
    const options = { segmentField: 'K', segmentFilter: ['012', '-1'], fields: ['A'] };
    const answer = kernel.decode({ copybook, options }, bytes);
    expect('output' in answer && Buffer.from(answer.output).toString()).toBe(
      '{"A":"B"}\n{"A":"C"}\n{"A":"D"}\n',
    );
  });

  test('csv and columns read the same segments', () => {
    const csv = kernel.decode(
      { copybook: COPYBOOK, options: { ...BASE, segmentFilter: ['D'], fields: ['K'], output: 'csv' } },
      file,
    );
    expect('output' in csv && Buffer.from(csv.output).toString().split(/\r?\n/)).toEqual(['K', 'D', 'D', '']);
    expect(csv).toMatchObject({ rows: 2, records: 5, consumed: file.length });
    const columns = kernel.decode(
      { copybook: COPYBOOK, options: { ...BASE, segmentFilter: ['D'], output: 'columns' } },
      file,
      { rows: 1 },
    );
    expect(columns).toMatchObject({ rows: 1, records: 2, consumed: 24 });
  });
});
