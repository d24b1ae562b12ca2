/** The codec of the host over readable cells: pieces, order, formats, rows, offsets, encoding. */

import { gzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createCopybook } from '../../host/copybook/copybook.ts';
import type { CopybookOptions, OutputFormat } from '../../host/copybook/face.ts';
import {
  createFakeCells,
  drain,
  fixedRecords,
  INVALID,
  lines,
  range,
  sourceOf,
  variableRecords,
} from './fake-cells.ts';

function scene(options: Partial<CopybookOptions> = {}) {
  const cells = createFakeCells();
  const copybook = createCopybook({ host: cells.host, copybook: 'FIXED', pieceBytes: 64, ...options });
  return { cells, copybook };
}

describe('records become rows', () => {
  test.each([0, 1, 15, 16, 17, 127, 128, 129, 5000])('%d of fixed length, in order', async (count) => {
    const { copybook } = scene();
    const { text, error } = await drain(copybook.decode(sourceOf(fixedRecords(range(count))).source));
    expect(error).toBeUndefined();
    expect(text).toBe(lines(range(count)));
    expect(copybook.snapshot().operations.decode).toMatchObject({
      count: 1,
      errorCount: 0,
      recordCount: count,
      inputBytes: 4 * count,
    });
  });

  test('of any lengths, whatever pieces the source comes in and the cells are given', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 255 }), { maxLength: 200 }),
        fc.integer({ min: 1, max: 600 }),
        fc.integer({ min: 1, max: 600 }),
        fc.integer({ min: 1, max: 9 }),
        async (lengths, sourceBytes, pieceBytes, piecesMax) => {
          const { copybook } = scene({ copybook: 'VARIABLE', pieceBytes, piecesMax });
          const { source } = sourceOf(variableRecords(lengths), sourceBytes);
          const { text, error } = await drain(copybook.decode(source));
          expect([text, error]).toEqual([lines(lengths), undefined]);
        },
      ),
    );
  });

  test('an output that is full is continued, by fixed and by variable lengths', async () => {
    for (const [name, bytes, expected] of [
      ['FIXED', fixedRecords(range(1000)), lines(range(1000))],
      ['VARIABLE', variableRecords(range(255).slice(1)), lines(range(255).slice(1))],
    ] as const) {
      const { cells, copybook } = scene({ copybook: name, pieceBytes: 256 });
      cells.outputMaxBytes = 50;
      expect((await drain(copybook.decode(sourceOf(bytes).source))).text).toBe(expected);
    }
  });

  test('several cells work at the same time, as many as may', async () => {
    const { cells, copybook } = scene({ callsMax: 3 });
    cells.gate = () => new Promise((resolve) => setImmediate(resolve));
    await drain(copybook.decode(sourceOf(fixedRecords(range(1000))).source));
    expect(cells.busyMax).toBe(3);
    expect(new Set(cells.calls.map(({ affinity }) => affinity)).size).toBe(2);
  });

  test('results that come in another order are put in theirs', async () => {
    const { cells, copybook } = scene({ callsMax: 8 });
    const held: (() => void)[] = [];
    cells.gate = async ({ operation }) => {
      if (operation !== 'decode') return;
      await new Promise<void>((resolve) => {
        held.push(resolve);
        // The last that came goes first, once four are there or no more come.
        if (held.length === 4) for (const go of held.splice(0).reverse()) go();
      });
    };
    const { text } = await drain(copybook.decode(sourceOf(fixedRecords(range(16 * 16))).source));
    expect(text).toBe(lines(range(16 * 16)));
  });
});

