/**
 * Frames from untrusted code: what contradicts itself is refused, and what does not is read back by Arrow's own reader.
 */

import { tableFromIPC } from 'apache-arrow';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type ArrowColumn, createArrowStream } from '../../host/copybook/arrow.ts';
import { HostError } from '../../host/errors.ts';

const COLUMNS: readonly ArrowColumn[] = [
  { name: 'N', type: 'int32' },
  { name: 'AMOUNT', type: 'decimal', precision: 30, scale: 2 },
  { name: 'NAME', type: 'utf8' },
];

/** Rows of COLUMNS; undefined is null. */
interface Row {
  readonly n: number | undefined;
  readonly amount: bigint;
  readonly name: string;
}

const ROWS: readonly Row[] = [
  { n: 1, amount: -12345678901234567890123n, name: 'Jörg' },
  { n: undefined, amount: 0n, name: '' },
  { n: -3, amount: 5n, name: 'x' },
];

const aligned = (bytes: number): number => (bytes + 7) & ~7;

function frameOf(rows: readonly Row[]): Uint8Array {
  const validity = new Uint8Array(Math.ceil(rows.length / 8));
  const numbers = new Int32Array(rows.length);
  const amounts = new BigUint64Array(rows.length * 2);
  const texts = rows.map(({ name }) => Buffer.from(name));
  const offsets = new Int32Array(rows.length + 1);
  rows.forEach(({ n, amount }, i) => {
    if (n !== undefined) validity[i >> 3] = (validity[i >> 3] as number) | (1 << (i & 7));
    numbers[i] = n ?? 0;
    amounts[2 * i] = BigInt.asUintN(64, amount);
    amounts[2 * i + 1] = BigInt.asUintN(64, amount >> 64n);
    offsets[i + 1] = (offsets[i] as number) + (texts[i] as Buffer).length;
  });
  const nullCount = rows.filter(({ n }) => n === undefined).length;
  const columns = [
    { nullCount, buffers: [nullCount === 0 ? new Uint8Array(0) : validity, numbers] },
    { nullCount: 0, buffers: [new Uint8Array(0), amounts] },
    { nullCount: 0, buffers: [new Uint8Array(0), offsets, Buffer.concat(texts)] },
  ];
  const head: number[] = [rows.length, columns.length];
  const parts: { at: number; bytes: Uint8Array }[] = [];
  let at = aligned(8 + columns.reduce((sum, { buffers }) => sum + 8 + 8 * buffers.length, 0));
  for (const { nullCount: nulls, buffers } of columns) {
    head.push(nulls, buffers.length);
    for (const { buffer, byteOffset, byteLength } of buffers) {
      head.push(at, byteLength);
      parts.push({ at, bytes: new Uint8Array(buffer, byteOffset, byteLength) });
      at = aligned(at + byteLength);
    }
  }
  const frame = new Uint8Array(at);
  frame.set(new Uint8Array(Uint32Array.from(head).buffer));
  for (const part of parts) frame.set(part.bytes, part.at);
  return frame;
}

/** Where in the head what lies, in words. */
const HEAD = {
  rows: 0,
  columns: 1,
  nulls: 2,
  buffers: 3,
  validity: 4,
  numbers: 6,
  amounts: 12,
  offsets: 18,
  texts: 20,
};

function changed(change: (words: Uint32Array, frame: Uint8Array) => void): Uint8Array {
  const frame = frameOf(ROWS);
  change(new Uint32Array(frame.buffer), frame);
  return frame;
}

const offsetsAt = (words: Uint32Array): number => (words[HEAD.offsets] as number) >> 2;

