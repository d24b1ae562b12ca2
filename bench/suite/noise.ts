/**
 * What speaks against trusting a run, said by the run itself: a busy machine, too few rounds, rounds that disagree, the same thing
 * measured twice with two results, a run that was cut off. Every limit has its reason beside it.
 */

import { noiseWarning } from '../machine.ts';
import type { AnalysedRow, AnalysedTable } from './analysis.ts';
import { INTERVAL_MIN_ROUNDS, type Interval } from './bootstrap.ts';
import type { RecordedRun } from './read-record.ts';

/** Rounds of a row whose headline differs by more are said to disagree: a fifth is what a regression worth a search costs. */
const ROUNDS_DISAGREE_RATIO = 1.25;
/** Two rows of the same thing may differ by this much without a word. */
const SAME_MAX_RATIO = 1.05;
/** Rows are named up to this many; the others are counted. */
const NAMED_MAX_COUNT = 3;

export function findNoise(record: RecordedRun, tables: readonly AnalysedTable[]): string[] {
  const { run, end } = record;
  const busy = noiseWarning(run.machine);
  const rounds = tables.flatMap(({ rows }) =>
    rows.flatMap(({ metrics }) => metrics.values().next().value ?? []),
  );
  const few = rounds.filter(({ perRound }) => perRound.length < INTERVAL_MIN_ROUNDS).length;
  return [
    ...(run.quick ? ['smoke run: it shows that everything works; its figures are not to be stated'] : []),
    ...(end === undefined ? ['the run was cut off: rows and rounds after that are missing'] : []),
    ...record.broken.map(({ table, error }) => `table ${table} broke: ${error}`),
    ...tables.flatMap(({ name, broken }) => (broken === undefined ? [] : [`table ${name} broke: ${broken}`])),
    ...(busy === undefined ? [] : [busy]),
    ...(few === 0 || run.quick
      ? []
      : [
          `${few} of ${rounds.length} rows have fewer than ${INTERVAL_MIN_ROUNDS} rounds, and so no interval`,
        ]),
    ...tables.flatMap(sameButDifferent),
    ...tables.flatMap(disagreement),
  ];
}

/** Rows that measure the same thing: their ratio is noise, whatever else is stated. */
function sameButDifferent({ name, rows, headline }: AnalysedTable): string[] {
  return rows.flatMap((row) => {
    const twin = rows.find((candidate) => candidate.row === row.sameAs);
    const mine = row.metrics.get(headline);
    const theirs = twin?.metrics.get(headline);
    if (!mine?.interval || !theirs?.interval || overlap(mine.interval, theirs.interval)) return [];
    const ratio = Math.max(mine.value / theirs.value, theirs.value / mine.value);
    if (!(ratio > SAME_MAX_RATIO)) return [];
    return [
      `table ${name}: ${row.row} measures what ${row.sameAs} measures, and differs by ${percent(ratio)}: differences of that size mean nothing here`,
    ];
  });
}

function disagreement({ name, rows, headline }: AnalysedTable): string[] {
  const apart = rows
    .map((row) => ({ row: row.row, ratio: spreadOf(row, headline) }))
    .filter(({ ratio }) => ratio > ROUNDS_DISAGREE_RATIO)
    .sort((a, b) => b.ratio - a.ratio);
  if (apart.length === 0) return [];
  const named = apart.slice(0, NAMED_MAX_COUNT).map(({ row, ratio }) => `${row} (${percent(ratio)})`);
  const others = apart.length > named.length ? ` and ${apart.length - named.length} more rows` : '';
  return [
    `table ${name}: rounds disagree on ${headline} by more than their samples explain: ${named.join(', ')}${others}`,
  ];
}

/**
 * Greatest round over least, where their own samples do not explain it: each round's median has a 95 % interval by order
 * statistics, and the two do not meet. 1 where they do, or where rounds have no samples of this metric.
 */
function spreadOf(row: AnalysedRow, headline: string): number {
  const perRound = row.metrics.get(headline)?.perRound ?? [];
  if (perRound.length < 2 || perRound.some((value) => value <= 0)) return 1;
  const low = perRound.indexOf(Math.min(...perRound));
  const high = perRound.indexOf(Math.max(...perRound));
  const medians = row.sorted?.rounds.map(medianInterval);
  if (headline === 'p50' && overlap(medians?.[low], medians?.[high])) return 1;
  return (perRound[high] ?? 1) / (perRound[low] ?? 1);
}

/** Ranks n ÷ 2 ± 0.98 √n, the normal approximation of the binomial. */
function medianInterval(sorted: Float64Array): Interval {
  const half = 0.98 * Math.sqrt(sorted.length);
  const at = (rank: number) =>
    sorted[Math.min(sorted.length - 1, Math.max(0, Math.round(rank)))] ?? Number.NaN;
  return { low: at(sorted.length / 2 - half - 1), high: at(sorted.length / 2 + half) };
}

function overlap(one: Interval | undefined, other: Interval | undefined): boolean {
  return one !== undefined && other !== undefined && one.low <= other.high && other.low <= one.high;
}

const percent = (ratio: number): string => `${((ratio - 1) * 100).toFixed(0)} %`;
