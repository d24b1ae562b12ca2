/**
 * Whole runs by the thousand, without drawing every sample: a percentile of a round of n samples is an order statistic, so one draw from
 * its own distribution stands for n draws and a sort. What rounds and runs do to it is the model of synthetic-run.ts.
 */

import type { MeasuredRow, Metric } from '../../../bench/harness.ts';
import { median, rankOf } from '../../../bench/statistics.ts';
import { createRandom, type Random } from '../../../bench/suite/random.ts';
import type { RecordedRun, RecordedTable } from '../../../bench/suite/read-record.ts';
import { drawSamples, END, runLine } from './synthetic-run.ts';

export interface Shape {
  readonly tables: number;
  readonly rowsPerTable: number;
  readonly rounds: number;
  /** Of a row and round. */
  readonly samples: number;
  /** Standard deviations of logarithms: what a round does to all rows of a table (one step of a walk), to one row, and what a run does. */
  readonly sharedDrift: number;
  readonly ownDrift: number;
  readonly runShared: number;
  readonly runOwn: number;
  /** Share of rounds of a row that a neighbour made half as slow again. */
  readonly burstShare: number;
  /** Factor on a row's times, from `table: row`; 1 where undefined. */
  readonly slowed?: (row: string) => number;
}

/** What this suite does on a machine with other work on it: 5 rounds of 400 samples in 16 tables of 5 rows. */
export const USUAL: Shape = {
  tables: 16,
  rowsPerTable: 5,
  rounds: 5,
  samples: 400,
  sharedDrift: 0.03,
  ownDrift: 0.01,
  runShared: 0.05,
  runOwn: 0.01,
  burstShare: 0.005,
};

/** Populations of one median: log-normal with a spread of its own, one in a hundred far slower. Row i has population i mod 4. */
const SIGMAS = [0.12, 0.2, 0.3, 0.5];
const POPULATIONS = SIGMAS.map((sigma, index) =>
  Float64Array.from(drawSamples(1 << 17, 1, sigma, createRandom(index + 1))).sort(),
);

export function simulateRun(shape: Shape, random: Random): RecordedRun {
  const tables = Array.from({ length: shape.tables }, (_, table) =>
    simulateTable(`table ${table}`, shape, random),
  );
  const run = runLine();
  if (run.kind !== 'run' || END.kind !== 'end')
    throw new Error('the first and last line of a record changed places');
  return { name: 'simulated.jsonl', run, tables, broken: [], end: END };
}

function simulateTable(name: string, shape: Shape, random: Random): RecordedTable {
  let walk = shape.runShared * random.normal();
  const shared = Array.from({ length: shape.rounds }, () => (walk += shape.sharedDrift * random.normal()));
  const rows = Array.from({ length: shape.rowsPerTable }, (_, index): MeasuredRow => {
    const row = `row ${index}`;
    const population = POPULATIONS[index % POPULATIONS.length] ?? new Float64Array();
    const slowed = shape.slowed?.(`${name}: ${row}`) ?? 1;
    const level = Math.log(slowed) + shape.runOwn * random.normal();
    const levels = shared.map((drift) => {
      const burst = random.uniform() < shape.burstShare ? Math.log(1.5) : 0;
      return Math.exp(level + drift + burst + shape.ownDrift * random.normal());
    });
    const metric = (share: number): Metric => {
      const perRound = levels.map((factor) => {
        const at = random.orderStatistic(rankOf(share, shape.samples), shape.samples) * population.length;
        return factor * (population[Math.min(population.length - 1, Math.floor(at))] ?? 0);
      });
      return { value: median(perRound), unit: 'ms', n: shape.rounds * shape.samples, perRound };
    };
    return {
      row,
      targets: [],
      rounds: [],
      metrics: new Map([
        ['p50', metric(0.5)],
        ['p99', metric(0.99)],
      ]),
    };
  });
  return { name, question: `${name}?`, unit: 'ms', baseline: 'row 0', headline: 'p50', rows, absent: [] };
}
