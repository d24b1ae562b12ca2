/**
 * Two runs held against each other: which rows changed by more than noise explains.
 *
 * A row is compared as its table compares it: as its ratio to the table's baseline row in the same round, on a log scale, so that a machine
 * that is slower today changes nothing. What is tested is not whether there is any change, but whether there is one of more than
 * MIN_CHANGE_RATIO: two runs of the same code differ a little for reasons that no number of rounds averages out (where memory
 * lies, which core a thread got). Scatter between rounds gives the standard error, moderated (moderate.ts); all tests of one
 * comparison together have a false alarm in less than FAMILY_ERROR_SHARE of all runs, by the method of Holm 1979.
 *
 * A baseline row has no row to be held against. Its own change is stated as a level: the machine, or what the baseline runs.
 */

import type { MeasuredRow } from '../harness.ts';
import { fingerprintMachine } from '../machine.ts';
import { INTERVAL_MIN_ROUNDS, type Interval, PERCENTILES, samplesNeeded } from './bootstrap.ts';
import { studentQuantile, studentTwoSided } from './distributions.ts';
import { estimateShifts } from './moderate.ts';
import type { RecordedRun, RecordedTable } from './read-record.ts';

/** False alarms of a whole comparison. */
export const FAMILY_ERROR_SHARE = 0.01;
/**
 * What Holm's method is given: half, because a 99th percentile scatters with longer tails than Student's distribution has. Simulated runs of
 * few tables had false alarms in 0.65 % with the whole share.
 */
const TESTED_ERROR_SHARE = FAMILY_ERROR_SHARE / 2;
/** Smaller changes are never flagged. */
export const MIN_CHANGE_RATIO = 1.05;
/** A baseline row that moved by more is spoken of. A machine shared with others moves by less from hour to hour. */
const LEVEL_CHANGE_RATIO = 1.25;

export interface Change {
  readonly table: string;
  readonly row: string;
  readonly metric: string;
  /** After ÷ before, of the row's ratio to its baseline row. */
  readonly ratio: number;
  /** 95 % of this change alone. */
  readonly interval: Interval;
  /** The two stated amounts. */
  readonly before: number;
  readonly after: number;
  readonly unit: string;
  /** `steady`: no change beyond noise was found, which is not that there was none. */
  readonly kind: 'worse' | 'better' | 'steady';
}

export interface Level {
  readonly table: string;
  readonly row: string;
  readonly metric: string;
  readonly ratio: number;
}

export interface Comparison {
  readonly before: RecordedRun;
  readonly after: RecordedRun;
  /** Sentences: other machines, other versions, smoke runs. */
  readonly warnings: readonly string[];
  readonly changes: readonly Change[];
  /** Baseline rows that moved by more than a quarter. */
  readonly levels: readonly Level[];
  /** Rows of one run only, as `table: row`. */
  readonly appeared: readonly string[];
  readonly vanished: readonly string[];
  /** Rows that both runs have and that could not be held against each other, and why. */
  readonly unjudged: readonly { readonly row: string; readonly reason: string }[];
}

interface Candidate extends Omit<Change, 'kind' | 'interval' | 'ratio'> {
  /** Logarithms of the rounds' ratios to the baseline row: of the run before, and of the run after. */
  readonly logs: readonly [before: readonly number[], after: readonly number[]];
  readonly moreIsBetter: boolean;
}

/** Throws when the machines differ, unless `anyMachine`: then the comparison says so first. */
export function compareRuns(
  before: RecordedRun,
  after: RecordedRun,
  { anyMachine = false }: { readonly anyMachine?: boolean } = {},
): Comparison {
  const warnings = warningsOf(before, after, anyMachine);
  const candidates: Candidate[] = [];
  const levels: Level[] = [];
  const unjudged: { row: string; reason: string }[] = [];
  for (const table of after.tables) {
    const old = before.tables.find(({ name }) => name === table.name);
    if (old === undefined) continue;
    levels.push(...levelOf(old, table));
    for (const row of table.rows) {
      const oldRow = old.rows.find((candidate) => candidate.row === row.row);
      if (oldRow === undefined || row.row === table.baseline) continue;
      const found = candidatesOf(old, oldRow, table, row);
      if (typeof found === 'string') unjudged.push({ row: `${table.name}: ${row.row}`, reason: found });
      else candidates.push(...found);
    }
  }
  const names = (run: RecordedRun) =>
    run.tables.flatMap((table) => table.rows.map(({ row }) => `${table.name}: ${row}`));
  const [old, now] = [names(before), names(after)];
  return {
    before,
    after,
    warnings,
    changes: judgeChanges(candidates),
    levels,
    appeared: now.filter((name) => !old.includes(name)),
    vanished: old.filter((name) => !now.includes(name)),
    unjudged,
  };
}

function warningsOf(before: RecordedRun, after: RecordedRun, anyMachine: boolean): string[] {
  const prints = [before, after].map(({ run }) => fingerprintMachine(run.machine));
  const differs = prints[0] !== prints[1];
  const text = `${before.name} was measured on another machine, system or Node (fingerprint ${prints[0]}, here ${prints[1]})`;
  if (differs && !anyMachine) {
    throw new Error(
      `${text}: figures of the two cannot be compared; save a baseline on this machine, or ask for the comparison all the same`,
    );
  }
  return [
    ...(differs ? [`${text}: what follows is no finding about the code`] : []),
    ...[before, after].flatMap(({ name, run, end }) => [
      ...(run.quick ? [`${name} is a smoke run: its figures are not to be compared`] : []),
      ...(end === undefined ? [`${name} was cut off`] : []),
    ]),
  ];
}

