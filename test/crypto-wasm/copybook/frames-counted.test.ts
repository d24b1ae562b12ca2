/** Records without length words whose counters or fields say how long they are. */

import { describe, expect, test } from 'vitest';
import type { CopybookKernel, CopybookOptions } from '../../../crypto-wasm/copybook/face.ts';
import { fromHex } from '../bytes.ts';
import { kernels } from './implementations.ts';

function decode(kernel: CopybookKernel, copybook: string, options: CopybookOptions, bytes: Uint8Array) {
  const answer = kernel.decode({ copybook, options: { recordIds: true, ...options } }, bytes);
  if ('problem' in answer) throw new Error(answer.problem.message);
  const lines = Buffer.from(answer.output).toString().split('\n').slice(0, -1);
  return { ...answer, lengths: lines.map((line) => JSON.parse(line).Record_Byte_Length as number) };
}

const line = (text: string): string => `       ${text}\n`;
const NESTED = [
  '01 R.',
  '   05 N PIC 9(1).',
  '   05 T OCCURS 0 TO 9 DEPENDING ON N.',
  '      10 M PIC 9(1).',
  '      10 U PIC X(2) OCCURS 0 TO 5 DEPENDING ON M.',
  '   05 Z PIC X(1).',
]
  .map(line)
  .join('');

