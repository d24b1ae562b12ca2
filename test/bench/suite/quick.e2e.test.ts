/**
 * Tables of Hotcell itself, measured as a smoke run does: real threads, a real server, real load. Nothing is said of speed; that
 * every row has what it should, and that counts are right, is.
 */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { payloadOf } from '../../../bench/host/cells.ts';
import { readBuilt } from '../../../bench/host/packages.ts';
import { inspectMachine } from '../../../bench/machine.ts';
import { type RecordedRun, readRecord } from '../../../bench/suite/read-record.ts';
import { runSuite, type SuiteResult } from '../../../bench/suite/suite.ts';
import { builtAdapter } from '../../built-adapters.ts';

const TABLES = ['cold', 'load', 'storm', 'memory'];

let folder: string;
let result: SuiteResult;
let recorded: RecordedRun;

beforeAll(async () => {
  await builtAdapter('echo');
  folder = await mkdtemp(join(tmpdir(), 'quick-test-'));
  result = await runSuite(
    {
      samples: [{ built: await readBuilt('echo'), operation: 'echo', payload: payloadOf(64) }],
      capabilities: {},
      quick: true,
      seed: 1,
      only: TABLES,
      peers: false,
      markdown: false,
      profile: undefined,
      against: undefined,
      saveTo: undefined,
    },
    {
      inspect: inspectMachine,
      folder,
      now: () => performance.now(),
      print: () => {},
      progress: () => {},
      signal: new AbortController().signal,
    },
  );
  recorded = await readRecord(result.recordPath);
}, 120_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

const figureOf = (table: string, row: string, metric: string): number | undefined =>
  recorded.tables
    .find(({ name }) => name === table)
    ?.rows.find((candidate) => candidate.row.startsWith(row))
    ?.metrics.get(metric)?.value;

test('every table is measured to its end, and every row has a round', () => {
  expect(result.broken).toEqual([]);
  expect(recorded.tables.map(({ name }) => name)).toEqual(TABLES);
  for (const { name, rows, absent } of recorded.tables) {
    expect(absent, name).toEqual([]);
    for (const { row, metrics } of rows) expect(metrics.size, `${name}: ${row}`).toBeGreaterThan(0);
  }
  expect(recorded.end).toBeDefined();
});

test('offered load is answered, and stands beside how much of the pool was lent', () => {
  for (const share of [25, 50, 75, 90]) {
    expect(figureOf('load', `${share} %`, 'failures')).toBe(0);
    expect(figureOf('load', `${share} %`, 'offered')).toBeGreaterThan(0);
    expect(figureOf('load', `${share} %`, 'utilisation')).toBeGreaterThanOrEqual(0);
    expect(figureOf('load', `${share} %`, 'utilisation')).toBeLessThanOrEqual(100);
  }
});

test('a storm has crashes, all of them replayed, and no failure; calm has none', () => {
  expect(figureOf('storm', 'calm', 'crashes')).toBe(0);
  const crashes = figureOf('storm', '10 %', 'crashes');
  expect(crashes).toBeGreaterThan(0);
  expect(figureOf('storm', '10 %', 'replays')).toBe(crashes);
  expect(figureOf('storm', '10 %', 'failures')).toBe(0);
});

test('cells per GiB follow from cells that were really held', () => {
  expect(figureOf('memory', 'idle cells', 'cells created')).toBeGreaterThanOrEqual(400);
  expect(figureOf('memory', 'cells one process can have', 'cells created')).toBe(1_000);
});
