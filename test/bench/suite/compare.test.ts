/** Two runs held against each other: how often that is wrong, how often it finds what is there, and what it refuses. */

import { describe, expect, test } from 'vitest';
import { compareRuns, FAMILY_ERROR_SHARE } from '../../../bench/suite/compare.ts';
import { comparisonMarkdown, comparisonText } from '../../../bench/suite/compare-report.ts';
import { createRandom } from '../../../bench/suite/random.ts';
import { parseRecord, type RecordedRun } from '../../../bench/suite/read-record.ts';
import type { RecordLine } from '../../../bench/suite/record.ts';
import { type Shape, simulateRun, USUAL } from './simulated-run.ts';
import { END, ENVIRONMENT, recordText, runLine, sampleRun, tableLines } from './synthetic-run.ts';

const SLOWED = 'table 0: row 1';
const slower = (shape: Shape, factor: number): Shape => ({
  ...shape,
  slowed: (row) => (row === SLOWED ? factor : 1),
});
/** A run of a few tables, as with `--only`: the fewer rows, the less is known of how rounds scatter. */
const FEW: Shape = { ...USUAL, tables: 4, rowsPerTable: 4 };

function simulate(count: number, before: Shape, after: Shape, seed: number) {
  const random = createRandom(seed);
  const tally = { runs: count, flagged: 0, found: 0 };
  for (let run = 0; run < count; run++) {
    const { changes } = compareRuns(simulateRun(before, random), simulateRun(after, random));
    const flags = changes.filter(({ kind }) => kind !== 'steady');
    if (flags.length > 0) tally.flagged++;
    const isHit = flags.some(
      ({ table, row, metric, kind }) => `${table}: ${row}` === SLOWED && metric === 'p50' && kind === 'worse',
    );
    if (isHit) tally.found++;
  }
  return tally;
}

describe('simulated comparisons', () => {
  test.for([
    ['few tables', 2000, FEW, 11],
    ['the usual run', 600, USUAL, 12],
    [
      'few tables whose rounds drift three times as much',
      700,
      { ...FEW, sharedDrift: 0.1, runShared: 0.15 },
      13,
    ],
  ] as const)(
    'of the same code flag something in less than 1 %% of all: %s',
    ([name, count, shape, seed]) => {
      const { flagged } = simulate(count, shape, shape, seed);
      console.log(`A/A, ${name}: ${flagged} of ${count} comparisons flagged something (seed ${seed})`);
      expect(flagged / count).toBeLessThan(FAMILY_ERROR_SHARE);
    },
  );

  test('find a median that is 20 % slower in at least 95 % of all, at the usual rounds and samples', () => {
    const { runs, found } = simulate(600, FEW, slower(FEW, 1.2), 21);
    console.log(`power: ${found} of ${runs} slow-downs of 20 % found (seed 21)`);
    expect(found / runs).toBeGreaterThanOrEqual(0.95);
  });

  test('call a row that became faster better, and a throughput that rose', () => {
    const random = createRandom(31);
    const faster = compareRuns(simulateRun(FEW, random), simulateRun(slower(FEW, 0.6), random));
    expect(faster.changes.find(({ table, row }) => `${table}: ${row}` === SLOWED)).toMatchObject({
      kind: 'better',
    });
    const rise = (factor: number, seed: number) => rates(factor, seed);
    expect(compareRuns(rise(1, 1), rise(1.5, 2)).changes).toMatchObject([
      { metric: 'throughput', kind: 'better' },
    ]);
    expect(compareRuns(rise(1.5, 1), rise(1, 2)).changes).toMatchObject([
      { metric: 'throughput', kind: 'worse' },
    ]);
  });
});