describe.each(await kernels())('$name', ({ kernel }) => {
  test('a table in a table, each with its own counter, and storage behind both', () => {
    const bytes = Buffer.from('0Z' + '12AABBZ' + '31AA03CCDDEEZ' + '0Z');
    const answer = decode(kernel, NESTED, { codePage: 'ascii' }, bytes);
    expect(answer.stop).toBeUndefined();
    expect(answer.lengths).toEqual([2, 7, 13, 2]);
    const cuts = kernel.cut({ copybook: NESTED, options: { codePage: 'ascii' } }, bytes, 8);
    expect('cuts' in cuts && cuts.cuts.map((cut) => cut.end)).toEqual([2, 9, 22, 24]);
  });

  test('a record is measured only when all of it is there', () => {
    const bytes = Buffer.from('31AA03CCDDEEZ');
    for (let length = 1; length < bytes.length; length++) {
      const specification = { copybook: NESTED, options: { codePage: 'ascii' } };
      const open = kernel.decode(specification, bytes.subarray(0, length), { isEnd: false });
      expect(open).toMatchObject({ consumed: 0, rows: 0, stop: undefined });
      const ended = kernel.decode(specification, bytes.subarray(0, length));
      expect(ended).toMatchObject({ stop: { code: 'FRAMING', record: 0, offset: 0 } });
    }
  });

  test('a counter beyond its table is a problem of the table, with its place', () => {
    const answer = decode(kernel, NESTED, { codePage: 'ascii' }, Buffer.from('0Z17'));
    expect(answer).toMatchObject({
      rows: 1,
      consumed: 2,
      stop: { code: 'DATA', record: 1, offset: 2, field: 'R.T.U' },
    });
    expect(answer.stop?.message).toContain('says 7');
    const letters = decode(kernel, NESTED, { codePage: 'ascii' }, Buffer.from('XZ'));
    expect(letters.stop).toMatchObject({ code: 'DATA', record: 0, offset: 0, field: 'R.T' });
  });

  test('packed and binary counters, and a counter in a view of another item', () => {
    const packed = ['01 R.', '   05 P PIC S9(3) COMP-3.', '   05 T PIC X(2) OCCURS 1 TO 300 DEPENDING ON P.']
      .map(line)
      .join('');
    expect(decode(kernel, packed, {}, fromHex('002C C1C1C1C1 001C C2C2')).lengths).toEqual([6, 4]);
    const viewed = [
      '01 R.',
      '   05 A.',
      '      10 N PIC 9(4) COMP.',
      '   05 B REDEFINES A.',
      '      10 X PIC X(2).',
      '   05 T OCCURS 1 TO 5 DEPENDING ON N.',
      '      10 C PIC X(1).',
    ]
      .map(line)
      .join('');
    expect(decode(kernel, viewed, {}, fromHex('0003C1C2C3 0001C1')).lengths).toEqual([5, 3]);
  });

  test('at their maximum tables do not change a record', () => {
    const options = { odo: 'maximum', codePage: 'ascii' } as const;
    const bytes = Buffer.from('0'.repeat(2 * (1 + 9 * 11 + 1)));
    expect(decode(kernel, NESTED, options, bytes).lengths).toEqual([101, 101]);
  });

  test('texts that mean counts', () => {
    const copybook = ['01 R.', '   05 K PIC X(1).', '   05 T PIC X(2) OCCURS 0 TO 3 DEPENDING ON K.']
      .map(line)
      .join('');
    const options = { codePage: 'ascii', occursMappings: { T: { A: 0, B: 1, C: 3 } } };
    expect(decode(kernel, copybook, options, Buffer.from('ABxxCxxyyzzA')).lengths).toEqual([1, 3, 7, 1]);
    expect(decode(kernel, copybook, options, Buffer.from('ADxx')).stop).toMatchObject({
      code: 'DATA',
      record: 1,
    });
  });

  const LENGTH = ['01 R.', '   05 K PIC X(1).', '   05 L PIC 9(2).', '   05 A PIC X(7).'].map(line).join('');
  test('a field that says the length, and one whose text is looked up', () => {
    const options = { recordFormat: 'D', recordLengthField: 'L', codePage: 'ascii' } as const;
    expect(decode(kernel, LENGTH, options, Buffer.from('A05xxB10yyyyyyyC03')).lengths).toEqual([5, 10, 3]);
    const map = { recordFormat: 'D', recordLengthField: 'r.k', recordLengthMap: { A: 4, B: 7 } } as const;
    expect(
      decode(kernel, LENGTH, { ...map, codePage: 'ascii' }, Buffer.from('A001B000000A999')).lengths,
    ).toEqual([4, 7, 4]);
  });

  test.each([
    ['a length that is no number', { recordLengthField: 'L' }, 'A05xxBxxyy', 5, 'no number'],
    ['a length that ends before its field', { recordLengthField: 'L' }, 'A02', 0, 'ends before'],
    ['a length of zero', { recordLengthField: 'L' }, 'A00', 0, 'ends before'],
    ['a length beyond the file', { recordLengthField: 'L' }, 'A09xx', 0, 'ends within a record'],
    [
      'a value that is not in the map',
      { recordLengthField: 'K', recordLengthMap: { A: 5 } },
      'A05xxC05xx',
      5,
      "'C'",
    ],
  ])('%s is a problem with its place', (_, options, text, offset, message) => {
    const all = { recordFormat: 'D', codePage: 'ascii', ...options } as const;
    const answer = decode(kernel, LENGTH, all, Buffer.from(text));
    expect(answer.stop).toMatchObject({ code: 'FRAMING', offset, record: offset / 5 });
    expect(answer.stop?.message).toContain(message);
  });

  test.each([
    [{ recordFormat: 'FB', blockLength: 15 }, 'blockLength: 15 is not a multiple'],
    [{ recordStart: -1 }, 'recordStart'],
    [{ recordMin: 9, recordMax: 3 }, 'recordMin'],
    [{ recordLength: 3, recordStart: 2, recordEnd: 2 }, 'recordLength'],
    [{ recordLength: 99_999_999 }, 'recordLength'],
    [{ recordFormat: 'D' }, 'recordLengthField'],
    [{ recordLengthField: 'L' }, 'recordLengthField'],
    [{ recordFormat: 'D', recordLengthField: 'NOPE' }, 'recordLengthField'],
    [{ recordFormat: 'D', recordLengthField: 'L', recordLengthMap: { A: 0 } }, 'recordLengthMap'],
    [{ recordFormat: 'D', recordLengthField: 'K', recordLengthMap: { '☃': 5 } }, 'recordLengthMap'],
    [{ rdw: { adjustment: 100_000 } }, 'rdw'],
    [{ bdw: { adjustment: -100_000 } }, 'bdw'],
    [{ segmentFilter: ['A'] }, 'segmentField'],
    [{ segmentField: 'L', segmentFilter: ['A'] }, 'segmentField'],
    [{ segmentField: 'K', segmentIdLevels: [['A'], ['A']] }, 'segmentIdLevels'],
    [{ segmentField: 'K', segmentChildren: { R: ['A'] } }, 'segmentChildren'],
    [{ output: 'csv', recordIds: true }, 'recordIds'],
    [{ output: 'columns', segmentField: 'K', segmentIdLevels: [['A']] }, 'segmentIdLevels'],
  ] as [CopybookOptions, string][])('%j is refused by the name of the option', (options, name) => {
    const answer = kernel.decode({ copybook: LENGTH, options }, new Uint8Array(0));
    expect(answer).toMatchObject({ problem: { code: 'OPTIONS' } });
    expect('problem' in answer && answer.problem.message).toContain(name);
  });
});
