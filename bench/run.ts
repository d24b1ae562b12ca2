/**
 * `npm run bench -- <name> [--quick] [--check] [--markdown] [--only <table>]`: runs one bench and prints its tables.
 *
 * Benches are the files bench/<name>.bench.ts, found by looking. Exit code 1: no such bench, a table broke, or, with
 * `--check`, a row missed its target.
 */

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Bench } from './harness.ts';
import { inspectMachine } from './machine.ts';
import { runBench } from './run-bench.ts';

const SUFFIX = '.bench.ts';
const HELP = `Usage: npm run bench -- <name> [options]

  --quick         smoke run: few samples, figures not to be stated
  --check         exit 1 when a row misses its target, naming the rows
  --markdown      print the tables as Markdown
  --only <table>  only this table (may be given several times)
  --help          this text

Example: npm run bench -- host --check`;

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
  process.exitCode = await runBench(name, module.bench, values, {
    machine: inspectMachine(),
    resultsFolder: join(import.meta.dirname, 'results'),
    print: (text) => console.log(text),
    progress: showProgress,
  });
}

/** On a terminal one line that is overwritten, cleared by an empty text; elsewhere nothing, so that logs stay readable. */
function showProgress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
}