describe('across pieces', () => {
  const output = async (format: OutputFormat, values: number[], options = {}) => {
    const { copybook } = scene({ options });
    const { text } = await drain(copybook.decode(sourceOf(fixedRecords(values)).source, { format }));
    return text;
  };

  test.each([0, 1, 16, 17, 1000])('JSON of %d records is one array', async (count) => {
    expect(JSON.parse(await output('json', range(count)))).toEqual(range(count).map((N) => ({ N })));
  });

  test('JSON is one array when a filter leaves nothing of the first pieces, or of all', async () => {
    const odd = Array.from({ length: 100 }, () => 3);
    expect(JSON.parse(await output('json', [...odd, 2, 5, 4], { skipOdd: true }))).toEqual([
      { N: 2 },
      { N: 4 },
    ]);
    expect(await output('json', odd, { skipOdd: true })).toBe('[]\n');
  });

  test.each([0, 1, 1000])('CSV of %d records has one header', async (count) => {
    expect(await output('csv', range(count))).toBe(['N', ...range(count), ''].join('\n'));
  });
});

describe('rows', () => {
  test.each([1, 15, 16, 17, 40, 999, 1000, 5000])('%d of them, and no more of the source', async (rows) => {
    const { copybook } = scene();
    const { source, counts } = sourceOf(fixedRecords(range(1000)), 64);
    const { text, error } = await drain(copybook.decode(source, { rows }));
    expect([text, error]).toEqual([lines(range(Math.min(rows, 1000))), undefined]);
    expect(counts.left).toBe(1);
    if (rows < 20) expect(counts.given).toBeLessThan(1000);
  });

  test('count what is shown, not what is skipped', async () => {
    for (const copybook of ['FIXED', 'VARIABLE']) {
      const values = range(255).slice(1);
      const bytes = copybook === 'FIXED' ? fixedRecords(values) : variableRecords(values);
      const { copybook: codec } = scene({ copybook, options: { skipOdd: true } });
      const { text } = await drain(codec.decode(sourceOf(bytes).source, { rows: 60 }));
      expect(text).toBe(lines(range(121).filter((value) => value > 0 && value % 2 === 0)));
    }
  });

  test('an invalid record behind the last row is not met', async () => {
    const { copybook } = scene();
    const bytes = fixedRecords([1, 2, INVALID]);
    expect(await drain(copybook.decode(sourceOf(bytes).source, { rows: 2 }))).toMatchObject({
      text: lines([1, 2]),
      error: undefined,
    });
  });

  test.each([0, -1, 1.5, Number.NaN])('%d of them are refused', (rows) => {
    expect(() => scene().copybook.decode([], { rows })).toThrow('COPYBOOK_OPTIONS');
  });
});

describe('a broken record ends the stream where it lies', () => {
  test.each([0, 1, 15, 16, 500])('number %d: all before it were given out', async (bad) => {
    const { copybook } = scene({ fileHeaderBytes: 3 });
    const values = range(1000);
    values[bad] = INVALID;
    const bytes = Buffer.concat([Buffer.from('HDR'), fixedRecords(values)]);
    const { text, error } = await drain(copybook.decode(sourceOf(bytes).source));
    expect(text).toBe(lines(range(bad)));
    expect(error).toMatchObject({
      code: 'COPYBOOK_DATA',
      detail: `record ${bad}, offset ${3 + 4 * bad}, field N: no number`,
      place: { record: bad, offset: 3 + 4 * bad, field: 'N' },
    });
    expect(copybook.snapshot().operations.decode).toMatchObject({ errorCount: 1, recordCount: bad });
  });

  test('a length that is none, found while cutting, comes after the records before it', async () => {
    const lengths = Array.from({ length: 100 }, () => 7);
    const bytes = Buffer.concat([variableRecords(lengths), Buffer.from([0]), variableRecords([9, 9])]);
    const { copybook } = scene({ copybook: 'VARIABLE' });
    const { text, error } = await drain(copybook.decode(sourceOf(bytes).source));
    expect(text).toBe(lines(lengths));
    expect(error).toMatchObject({ code: 'COPYBOOK_FRAMING', place: { record: 100, offset: 700 } });
  });

  test.each(['FIXED', 'VARIABLE'])('%s: the last record is cut short', async (name) => {
    const bytes = name === 'FIXED' ? fixedRecords(range(40)) : variableRecords(range(41).slice(1));
    const { copybook } = scene({ copybook: name });
    const { text, error } = await drain(copybook.decode(sourceOf(bytes.subarray(0, -1)).source));
    expect(text).toBe(lines(name === 'FIXED' ? range(39) : range(40).slice(1)));
    expect(error).toMatchObject({ code: 'COPYBOOK_DATA', place: { record: 39 } });
  });

  test('a record that is longer than a cell takes is a limit, with its offset', async () => {
    const { cells, copybook } = scene({ copybook: 'VARIABLE' });
    cells.inputMaxBytes = 200;
    const tight = createCopybook({ host: cells.host, copybook: 'VARIABLE', pieceBytes: 64 });
    const { text, error } = await drain(tight.decode(sourceOf(variableRecords([20, 250, 3])).source));
    expect(text).toBe(lines([20]));
    expect(error).toMatchObject({ code: 'COPYBOOK_LIMIT', place: { offset: 20 } });
    await copybook.close();
  });
});

