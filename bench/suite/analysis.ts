/**
 * What a recorded run says, as data: made by analyse.ts, printed by the reports. Every number that can have one comes with its 95 % interval.
 */

import type { Absence, MeasuredRow, Target } from '../harness.ts';
import type { Interval, SortedRounds } from './bootstrap.ts';
import type { RecordedRun, RecordedTable } from './read-record.ts';

/** A number with its 95 % interval, left out where none can be stated. */
export interface Estimate {
  readonly value: number;
  readonly interval?: Interval;
}

export interface AnalysedMetric extends Estimate {
  readonly unit: string;
  readonly n: number;
  readonly perRound: readonly number[];
  /** Why the value is not to be stated. */
  readonly unstated?: string;
}

export interface AnalysedRow extends Pick<MeasuredRow, 'row' | 'series' | 'x' | 'note' | 'sameAs'> {
  readonly metrics: ReadonlyMap<string, AnalysedMetric>;
  /** Of the table's headline to that of its baseline; left out where one of the two lacks it. */
  readonly ratio?: Estimate;
  /** Samples sorted; undefined where the row has none. */
  readonly sorted: SortedRounds | undefined;
}

export interface Verdict {
  readonly table: string;
  readonly row: string;
  readonly metric: string;
  readonly target: Target;
  /** `unstated`: not measured, or too few samples to say. */
  readonly outcome: 'met' | 'missed' | 'unstated';
  /** The interval holds the target's value: the next run may say otherwise. */
  readonly thin: boolean;
  /** The amount, or with `against` the ratio; its unit is `×` then. */
  readonly measured: Estimate & { readonly unit: string };
  readonly reason?: string;
}

export interface AnalysedTable
  extends Pick<RecordedTable, 'name' | 'question' | 'unit' | 'baseline' | 'headline' | 'chart' | 'broken'> {
  readonly rows: readonly AnalysedRow[];
  readonly absent: readonly Absence[];
  readonly verdicts: readonly Verdict[];
}

export interface Analysis {
  readonly record: RecordedRun;
  readonly tables: readonly AnalysedTable[];
  /** Sentences; the first things a reader must know. */
  readonly noise: readonly string[];
}
