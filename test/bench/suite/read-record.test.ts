/** Records read back: whole, cut off at any byte, damaged, of another format, hostile. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { gather } from '../../../bench/harness.ts';
import { analyse } from '../../../bench/suite/analyse.ts';
import { createRandom } from '../../../bench/suite/random.ts';
import { parseRecord, readRecord } from '../../../bench/suite/read-record.ts';
import type { RecordLine } from '../../../bench/suite/record.ts';
import { END, recordText, runLine, sampleRun, tableLines } from './synthetic-run.ts';

const head = { name: 'call', question: 'how long?', unit: 'ms', baseline: 'peer', headline: 'p50' };
const rows = [
  { row: 'peer', scale: 2, samples: 20 },
  { row: 'ours', scale: 1, samples: 20, note: 'as it comes' },
];
const small = (): RecordLine[] => [runLine(), ...tableLines(head, rows, 3, createRandom(1)), END];
const text = recordText(small());

test('a record gives back what was measured, its metrics gathered as the harness gathers them', () => {
  const { run, tables, end, broken, name } = parseRecord(text, 'run.jsonl');
  expect({ name, adapters: run.adapters, broken, ended: end?.date }).toEqual({
    name: 'run.jsonl',
    adapters: ['echo', 'hello-js'],
    broken: [],
    ended: '2026-11-21T10:20:00.000Z',
  });
  expect(tables.map((table) => table.rows.map(({ row, rounds }) => [row, rounds.length]))).toEqual([
    [
      ['peer', 3],
      ['ours', 3],
    ],
  ]);
  const ours = tables[0]?.rows[1];
  expect(ours?.note).toBe('as it comes');
  expect(ours?.metrics).toEqual(gather(ours?.rounds ?? [], 'ms'));
  expect(ours?.metrics.get('p50')?.n).toBe(60);
});

test('a file is read as its text is', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bench-record-'));
  try {
    await writeFile(join(folder, 'run.jsonl'), text);
    expect(await readRecord(join(folder, 'run.jsonl'))).toEqual(parseRecord(text, 'run.jsonl'));
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('a run that was cut off at any byte is read up to there and says so, or is refused as no record', () => {
  const firstLine = text.indexOf('\n');
  const lastLine = text.trimEnd().lastIndexOf('\n') + 1;
  fc.assert(
    fc.property(fc.integer({ min: 0, max: text.length - 2 }), (length) => {
      const cut = text.slice(0, length);
      if (length < firstLine) {
        expect(() => parseRecord(cut, 'cut.jsonl')).toThrow(/cut\.jsonl: not a record of a run/);
        return;
      }
      const record = parseRecord(cut, 'cut.jsonl');
      expect(record.end).toBeUndefined();
      const { noise, tables } = analyse(record);
      expect(noise).toContain('the run was cut off: rows and rounds after that are missing');
      for (const table of tables) {
        const named = [...table.rows, ...table.absent].map(({ row }) => row).sort();
        expect(named).toEqual(['ours', 'peer']);
      }
      expect(length).toBeLessThan(lastLine + (text.length - lastLine));
    }),
    { numRuns: 60 },
  );
});

test('a row whose rounds never came is absent, and says why', () => {
  const withoutOurs = small().filter((line) => line.kind !== 'round' || line.row !== 'ours');
  const broken: RecordLine = { kind: 'broken', table: 'call', error: 'the guest is not well' };
  const [table] = parseRecord(recordText([...withoutOurs.slice(0, -1), broken, END]), 'run.jsonl').tables;
  expect(table?.absent).toEqual([{ row: 'ours', reason: 'the table broke: the guest is not well' }]);
  const [cut] = parseRecord(recordText(withoutOurs.slice(0, -1)), 'run.jsonl').tables;
  expect(cut?.absent).toEqual([{ row: 'ours', reason: 'the run ended before its first round' }]);
});

test('a table that broke before it opened is kept as broken, without the stack of its error', () => {
  const broken: RecordLine = {
    kind: 'broken',
    table: 'http',
    error: 'no port\n    at open (/a/path/of/one/machine.ts:1:2)',
  };
  const record = parseRecord(recordText([runLine(), broken, END]), 'run.jsonl');
  expect(record.broken).toEqual([{ kind: 'broken', table: 'http', error: 'no port' }]);
  expect(analyse(record).noise).toContain('table http broke: no port');
});

const refused: readonly (readonly [string, string, RegExp])[] = [
  ['nothing', '', /not a record of a run: it is empty/],
  [
    'another format',
    recordText([{ ...runLine(), format: 2 } as never]),
    /line 1: format 2; this version reads 1/,
  ],
  [
    'lines of an ordinary bench',
    '{"bench":"host","row":"x"}\n',
    /line 1: a record begins with a line of kind "run"/,
  ],
  [
    'damage in the middle',
    text.replace('"kind":"round"', '"kind":"ro'),
    /line 4: follows a line that is no JSON/,
  ],
  ['an unknown kind', recordText([runLine(), { kind: 'note' } as never]), /line 2: unknown kind "note"/],
  ['a second run', text + text, /a second run: one record holds one run/],
  [
    'a round of a table that was not announced',
    recordText([runLine(), ...small().slice(2)]),
    /line 2: table 'call' was not announced/,
  ],
  [
    'a sample that is no number',
    text.replace(/"samples":\[[\d.]+/, '"samples":["a"'),
    /a sample of 'peer' is no number/,
  ],
  [
    'a name without end',
    text.replaceAll('"ours"', `"${'o'.repeat(400)}"`),
    /a name of more than 300 characters/,
  ],
];

test.for(refused)('%s is refused with the line and what to do', ([, content, message]) => {
  expect(() => parseRecord(content, 'run.jsonl')).toThrow(message);
});

test('every table of a full run is read', () => {
  const { tables } = parseRecord(recordText(sampleRun()), 'run.jsonl');
  expect(tables.map(({ name, rows, absent }) => [name, rows.length, absent.length])).toEqual([
    ['new-cell', 7, 1],
    ['http', 4, 0],
    ['load', 12, 0],
  ]);
});
