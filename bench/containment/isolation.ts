/**
 * Question: what does a cell of its own for each call cost? Calls a second with `isolation` `fresh` and `shared`, and the latency
 * of both at half of what `fresh` can do: arrivals come when they are due, whether or not the last call has ended.
 */

import { systemClock } from '../../host/clock.ts';
import type { Host } from '../../host/types.ts';
import type { Contestant, Round, Table } from '../harness.ts';
import { payloadOf } from '../host/cells.ts';
import { callHost, openHost } from '../host/hosts.ts';
import { readBuilt, vary } from '../host/packages.ts';

const FRESH = 'fresh';
const SHARED = 'shared';
const RATE = 'calls';
const CALLERS = 16;
const P95_MAX_MS = 0.6;
/** Of the cells: enough that at half load a virgin is always ready. */
const POOL = { min: 16, max: 64, tenantShare: 1, permits: 1_024 };

/** Calls a second, by callers that call again at once. */
async function rateOf(host: Host, adapter: string, count: number): Promise<number> {
  const payload = payloadOf(64);
  let left = count;
  const caller = async (): Promise<void> => {
    while (left-- > 0) await callHost(host, adapter, payload);
  };
  const from = systemClock.now();
  await Promise.all(Array.from({ length: CALLERS }, caller));
  return (count * 1_000) / (systemClock.now() - from);
}

/** From when each call was due to its answer, in ms: one that is begun late has waited. */
async function paced(host: Host, adapter: string, perSecond: number, count: number): Promise<Float64Array> {
  const payload = payloadOf(64);
  const samples = new Float64Array(count);
  const pauseMs = 1_000 / perSecond;
  const startMs = systemClock.now();
  const calls: Promise<void>[] = [];
  for (let index = 0; index < count; index++) {
    const dueMs = startMs + index * pauseMs;
    while (systemClock.now() < dueMs) await new Promise((resolve) => setImmediate(resolve));
    const call = async (): Promise<void> => {
      await callHost(host, adapter, payload);
      samples[index] = systemClock.now() - dueMs;
    };
    calls.push(call());
  }
  await Promise.all(calls);
  return samples;
}

export const isolationTable: Table = {
  name: 'isolation',
  question:
    'Echo of 64 bytes: a new cell for each call against one for all; latency at half of what fresh can do (ms)',
  unit: 'ms',
  baseline: SHARED,
  headline: 'p50',
  effort: { rounds: 6, samples: 2_000, warmUp: 1_000 },
  quick: { rounds: 1, samples: 100, warmUp: 20 },
  async open() {
    const built = await readBuilt('echo');
    const { host, close } = await openHost({
      packages: [
        vary(built, { name: FRESH, isolation: 'fresh', pool: POOL }),
        vary(built, { name: SHARED, isolation: 'shared', pool: POOL }),
      ],
    });
    const halfLoad = (await rateOf(host, FRESH, 2_000)) / 2;
    const contestant = (name: string): Contestant => ({
      row: name,
      answer: () => callHost(host, name, payloadOf(64)),
      async round(count): Promise<Round> {
        const perSecond = await rateOf(host, name, count);
        return {
          samples: await paced(host, name, halfLoad, count),
          figures: { [RATE]: { value: perSecond, unit: '/s', n: count } },
        };
      },
    });
    return {
      contestants: [
        contestant(SHARED),
        { ...contestant(FRESH), targets: [{ metric: 'p95', test: '<', value: P95_MAX_MS }] },
      ],
      close,
    };
  },
};