/** What of a row is compared: headline, median and 99th percentile. A reason where nothing can be. */
function candidatesOf(
  oldTable: RecordedTable,
  oldRow: MeasuredRow,
  table: RecordedTable,
  row: MeasuredRow,
): Candidate[] | string {
  const bases = [oldTable, table].map((side) => side.rows.find((other) => other.row === side.baseline));
  const [oldBase, base] = bases;
  if (oldBase === undefined || base === undefined) return 'a run lacks the baseline row';
  if (oldBase.row !== base.row) return `the baseline row was ${oldBase.row} before`;
  let reason = `neither ${table.headline}, p50 nor p99 can be compared`;
  const found = [...new Set([table.headline, 'p50', 'p99'])].flatMap((metric): Candidate[] => {
    const old = logsOf(oldRow, oldBase, metric);
    const now = logsOf(row, base, metric);
    if (typeof old === 'string' || typeof now === 'string') {
      if (metric === table.headline) reason = typeof old === 'string' ? old : String(now);
      return [];
    }
    return [
      {
        table: table.name,
        row: row.row,
        metric,
        before: old.value,
        after: now.value,
        unit: now.unit,
        logs: [old.logs, now.logs],
        moreIsBetter: isMoreBetter(row, metric, now.unit),
      },
    ];
  });
  return found.length === 0 ? reason : found;
}

/** A metric's rounds as logarithms of the ratio to the baseline row; a reason where that cannot be had. */
function logsOf(row: MeasuredRow, base: MeasuredRow, metric: string) {
  const mine = row.metrics.get(metric);
  const theirs = base.metrics.get(metric);
  if (mine === undefined || theirs === undefined) return `the row or its baseline has no ${metric}`;
  const over = row.rounds.find(({ figures }) => figures?.[metric] !== undefined)?.figures?.[metric]?.over;
  if (metric === 'max' || over === 'max' || over === 'sum') return `${metric} is a greatest value or a sum`;
  const share = PERCENTILES[metric];
  if (share !== undefined && Math.min(mine.n, theirs.n) < samplesNeeded(share)) {
    return `too few samples for ${metric}`;
  }
  const count = Math.min(mine.perRound.length, theirs.perRound.length);
  if (count < INTERVAL_MIN_ROUNDS) return `fewer than ${INTERVAL_MIN_ROUNDS} rounds`;
  const logs = mine.perRound
    .slice(0, count)
    .map((value, round) => Math.log(value / (theirs.perRound[round] ?? 0)));
  if (!logs.every(Number.isFinite)) return `${metric} is not above zero in every round`;
  return { logs, value: mine.value, unit: mine.unit };
}

/** A rate, or what a target wants to be large. */
function isMoreBetter(row: MeasuredRow, metric: string, unit: string): boolean {
  const target = row.targets.find((candidate) => candidate.metric === metric);
  return target === undefined ? unit.endsWith('/s') : target.test === '>=';
}

/** Metrics of one name scatter alike, so each is moderated among its own; the tests of all are one family. */
function judgeChanges(candidates: readonly Candidate[]): Change[] {
  const kinds = Map.groupBy(candidates, ({ metric }) => metric);
  const tested = [...kinds.values()].flatMap((group) =>
    estimateShifts(group.map(({ logs }) => logs)).map((shift, index) => ({ shift, candidate: group[index] })),
  );
  const chances = tested.map(({ shift: { change, error, freedom } }) => {
    const beyond = Math.max(0, Math.abs(change) - Math.log(MIN_CHANGE_RATIO));
    // Rounds that are equal to the last digit are counted, not timed: any change of such a figure is one.
    return beyond === 0 ? 1 : error === 0 ? 0 : studentTwoSided(beyond / error, freedom);
  });
  const flagged = rejectByHolm(chances, TESTED_ERROR_SHARE);
  const quantiles = new Map<number, number>();
  return tested.flatMap(({ shift: { change, error, freedom }, candidate }, index): Change[] => {
    if (candidate === undefined) return [];
    const { logs: _, moreIsBetter, ...rest } = candidate;
    const quantile = quantiles.get(freedom) ?? studentQuantile(0.975, freedom);
    quantiles.set(freedom, quantile);
    const isBetter = change > 0 === moreIsBetter;
    return [
      {
        ...rest,
        ratio: Math.exp(change),
        interval: { low: Math.exp(change - quantile * error), high: Math.exp(change + quantile * error) },
        kind: flagged.has(index) ? (isBetter ? 'better' : 'worse') : 'steady',
      },
    ];
  });
}

/** Holm 1979: the least chance against the whole family, the next against one test fewer; the first that fails ends it. */
function rejectByHolm(chances: readonly number[], errorShare: number): ReadonlySet<number> {
  const ordered = chances.map((chance, index) => ({ chance, index })).sort((a, b) => a.chance - b.chance);
  const failed = ordered.findIndex(({ chance }, place) => chance > errorShare / (ordered.length - place));
  return new Set((failed < 0 ? ordered : ordered.slice(0, failed)).map(({ index }) => index));
}

function levelOf(old: RecordedTable, table: RecordedTable): Level[] {
  const metric = table.headline;
  const amount = (side: RecordedTable) =>
    side.rows.find(({ row }) => row === side.baseline)?.metrics.get(metric)?.value;
  const ratio = (amount(table) ?? Number.NaN) / (amount(old) ?? Number.NaN);
  if (old.baseline !== table.baseline || !(Math.max(ratio, 1 / ratio) > LEVEL_CHANGE_RATIO)) return [];
  return [{ table: table.name, row: table.baseline, metric, ratio }];
}
