/**
 * The record of one run of the suite: JSON lines that are written while it runs, one value a line, nothing summarised. Reports,
 * baselines and comparisons are all made from it, so that a figure can be made again from what was measured.
 *
 * Order: `run`, then for each table `table` before its rounds, or `broken`; `end` when the run was not cut off.
 * A `round` holds the samples of one row in one round, in the table's unit, in the order they came.
 */

import type { Absence, Contestant, Figure, Table, Target } from '../harness.ts';
import type { Environment } from '../machine.ts';

/** What a reader must understand; raised when a line changes its meaning. */
export const RECORD_FORMAT = 1;

export interface RunLine {
  readonly kind: 'run';
  readonly format: typeof RECORD_FORMAT;
  readonly machine: Environment;
  /** A smoke run: its figures are not to be stated. */
  readonly quick: boolean;
  /** Adapters under test, by name. */
  readonly adapters: readonly string[];
  readonly peers: boolean;
  /** Of every random choice. */
  readonly seed: number;
}

export interface TableLine
  extends Pick<Table, 'name' | 'question' | 'unit' | 'baseline' | 'headline' | 'chart'> {
  readonly kind: 'table';
  readonly rows: readonly (Pick<Contestant, 'row' | 'series' | 'x' | 'note' | 'sameAs'> & {
    readonly targets: readonly Target[];
  })[];
  readonly absent: readonly Absence[];
}

export interface RoundLine {
  readonly kind: 'round';
  readonly table: string;
  readonly row: string;
  /** From 0. */
  readonly round: number;
  readonly samples?: readonly number[];
  readonly figures?: Readonly<Record<string, Figure>>;
}

/** A table that could not be measured to its end. */
export interface BrokenLine {
  readonly kind: 'broken';
  readonly table: string;
  readonly error: string;
}

export interface EndLine {
  readonly kind: 'end';
  /** ISO 8601. */
  readonly date: string;
  /** One-minute load average at the end; the run's own work is in it. */
  readonly load: number;
}

export type RecordLine = RunLine | TableLine | RoundLine | BrokenLine | EndLine;
