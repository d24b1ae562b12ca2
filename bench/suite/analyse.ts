/**
 * What a recorded run says: every metric with its interval, every target with its verdict, and what speaks against trusting it.
 * Reports print this and compute nothing.
 *
 * The same record gives the same analysis to the last digit: every random choice is seeded by the run's seed and the names of
 * table, row and metric.
 */

import { combine, type MeasuredRow, type Metric, meets, ratioOf, type Target } from '../harness.ts';
import type { AnalysedMetric, AnalysedRow, AnalysedTable, Analysis, Estimate, Verdict } from './analysis.ts';
import {
  PERCENTILES,
  percentileInterval,
  type RatioSide,
  ratioInterval,
  roundsInterval,
  type SortedRounds,
  samplesNeeded,
  sortRounds,
} from './bootstrap.ts';
import { findNoise } from './noise.ts';
import { createRandom, type Random } from './random.ts';
import type { RecordedRun, RecordedTable } from './read-record.ts';

export function analyse(record: RecordedRun): Analysis {
  const tables = record.tables.map((table) => analyseTable(table, record.run.seed));
  return { record, tables, noise: findNoise(record, tables) };
}

function analyseTable(table: RecordedTable, seed: number): AnalysedTable {
  const { name, question, unit, baseline, headline, chart, broken, absent } = table;
  const randomOf = (...names: readonly string[]): Random => createRandom(mixSeed(seed, [name, ...names]));
  const sorted = new Map(table.rows.map((row) => [row.row, sortSamples(row)]));
  const estimateRatio = (row: MeasuredRow, other: MeasuredRow, metric: string): Estimate | undefined => {
    const value = ratioOf(row, other, metric);
    if (value === undefined || !Number.isFinite(value)) return undefined;
    if ([row, other].some((side) => whyUnstated(side, metric) !== undefined)) return undefined;
    const side = (of: MeasuredRow) => sideOf(of, sorted.get(of.row), metric);
    const interval =
      row === other ? undefined : ratioInterval(side(row), side(other), randomOf(row.row, other.row, metric));
    return { value, ...(interval === undefined ? {} : { interval }) };
  };
  const base = table.rows.find(({ row }) => row === baseline);
  const rows = table.rows.map((row): AnalysedRow => {
    const { series, x, note, sameAs } = row;
    const ratio = base && estimateRatio(row, base, headline);
    return {
      row: row.row,
      ...(series === undefined ? {} : { series }),
      ...(x === undefined ? {} : { x }),
      ...(note === undefined ? {} : { note }),
      ...(sameAs === undefined ? {} : { sameAs }),
      metrics: new Map(
        [...row.metrics].map(([metric, measured]) => [
          metric,
          analyseMetric(row, metric, measured, sorted.get(row.row), randomOf(row.row, metric)),
        ]),
      ),
      ...(ratio === undefined ? {} : { ratio }),
      sorted: sorted.get(row.row),
    };
  });
  const verdicts = table.rows.flatMap((row, index) =>
    row.targets.map((target) => giveVerdict(table, row, rows[index], target, estimateRatio)),
  );
  return {
    name,
    question,
    unit,
    baseline,
    headline,
    ...(chart === undefined ? {} : { chart }),
    ...(broken === undefined ? {} : { broken }),
    rows,
    absent,
    verdicts,
  };
}

function analyseMetric(
  row: MeasuredRow,
  metric: string,
  { value, unit, n, perRound }: Metric,
  sorted: SortedRounds | undefined,
  random: Random,
): AnalysedMetric {
  const plain = { value, unit, n, perRound };
  const figure = figureOf(row, metric);
  if (figure !== undefined) {
    const over = figure.over ?? 'median';
    // The worst that was seen and a sum of what happened are facts, not estimates of anything.
    if (over !== 'median') return plain;
    const interval = roundsInterval(perRound, (values) => combine(values, over), random);
    return { ...plain, ...(interval === undefined ? {} : { interval }) };
  }
  const unstated = whyUnstated(row, metric);
  if (unstated !== undefined) return { ...plain, unstated };
  const share = PERCENTILES[metric];
  if (share === undefined || sorted === undefined) return plain;
  const interval = percentileInterval(sorted, share, random);
  return { ...plain, ...(interval === undefined ? {} : { interval }) };
}

function giveVerdict(
  table: RecordedTable,
  row: MeasuredRow,
  analysed: AnalysedRow | undefined,
  target: Target,
  estimateRatio: (row: MeasuredRow, other: MeasuredRow, metric: string) => Estimate | undefined,
): Verdict {
  const { metric, against } = target;
  const own = analysed?.metrics.get(metric);
  const place = { table: table.name, row: row.row, metric, target };
  const unit = against === undefined ? (own?.unit ?? '') : '×';
  const nothing = {
    ...place,
    outcome: 'unstated',
    thin: false,
    measured: { value: Number.NaN, unit },
  } as const;
  if (own === undefined) return { ...nothing, reason: `${metric} was not measured` };
  if (own.unstated !== undefined) return { ...nothing, reason: own.unstated };
  const other = table.rows.find((candidate) => candidate.row === against);
  if (against !== undefined && other === undefined) {
    const absence = table.absent.find((candidate) => candidate.row === against);
    return { ...nothing, reason: `${against}: ${absence?.reason ?? 'no such row'}` };
  }
  const estimate = other === undefined ? own : estimateRatio(row, other, metric);
  if (estimate === undefined)
    return { ...nothing, reason: `${against} lacks ${metric}, or it is zero there` };
  const { value, interval } = estimate;
  return {
    ...place,
    outcome: meets(target, estimate.value) ? 'met' : 'missed',
    thin: interval !== undefined && meets(target, interval.low) !== meets(target, interval.high),
    measured: { value, unit, ...(interval === undefined ? {} : { interval }) },
  };
}

/** A metric's rounds for a ratio: figures as they are, percentiles from the samples so that these are drawn again too. */
export function sideOf(row: MeasuredRow, sorted: SortedRounds | undefined, metric: string): RatioSide {
  const share = metric === 'max' ? undefined : PERCENTILES[metric];
  return share === undefined || sorted === undefined || figureOf(row, metric) !== undefined
    ? (row.metrics.get(metric)?.perRound ?? [])
    : { rounds: sorted.rounds, share };
}

/** Why a percentile of samples is not to be stated; undefined where it is, and for all that is none. */
function whyUnstated(row: MeasuredRow, metric: string): string | undefined {
  const share = PERCENTILES[metric];
  const measured = row.metrics.get(metric);
  if (share === undefined || measured === undefined || figureOf(row, metric) !== undefined) return undefined;
  const needed = samplesNeeded(share);
  return measured.n < needed ? `${metric} needs ${needed} samples, there are ${measured.n}` : undefined;
}

const figureOf = (row: MeasuredRow, metric: string) =>
  row.rounds.find(({ figures }) => figures?.[metric] !== undefined)?.figures?.[metric];

function sortSamples(row: MeasuredRow): SortedRounds | undefined {
  const samples = row.rounds.flatMap((round) => (round.samples === undefined ? [] : [round.samples]));
  return samples.length === 0 ? undefined : sortRounds(samples);
}

/** FNV-1a over the names, begun at the seed. */
function mixSeed(seed: number, names: readonly string[]): number {
  let hash = seed ^ 0x811c9dc5;
  for (const character of names.join('\0')) {
    hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193);
  }
  return hash;
}
