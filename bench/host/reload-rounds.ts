/**
 * Rounds of the reload table: a caller calls without pause while the adapter is replaced by a new version again and
 * again; RSS is read on the way. Each is made to be the only thing that its process does (`child-round.ts`).
 */

import { collectGarbage, type Round } from '../harness.ts';
import { slope } from '../statistics.ts';
import { payloadOf } from './cells.ts';
import { callHost, openHost, POOLS_OFF_TERMS } from './hosts.ts';
import { type Package, readBuilt, vary } from './packages.ts';

/** RSS is read after each so many reloads. */
const STEP = 25;
/** Share of the reloads that warm up: heap and code caches grow to their size there. */
const WARM_UP_SHARE = 0.3;
const KIB = 1_024;

export async function reloadWithPoolsOff(count: number): Promise<Round> {
  return reload(vary(await readBuilt('echo'), POOLS_OFF_TERMS), count);
}

export async function reloadWithPoolsOn(count: number): Promise<Round> {
  return reload(await readBuilt('echo'), count);
}

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
