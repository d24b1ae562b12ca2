/**
 * The suite's verdicts in a README, between two markers, from a record: the figures that a README states come from a run, and its machine, commit
 * and day stand above them.
 *
 * `node bench/suite/verdicts-readme.ts <run.jsonl> [README.md]` writes them; without a second argument into bench/README.md.
 */

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { analyse } from './analyse.ts';
import type { Analysis } from './analysis.ts';
import { escapeMarkdown } from './markup.ts';
import { readRecord } from './read-record.ts';
import { verdictMarkdown } from './report-markdown.ts';

export const VERDICTS_BEGIN =
  '<!-- suite verdicts: written from a record by bench/suite/verdicts-readme.ts -->';
export const VERDICTS_END = '<!-- end of suite verdicts -->';

/** The README with the verdicts of this run between its markers. Throws when it has not both, in order, or the run is not to be stated. */
export function placeVerdicts(readme: string, { record, tables, noise }: Analysis): string {
  if (record.run.quick || record.end === undefined) {
    throw new Error(`${record.name} is a smoke run or was cut off: its figures are not to be stated`);
  }
  const begin = readme.indexOf(VERDICTS_BEGIN);
  const end = readme.indexOf(VERDICTS_END, begin);
  if (begin < 0 || end < 0)
    throw new Error(`the README lacks the lines ${VERDICTS_BEGIN} and ${VERDICTS_END}`);
  const { cpu, cores, node, commit, date, load } = record.run.machine;
  const place = `${cpu}, ${cores} cores, Node ${node}, commit ${commit}, ${date.slice(0, 10)}, load average ${load.toFixed(2)} at the start. Brackets are 95 % intervals.`;
  const verdicts = tables.flatMap((table) => table.verdicts);
  const text = [
    escapeMarkdown(place),
    ...(noise.length === 0 ? [] : [noise.map((line) => `- ${escapeMarkdown(line)}`).join('\n')]),
    verdictMarkdown(verdicts),
  ].join('\n\n');
  return `${readme.slice(0, begin)}${VERDICTS_BEGIN}\n\n${text}\n\n${readme.slice(end)}`;
}

export async function writeVerdicts(recordPath: string, readmePath: string): Promise<void> {
  const analysis = analyse(await readRecord(recordPath));
  await writeFile(readmePath, placeVerdicts(await readFile(readmePath, 'utf8'), analysis));
}

if (import.meta.main) {
  const [record, readme = join(import.meta.dirname, '..', 'README.md')] = process.argv.slice(2);
  if (record === undefined) {
    console.error('Usage: node bench/suite/verdicts-readme.ts <run.jsonl> [README.md]');
    process.exitCode = 1;
  } else await writeVerdicts(record, readme);
}
