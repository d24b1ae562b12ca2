/**
 * Question: what stays behind after a thousand reloads, and does one call fail meanwhile? A caller calls without pause
 * while the adapter is replaced by a new version again and again; RSS is read on the way.
 */

import { type Contestant, collectGarbage, type Round, type Table } from '../harness.ts';
import { slope } from '../statistics.ts';
import { payloadOf } from './cells.ts';
import { callHost, openHost, POOLS_OFF_TERMS } from './hosts.ts';
import { type Package, readBuilt, vary } from './packages.ts';

/** RSS is read after each so many reloads. */
const STEP = 25;
/** Share of the reloads that warm up: heap and code caches grow to their size there. */
const WARM_UP_SHARE = 0.3;
const KIB = 1_024;
const POOLS_OFF = 'pools off (a new cell for each call)';

export const reloadTable: Table = {
  name: 'reload',
  question: '1,000 reloads of an adapter under light load (ms a reload)',
  unit: 'ms',
  baseline: POOLS_OFF,
  headline: 'p50',
  effort: { rounds: 1, samples: 1_000, warmUp: 0 },
  quick: { rounds: 1, samples: 100, warmUp: 0 },
  async open() {
    const built = await readBuilt('echo');
    const contestant = (row: string, initial: Package): Contestant => ({
      row,
      targets: [{ metric: 'failed calls', test: '<=', value: 0 }],
      round: (count) => reload(initial, count),
    });
    return {
      contestants: [contestant(POOLS_OFF, vary(built, POOLS_OFF_TERMS)), contestant('pools on', built)],
      close: () => {},
    };
  },
};

async function reload(initial: Package, count: number): Promise<Round> {
  const { host, close } = await openHost({ packages: [initial] });
  const payload = payloadOf(64);
  const points: [number, number][] = [];
  const samples: number[] = [];
  let calls = 0;
  let failedCalls = 0;
  let isOver = false;
  const caller = (async () => {
    while (!isOver) {
      calls++;
      try {
        await callHost(host, 'echo', payload);
      } catch {
        // Counted and shown: one is enough to miss the target.
        failedCalls++;
      }
      // Light load: other work gets its turn between two calls.
      await new Promise((resolve) => setImmediate(resolve));
    }
  })();
  try {
    for (let index = 1; index <= count; index++) {
      const { manifest, component } = vary(initial, { version: `9.0.${index}` });
      const startMs = performance.now();
      await host.install(manifest, component);
      samples.push(performance.now() - startMs);
      if (index % STEP === 0) {
        await collectGarbage();
        points.push([index, process.memoryUsage.rss() / KIB]);
      }
    }
  } finally {
    isOver = true;
    await caller;
    await close();
  }
  const settled = points.filter(([index]) => index > count * WARM_UP_SHARE);
  return {
    samples,
    figures: {
      'RSS per reload': { value: slope(settled), unit: 'KiB', n: settled.length * STEP },
      calls: { value: calls, unit: '', n: calls, over: 'sum' },
      'failed calls': { value: failedCalls, unit: '', n: calls, over: 'sum' },
    },
  };
}
