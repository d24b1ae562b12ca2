/**
 * The door of the suite: one run, table by table, with its record. `hotcell bench` calls it.
 *
 * What was measured is in the record as soon as it was measured (`record-file.ts`), so a run that is cut off, or whose table breaks,
 * loses only what it had not measured. A table that breaks does not stop the others. Nothing here measures: that is
 * `harness.ts`; and nothing exits: that is the command.
 */

import { join } from 'node:path';
import { type MeasuredTable, measureTable, type Stage, type Table, type Watch } from '../harness.ts';
import { type Environment, noiseWarning } from '../machine.ts';
import { preparePeers } from '../peers.ts';
import { describeMiss, judge, renderTable } from '../report.ts';
import { saveBaseline } from './baseline.ts';
import { type Comparison, compareRuns } from './compare.ts';
import { comparisonText } from './compare-report.ts';
import { peerTables } from './peers.ts';
import { chooseTables, estimateLeftMs, expectedMsOf, type TableOptions } from './plan.ts';
import { profileRow } from './profile/profile-row.ts';
import { readRecord } from './read-record.ts';
import { RECORD_FORMAT, type TableLine } from './record.ts';
import { createRecordFile, type RecordFile, roundLine } from './record-file.ts';
import { nameOf } from './sample.ts';
import { type SuiteTables, suiteTables } from './tables.ts';
import { writeReports } from './write-reports.ts';

export interface SuiteOptions extends Omit<TableOptions, 'inspected'> {
  /** Names of tables; empty for all. */
  readonly only: readonly string[];
  /** With the tables that have peers in them, which are installed where they are not there. */
  readonly peers: boolean;
  /** Tables are printed as Markdown. */
  readonly markdown: boolean;
  /** Rows whose `table: row` has this text in it are run once more under the profiler; undefined for none. */
  readonly profile: string | undefined;
  /** Path of a record that this run is held against. */
  readonly against: string | undefined;
  /** Folder in which this run becomes the baseline of its machine. */
  readonly saveTo: string | undefined;
}

/** How far a run is. */
export interface SuiteProgress {
  readonly table: string;
  /** From 1. */
  readonly tableIndex: number;
  readonly tableCount: number;
  /** Of this table's rounds, 0…1. */
  readonly tableShare: number;
  readonly elapsedMs: number;
  /** Undefined before anything can be said. */
  readonly leftMs: number | undefined;
  /** What is being done. */
  readonly text: string;
}

export interface SuitePlace {
  /** Called at the start and at the end. */
  readonly inspect: () => Environment;
  /** Where the record and the reports go. */
  readonly folder: string;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
  readonly print: (text: string) => void;
  readonly progress: (progress: SuiteProgress) => void;
  /** Aborted: the round under way is the last. */
  readonly signal: AbortSignal;
  /** Default: those of Hotcell itself. */
  readonly tables?: SuiteTables;
}

export interface SuiteResult {
  readonly recordPath: string;
  /** Paths of the reports; undefined when nothing was measured. */
  readonly reports: { readonly html: string; readonly markdown: string } | undefined;
  /** Where it was saved as a baseline. */
  readonly baseline: string | undefined;
  /** What changed against another run, where one was named. */
  readonly comparison: Comparison | undefined;
  /** Sentences that speak against trusting the run. */
  readonly noise: readonly string[];
  /** A sentence for each target that was missed. */
  readonly missed: readonly string[];
  /** Names of tables that broke. */
  readonly broken: readonly string[];
  /** Paths of flame graphs. */
  readonly profiles: readonly string[];
  readonly isCutOff: boolean;
}

export const RECORD_FILE = 'run.jsonl';

