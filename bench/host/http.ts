/**
 * Question: how much of a bare Fastify echo's throughput is left when the echo happens in a sandbox? Same 64-byte body,
 * 32 connections, load from a second process, one contestant at a time. With two cores, generator, event loop and
 * executors share them: what the host's threads take, its peer leaves to the generator.
 */

import type { Contestant, Round, Table } from '../harness.ts';
import { runLoadProcess } from '../load-process.ts';
import { payloadOf } from './cells.ts';
import { openHost, POOLS_OFF_TERMS, serveHost } from './hosts.ts';
import { readBuilt, vary } from './packages.ts';
import { startBareFastify } from './peers.ts';

const CONNECTIONS = 32;
const BODY_BYTES = 64;
const CONTENT_TYPE = 'application/octet-stream';
/** Time of one sample: the effort of this table counts in these. */
const SAMPLE_MS = 100;
const POOLS_OFF = 'pools off (a new cell for each call)';
const BARE = 'bare Fastify echo';
/** No caller of this table is ever refused: 32 wait or run at once. */
const POOL = { permits: 64, tenantShare: 1 };

export const httpTable: Table = {
  name: 'http',
  question: 'HTTP echo, 64 bytes, 32 connections, load from a second process',
  unit: 'ms',
  baseline: POOLS_OFF,
  headline: 'throughput',
  effort: { rounds: 6, samples: 30, warmUp: 20 },
  quick: { rounds: 1, samples: 5, warmUp: 0 },
  async open() {
    const built = await readBuilt('echo');
    const opened = await openHost({
      packages: [
        vary(built, { pool: POOL }),
        vary(built, {
          name: 'pools-off',
          isolation: POOLS_OFF_TERMS.isolation,
          pool: { ...POOLS_OFF_TERMS.pool, ...POOL },
        }),
      ],
    });
    const served = await serveHost(opened.host);
    const bare = await startBareFastify();
    return {
      contestants: [
        contestantOf(POOLS_OFF, `${served.origin}/v1/adapters/pools-off/echo`),
        contestantOf(BARE, bare.url),
        {
          ...contestantOf('Hotcell echo', `${served.origin}/v1/adapters/echo/echo`),
          targets: [
            { metric: 'throughput', test: '>=', value: 0.5, against: BARE },
            { metric: 'not 2xx', test: '<=', value: 0 },
          ],
        },
      ],
      async close() {
        await bare.close();
        await served.close();
        await opened.close();
      },
    };
  },
};

function contestantOf(row: string, url: string): Contestant {
  return {
    row,
    async answer() {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': CONTENT_TYPE },
        body: payloadOf(BODY_BYTES),
      });
      if (!response.ok) throw new Error(`${row} answers ${response.status}: ${await response.text()}`);
      return response.bytes();
    },
    async round(count): Promise<Round> {
      const report = await runLoadProcess({
        url,
        headers: [`Content-Type: ${CONTENT_TYPE}`],
        bodyBytes: BODY_BYTES,
        connections: CONNECTIONS,
        warmUpMs: 500,
        durationMs: count * SAMPLE_MS,
      });
      const n = report.requests;
      const failures = report.non2xx + report.brokenConnections + report.unanswered;
      return {
        figures: {
          throughput: { value: report.requestsPerSecond, unit: '/s', n },
          p50: { value: report.p50, unit: 'ms', n },
          p95: { value: report.p95, unit: 'ms', n },
          p99: { value: report.p99, unit: 'ms', n },
          max: { value: report.max, unit: 'ms', n, over: 'max' },
          'not 2xx': { value: failures, unit: '', n, over: 'sum' },
        },
      };
    },
  };
}
