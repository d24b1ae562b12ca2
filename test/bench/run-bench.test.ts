/** A run over a made-up bench: exit codes, what is printed, what is written where. */

import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Bench, Contestant, Table } from '../../bench/harness.ts';
import { type RunOptions, runBench } from '../../bench/run-bench.ts';

const machine = {
  commit: 'abc',
  node: 'v26',
  cpu: 'a cpu',
  cores: 2,
  load: 0,
  date: '2026-11-21T00:00:00.000Z',
};
const plain: RunOptions = { quick: false, check: false, markdown: false, only: [] };

let folder: string;
let printed: string[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bench-test-'));
  printed = [];
});
afterEach(() => rm(folder, { recursive: true }));

function tableOf(name: string, contestants: readonly Contestant[]): Table {
  return {
    name,
    question: `${name}?`,
    unit: 'ms',
    baseline: 'peer',
    headline: 'p50',
    effort: { rounds: 2, samples: 10, warmUp: 0 },
    quick: { rounds: 1, samples: 1, warmUp: 0 },
    open: async () => ({ contestants, close: () => {} }),
  };
}

const taking = (row: string, ms: number, targets: Contestant['targets'] = []): Contestant => ({
  row,
  targets,
  round: (count) => ({ samples: Array.from({ length: count }, () => ms) }),
});

const missing = tableOf('misses', [
  taking('peer', 4),
  taking('ours', 3, [{ metric: 'p95', test: '<', value: 2 }]),
]);
const meeting = tableOf('meets', [
  taking('peer', 4),
  taking('ours', 1, [{ metric: 'p95', test: '<', value: 2 }]),
]);
const breaking = tableOf('breaks', [
  {
    row: 'peer',
    round: () => {
      throw new Error('the guest is not well');
    },
  },
]);

function run(tables: readonly Table[], options: Partial<RunOptions> = {}): Promise<number> {
  const bench: Bench = { title: 'made up', tables };
  return runBench(
    'made-up',
    bench,
    { ...plain, ...options },
    {
      machine,
      resultsFolder: folder,
      print: (text) => printed.push(text),
      progress: () => {},
    },
  );
}

test('a missed target only warns, and fails the run with --check, naming table, row and figure', async () => {
  expect(await run([missing, meeting])).toBe(0);
  expect(printed).toContain('WARNING: missed: misses: ours: p95 is 3.00 ms, target < 2 ms');
  printed = [];
  expect(await run([missing, meeting], { check: true })).toBe(1);
  expect(printed).toContain('MISSED: misses: ours: p95 is 3.00 ms, target < 2 ms');
});

test('a run that meets its targets passes the check', async () => {
  expect(await run([meeting], { check: true })).toBe(0);
});

test('a table that breaks fails the run, is named, and does not stop the next', async () => {
  expect(await run([breaking, meeting])).toBe(1);
  expect(printed.join('\n')).toMatch(/'breaks' broke: Error: the guest is not well/);
  expect(printed).toContain('BROKEN tables: breaks');
  expect(printed.join('\n')).toContain('meets?');
});

test('every run appends its lines; those of a smoke run go elsewhere and it says what it is', async () => {
  await run([meeting]);
  await run([meeting]);
  expect(await readdir(folder)).toEqual(['made-up.jsonl']);
  const lines = (await readFile(join(folder, 'made-up.jsonl'), 'utf8')).trimEnd().split('\n');
  expect(lines).toHaveLength(2 * 2 * 5);
  expect(new Set(lines.map((line) => JSON.parse(line).row))).toEqual(new Set(['meets: peer', 'meets: ours']));
  expect(printed.join('\n')).not.toMatch(/QUICK RUN/);
  await run([meeting], { quick: true });
  expect(await readdir(folder)).toEqual(['made-up.jsonl', 'made-up.quick.jsonl']);
  expect(printed.join('\n')).toMatch(/QUICK RUN/);
});

test('a table that does not exist is refused with the list of those that do', async () => {
  expect(await run([meeting], { only: ['nothing'] })).toBe(1);
  expect(printed).toEqual(['There is no table nothing. Tables: meets']);
});
