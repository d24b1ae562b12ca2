/**
 * Runs that nobody measured, for tests of what is made from records: log-normal times with a few that are far slower, rounds that
 * drift together, rows that differ a little from round to round on their own. Seeded, so that a failure comes back.
 */

import type { Target } from '../../../bench/harness.ts';
import type { Environment } from '../../../bench/machine.ts';
import { createRandom, type Random } from '../../../bench/suite/random.ts';
import {
  RECORD_FORMAT,
  type RecordLine,
  type RoundLine,
  type TableLine,
} from '../../../bench/suite/record.ts';

export const ENVIRONMENT: Environment = {
  commit: 'abc1234',
  node: 'v26.10.0',
  v8: '14.6.202.9-node.18',
  cpu: 'A Processor 9000',
  cores: 8,
  load: 0.12,
  os: 'linux x64',
  kernel: '6.12.1',
  memoryBytes: 32 * 2 ** 30,
  governor: 'performance',
  date: '2026-11-21T10:00:00.000Z',
};

/** One row of times: `scale` is its median in the table's unit. */
export interface TimedRow {
  readonly row: string;
  readonly scale: number;
  /** Of the logarithm of a sample. */
  readonly sigma?: number;
  readonly samples?: number;
  readonly series?: string;
  readonly x?: number;
  readonly note?: string;
  readonly sameAs?: string;
  readonly targets?: readonly Target[];
  /** Figures besides the samples, by round. */
  readonly figures?: (round: number, random: Random) => NonNullable<RoundLine['figures']>;
  /** Without samples, only figures. */
  readonly bare?: boolean;
}

export interface Drift {
  /** Standard deviation of the logarithm of what a round does to all rows, one step of a walk. */
  readonly shared: number;
  /** The same of what it does to one row. */
  readonly own: number;
}

const OUTLIER_SHARE = 0.01;

export function tableLines(
  head: Omit<TableLine, 'kind' | 'rows' | 'absent'> & Partial<Pick<TableLine, 'absent'>>,
  rows: readonly TimedRow[],
  rounds: number,
  random: Random,
  drift: Drift = { shared: 0.02, own: 0.01 },
): RecordLine[] {
  const lines: RecordLine[] = [
    {
      kind: 'table',
      absent: [],
      ...head,
      rows: rows.map(({ row, series, x, note, sameAs, targets = [] }) => ({
        row,
        ...(series === undefined ? {} : { series }),
        ...(x === undefined ? {} : { x }),
        ...(note === undefined ? {} : { note }),
        ...(sameAs === undefined ? {} : { sameAs }),
        targets,
      })),
    },
  ];
  let shared = 0;
  for (let round = 0; round < rounds; round++) {
    shared += drift.shared * random.normal();
    for (const row of rows) {
      const level = row.scale * Math.exp(shared + drift.own * random.normal());
      lines.push({
        kind: 'round',
        table: head.name,
        row: row.row,
        round,
        ...(row.bare ? {} : { samples: drawSamples(row.samples ?? 400, level, row.sigma ?? 0.25, random) }),
        ...(row.figures === undefined ? {} : { figures: row.figures(round, random) }),
      });
    }
  }
  return lines;
}

/** Log-normal, one in a hundred three to thirty times slower. */
export function drawSamples(count: number, median: number, sigma: number, random: Random): number[] {
  return Array.from({ length: count }, () => {
    const slow = random.uniform() < OUTLIER_SHARE ? 3 * 10 ** random.uniform() : 1;
    return Number((median * slow * Math.exp(sigma * random.normal())).toPrecision(6));
  });
}

export function recordText(lines: readonly RecordLine[]): string {
  return lines.map((line) => `${JSON.stringify(line)}\n`).join('');
}

export function runLine(changes: Partial<Extract<RecordLine, { kind: 'run' }>> = {}): RecordLine {
  return {
    kind: 'run',
    format: RECORD_FORMAT,
    machine: ENVIRONMENT,
    quick: false,
    adapters: ['echo', 'hello-js'],
    peers: true,
    seed: 7,
    ...changes,
  };
}

