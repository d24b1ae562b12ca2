/**
 * Tables over HTTP: requests a second and latencies at 32 connections, and what a fresh instance for each request costs, alone
 * and at 32 connections. Every server is a process of its own, and so is the load (bench/load.ts, a closed loop).
 */

import type { Figure, Round, Table, Target } from '../harness.ts';
import type { LoadReport } from '../load.ts';
import { runLoadProcess } from '../load-process.ts';
import { inputOf } from './guests/work.ts';
import { type Opened, openStage } from './peer-stage.ts';
import { serviceOf, startServer } from './server.ts';
import { settle } from './settle.ts';
import type { Refusal, Subject, Way, Workload } from './subject.ts';
import { BARE_FASTIFY } from './subjects/fastify.ts';

const CONNECTIONS = 32;
const CONTENT_TYPE = 'application/octet-stream';
/** The effort of these tables counts in samples of this length. */
const SAMPLE_MS = 100;
/** Unmeasured at the beginning of each round; code is warm from the round before. */
const WARM_UP_MS = 150;
const FASTIFY_SHARE_MIN = 0.65;

export function httpTable(workload: Workload, subjects: () => readonly Subject[]): Table {
  return {
    name: `peers-http-${workload}`,
    question: `${workload} over HTTP, ${CONNECTIONS} connections, load from another process`,
    ...SHAPE,
    headline: 'throughput',
    open: () => openServers(workload, 'warm', subjects(), [{ connections: CONNECTIONS, suffix: '' }]),
  };
}

export function coldHttpTable(workload: Workload, subjects: () => readonly Subject[]): Table {
  return {
    name: `peers-http-cold-${workload}`,
    question: `${workload} over HTTP, a fresh instance for each request: one connection, and ${CONNECTIONS}`,
    ...SHAPE,
    headline: 'p50 of 1',
    open: () =>
      openServers(workload, 'cold', subjects(), [
        { connections: 1, suffix: ' of 1' },
        { connections: CONNECTIONS, suffix: ` of ${CONNECTIONS}` },
      ]),
  };
}

const SHAPE = {
  unit: 'ms',
  baseline: BARE_FASTIFY,
  effort: { rounds: 3, samples: 7, warmUp: 8 },
  quick: { rounds: 1, samples: 5, warmUp: 0 },
} as const;

interface Load {
  readonly connections: number;
  /** Behind the names of its figures. */
  readonly suffix: string;
}

async function openServers(
  workload: Workload,
  way: Way,
  subjects: readonly Subject[],
  loads: readonly Load[],
): ReturnType<typeof openStage> {
  const input = inputOf(workload);
  return openStage({
    subjects: subjects.filter(({ only }) => only !== 'calls'),
    workload,
    input,
    open: (subject) => openServer(subject, workload, way, loads, input),
    targetsOf: (subject, rows) =>
      workload === 'echo-64B' && subject.name === 'hotcell'
        ? way === 'warm'
          ? warmTargets(rows)
          : coldTargets(rows)
        : [],
  });
}

async function openServer(
  subject: Subject,
  workload: Workload,
  way: Way,
  loads: readonly Load[],
  input: Uint8Array,
): Promise<Opened | Refusal> {
  const service = await serviceOf(subject, workload, way);
  if ('reason' in service) return service;
  const server = await startServer(service).catch(async (error: unknown) => {
    await service.close();
    throw error;
  });
  if ('reason' in server) {
    await service.close();
    return server;
  }
  const measure = createMeasure(server.url, input);
  return {
    answer: () => post(server.url, input),
    async round(count): Promise<Round> {
      const figures: Record<string, Figure> = {};
      for (const load of loads) Object.assign(figures, await measure(load, count));
      // What it still does after the last answer must not be the next one's trouble.
      await settle(server.groupId);
      return { figures };
    },
    async close() {
      await server.close();
      await service.close();
    },
  };
}

/** Throws when the answer is not 2xx. */
export async function post(url: string, body: Uint8Array): Promise<Uint8Array> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': CONTENT_TYPE },
    body: Uint8Array.from(body),
  });
  if (!response.ok) throw new Error(`${url} answers ${response.status}: ${await response.text()}`);
  return response.bytes();
}

/** A server that answers nobody within a round gets rounds so many times as long, from then on. */
const STRETCHES = [1, 5, 20] as const;
/** As bench/load.ts says it. */
const UNANSWERED = /no request was answered in the measured time/;

type Measure = (load: Load, count: number) => Promise<Record<string, Figure>>;

function createMeasure(url: string, input: Uint8Array): Measure {
  let stretches: readonly number[] = STRETCHES;
  const run = async (connections: number, durationMs: number): Promise<LoadReport> => {
    const [stretch = 1, ...longer] = stretches;
    try {
      return await runLoadProcess({
        url,
        headers: [`Content-Type: ${CONTENT_TYPE}`],
        bodyBytes: input.length,
        connections,
        warmUpMs: WARM_UP_MS,
        durationMs: durationMs * stretch,
      });
    } catch (error) {
      if (longer.length === 0 || !UNANSWERED.test(String(error))) throw error;
      stretches = longer;
      return run(connections, durationMs);
    }
  };
  return async ({ connections, suffix }, count) => {
    const figures = figuresOf(await run(connections, count * SAMPLE_MS));
    return Object.fromEntries(Object.entries(figures).map(([name, figure]) => [`${name}${suffix}`, figure]));
  };
}

function figuresOf(report: LoadReport): Record<string, Figure> {
  const n = report.requests;
  const latency = (value: number): Figure => ({ value, unit: 'ms', n });
  return {
    throughput: { value: report.requestsPerSecond, unit: '/s', n },
    p50: latency(report.p50),
    p95: latency(report.p95),
    p99: latency(report.p99),
    'p99.9': latency(report.p999),
    failures: {
      value: report.non2xx + report.brokenConnections + report.unanswered,
      unit: '',
      n,
      over: 'sum',
    },
  };
}

/** Against every way in which `jco serve` serves, and Extism in workers. */
function warmTargets(rows: readonly Subject[]): Target[] {
  const rivals = rows.filter(({ name }) => name.startsWith('jco-serve') || name === 'extism-worker');
  const metric = 'throughput';
  return [
    { metric, test: '>=', value: FASTIFY_SHARE_MIN, against: BARE_FASTIFY },
    ...rivals.map(({ row }): Target => ({ metric, test: '>=', value: 1, against: row })),
    { metric: 'failures', test: '<=', value: 0 },
  ];
}

function coldTargets(rows: readonly Subject[]): Target[] {
  return rows
    .filter(({ isRival }) => isRival === true)
    .map(({ row }): Target => ({ metric: 'p95 of 1', test: '<=', value: 1, against: row }));
}
