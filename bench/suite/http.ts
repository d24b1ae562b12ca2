/**
 * The warm call once more, over HTTP: by one caller after the other on one connection, and by 32 at once. The baseline is a
 * Fastify route that does nothing but echo, which is what the host's own way over HTTP can at most be.
 */

import type { Contestant, Round } from '../harness.ts';
import type { Server } from '../host/servers.ts';
import { runLoadProcess } from '../load-process.ts';
import type { Ground } from './ground.ts';
import type { SuiteTable } from './plan.ts';
import { isReference, nameOf, type Sample } from './sample.ts';
import { CONNECTIONS, failuresOf } from './served.ts';

/** Effort of these tables counts in samples of this length. */
const SAMPLE_MS = 100;
const WARM_UP_MS = 300;
const BARE = 'bare Fastify echo of 64 bytes';
const BARE_BYTES = 64;

const driveBare = (bare: Server, connections: number, durationMs: number, samples: boolean) =>
  runLoadProcess({
    url: `${bare.origin}/echo`,
    headers: ['content-type: application/octet-stream'],
    bodyBytes: BARE_BYTES,
    connections,
    warmUpMs: WARM_UP_MS,
    durationMs,
    samples,
  });

const rowOf = (sample: Sample): string => `warm lease + call over HTTP, ${nameOf(sample)}`;

/** One connection, one call after the other. */
export function httpTable(samples: readonly Sample[], ground: Ground): SuiteTable {
  return {
    name: 'http',
    question: 'The warm call over HTTP, one connection, one call after the other (ms)',
    unit: 'ms',
    baseline: BARE,
    headline: 'p50',
    effort: { rounds: 4, samples: 10, warmUp: 20 },
    quick: { rounds: 1, samples: 2, warmUp: 0 },
    expectedMs: { full: 4_000 + 9_000 * (samples.length + 1), quick: 1_500 + 800 * (samples.length + 1) },
    async open() {
      const bare = await ground.bare();
      const { served } = await ground.standing();
      const contestants: Contestant[] = [
        {
          row: BARE,
          async round(count): Promise<Round> {
            const report = await driveBare(bare, 1, count * SAMPLE_MS, true);
            return { samples: report.samples ?? [] };
          },
        },
        ...samples.map(
          (sample): Contestant => ({
            row: rowOf(sample),
            async round(count) {
              const name = nameOf(sample);
              const report = await served.drive(sample, name, {
                connections: 1,
                warmUpMs: WARM_UP_MS,
                durationMs: count * SAMPLE_MS,
                samples: true,
              });
              return {
                samples: report.samples ?? [],
                figures: {
                  failures: { value: failuresOf(report), unit: '', n: report.requests, over: 'sum' },
                },
              };
            },
          }),
        ),
      ];
      return { contestants, close: () => {} };
    },
  };
}

/** 32 connections, each calling again at once. */
export function throughputTable(samples: readonly Sample[], ground: Ground): SuiteTable {
  const contestant = (
    row: string,
    drive: (durationMs: number) => ReturnType<typeof runLoadProcess>,
    targets: Contestant['targets'],
  ): Contestant => ({
    row,
    ...(targets === undefined ? {} : { targets }),
    async round(count) {
      const report = await drive(count * SAMPLE_MS);
      return {
        samples: report.samples ?? [],
        figures: {
          throughput: { value: report.requestsPerSecond, unit: '/s', n: report.requests },
          failures: { value: failuresOf(report), unit: '', n: report.requests, over: 'sum' },
        },
      };
    },
  });
  return {
    name: 'throughput',
    question: `Warm lease + call over HTTP by ${CONNECTIONS} callers that call again at once`,
    unit: 'ms',
    baseline: BARE,
    headline: 'throughput',
    effort: { rounds: 5, samples: 20, warmUp: 60 },
    quick: { rounds: 1, samples: 3, warmUp: 0 },
    expectedMs: { full: 4_000 + 14_000 * (samples.length + 1), quick: 1_500 + 900 * (samples.length + 1) },
    async open() {
      const bare = await ground.bare();
      const { served } = await ground.standing();
      const contestants: Contestant[] = [
        contestant(BARE, (durationMs) => driveBare(bare, CONNECTIONS, durationMs, true), undefined),
        ...samples.map((sample) =>
          contestant(
            rowOf(sample),
            (durationMs) =>
              served.drive(sample, nameOf(sample), {
                connections: CONNECTIONS,
                warmUpMs: WARM_UP_MS,
                durationMs,
                samples: true,
              }),
            [
              { metric: 'failures', test: '<=', value: 0 },
              ...(isReference(sample)
                ? [{ metric: 'throughput', test: '>=', value: 0.65, against: BARE } as const]
                : []),
            ],
          ),
        ),
      ];
      return { contestants, close: () => {} };
    },
  };
}