describe('what was given to the file', () => {
  const decoded = async (bytes: Uint8Array, options: Partial<CopybookOptions>) =>
    drain(scene(options).copybook.decode(sourceOf(bytes, 7).source));

  test.each([
    [0, 0],
    [1, 0],
    [0, 1],
    [10, 3],
    [100, 64],
  ])('a header of %d and a footer of %d bytes are dropped', async (fileHeaderBytes, fileFooterBytes) => {
    const parts = [
      Buffer.alloc(fileHeaderBytes, 9),
      fixedRecords(range(50)),
      Buffer.alloc(fileFooterBytes, 9),
    ];
    const { text } = await decoded(Buffer.concat(parts), { fileHeaderBytes, fileFooterBytes });
    expect(text).toBe(lines(range(50)));
  });

  test('a file shorter than header and footer is refused', async () => {
    const { error } = await decoded(Buffer.alloc(5), { fileHeaderBytes: 3, fileFooterBytes: 3 });
    expect(error).toMatchObject({ code: 'COPYBOOK_INPUT' });
  });

  test('gzip is unpacked, members one after another too, zeros behind them are padding', async () => {
    const bytes = fixedRecords(range(5000));
    const half = [gzipSync(bytes.subarray(0, 10_000)), gzipSync(bytes.subarray(10_000)), Buffer.alloc(512)];
    for (const packed of [gzipSync(bytes), Buffer.concat(half)]) {
      expect((await decoded(packed, {})).text).toBe(lines(range(5000)));
    }
  });

  test('what only looks like gzip can be had as it is', async () => {
    const bytes = Buffer.from([0x1f, 0x8b, 0x08, 0x00]);
    expect((await decoded(bytes, { gzip: 'never' })).text).toBe(lines([0x1f8b_0800]));
    expect((await decoded(bytes, {})).error).toMatchObject({ code: 'COPYBOOK_INPUT' });
  });

  test.each([
    ['cut short', (packed: Buffer) => packed.subarray(0, -3)],
    [
      'changed',
      (packed: Buffer) => Buffer.concat([packed.subarray(0, 20), Buffer.alloc(packed.length - 20, 7)]),
    ],
    ['followed by something else', (packed: Buffer) => Buffer.concat([packed, Buffer.from('junk')])],
    [
      'followed by something else behind zeros',
      (packed: Buffer) => Buffer.concat([packed, Buffer.alloc(9), packed]),
    ],
  ])('gzip that is %s is refused', async (_how, change) => {
    const { error } = await decoded(change(gzipSync(fixedRecords(range(5000)))), {});
    expect(error).toMatchObject({ code: 'COPYBOOK_INPUT' });
  });

  test('gzip that becomes more than it may is refused, by length and by ratio', async () => {
    const packed = gzipSync(Buffer.alloc(80 * 1024 * 1024));
    const short = await decoded(packed, { unpackedMaxBytes: 1000 });
    expect(short.error).toMatchObject({ code: 'COPYBOOK_INPUT' });
    // All of it is a header: no cell has to decode what comes before the bound.
    const { error } = await decoded(packed, { fileHeaderBytes: packed.length * 2000 });
    expect(error).toMatchObject({ code: 'COPYBOOK_INPUT' });
    expect(String(error)).toContain('250 times');
  });

  test('the source of packed bytes breaks: its own error comes', async () => {
    const broken = new Error('the disk is gone');
    async function* source() {
      yield gzipSync(fixedRecords(range(5000))).subarray(0, 2000);
      throw broken;
    }
    expect((await drain(scene().copybook.decode(source()))).error).toBe(broken);
  });
});

