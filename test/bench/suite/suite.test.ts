/** A run over made-up tables: what is in the record and when, what a run that is cut off leaves, what is said of it. */

import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Contestant, Table } from '../../../bench/harness.ts';
import { inspectMachine } from '../../../bench/machine.ts';
import { readRecord } from '../../../bench/suite/read-record.ts';
import type { RecordLine } from '../../../bench/suite/record.ts';
import type { Sample } from '../../../bench/suite/sample.ts';
import { runSuite, type SuiteOptions, type SuiteProgress } from '../../../bench/suite/suite.ts';

let folder: string;
let printed: string[];
let states: SuiteProgress[];
let closed: number;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'suite-test-'));
  printed = [];
  states = [];
  closed = 0;
});
afterEach(() => rm(folder, { recursive: true }));

const sample: Sample = {
  built: {
    manifest: { name: 'made-up', version: '1.0.0', component: 'component.wasm' },
    component: new Uint8Array(),
  },
  operation: 'echo',
  payload: new Uint8Array(),
};

const options: SuiteOptions = {
  samples: [sample],
  capabilities: {},
  quick: false,
  seed: 5,
  only: [],
  peers: false,
  markdown: false,
  profile: undefined,
  against: undefined,
  saveTo: undefined,
};

const taking = (row: string, ms: number, more: Partial<Contestant> = {}): Contestant => ({
  row,
  round: (count) => ({ samples: Array.from({ length: count }, () => ms) }),
  ...more,
});

const tableOf = (name: string, contestants: readonly Contestant[]): Table => ({
  name,
  question: `${name}?`,
  unit: 'ms',
  baseline: 'peer',
  headline: 'p50',
  effort: { rounds: 3, samples: 4, warmUp: 0 },
  quick: { rounds: 1, samples: 1, warmUp: 0 },
  open: async () => ({ contestants, close: () => {} }),
});

function run(
  tables: readonly Table[],
  more: Partial<SuiteOptions> = {},
  { signal = new AbortController().signal, onProgress = (_: SuiteProgress): void => {} } = {},
) {
  let nowMs = 0;
  return runSuite(
    { ...options, ...more },
    {
      inspect: () => inspectMachine(() => undefined),
      folder,
      now: () => (nowMs += 1_000),
      print: (text) => printed.push(text),
      progress(state) {
        states.push(state);
        onProgress(state);
      },
      signal,
      tables: {
        tables: tables.map((table) => ({ ...table, expectedMs: { full: 10_000, quick: 1_000 } })),
        inspectors: async () => [],
        close: async () => void closed++,
      },
    },
  );
}

