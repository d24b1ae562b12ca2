/** Records lie in files in many ways: what a writer of each format wrote is what the kernel finds, however it is cut. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CopybookKernel, Records, Refused, Specification } from '../../../crypto-wasm/copybook/face.ts';
import { fromHex } from '../bytes.ts';
import { createRandom } from '../random.ts';
import { kernels } from './implementations.ts';
import { filesOfEveryFormat, type RecordFile, writeV, writeVB, writeVBS } from './record-files.ts';

const TEXT_40 = '       01 R.\n          05 A PIC X(40).\n';

interface Row {
  readonly Record_Id: number;
  readonly Record_Byte_Length: number;
  readonly [key: string]: unknown;
}

function recordsOf(answer: Records | Refused): Records {
  if ('problem' in answer) throw new Error(`refused: ${answer.problem.message}`);
  return answer;
}

function textOf(answer: Records): string {
  return Buffer.from(answer.output).toString();
}

function rowsOf(answer: Records | Refused): Row[] {
  const records = recordsOf(answer);
  if (records.stop !== undefined) throw new Error(records.stop.message);
  const rows = textOf(records).split('\n').slice(0, -1);
  return rows.map((line) => JSON.parse(line) as Row);
}

function specificationOf(file: Pick<RecordFile, 'options'>, copybook = TEXT_40): Specification {
  return { copybook, options: { trim: 'none', recordIds: true, ...file.options } };
}

/** Every piece by itself, as a program does that has many cells. */
function decodeInPieces(
  kernel: CopybookKernel,
  specification: Specification,
  bytes: Uint8Array,
  target: number,
) {
  const answer = kernel.cut(specification, bytes, target);
  if ('problem' in answer) throw new Error(answer.problem.message);
  let output = '';
  let at = 0;
  let record = 0n;
  for (const { end, records, flags } of answer.cuts) {
    const piece = bytes.subarray(at, end);
    const done = recordsOf(
      kernel.decode(specification, piece, { isEnd: false, flags, firstRecord: record, offset: BigInt(at) }),
    );
    if (done.stop !== undefined) throw new Error(done.stop.message);
    expect(done.records).toBe(records);
    expect(done.consumed).toBe(end - at);
    output += textOf(done);
    record += BigInt(records);
    at = end;
  }
  expect(at).toBe(bytes.length);
  return output;
}

/** In chunks that end anywhere, as a stream comes; what is not consumed comes again. */
function decodeInChunks(
  kernel: CopybookKernel,
  specification: Specification,
  bytes: Uint8Array,
  chunk: number,
) {
  let output = '';
  let at = 0;
  let end = 0;
  let record = 0n;
  let flags = 0;
  while (at < bytes.length) {
    end = Math.min(bytes.length, end + chunk);
    const isEnd = end === bytes.length;
    const piece = bytes.subarray(at, end);
    const done = recordsOf(
      kernel.decode(specification, piece, { isEnd, flags, firstRecord: record, offset: BigInt(at) }),
    );
    if (done.stop !== undefined) throw new Error(done.stop.message);
    output += textOf(done);
    record += BigInt(done.records);
    at += done.consumed;
    flags = done.resume;
    if (isEnd) expect(at).toBe(bytes.length);
  }
  return output;
}

