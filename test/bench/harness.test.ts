/** The harness over contestants whose numbers are made up, so that every stated figure is known beforehand. */

import { describe, expect, test } from 'vitest';
import {
  type Contestant,
  type MeasuredRow,
  measureTable,
  meets,
  ratioOf,
  type Stage,
  type Table,
} from '../../bench/harness.ts';

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

function tableOf(contestants: readonly Contestant[], closed: string[] = []): Table {
  return {
    name: 'made-up',
    question: 'is it so?',
    unit: 'ms',
    baseline: 'slow',
    headline: 'p50',
    effort: { rounds: 2, samples: 4, warmUp: 1 },
    quick: { rounds: 1, samples: 1, warmUp: 0 },
    open: async (): Promise<Stage> => ({ contestants, close: () => void closed.push('closed') }),
  };
}

const quiet = (): void => {};
const effort = { rounds: 2, samples: 4, warmUp: 1 };

test('contestants are compared, then warmed up, then run in interleaved rounds, and the stage is closed', async () => {
  const events: string[] = [];
  const contestant = (row: string): Contestant => ({
    row,
    answer: () => {
      events.push(`${row} answers`);
      return bytes(1, 2);
    },
    round: (count) => {
      events.push(`${row} × ${count}`);
      return { samples: Array.from({ length: count }, () => 1) };
    },
  });
  await measureTable(tableOf([contestant('slow'), contestant('fast')], events), effort, quiet);
  expect(events).toEqual([
    'slow answers',
    'fast answers',
    'slow × 1',
    'fast × 1',
    'slow × 4',
    'fast × 4',
    'fast × 4',
    'slow × 4',
    'closed',
  ]);
});

test('a contestant that answers something else stops the table before anything is timed', async () => {
  const events: string[] = [];
  const answering = (row: string, answer: Uint8Array): Contestant => ({
    row,
    answer: () => answer,
    round: () => {
      events.push('timed');
      return { samples: [1] };
    },
  });
  const table = tableOf([answering('slow', bytes(1, 2)), answering('wrong', bytes(1, 3))], events);
  await expect(measureTable(table, effort, quiet)).rejects.toThrow(
    /'wrong' does not answer what 'slow' answers/,
  );
  expect(events).toEqual(['closed']);
});

test('a table without its baseline is refused', async () => {
  const table = tableOf([{ row: 'fast', round: () => ({ samples: [1] }) }]);
  await expect(measureTable(table, effort, quiet)).rejects.toThrow(/no row 'slow'/);
});

test('warm-up samples are not among the stated ones', async () => {
  let call = 0;
  const contestant: Contestant = {
    row: 'slow',
    round: (count) => ({ samples: Array.from({ length: count }, () => (call++ === 0 ? 1_000 : 2)) }),
  };
  const { rows } = await measureTable(tableOf([contestant]), effort, quiet);
  const [row] = rows;
  expect(row?.metrics.get('max')).toEqual({ value: 2, unit: 'ms', n: 8, perRound: [2, 2] });
});

test('figures of rounds become their median, their worst or their sum, as each says', async () => {
  let round = 0;
  const contestant: Contestant = {
    row: 'slow',
    round: () => {
      const value = [3, 9, 4][round++] ?? 0;
      return {
        figures: {
          rate: { value, unit: '/s', n: 10 },
          worst: { value, unit: 'ms', n: 10, over: 'max' },
          failures: { value, unit: '', n: 10, over: 'sum' },
        },
      };
    },
  };
  const { rows } = await measureTable(tableOf([contestant]), { rounds: 3, samples: 1, warmUp: 0 }, quiet);
  const [row] = rows;
  expect(row?.metrics.get('rate')).toEqual({ value: 4, unit: '/s', n: 30, perRound: [3, 9, 4] });
  expect(row?.metrics.get('worst')?.value).toBe(9);
  expect(row?.metrics.get('failures')?.value).toBe(16);
});

describe('a ratio', () => {
  const row = (name: string, perRound: number[], value = 1): MeasuredRow => ({
    row: name,
    targets: [],
    metrics: new Map([['p50', { value, unit: 'ms', n: 1, perRound }]]),
    rounds: [],
  });

  test('is the median of the rounds, so that one noisy round on both sides leaves it alone', () => {
    expect(ratioOf(row('mine', [2, 400, 2]), row('theirs', [1, 200, 1]), 'p50')).toBe(2);
    expect(ratioOf(row('mine', [2, 2, 400]), row('theirs', [1, 1, 1]), 'p50')).toBe(2);
  });

  test('to a row that lacks the metric or measured zero does not exist', () => {
    expect(ratioOf(row('mine', [1]), row('theirs', [0]), 'p50')).toBeUndefined();
    expect(ratioOf(row('mine', [1]), row('theirs', [1]), 'rate')).toBeUndefined();
  });
});

describe('a target', () => {
  test('is met at its edge by ≤ and ≥ but not by <', () => {
    expect(meets({ metric: 'p95', test: '<', value: 0.4 }, 0.4)).toBe(false);
    expect(meets({ metric: 'p95', test: '<', value: 0.4 }, 0.399)).toBe(true);
    expect(meets({ metric: 'p95', test: '<=', value: 2 }, 2)).toBe(true);
    expect(meets({ metric: 'p95', test: '<=', value: 2 }, 2.001)).toBe(false);
    expect(meets({ metric: 'rate', test: '>=', value: 0.5 }, 0.5)).toBe(true);
    expect(meets({ metric: 'rate', test: '>=', value: 0.5 }, 0.499)).toBe(false);
  });

  test('is never met by a number that was not measured', () => {
    for (const measured of [undefined, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(meets({ metric: 'p95', test: '>=', value: 0 }, measured)).toBe(false);
      expect(meets({ metric: 'p95', test: '<', value: 1 }, measured)).toBe(false);
    }
  });
});