async function linesOf(): Promise<RecordLine[]> {
  const text = await readFile(join(folder, 'run.jsonl'), 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}

const two = (name: string): Table =>
  tableOf(name, [taking('peer', 4), taking('ours', 2, { sameAs: 'peer', x: 3 })]);

describe('the record', () => {
  test('has the run first, each table before its rounds, and the end last', async () => {
    await run([two('a'), two('b')]);
    const lines = await linesOf();
    expect(lines.map((line) => line.kind)).toEqual([
      'run',
      ...['table', ...Array<string>(6).fill('round')],
      ...['table', ...Array<string>(6).fill('round')],
      'end',
    ]);
    expect(lines[0]).toMatchObject({ adapters: ['made-up'], quick: false, peers: false, seed: 5 });
    expect(lines[1]).toMatchObject({
      name: 'a',
      rows: [{ row: 'peer' }, { row: 'ours', sameAs: 'peer', x: 3 }],
    });
  });

  test('has rounds in the order in which they were run: every second one backwards', async () => {
    await run([two('a')]);
    const rounds = (await linesOf()).flatMap((line) => (line.kind === 'round' ? [line] : []));
    expect(rounds.map(({ row, round }) => `${round} ${row}`)).toEqual([
      '0 peer',
      '0 ours',
      '1 ours',
      '1 peer',
      '2 peer',
      '2 ours',
    ]);
    expect(rounds[1]?.samples).toEqual([2, 2, 2, 2]);
  });

  test('is complete up to the round under way when a run is cut off, and is read and reported', async () => {
    const stop = new AbortController();
    const first = two('a');
    const second = tableOf('b', [
      taking('peer', 4),
      taking('ours', 2, {
        round(count) {
          stop.abort(new Error('enough'));
          return { samples: Array.from({ length: count }, () => 2) };
        },
      }),
    ]);
    const result = await run([first, second, two('c')], {}, { signal: stop.signal });
    expect(result).toMatchObject({ isCutOff: true, broken: [] });
    expect((await linesOf()).map((line) => line.kind).slice(-3)).toEqual(['table', 'round', 'round']);
    const recorded = await readRecord(result.recordPath);
    expect(recorded.end).toBeUndefined();
    expect(recorded.tables.map(({ name, rows }) => [name, rows.length])).toEqual([
      ['a', 2],
      ['b', 2],
    ]);
    expect(result.noise.join('\n')).toMatch(/cut off/);
    expect(await readdir(folder)).toEqual(['report.html', 'report.md', 'run.jsonl']);
    expect(closed).toBe(1);
  });

  test('is written while the run goes on: a round is there before the next begins', async () => {
    const seen: number[] = [];
    const looking = taking('ours', 2, {
      async round(count) {
        seen.push((await linesOf()).length);
        return { samples: Array.from({ length: count }, () => 2) };
      },
    });
    await run([tableOf('a', [taking('peer', 4), looking])]);
    expect(seen).toEqual([3, 4, 7]);
  });
});

test('a table that breaks is recorded with its reason, what tables share is given up, and the others are measured', async () => {
  const breaking = tableOf('b', [
    taking('peer', 1),
    taking('ours', 1, {
      round: () => {
        throw new Error('the guest is not well');
      },
    }),
  ]);
  const result = await run([breaking, two('c')]);
  expect(result).toMatchObject({ broken: ['b'], isCutOff: false });
  expect((await linesOf()).find((line) => line.kind === 'broken')).toMatchObject({
    table: 'b',
    error: expect.stringContaining('the guest is not well'),
  });
  expect((await linesOf()).at(-1)?.kind).toBe('end');
  expect(closed).toBe(2);
});

test('missed targets are sentences, and say by how much', async () => {
  const ours = taking('ours', 3, { targets: [{ metric: 'p95', test: '<', value: 2 }] });
  const { missed } = await run([tableOf('a', [taking('peer', 4), ours])]);
  expect(missed).toEqual(['a: ours: p95 is 3.00 ms, target < 2 ms']);
});

test('a row that is measured again and differs makes the run noisy', async () => {
  const { noise } = await run([two('a')]);
  expect(noise.join('\n')).toMatch(/ours measures what peer measures/);
});

test('progress counts tables and rounds, and estimates from what is done', async () => {
  await run([two('a'), two('b')]);
  expect(states[0]).toMatchObject({ table: 'a', tableIndex: 1, tableCount: 2, leftMs: undefined });
  const last = states.findLast(({ text }) => text.startsWith('round'));
  expect(last).toMatchObject({ table: 'b', tableIndex: 2, tableShare: 5 / 6 });
  expect(last?.leftMs).toBeCloseTo(((last?.elapsedMs ?? 0) / 11) * 1);
});

test('a table there is not is refused before anything is measured or written, with those there are', async () => {
  await expect(run([two('a'), two('b')], { only: ['c'] })).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    detail: 'there is no table c. Tables: a, b',
  });
  expect(await readdir(folder)).toEqual([]);
});

test('a row that is profiled has a round more, which is not in the record', async () => {
  let rounds = 0;
  const ours = taking('ours', 2, {
    round(count) {
      rounds++;
      return { samples: Array.from({ length: count }, () => 2) };
    },
  });
  const { profiles } = await run([tableOf('a', [taking('peer', 4), ours])], { profile: 'a: ours' });
  expect(rounds).toBe(4);
  expect((await linesOf()).filter((line) => line.kind === 'round')).toHaveLength(6);
  expect(profiles).toEqual([join(folder, 'profile-a-ours.html')]);
  expect(await readFile(join(folder, 'profile-a-ours.html'), 'utf8')).toMatch(/^<!doctype html>/);
});

test('a run is saved as the baseline of its machine, and a later one is held against it', async () => {
  const saveTo = join(folder, 'baselines');
  const { baseline } = await run([two('a')], { saveTo });
  expect(baseline).toMatch(/[0-9a-f]{12}\.jsonl$/);
  const slower = tableOf('a', [taking('peer', 4), taking('ours', 8)]);
  const { comparison } = await run([slower], { against: baseline });
  expect(comparison?.changes.map(({ row, kind, before, after }) => [row, kind, before, after])).toEqual([
    ['ours', 'worse', 2, 8],
  ]);
  expect(await readFile(join(folder, 'report.md'), 'utf8')).toMatch(/worse/);
});
