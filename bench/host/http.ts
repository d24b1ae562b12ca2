/**
 * Question: how much of a bare Fastify echo's throughput is left when the echo happens in a sandbox? Same 64-byte body,
 * 32 connections, load from a second process, one contestant at a time. Every server is a process of its own. With two
 * cores, generator, event loop and executors share them: what the host's threads take, its peer leaves to the generator.
 */

import type { PoolSnapshot } from '../../host/types.ts';
import type { Contestant, Figure, Round, Table } from '../harness.ts';
import { runLoadProcess } from '../load-process.ts';
import { payloadOf } from './cells.ts';
import { POOLS_OFF_TERMS } from './hosts.ts';
import { readBuilt, vary } from './packages.ts';
import { type Server, startBareFastify, startHotcell } from './servers.ts';

const CONNECTIONS = 32;
const BODY_BYTES = 64;
const CONTENT_TYPE = 'application/octet-stream';
/** The effort of this table counts in samples of this length. */
const SAMPLE_MS = 100;
const WARM_UP_MS = 500;
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
    const pooled = vary(built, { pool: POOL });
    const poolsOff = vary(built, {
      name: 'pools-off',
      isolation: POOLS_OFF_TERMS.isolation,
      pool: { ...POOLS_OFF_TERMS.pool, ...POOL },
    });
    const servers: Server[] = [];
    const start = async (server: Promise<Server>): Promise<string> => {
      servers.push(await server);
      return (await server).origin;
    };
    const close = async (): Promise<void> => {
      for (const server of servers) await server.close();
    };
    try {
      const bare = await start(startBareFastify());
      const hotcell = await start(startHotcell([pooled, poolsOff], []));
      const silent = await start(startHotcell([pooled], ['--log-level', 'silent']));
      return {
        contestants: [
          contestantOf(
            POOLS_OFF,
            `${hotcell}/v1/adapters/pools-off/echo`,
            `${hotcell}/v1/adapters/pools-off`,
          ),
          contestantOf(BARE, `${bare}/echo`),
          {
            ...contestantOf(
              'Hotcell echo',
              `${hotcell}/v1/adapters/echo/echo`,
              `${hotcell}/v1/adapters/echo`,
            ),
            targets: [
              { metric: 'throughput', test: '>=', value: 0.5, against: BARE },
              { metric: 'failures', test: '<=', value: 0 },
            ],
          },
          contestantOf(
            'Hotcell echo, log silent',
            `${silent}/v1/adapters/echo/echo`,
            `${silent}/v1/adapters/echo`,
          ),
        ],
        close,
      };
    } catch (error) {
      await close();
      throw error;
    }
  },
};

/** `detailUrl`, where there is one, tells how many calls found no cell ready. */
function contestantOf(row: string, url: string, detailUrl?: string): Contestant {
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
      const before = detailUrl === undefined ? undefined : await readCounters(detailUrl);
      const report = await runLoadProcess({
        url,
        headers: [`Content-Type: ${CONTENT_TYPE}`],
        bodyBytes: BODY_BYTES,
        connections: CONNECTIONS,
        warmUpMs: WARM_UP_MS,
        durationMs: count * SAMPLE_MS,
      });
      const after = detailUrl === undefined ? undefined : await readCounters(detailUrl);
      const n = report.requests;
      const failures = report.non2xx + report.brokenConnections + report.unanswered;
      return {
        figures: {
          throughput: { value: report.requestsPerSecond, unit: '/s', n },
          p50: { value: report.p50, unit: 'ms', n },
          p95: { value: report.p95, unit: 'ms', n },
          p99: { value: report.p99, unit: 'ms', n },
          max: { value: report.max, unit: 'ms', n, over: 'max' },
          failures: { value: failures, unit: '', n, over: 'sum' },
          ...(before && after ? { 'found no cell ready': shareWithoutCell(before, after) } : {}),
        },
      };
    },
  };
}

type Counters = PoolSnapshot['counters'];

async function readCounters(detailUrl: string): Promise<Counters> {
  const detail = (await (await fetch(detailUrl)).json()) as { readonly pool: PoolSnapshot };
  return detail.pool.counters;
}

function shareWithoutCell(before: Counters, after: Counters): Figure {
  const hits = after.hits - before.hits;
  const others = after.misses - before.misses + (after.waits - before.waits);
  return { value: (100 * others) / (hits + others), unit: '%', n: hits + others };
}