describe.each(await kernels())('$name', ({ kernel }) => {
  const files = filesOfEveryFormat(createRandom(20), 25, 40);

  test.each(files)('$name: records found are records written', (file) => {
    const rows = rowsOf(kernel.decode(specificationOf(file), file.bytes));
    expect(rows.map((row) => row.Record_Byte_Length)).toEqual(file.payloads.map((payload) => payload.length));
    expect(rows.map((row) => row.Record_Id)).toEqual(file.payloads.map((_, i) => i));
  });

  test('any cutting and any chunking of any format gives the same rows', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 2 ** 31 - 1 }),
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 400 }),
        (seed, count, size) => {
          const random = createRandom(seed);
          const file = random.oneOf(filesOfEveryFormat(random, count, 5 + random.below(80)));
          const specification = specificationOf(file);
          const whole = textOf(recordsOf(kernel.decode(specification, file.bytes)));
          expect(whole.split('\n')).toHaveLength(count + 1);
          expect(decodeInPieces(kernel, specification, file.bytes, size)).toBe(whole);
          expect(decodeInChunks(kernel, specification, file.bytes, size)).toBe(whole);
        },
      ),
      { numRuns: 150 },
    );
  });

  test('a file that ends at any byte gives the records before and says where it was cut', () => {
    for (const file of filesOfEveryFormat(createRandom(7), 4, 9)) {
      const specification = specificationOf(file);
      const whole = textOf(recordsOf(kernel.decode(specification, file.bytes))).split('\n');
      for (let length = 0; length < file.bytes.length; length++) {
        const cut = file.bytes.subarray(0, length);
        const open = recordsOf(kernel.decode(specification, cut, { isEnd: false }));
        expect(open.stop).toBeUndefined();
        expect(open.consumed).toBeLessThanOrEqual(length);
        expect(textOf(open).split('\n').slice(0, -1)).toEqual(whole.slice(0, open.rows));
        const ended = recordsOf(kernel.decode(specification, cut));
        if (file.options.recordFormat === 'text') {
          expect(ended.stop).toBeUndefined();
          continue;
        }
        expect(textOf(ended)).toBe(textOf(open));
        // At the border of two records nothing is missing, unless a block goes on.
        const isBorder = open.consumed === length && open.resume === 0;
        if (isBorder) expect(ended.stop).toBeUndefined();
        else {
          expect(ended.stop).toMatchObject({ code: 'FRAMING', record: open.records, offset: open.consumed });
          expect(ended.stop?.message).toContain('the file ends within');
        }
      }
    }
  });

  test('rows stop where they are asked to, and the next call goes on', () => {
    for (const file of files) {
      const specification = specificationOf(file);
      const first = recordsOf(kernel.decode(specification, file.bytes, { rows: 7 }));
      expect(first).toMatchObject({ rows: 7, records: 7, stop: undefined });
      const rest = kernel.decode(specification, file.bytes.subarray(first.consumed), {
        flags: first.resume,
        firstRecord: 7n,
        offset: BigInt(first.consumed),
      });
      expect(rowsOf(rest).map((row) => row.Record_Id)).toEqual(file.payloads.slice(7).map((_, i) => i + 7));
    }
  });

  const V = { recordFormat: 'V' } as const;
  const VB = { recordFormat: 'VB' } as const;
  const VBS = { recordFormat: 'VBS' } as const;
  test.each([
    ['a word of zero', V, '00000000', 0, 'is zero'],
    ['a word shorter than itself', V, '00050000F1 00030000', 5, 'less than its own length'],
    ['a word above 32,760', V, '7FF90000', 0, 'above the limit of 32756'],
    ['reserved bytes', V, '00060001F1F2', 0, "X'00060001' has bytes that should be zero"],
    ['a segment code in VB', VB, '000A0000 00060100F1F2', 0, 'read as VBS'],
    ['a record beyond its block', VB, '000A0000 00080000F1F2F3F4', 0, '6 bytes are left of the block'],
    ['bytes left over in a block', VB, '000C0000 00060000F1F2 0000', 10, '2 bytes are left over'],
    ['a block without a record', VB, '00040000', 0, 'holds no record'],
    ['a block word with bytes that should be zero', VB, '000C0100', 0, 'should be zero'],
    ['an extended block above the limit', VB, 'FFFFFFFF', 0, 'above the limit of 16777215'],
    ['a block cut short between records', VB, '00100000 00060000F1F2', 10, 'ends within a block: 6 bytes'],
    ['a last segment without a first', VBS, '000A0000 00060200F1F2', 0, 'neither whole nor first'],
    ['a middle segment without a first', VBS, '000A0000 00060300F1F2', 0, 'neither whole nor first'],
    ['a whole record within another', VBS, '00100000 00060100F1F2 00060000F1F2', 0, 'that was begun goes on'],
    [
      'a first segment within a record',
      VBS,
      '00100000 00060100F1F2 00060100F1F2',
      0,
      'that was begun goes on',
    ],
    ['a segment code that is none', VBS, '000A0000 00060400F1F2', 0, 'no segment code'],
    ['a record without its last segment', VBS, '000A0000 00060100F1F2', 0, 'ends within a record'],
    ['a prefix above the limit', { recordFormat: 'prefix' }, '7FFFFFFF', 0, 'above the limit of 1048576'],
    [
      'a prefix that its adjustment makes negative',
      { recordFormat: 'prefix', rdw: { adjustment: -9 } },
      '00000008',
      0,
      'less than nothing',
    ],
    [
      'a word that its adjustment makes negative',
      { ...V, rdw: { adjustment: -2 } },
      '00050000F1',
      0,
      'less than its own length',
    ],
    [
      'a line above the limit',
      { recordFormat: 'text', recordLength: 3 },
      'F1F2F3F4F5F6F7F8',
      0,
      'above the limit of 3',
    ],
  ] as const)('%s is a problem with its place', (_, options, hex, offset, message) => {
    const answer = recordsOf(kernel.decode({ copybook: TEXT_40, options }, fromHex(hex)));
    expect(answer.stop).toMatchObject({ code: 'FRAMING', record: answer.records, offset });
    expect(answer.stop?.message).toContain(message);
    expect(answer.consumed).toBe(offset);
    // Both builds, both ways to get at the records: what is wrong does not become a cut.
    const cuts = kernel.cut({ copybook: TEXT_40, options }, fromHex(hex), 4);
    expect('cuts' in cuts && cuts.cuts.at(-1)?.end).toBe(fromHex(hex).length);
  });

  test('records before a wrong word are written, and the problem counts on from the piece', () => {
    const bytes = Buffer.concat([fromHex('00060000C1C200060000C3C4'), fromHex('00000000')]);
    const answer = recordsOf(
      kernel.decode({ copybook: TEXT_40, options: V }, bytes, { firstRecord: 100n, offset: 5_000_000_000n }),
    );
    expect(textOf(answer)).toBe('{"A":"AB"}\n{"A":"CD"}\n');
    expect(answer.stop).toMatchObject({ record: 102, offset: 5_000_000_012 });
  });

  test('adjusted files may have longer records where recordLength says so', () => {
    const payload = new Uint8Array(40_000).fill(0xc1);
    const bytes = writeV([payload], { includesItself: false });
    const options = { recordFormat: 'V', rdw: { includesItself: false }, recordIds: true } as const;
    expect(recordsOf(kernel.decode({ copybook: TEXT_40, options }, bytes)).stop?.message).toContain(
      'recordLength',
    );
    const raised = { copybook: TEXT_40, options: { ...options, recordLength: 40_000 } };
    expect(rowsOf(kernel.decode(raised, bytes))).toMatchObject([{ Record_Byte_Length: 40_000 }]);
  });

  test('a spanned record is put together byte by byte, over any blocks', () => {
    const copybook = '       01 R.\n          05 A PIC X(300).\n';
    const payload = Uint8Array.from({ length: 300 }, (_, i) => 0xc1 + (i % 9));
    for (let blockBytes = 6; blockBytes < 330; blockBytes += 9) {
      const bytes = writeVBS([payload, payload.subarray(3)], {}, {}, blockBytes);
      const rows = rowsOf(kernel.decode({ copybook, options: { recordFormat: 'VBS' } }, bytes));
      expect(rows.map((row) => row.A)).toEqual([
        'ABCDEFGHI'.repeat(34).slice(0, 300),
        'DEFGHIABC'.repeat(33),
      ]);
    }
  });

  test('records are skipped by length, and keep their numbers', () => {
    const payloads = [2, 3, 4, 5].map((count) => new Uint8Array(count).fill(0xc1));
    const bytes = writeVB(payloads, {}, {}, 3);
    const options = { ...VB, recordIds: true, recordMin: 3, recordMax: 4 };
    const answer = recordsOf(kernel.decode({ copybook: TEXT_40, options }, bytes));
    expect(answer).toMatchObject({ rows: 2, records: 4, consumed: bytes.length });
    expect(rowsOf(answer)).toMatchObject([{ Record_Id: 1 }, { Record_Id: 2 }]);
  });

  test('recordStart and recordEnd are around what the copybook describes', () => {
    const copybook = '       01 R.\n          05 A PIC X(2).\n';
    const options = { recordStart: 2, recordEnd: 1 };
    const bytes = fromHex('0000C1C2FF 0000C3C4FF');
    expect(rowsOf(kernel.decode({ copybook, options }, bytes))).toEqual([{ A: 'AB' }, { A: 'CD' }]);
    const short = writeV([fromHex('0000')], {});
    const answer = recordsOf(kernel.decode({ copybook, options: { ...options, ...V } }, short));
    expect(answer.stop).toMatchObject({ code: 'FRAMING', record: 0, offset: 0 });
  });

  test('an empty line is a record, which recordMin passes over', () => {
    const bytes = Buffer.from('AB\n\nCD\r\n\r\nEF');
    const options = { recordFormat: 'text', codePage: 'ascii' } as const;
    expect(recordsOf(kernel.decode({ copybook: TEXT_40, options }, bytes)).rows).toBe(5);
    const least = { copybook: TEXT_40, options: { ...options, recordMin: 1 } };
    expect(rowsOf(kernel.decode(least, bytes))).toEqual([{ A: 'AB' }, { A: 'CD' }, { A: 'EF' }]);
  });
});
