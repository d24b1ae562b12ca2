/**
 * How every bench measures. A bench is a list of tables, one per question; a table is a list of contestants that do
 * the same work, one of them the baseline.
 *
 * What always holds: contestants' answers are compared byte for byte before anything is timed; every contestant is
 * warmed up; rounds are interleaved and run backwards every second time; garbage is collected between rounds, outside
 * the timed part; a ratio is the median of the rounds' own ratios, so that a noisy moment meets both sides.
 * It does not print (report.ts), does not know machines (machine.ts) and sets no process exit code (run.ts).
 */

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { interleave, median, type Summary, summarise } from './statistics.ts';

/** A number a round states itself, where it is no sample of a time: a throughput, a slope, a count. */
export interface Figure {
  readonly value: number;
  readonly unit: string;
  /** Operations behind the number. */
  readonly n: number;
  /** How the rounds become one: their median (default), their worst, or their sum. */
  readonly over?: 'median' | 'max' | 'sum';
}

export interface Round {
  /** One per operation, in the table's unit. Becomes p50, p95, p99, max. */
  readonly samples?: ArrayLike<number> & Iterable<number>;
  readonly figures?: Readonly<Record<string, Figure>>;
}

export interface Target {
  readonly metric: string;
  readonly test: '<' | '<=' | '>=';
  readonly value: number;
  /** The value is a ratio to the same metric of this row, not an amount. */
  readonly against?: string;
}

export interface Contestant {
  readonly row: string;
  /** Rows of one series belong together: the points of one curve, one peer in several modes. Default: the row's own. */
  readonly series?: string;
  /** Where the row stands on the axis of a curve: the share of capacity offered, a number of cells. */
  readonly x?: number;
  /** How it is configured, and on whose advice: stated beside the table. */
  readonly note?: string;
  /** The row that this one measures once more: what differs between the two is noise. */
  readonly sameAs?: string;
  readonly targets?: readonly Target[];
  /** What it does with the table's common input. Left out only where nothing is answered. */
  answer?(): Uint8Array | Promise<Uint8Array>;
  /** One timed round of about `sampleCount` operations; may do fewer where one is dear, never none. */
  round(sampleCount: number): Round | Promise<Round>;
}

export interface Effort {
  readonly rounds: number;
  /** Operations per contestant and round. */
  readonly samples: number;
  /** Operations of the warm-up round; 0 leaves the warm-up out (a cold thing is measured). */
  readonly warmUp: number;
}

/** A row that cannot be measured here, and why: it stays in the table and says so. */
export interface Absence {
  readonly row: string;
  readonly reason: string;
}

/** Contestants with what they stand on. `close` ends all of it. */
export interface Stage {
  readonly contestants: readonly Contestant[];
  readonly absent?: readonly Absence[];
  close(): void | Promise<void>;
}

export interface Table {
  readonly name: string;
  readonly question: string;
  /** Unit of samples. */
  readonly unit: string;
  /** How a report draws it: samples as distributions (default), figures over `x` as curves, a figure a row as bars. */
  readonly chart?: 'distribution' | 'curve' | 'bars';
  /** Row the ratio column is taken against. */
  readonly baseline: string;
  /** Metric the ratio column is taken of. */
  readonly headline: string;
  readonly effort: Effort;
  /** For a smoke run: shows that it works, states no figure. */
  readonly quick: Effort;
  open(): Promise<Stage>;
}

export interface Bench {
  readonly title: string;
  readonly tables: readonly Table[];
}

export interface Metric {
  readonly value: number;
  readonly unit: string;
  readonly n: number;
  /** The same metric of each round alone. */
  readonly perRound: readonly number[];
}

export interface MeasuredRow extends Pick<Contestant, 'row' | 'series' | 'x' | 'note' | 'sameAs'> {
  readonly metrics: ReadonlyMap<string, Metric>;
  readonly targets: readonly Target[];
  /** As they came, in order. */
  readonly rounds: readonly Round[];
}

export interface MeasuredTable {
  readonly rows: readonly MeasuredRow[];
  readonly absent: readonly Absence[];
}

const SUMMARY_METRICS: readonly (readonly [name: string, key: keyof Summary])[] = [
  ['p50', 'p50'],
  ['p95', 'p95'],
  ['p99', 'p99'],
  ['p99.9', 'p999'],
  ['max', 'max'],
];

/** Who wants to know of a table while it is measured, or to end it early. */
export interface Watch {
  /** Before anything is compared or timed. */
  opened?(stage: Stage): void;
  /** After each round that counts; `round` is from 0. */
  measured?(row: string, round: number, measured: Round): void;
  /** After the last round, while all contestants still stand. */
  finished?(stage: Stage): Promise<void>;
  /** Looked at between rounds: an aborted table throws the signal's reason, after its stage was closed. */
  readonly signal?: AbortSignal;
}

