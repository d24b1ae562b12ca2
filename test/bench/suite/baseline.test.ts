/** Baselines on disk, and the verdicts of a run in a README. */

import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { fingerprintMachine } from '../../../bench/machine.ts';
import { analyse } from '../../../bench/suite/analyse.ts';
import { findBaseline, SAVED, saveBaseline } from '../../../bench/suite/baseline.ts';
import { createRandom } from '../../../bench/suite/random.ts';
import { parseRecord } from '../../../bench/suite/read-record.ts';
import type { RecordLine } from '../../../bench/suite/record.ts';
import {
  placeVerdicts,
  VERDICTS_BEGIN,
  VERDICTS_END,
  writeVerdicts,
} from '../../../bench/suite/verdicts-readme.ts';
import { END, ENVIRONMENT, recordText, runLine, tableLines } from './synthetic-run.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bench-baseline-'));
});
afterEach(() => rm(folder, { recursive: true }));

const lines = (seed: number, changes = {}): RecordLine[] => [
  runLine(changes),
  ...tableLines(
    { name: 'call', question: 'how long?', unit: 'ms', baseline: 'peer', headline: 'p50' },
    [
      { row: 'peer', scale: 2 },
      { row: 'ours', scale: 1, targets: [{ metric: 'p50', test: '<=', value: 0.8, against: 'peer' }] },
    ],
    3,
    createRandom(seed),
  ),
  END,
];

async function record(name: string, content: readonly RecordLine[]): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, recordText(content));
  return path;
}

test('a baseline is the whole record under the fingerprint of its machine, and the next takes its place', async () => {
  const baselines = join(folder, 'baselines');
  const first = await saveBaseline(baselines, await record('one.jsonl', lines(1)));
  const second = await saveBaseline(baselines, await record('two.jsonl', lines(2)));
  expect(second).toBe(first);
  expect(await readdir(baselines)).toEqual([`${fingerprintMachine(ENVIRONMENT)}.jsonl`]);
  expect(await readFile(second, 'utf8')).toBe(recordText(lines(2)));
  expect(await findBaseline(SAVED, baselines, ENVIRONMENT)).toBe(second);
  expect(await findBaseline(join(folder, 'one.jsonl'), baselines, ENVIRONMENT)).toBe(
    join(folder, 'one.jsonl'),
  );
});

test('another machine has another baseline; one that is not there is named', async () => {
  const baselines = join(folder, 'baselines');
  await saveBaseline(baselines, await record('one.jsonl', lines(1)));
  const other = { ...ENVIRONMENT, cores: 2 };
  await expect(findBaseline(SAVED, baselines, other)).rejects.toThrow(
    `no baseline is saved for this machine (fingerprint ${fingerprintMachine(other)})`,
  );
  await expect(findBaseline('nowhere.jsonl', baselines, other)).rejects.toThrow(
    'there is no baseline nowhere.jsonl',
  );
});

test('neither a smoke run nor one that was cut off becomes a baseline', async () => {
  const smoke = await record('smoke.jsonl', lines(1, { quick: true }));
  await expect(saveBaseline(folder, smoke)).rejects.toThrow(
    'smoke.jsonl is a smoke run: it cannot be a baseline',
  );
  const cut = await record('cut.jsonl', lines(1).slice(0, -1));
  await expect(saveBaseline(folder, cut)).rejects.toThrow('cut.jsonl was cut off: it cannot be a baseline');
  expect((await readdir(folder)).sort()).toEqual(['cut.jsonl', 'smoke.jsonl']);
});

test('verdicts are written between the markers of a README, and again in their place', async () => {
  const readme = join(folder, 'README.md');
  await writeFile(readme, `# Benches\n\n${VERDICTS_BEGIN}\nold figures\n${VERDICTS_END}\n\nafter\n`);
  const path = await record('run.jsonl', lines(1));
  await writeVerdicts(path, readme);
  const once = await readFile(readme, 'utf8');
  expect(once).not.toContain('old figures');
  expect(once).toMatch(
    /^# Benches\n\n[\s\S]*A Processor 9000, 8 cores, Node v26\.10\.0, commit abc1234, 2026-11-21/,
  );
  expect(once).toMatch(/\| `call` \| `ours` \| p50 ≤ 0\.8 × peer \| 0\.\d+ × \\\[.*\| met \|/);
  expect(once.endsWith(`${VERDICTS_END}\n\nafter\n`)).toBe(true);
  await writeVerdicts(path, readme);
  expect(await readFile(readme, 'utf8')).toBe(once);
});

test('a README without markers, and a run that is not to be stated, are refused', () => {
  const analysis = analyse(parseRecord(recordText(lines(1)), 'run.jsonl'));
  expect(() => placeVerdicts('# Benches\n', analysis)).toThrow(/the README lacks the lines/);
  const smoke = analyse(parseRecord(recordText(lines(1, { quick: true })), 'run.jsonl'));
  expect(() => placeVerdicts(`${VERDICTS_BEGIN}\n${VERDICTS_END}`, smoke)).toThrow(/not to be stated/);
});