/** Throws CONFIG_INVALID — a table of `only` there is not; the system's error — the folder cannot be written. */
export async function runSuite(options: SuiteOptions, place: SuitePlace): Promise<SuiteResult> {
  const { samples, quick, seed } = options;
  const { print, signal } = place;
  const machine = place.inspect();
  const all = place.tables ?? suiteTables({ ...options, inspected: options.profile !== undefined });
  const peers = options.peers ? peerTables() : [];
  const tables = chooseTables<Table>([...all.tables, ...peers], options.only);
  if (tables.some((table) => peers.includes(table))) preparePeers(place.print);
  const recordPath = join(place.folder, RECORD_FILE);
  const record = createRecordFile(recordPath);
  const adapters = samples.map(nameOf);
  record.write({ kind: 'run', format: RECORD_FORMAT, machine, quick, adapters, peers: options.peers, seed });
  print(describeRun(machine, options));
  const missed: string[] = [];
  const broken: string[] = [];
  const profiles: string[] = [];
  const profileStage = async (table: Table, { contestants }: Stage): Promise<void> => {
    const effort = quick ? table.quick : table.effort;
    for (const { row, round } of contestants) {
      if (options.profile === undefined || !`${table.name}: ${row}`.includes(options.profile)) continue;
      const inspectors = await all.inspectors();
      const profiled = await profileRow(place.folder, `${table.name}: ${row}`, inspectors, async () =>
        round(effort.samples),
      );
      profiles.push(profiled.path);
      print(profiled.text);
    }
  };
  const expectedMs = tables.map((table) => expectedMsOf(table, quick));
  const beganMs = place.now();
  try {
    for (const [index, table] of tables.entries()) {
      if (signal.aborted) break;
      try {
        const watch = { signal, finished: (stage: Stage) => profileStage(table, stage) };
        const measured = await recordTable(table, quick, record, watch, (text, tableShare) => {
          const elapsedMs = place.now() - beganMs;
          place.progress({
            table: table.name,
            tableIndex: index + 1,
            tableCount: tables.length,
            tableShare,
            elapsedMs,
            leftMs: estimateLeftMs(expectedMs, index, tableShare, elapsedMs),
            text,
          });
        });
        const findings = judge(table, measured.rows);
        print(renderTable(table, measured.rows, findings, options.markdown));
        for (const { row, reason } of measured.absent) print(`${row}: not measured, ${reason}\n`);
        missed.push(
          ...findings.filter(({ ok }) => ok === false).map((finding) => describeMiss(table.name, finding)),
        );
      } catch (error) {
        if (signal.aborted) break;
        const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
        record.write({ kind: 'broken', table: table.name, error: text });
        print(`Table '${table.name}' broke: ${text}\n`);
        broken.push(table.name);
        await all.close();
      }
    }
    const { date, load } = place.inspect();
    if (!signal.aborted) record.write({ kind: 'end', date, load });
  } finally {
    record.close();
    await all.close();
  }
  const recorded = await readRecord(recordPath);
  // A run on another machine is held against it too: the comparison says so before anything else.
  const comparison =
    options.against === undefined
      ? undefined
      : compareRuns(await readRecord(options.against), recorded, { anyMachine: true });
  if (comparison !== undefined) print(comparisonText(comparison));
  const reports =
    recorded.tables.length === 0 ? undefined : await writeReports(place.folder, recorded, comparison);
  const noise = reports?.analysis.noise ?? [];
  const baseline =
    options.saveTo === undefined || signal.aborted
      ? undefined
      : await saveBaseline(options.saveTo, recordPath);
  return {
    recordPath,
    reports,
    baseline,
    comparison,
    noise,
    profiles,
    missed,
    broken,
    isCutOff: signal.aborted,
  };
}

/** Measures one table; its lines are in the record as they come. Throws what the table does, or the signal's reason. */
async function recordTable(
  table: Table,
  quick: boolean,
  record: RecordFile,
  watch: Pick<Watch, 'signal' | 'finished'>,
  progress: (text: string, tableShare: number) => void,
): Promise<MeasuredTable> {
  const effort = quick ? table.quick : table.effort;
  let roundsDone = 0;
  let roundCount = Number.POSITIVE_INFINITY;
  return measureTable(table, effort, (text) => progress(text, roundsDone / roundCount), {
    ...watch,
    opened(stage) {
      roundCount = stage.contestants.length * effort.rounds;
      record.write(tableLine(table, stage));
    },
    measured(row, round, measured) {
      roundsDone++;
      record.write(roundLine(table.name, row, round, measured));
    },
  });
}

function tableLine(table: Table, { contestants, absent = [] }: Stage): TableLine {
  const { name, question, unit, baseline, headline, chart } = table;
  return {
    kind: 'table',
    name,
    question,
    unit,
    baseline,
    headline,
    ...(chart === undefined ? {} : { chart }),
    rows: contestants.map(({ row, series, x, note, sameAs, targets = [] }) => ({
      row,
      ...(series === undefined ? {} : { series }),
      ...(x === undefined ? {} : { x }),
      ...(note === undefined ? {} : { note }),
      ...(sameAs === undefined ? {} : { sameAs }),
      targets,
    })),
    absent,
  };
}

function describeRun(machine: Environment, { samples, quick, seed }: SuiteOptions): string {
  const { cpu, cores, node, commit, load, date } = machine;
  const warning = noiseWarning(machine);
  return [
    `Hotcell's cold-start suite: ${samples.map(nameOf).join(', ')}; seed ${seed}`,
    `${cpu}, ${cores} cores, node ${node}, commit ${commit}, load ${load.toFixed(2)}, ${date}`,
    ...(warning === undefined ? [] : [`WARNING: ${warning}`]),
    ...(quick ? ['QUICK RUN: a smoke test; do not state these figures anywhere'] : []),
    '',
  ].join('\n');
}