/** Runs one table from opening to closing. Throws when answers differ or a contestant does. */
export async function measureTable(
  table: Table,
  effort: Effort,
  progress: (text: string) => void,
  watch: Watch = {},
): Promise<MeasuredTable> {
  progress('opening');
  const stage = await table.open();
  try {
    watch.signal?.throwIfAborted();
    const { contestants, absent = [] } = stage;
    watch.opened?.(stage);
    if (!contestants.some(({ row }) => row === table.baseline)) {
      throw new Error(`no row '${table.baseline}' in table '${table.name}': a table needs its baseline`);
    }
    progress('comparing answers');
    await compareAnswers(contestants);
    if (effort.warmUp > 0) {
      for (const contestant of contestants) {
        watch.signal?.throwIfAborted();
        progress(`warming up: ${contestant.row}`);
        await contestant.round(effort.warmUp);
      }
    }
    const rounds: Round[][] = contestants.map(() => []);
    for (const [round, order] of interleave(contestants.length, effort.rounds).entries()) {
      for (const index of order) {
        const contestant = contestants[index];
        if (contestant === undefined) continue;
        progress(`round ${round + 1}/${effort.rounds}: ${contestant.row}`);
        watch.signal?.throwIfAborted();
        await collectGarbage();
        const measured = await contestant.round(effort.samples);
        rounds[index]?.push(measured);
        watch.measured?.(contestant.row, round, measured);
      }
    }
    await watch.finished?.(stage);
    const rows = contestants.map(({ row, series, x, note, sameAs, targets = [] }, index): MeasuredRow => {
      const own = rounds[index] ?? [];
      return {
        row,
        ...(series === undefined ? {} : { series }),
        ...(x === undefined ? {} : { x }),
        ...(note === undefined ? {} : { note }),
        ...(sameAs === undefined ? {} : { sameAs }),
        targets,
        metrics: gather(own, table.unit),
        rounds: own,
      };
    });
    return { rows, absent };
  } finally {
    progress('closing');
    await stage.close();
  }
}

/** Throws naming the row whose answer is not the first row's. */
export async function compareAnswers(contestants: readonly Contestant[]): Promise<void> {
  let first: { row: string; answer: Buffer } | undefined;
  for (const contestant of contestants) {
    if (contestant.answer === undefined) continue;
    const answer = Buffer.from(await contestant.answer());
    first ??= { row: contestant.row, answer };
    if (!answer.equals(first.answer)) {
      throw new Error(`'${contestant.row}' does not answer what '${first.row}' answers: nothing was timed`);
    }
  }
}

/** Median of the rounds' ratios of one metric; undefined where the other row lacks it or it is zero. */
export function ratioOf(row: MeasuredRow, other: MeasuredRow, metric: string): number | undefined {
  const mine = row.metrics.get(metric);
  const theirs = other.metrics.get(metric);
  if (mine === undefined || theirs === undefined || theirs.perRound.some((value) => value === 0)) {
    return undefined;
  }
  return median(mine.perRound.map((value, round) => value / (theirs.perRound[round] ?? theirs.value)));
}

/** Whether a measured amount or ratio meets its target. A missing number never does. */
export function meets(target: Target, measured: number | undefined): boolean {
  if (measured === undefined || !Number.isFinite(measured)) return false;
  if (target.test === '<') return measured < target.value;
  return target.test === '<=' ? measured <= target.value : measured >= target.value;
}

/** Runs `once` so many times and gives the milliseconds of each. Not for things below ~10 µs: see `timeBatches`. */
export async function timeEach(count: number, once: () => unknown): Promise<Float64Array> {
  const samples = new Float64Array(count);
  for (let index = 0; index < count; index++) {
    const startMs = performance.now();
    const pending = once();
    if (pending instanceof Promise) await pending;
    samples[index] = performance.now() - startMs;
  }
  return samples;
}

/** Synchronous work too short for the clock: each sample is the mean milliseconds of a batch of calls. */
export function timeBatches(count: number, batch: number, once: () => void): Float64Array {
  const samples = new Float64Array(count);
  for (let index = 0; index < count; index++) {
    const startMs = performance.now();
    for (let call = 0; call < batch; call++) once();
    samples[index] = (performance.now() - startMs) / batch;
  }
  return samples;
}

setFlagsFromString('--expose-gc');
const gc: () => void = runInNewContext('gc');

/** Collects twice, with turns of the event loop for finalizers to run between and after. */
export async function collectGarbage(): Promise<void> {
  for (let pass = 0; pass < 2; pass++) {
    gc();
    for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
  }
}

/** The metrics of one row: percentiles of all samples of all rounds, figures combined as they say. Empty without rounds. */
export function gather(rounds: readonly Round[], unit: string): Map<string, Metric> {
  const metrics = new Map<string, Metric>();
  const sampled = rounds.flatMap(({ samples }) => (samples === undefined ? [] : [samples]));
  if (sampled.length > 0) {
    const all = summarise(sampled.flatMap((samples) => Array.from(samples)));
    const each = sampled.map(summarise);
    for (const [name, key] of SUMMARY_METRICS) {
      const perRound = each.map((summary) => summary[key]);
      metrics.set(name, { value: all[key], unit, n: all.n, perRound });
    }
  }
  for (const name of new Set(rounds.flatMap(({ figures }) => Object.keys(figures ?? {})))) {
    const figures = rounds.flatMap((round) => round.figures?.[name] ?? []);
    const [first] = figures;
    if (first === undefined) continue;
    const perRound = figures.map(({ value }) => value);
    metrics.set(name, {
      value: combine(perRound, first.over ?? 'median'),
      unit: first.unit,
      n: figures.reduce((sum, { n }) => sum + n, 0),
      perRound,
    });
  }
  return metrics;
}

/** Rounds' figures as one. */
export function combine(values: readonly number[], over: 'median' | 'max' | 'sum'): number {
  if (over === 'max') return Math.max(...values);
  return over === 'sum' ? values.reduce((sum, value) => sum + value, 0) : median(values);
}
