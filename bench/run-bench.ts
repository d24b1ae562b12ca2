/**
 * One run of one bench: machine line, warnings, tables, results file, exit code.
 *
 * Results go to <folder>/<name>.jsonl, those of a smoke run to <name>.quick.jsonl, so that the two never mix. A table
 * that throws does not stop the others.
 */

import { appendFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Bench, measureTable } from './harness.ts';
import { type Machine, noiseWarning } from './machine.ts';
import { describeMiss, judge, renderTable, toJsonLines } from './report.ts';

export interface RunOptions {
  readonly quick: boolean;
  /** A missed target fails the run instead of only being said. */
  readonly check: boolean;
  readonly markdown: boolean;
  /** Names of tables; empty for all. */
  readonly only: readonly string[];
}

export interface RunPlace {
  readonly machine: Machine;
  readonly resultsFolder: string;
  readonly print: (text: string) => void;
  /** What is being done now; an empty text when that is over. */
  readonly progress: (text: string) => void;
}

/** Gives the exit code. */
export async function runBench(
  name: string,
  bench: Bench,
  options: RunOptions,
  { machine, resultsFolder, print, progress }: RunPlace,
): Promise<number> {
  const tables = bench.tables.filter(
    (table) => options.only.length === 0 || options.only.includes(table.name),
  );
  const unknown = options.only.filter((wanted) => !bench.tables.some((table) => table.name === wanted));
  if (unknown.length > 0) {
    const known = bench.tables.map((table) => table.name).join(', ');
    print(`There is no table ${unknown.join(', ')}. Tables: ${known}`);
    return 1;
  }
  const { cpu, cores, node, commit, load, date } = machine;
  print(
    `${bench.title}\n${cpu}, ${cores} cores, node ${node}, commit ${commit}, load ${load.toFixed(2)}, ${date}`,
  );
  const warning = noiseWarning(machine);
  if (warning !== undefined) print(`WARNING: ${warning}`);
  if (options.quick) print('QUICK RUN: a smoke test; do not state these figures anywhere');
  print('');

  await mkdir(resultsFolder, { recursive: true });
  const resultsFile = join(resultsFolder, options.quick ? `${name}.quick.jsonl` : `${name}.jsonl`);
  const missed: string[] = [];
  const broken: string[] = [];
  for (const [index, table] of tables.entries()) {
    const place = `[${index + 1}/${tables.length}] ${table.name}`;
    try {
      const { rows, absent } = await measureTable(table, options.quick ? table.quick : table.effort, (text) =>
        progress(`${place}: ${text}`),
      );
      const findings = judge(table, rows);
      progress('');
      print(renderTable(table, rows, findings, options.markdown));
      for (const { row, reason } of absent) print(`${row}: not measured, ${reason}`);
      await appendFile(resultsFile, toJsonLines(name, table, findings, machine));
      missed.push(
        ...findings.filter(({ ok }) => ok === false).map((finding) => describeMiss(table.name, finding)),
      );
    } catch (error) {
      progress('');
      print(`Table '${table.name}' broke: ${error instanceof Error ? error.stack : String(error)}\n`);
      broken.push(table.name);
    }
  }
  for (const miss of missed) print(`${options.check ? 'MISSED' : 'WARNING: missed'}: ${miss}`);
  if (broken.length > 0) print(`BROKEN tables: ${broken.join(', ')}`);
  return broken.length > 0 || (options.check && missed.length > 0) ? 1 : 0;
}