function rates(factor: number, seed: number): RecordedRun {
  const figures = (perSecond: number) => (_round: number, random: { normal(): number }) => ({
    throughput: { value: perSecond * Math.exp(0.01 * random.normal()), unit: '/s', n: 1000 },
  });
  const head = { name: 'http', question: 'http?', unit: 'ms', baseline: 'bare', headline: 'throughput' };
  const rows = [
    { row: 'bare', scale: 1, bare: true, figures: figures(20_000) },
    { row: 'ours', scale: 1, bare: true, figures: figures(10_000 * factor) },
  ];
  return parseRecord(
    recordText([runLine(), ...tableLines(head, rows, 5, createRandom(seed)), END]),
    'rates.jsonl',
  );
}

const sample = (name = 'run.jsonl', seed = 1) => parseRecord(recordText(sampleRun(seed)), name);
const on = (machine: object): RecordedRun => {
  const record = sample('elsewhere.jsonl');
  return { ...record, run: { ...record.run, machine: { ...ENVIRONMENT, ...machine } } };
};

test('a run of another machine is refused, and compared with a loud warning where that is asked for', () => {
  expect(() => compareRuns(on({ cpu: 'Another' }), sample())).toThrow(/another machine.*cannot be compared/);
  const comparison = compareRuns(on({ cpu: 'Another' }), sample(), { anyMachine: true });
  expect(comparisonText(comparison)).toMatch(/^WARNING: elsewhere\.jsonl was measured on another machine/);
  expect(
    compareRuns(on({ commit: 'fff', load: 9, date: '2027-01-01T00:00:00.000Z' }), sample()).warnings,
  ).toEqual([]);
});

test('a smoke run and a cut-off run are compared with a warning', () => {
  const record = sample('smoke.jsonl');
  const smoke = { ...record, run: { ...record.run, quick: true }, end: undefined };
  expect(compareRuns(smoke, sample()).warnings).toEqual([
    'smoke.jsonl is a smoke run: its figures are not to be compared',
    'smoke.jsonl was cut off',
  ]);
});

test('rows that appeared and rows that are gone are named, and so is what could not be compared', () => {
  const before = sample('before.jsonl');
  const after = parseRecord(
    recordText(
      sampleRun(2).flatMap((line): RecordLine[] => {
        if (line.kind === 'table' && line.name === 'new-cell') {
          return [
            {
              ...line,
              rows: line.rows.map((row) => (row.row === 'workerd' ? { ...row, row: 'workerd 2' } : row)),
            },
          ];
        }
        if (line.kind !== 'round') return [line];
        if (line.table === 'load' && line.row === 'jco serve at 50 %' && line.round > 1) return [];
        return [line.row === 'workerd' ? { ...line, row: 'workerd 2' } : line];
      }),
    ),
    'after.jsonl',
  );
  const comparison = compareRuns(before, after);
  expect(comparison.appeared).toEqual(['new-cell: workerd 2']);
  expect(comparison.vanished).toEqual(['new-cell: workerd']);
  expect(comparison.unjudged).toEqual([{ row: 'load: jco serve at 50 %', reason: 'fewer than 3 rounds' }]);
  const text = comparisonText(comparison);
  expect(text).toContain('New rows: new-cell: workerd 2.');
  expect(text).toContain('Not compared: load: jco serve at 50 % (fewer than 3 rounds).');
  expect(comparisonMarkdown(comparison)).toContain('Rows that are gone: new-cell: workerd.');
});

test('a baseline row that moved is spoken of as a level, and nothing is flagged for it', () => {
  const scaled = sampleRun(2).map((line) =>
    line.kind === 'round' && line.table === 'new-cell' && line.samples
      ? { ...line, samples: line.samples.map((value) => value * 1.6) }
      : line,
  );
  const comparison = compareRuns(sample(), parseRecord(recordText(scaled), 'slow-machine.jsonl'));
  expect(comparison.levels).toMatchObject([
    { table: 'new-cell', row: 'WebAssembly.instantiate per request' },
  ]);
  expect(comparison.changes.filter(({ table, kind }) => table === 'new-cell' && kind !== 'steady')).toEqual(
    [],
  );
  expect(comparisonText(comparison)).toMatch(/its baseline row .* itself moved/);
});
