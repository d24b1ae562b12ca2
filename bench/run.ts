/**
 * `npm run bench -- <name> [--quick] [--check] [--markdown] [--only <table>]`: runs one bench and prints its tables.
 *
 * Benches are the files bench/<name>.bench.ts, found by looking. Results go to bench/results/<name>.jsonl, those of a
 * smoke run to <name>.quick.jsonl, so that the two never mix. A table that throws does not stop the others, but the
 * exit code is 1 then; with `--check` also when a row misses its target.
 */

import { appendFile, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Bench, measureTable } from './harness.ts';
import { inspectMachine, noiseWarning } from './machine.ts';
import { type Finding, judge, renderTable, toJsonLines } from './report.ts';

const SUFFIX = '.bench.ts';
const HELP = `Usage: npm run bench -- <name> [options]

  --quick         smoke run: few samples, figures not to be stated
  --check         exit 1 when a row misses its target, naming the rows
  --markdown      print the tables as Markdown
  --only <table>  only this table (may be given several times)
  --help          this text

Example: npm run bench -- host --check`;

interface Options {
  readonly quick: boolean;
  readonly check: boolean;
  readonly markdown: boolean;
  readonly only: readonly string[];
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    check: { type: 'boolean', default: false },
    markdown: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true, default: [] },
    help: { type: 'boolean', default: false },
  },
});

const names = (await readdir(import.meta.dirname))
  .filter((file) => file.endsWith(SUFFIX))
  .map((file) => file.slice(0, -SUFFIX.length))
  .sort();
const [name] = positionals;

if (values.help || name === undefined) {
  console.log(`${HELP}\n\nBenches: ${names.join(', ')}`);
} else if (positionals.length > 1 || !names.includes(name)) {
  console.error(`There is no bench '${positionals.join(' ')}'. Benches: ${names.join(', ')}`);
  process.exitCode = 1;
} else {
  const module: { bench: Bench } = await import(`./${name}${SUFFIX}`);
  process.exitCode = await runBench(name, module.bench, values);
}

async function runBench(name: string, bench: Bench, options: Options): Promise<number> {
  const tables = bench.tables.filter(
    (table) => options.only.length === 0 || options.only.includes(table.name),
  );
  if (tables.length === 0) {
    console.error(`No such table. Tables: ${bench.tables.map((table) => table.name).join(', ')}`);
    return 1;
  }
  const machine = inspectMachine();
  const warning = noiseWarning(machine);
  console.log(
    `${bench.title}\n${machine.cpu}, ${machine.cores} cores, node ${machine.node}, commit ${machine.commit}, ` +
      `load ${machine.load.toFixed(2)}, ${machine.date}`,
  );
  if (warning !== undefined) console.log(`WARNING: ${warning}`);
  if (options.quick) console.log('QUICK RUN: a smoke test; do not state these figures anywhere');
  console.log('');

  const resultsFile = join(
    import.meta.dirname,
    'results',
    options.quick ? `${name}.quick.jsonl` : `${name}.jsonl`,
  );
  await mkdir(join(import.meta.dirname, 'results'), { recursive: true });
  const missed: string[] = [];
  const broken: string[] = [];
  for (const [index, table] of tables.entries()) {
    const progress = (text: string): void =>
      showProgress(`[${index + 1}/${tables.length}] ${table.name}: ${text}`);
    try {
      const rows = await measureTable(table, options.quick ? table.quick : table.effort, progress);
      const findings = judge(table, rows);
      clearProgress();
      console.log(renderTable(table, rows, findings, options.markdown));
      await appendFile(resultsFile, toJsonLines(name, table, findings, machine));
      missed.push(
        ...findings.filter(({ ok }) => ok === false).map((finding) => describeMiss(table.name, finding)),
      );
    } catch (error) {
      clearProgress();
      console.error(`Table '${table.name}' failed:`, error);
      broken.push(table.name);
    }
  }
  for (const miss of missed) console.log(`${options.check ? 'MISSED' : 'WARNING: missed'}: ${miss}`);
  if (broken.length > 0) console.log(`FAILED tables: ${broken.join(', ')}`);
  return broken.length > 0 || (options.check && missed.length > 0) ? 1 : 0;
}

function describeMiss(table: string, { row, metric, value, unit, ratio, target }: Finding): string {
  const measured = target?.includes('×')
    ? `ratio ${ratio?.toPrecision(3)}`
    : `${value.toPrecision(3)} ${unit}`;
  return `${table}: ${row}: ${metric} is ${measured}, target ${target}`;
}

/** On a terminal one line that is overwritten; elsewhere nothing, so that logs stay readable. */
function showProgress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
}

function clearProgress(): void {
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
}
