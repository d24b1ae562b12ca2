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
const WARM_UP_MS = 100;
const FASTIFY_SHARE_MIN = 0.65;

export function httpTable(workload: Workload, subjects: () => readonly Subject[]): Table {
  return {
    name: `peers-http-${workload}`,
    question: `${workload} over HTTP, ${CONNECTIONS} connections, load from another process`,
    ...SHAPE,
    headline: 'throughput',
    open: () => openServers(workload, 'warm', subjects(), measureCrowd),
  };
}

export function coldHttpTable(workload: Workload, subjects: () => readonly Subject[]): Table {
  return {
    name: `peers-http-cold-${workload}`,
    question: `${workload} over HTTP, a fresh instance for each request: one connection, and ${CONNECTIONS}`,
    ...SHAPE,
    headline: 'p50',
    open: () => openServers(workload, 'cold', subjects(), measureAloneAndCrowd),
  };
}

const SHAPE = {
  unit: 'ms',
  baseline: BARE_FASTIFY,
  effort: { rounds: 3, samples: 4, warmUp: 8 },
  quick: { rounds: 1, samples: 5, warmUp: 0 },
} as const;

type Drive = (connections: number, durationMs: number) => Promise<LoadReport | undefined>;
type Measure = (drive: Drive, durationMs: number) => Promise<Round>;

/** Latencies and throughput at all connections. */
export const measureCrowd: Measure = async (drive, durationMs) => {
  const crowd = await drive(CONNECTIONS, durationMs);
  return {
    ...samplesOf(crowd),
    figures: { throughput: throughputOf(crowd), failures: failuresOf(crowd, CONNECTIONS) },
  };
};

/** Latencies of one connection, then throughput and latencies of all. */
export const measureAloneAndCrowd: Measure = async (drive, durationMs) => {
  const alone = await drive(1, durationMs);
  const crowd = await drive(CONNECTIONS, durationMs);
  const n = crowd?.requests ?? 0;
  const ofCrowd = (name: string): string => `${name} of ${CONNECTIONS}`;
  return {
    ...samplesOf(alone),
    figures: {
      failures: failuresOf(alone, 1),
      [ofCrowd('throughput')]: throughputOf(crowd),
      ...(crowd === undefined
        ? {}
        : {
            [ofCrowd('p50')]: { value: crowd.p50, unit: 'ms', n },
            [ofCrowd('p99')]: { value: crowd.p99, unit: 'ms', n },
          }),
      [ofCrowd('failures')]: failuresOf(crowd, CONNECTIONS),
    },
  };
};

const samplesOf = (report: LoadReport | undefined): Pick<Round, 'samples'> =>
  report?.samples === undefined ? {} : { samples: report.samples };

const throughputOf = (report: LoadReport | undefined): Figure => ({
  value: report?.requestsPerSecond ?? 0,
  unit: '/s',
  n: report?.requests ?? 0,
});

/** Where nobody was answered every connection waited in vain. */
const failuresOf = (report: LoadReport | undefined, connections: number): Figure => ({
  value: report === undefined ? connections : report.non2xx + report.brokenConnections + report.unanswered,
  unit: '',
  n: report?.requests ?? 0,
  over: 'sum',
});

async function openServers(
  workload: Workload,
  way: Way,
  subjects: readonly Subject[],
  measure: Measure,
): ReturnType<typeof openStage> {
  const input = inputOf(workload);
  return openStage({
    subjects: subjects.filter(({ only }) => only !== 'calls'),
    workload,
    input,
    open: (subject) => openServer(subject, workload, way, measure, input),
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
  measure: Measure,
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
  const drive = createDrive(server.url, input);
  return {
    answer: () => post(server.url, input),
    async round(count): Promise<Round> {
      const measured = await measure(drive, count * SAMPLE_MS);
      // What it still does after the last answer must not be the next one's trouble.
      await settle(server.groupId);
      return measured;
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

/** Gives undefined when nobody was answered, however long it took. */
function createDrive(url: string, input: Uint8Array): Drive {
  let stretches: readonly number[] = STRETCHES;
  return async function drive(connections, durationMs) {
    const [stretch = 1, ...longer] = stretches;
    try {
      return await runLoadProcess({
        url,
        headers: [`Content-Type: ${CONTENT_TYPE}`],
        bodyBytes: input.length,
        connections,
        warmUpMs: WARM_UP_MS,
        durationMs: durationMs * stretch,
        samples: true,
      });
    } catch (error) {
      if (!UNANSWERED.test(String(error))) throw error;
      if (longer.length === 0) return undefined;
      stretches = longer;
      return drive(connections, durationMs);
    }
  };
}

/** Against `jco serve` as it is started by default, and Extism in workers; the other modes of the former are in the cold tables. */
function warmTargets(rows: readonly Subject[]): Target[] {
  const rivals = rows.filter(({ name }) => name === 'jco-serve' || name === 'extism-worker');
  const metric = 'throughput';
  return [
    { metric, test: '>=', value: FASTIFY_SHARE_MIN, against: BARE_FASTIFY },
    ...rivals.map(({ row }): Target => ({ metric, test: '>=', value: 1, against: row })),
    { metric: 'failures', test: '<=', value: 0 },
  ];
}

/** A new cell for each request before anybody's new instance, and more of them than `jco serve` makes. */
function coldTargets(rows: readonly Subject[]): Target[] {
  return rows
    .filter(({ isRival }) => isRival === true)
    .flatMap(({ name, row }): Target[] => [
      { metric: 'p95', test: '<=', value: 1, against: row },
      ...(name.startsWith('jco-serve')
        ? [{ metric: `throughput of ${CONNECTIONS}`, test: '>=' as const, value: 1, against: row }]
        : []),
    ]);
}