describe('frames', () => {
  test('what was written is what the reader of Arrow finds, over several batches', () => {
    const stream = createArrowStream(COLUMNS);
    const rest = [{ n: 7, amount: 10n ** 29n, name: 'z'.repeat(100) }];
    const parts = [
      stream.schemaBytes,
      stream.write(frameOf(ROWS)),
      stream.write(frameOf([])),
      stream.write(frameOf(rest)),
      stream.end(),
    ];
    const table = tableFromIPC(Buffer.concat(parts));
    const rows = [...ROWS, ...rest];
    expect([...(table.getChild('N') ?? [])]).toEqual(rows.map(({ n }) => n ?? null));
    expect([...(table.getChild('NAME') ?? [])]).toEqual(rows.map(({ name }) => name));
    const amounts = [...(table.getChild('AMOUNT') ?? [])].map((words: Uint32Array) =>
      BigInt.asIntN(
        128,
        words.reduceRight((sum, word) => (sum << 32n) | BigInt(word), 0n),
      ),
    );
    expect(amounts).toEqual(rows.map(({ amount }) => amount));
    expect(table.schema.fields.map(({ name, type }) => `${name} ${type}`)).toEqual([
      'N Int32',
      'AMOUNT Decimal[30e+2]',
      'NAME Utf8',
    ]);
  });

  test('a stream without batches is a table without rows', () => {
    const stream = createArrowStream(COLUMNS);
    const table = tableFromIPC(Buffer.concat([stream.schemaBytes, stream.end()]));
    expect(table.numRows).toBe(0);
    expect(table.schema.fields).toHaveLength(COLUMNS.length);
  });

  test('where a frame begins in its memory does not matter, and it is not changed', () => {
    const frame = frameOf(ROWS);
    const expected = createArrowStream(COLUMNS).write(frame);
    for (let shift = 1; shift < 8; shift++) {
      const around = new Uint8Array(frame.length + 8);
      around.set(frame, shift);
      const moved = around.subarray(shift, shift + frame.length);
      expect(createArrowStream(COLUMNS).write(moved)).toEqual(expected);
      expect(moved).toEqual(frame);
    }
  });

  test('a frame that is refused leaves the stream as it was', () => {
    const stream = createArrowStream(COLUMNS);
    expect(() => stream.write(new Uint8Array(3))).toThrow(HostError);
    const bytes = Buffer.concat([stream.schemaBytes, stream.write(frameOf(ROWS)), stream.end()]);
    expect(tableFromIPC(bytes).numRows).toBe(ROWS.length);
  });

  const twist = (word: number, value: number): Uint8Array => changed((words) => words.set([value], word));
  test.each<readonly [string, Uint8Array]>([
    ['nothing at all', new Uint8Array(0)],
    ['half a head', frameOf(ROWS).subarray(0, 20)],
    ['more rows than the values are', twist(HEAD.rows, 4)],
    ['more rows than there are numbers for', twist(HEAD.rows, 0xffffffff)],
    ['a column too many', twist(HEAD.columns, 4)],
    ['a buffer too many', twist(HEAD.buffers, 3)],
    ['more nulls than rows', twist(HEAD.nulls, 4)],
    ['another null count than its validity says', twist(HEAD.nulls, 2)],
    ['no nulls, but a validity', twist(HEAD.nulls, 0)],
    ['a validity that is too short', twist(HEAD.validity + 1, 0)],
    ['values beyond the end', twist(HEAD.numbers, 1 << 20)],
    ['values that would wrap around', twist(HEAD.numbers, 0xfffffff8)],
    ['values that are not aligned', twist(HEAD.numbers, 100)],
    ['values over the head', twist(HEAD.numbers, 8)],
    ['values that are too short', twist(HEAD.amounts + 1, 40)],
    ['offsets that are too short', twist(HEAD.offsets + 1, 12)],
    ['texts that are longer than the offsets say', twist(HEAD.texts + 1, 7)],
    ['offsets that go back', changed((words) => words.set([100], offsetsAt(words) + 1))],
    ['offsets below zero', changed((words) => words.set([2 ** 32 - 4], offsetsAt(words)))],
    ['a text that is not UTF-8', changed((words, frame) => frame.set([0xff], words[HEAD.texts]))],
    ['a text that begins within a character', changed((words) => words.set([2], offsetsAt(words) + 1))],
  ])('%s is not taken', (_, frame) => {
    const stream = createArrowStream(COLUMNS);
    expect(() => stream.write(frame)).toThrow(expect.objectContaining({ code: 'EXECUTOR_BAD_RESULT' }));
  });

  test('whatever is changed in a frame, it is refused or is a batch that can be read', () => {
    const frame = frameOf(ROWS);
    const change = fc.tuple(fc.nat(frame.length - 1), fc.nat(255));
    fc.assert(
      fc.property(
        fc.array(change, { minLength: 1, maxLength: 4 }),
        fc.nat(frame.length),
        (changes, length) => {
          const broken = frame.slice(0, Math.max(length, frame.length >> 1));
          for (const [at, byte] of changes) if (at < broken.length) broken[at] = byte;
          const stream = createArrowStream(COLUMNS);
          let bytes: Uint8Array;
          try {
            bytes = stream.write(broken);
          } catch (error) {
            expect(error).toBeInstanceOf(HostError);
            expect((error as HostError).code).toBe('EXECUTOR_BAD_RESULT');
            return;
          }
          const table = tableFromIPC(Buffer.concat([stream.schemaBytes, bytes, stream.end()]));
          for (const column of COLUMNS)
            expect([...(table.getChild(column.name) ?? [])]).toHaveLength(table.numRows);
        },
      ),
      { numRuns: 2000 },
    );
  });
});