export const END: RecordLine = { kind: 'end', date: '2026-11-21T10:20:00.000Z', load: 1.9 };

/** A run with a table of each kind, targets met and missed, an absent peer and its reason. */
export function sampleRun(seed = 1): RecordLine[] {
  const random = createRandom(seed);
  const rate =
    (perSecond: number, spread = 0.03) =>
    (_round: number, random: Random) => ({
      throughput: { value: perSecond * Math.exp(spread * random.normal()), unit: '/s', n: 20_000 },
      failures: { value: 0, unit: '', n: 20_000, over: 'sum' as const },
    });
  const load = (series: string, capacity: number, p50: number): TimedRow[] =>
    [0.25, 0.5, 0.75, 0.9].map((x) => ({
      row: `${series} at ${x * 100} %`,
      series,
      x,
      scale: p50 / (1 - x) ** 0.5,
      sigma: 0.3 + 0.4 * x,
      samples: 800,
      figures: rate(capacity * x, 0.005),
      targets:
        series === 'Hotcell' && x === 0.75
          ? [{ metric: 'p99', test: '<=', value: 3, against: 'Hotcell at 25 %' }]
          : [],
    }));
  return [
    runLine(),
    ...tableLines(
      {
        name: 'new-cell',
        question: 'A new cell in a warm executor: from asking to the first byte (ms)',
        unit: 'ms',
        baseline: 'WebAssembly.instantiate per request',
        headline: 'p50',
        absent: [{ row: 'wasmtime serve', reason: 'no wasmtime on the PATH' }],
      },
      [
        {
          row: 'WebAssembly.instantiate per request',
          scale: 0.21,
          note: 'compiled once, instantiated for each call',
        },
        {
          row: 'Hotcell, echo',
          scale: 0.16,
          targets: [
            { metric: 'p95', test: '<', value: 1 },
            { metric: 'p50', test: '<=', value: 0.8, against: 'WebAssembly.instantiate per request' },
          ],
        },
        { row: 'Hotcell, echo, once more', scale: 0.16, sameAs: 'Hotcell, echo' },
        {
          row: 'Hotcell, hello-js',
          scale: 0.8,
          sigma: 0.6,
          targets: [{ metric: 'p99.9', test: '<', value: 30 }],
        },
        {
          row: 'Extism 2.0 in a worker',
          scale: 1.9,
          note: 'useWorkerThreads, as its README advises for servers',
        },
        { row: 'jco serve, isolated instances', scale: 4.2, sigma: 0.4, samples: 150 },
        { row: 'workerd', scale: 2.6, note: 'one service, one isolate a request, sockets on loopback' },
      ],
      10,
      random,
    ),
    ...tableLines(
      {
        name: 'http',
        question: 'Requests a second over HTTP, 32 connections',
        unit: 'ms',
        baseline: 'bare Fastify',
        headline: 'throughput',
        chart: 'bars',
      },
      [
        { row: 'bare Fastify', scale: 1.3, figures: rate(21_000) },
        {
          row: 'Hotcell, echo',
          scale: 2.3,
          figures: rate(13_000),
          targets: [
            { metric: 'throughput', test: '>=', value: 0.65, against: 'bare Fastify' },
            { metric: 'failures', test: '<=', value: 0 },
          ],
        },
        { row: 'jco serve', scale: 9, figures: rate(2_900, 0.08) },
        { row: 'Extism in a worker behind Fastify', scale: 6, figures: rate(4_700) },
      ],
      10,
      random,
    ),
    ...tableLines(
      {
        name: 'load',
        question: 'Latency against the load offered, open loop (ms)',
        unit: 'ms',
        baseline: 'Hotcell at 25 %',
        headline: 'p50',
        chart: 'curve',
      },
      [
        ...load('Hotcell', 13_000, 1.1),
        ...load('jco serve', 2_900, 4.4),
        ...load('Extism in a worker', 4_700, 2.9),
      ],
      6,
      random,
      { shared: 0.03, own: 0.02 },
    ),
    END,
  ];
}