describe('encoding', () => {
  test('lines become records, whatever pieces they come in', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 2 ** 31 }), { maxLength: 300 }),
        fc.integer({ min: 1, max: 300 }),
        fc.integer({ min: 1, max: 300 }),
        fc.boolean(),
        async (values, sourceBytes, pieceBytes, hasEnd) => {
          const text = hasEnd ? lines(values) : lines(values).slice(0, -1);
          const { copybook } = scene({ pieceBytes });
          const { bytes, error } = await drain(
            copybook.encode(sourceOf(Buffer.from(text), sourceBytes).source),
          );
          expect(error).toBeUndefined();
          expect(bytes).toEqual(fixedRecords(values));
        },
      ),
    );
  });

  test('a value that does not fit is named by its line in the whole, and records before it were given out', async () => {
    const { cells, copybook } = scene();
    cells.outputMaxBytes = 12;
    const text = `${lines(range(100))}{"N":"x"}\n${lines([7])}`;
    const { bytes, error } = await drain(copybook.encode(sourceOf(Buffer.from(text)).source));
    expect(bytes).toEqual(fixedRecords(range(100)));
    expect(error).toMatchObject({
      code: 'COPYBOOK_VALUE',
      place: { record: 100, offset: lines(range(100)).length, field: 'N' },
    });
  });

  test('a line longer than a cell takes is a limit', async () => {
    const { cells } = scene();
    cells.inputMaxBytes = 300;
    const copybook = createCopybook({ host: cells.host, copybook: 'FIXED', pieceBytes: 64 });
    const text = `${lines([1, 2])}{"N":${' '.repeat(400)}3}\n`;
    const { error } = await drain(copybook.encode(sourceOf(Buffer.from(text)).source));
    expect(error).toMatchObject({ code: 'COPYBOOK_LIMIT', place: { offset: lines([1, 2]).length } });
  });
});

describe('asked once', () => {
  test('the layout is remembered, and one that failed is asked for again', async () => {
    const { cells, copybook } = scene();
    const broken = createCopybook({ host: cells.host, copybook: 'BROKEN' });
    await copybook.layout();
    expect((await copybook.layout()).fixedRecordBytes).toBe(4);
    expect(cells.calls.length).toBe(1);
    for (let again = 0; again < 2; again++) {
      await expect(broken.layout()).rejects.toMatchObject({
        code: 'COPYBOOK_SYNTAX',
        detail: 'line 1, column 1: not a clause: BROKEN',
        place: { line: 1, column: 1 },
      });
    }
    expect(cells.calls.length).toBe(3);
  });

  test('detection looks at the beginning and leaves the rest', async () => {
    const { copybook } = scene();
    const { source, counts } = sourceOf(Buffer.alloc(1_000_000, 64));
    expect(await copybook.detect(source)).toMatchObject({ recordFormat: 'V', why: ['262144 bytes'] });
    expect(counts.given).toBeLessThan(300_000);
    expect(counts.left).toBe(1);
    expect((await copybook.detect(Buffer.alloc(10, 64))).why).toEqual(['10 bytes']);
  });
});
