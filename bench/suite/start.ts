/**
 * From the start of the program to the first call it answers: once with nothing known of the adapter, and as it is after a restart,
 * with its preparation in the data directory. Node's own start is in both.
 */

import { join } from 'node:path';
import type { Contestant } from '../harness.ts';
import { makeScratchFolder, writePackages } from '../host/packages.ts';
import { MAIN, startServer } from '../host/servers.ts';
import { NODE_START, nodeStart } from './bare.ts';
import type { SuiteTable } from './plan.ts';
import { contentTypeOf, nameOf, type Sample } from './sample.ts';

/** A process is dear: so many a round at most. */
const STARTS_MAX = 3;

const rowOf = (sample: Sample, what: string): string =>
  `process start to first call served, ${what}, ${nameOf(sample)}`;

export function startTable(samples: readonly Sample[]): SuiteTable {
  return {
    name: 'start',
    question: 'From the start of `hotcell serve` to its first answer over HTTP (ms)',
    unit: 'ms',
    baseline: NODE_START,
    headline: 'p50',
    effort: { rounds: 4, samples: STARTS_MAX, warmUp: 1 },
    quick: { rounds: 1, samples: 1, warmUp: 0 },
    expectedMs: { full: 27_000 * samples.length, quick: 2_500 * samples.length },
    async open() {
      const scratch = await makeScratchFolder();
      let folders = 0;
      const newData = (): string => join(scratch.path, `data-${folders++}`);
      const contestants: Contestant[] = [nodeStart(STARTS_MAX)];
      for (const sample of samples) {
        const adapters = join(scratch.path, `adapters-${nameOf(sample)}`);
        await writePackages(adapters, [sample.built]);
        /** The first data directory that a start has filled: the row without a cache comes first in the first round. */
        let known: string | undefined;
        const contestant = (what: string, data: () => string): Contestant => ({
          row: rowOf(sample, what),
          async round(count) {
            const times: number[] = [];
            while (times.length < Math.min(count, STARTS_MAX))
              times.push(await startOnce(sample, adapters, data()));
            return { samples: times };
          },
        });
        contestants.push(
          contestant('nothing cached', () => {
            const data = newData();
            known ??= data;
            return data;
          }),
          contestant('cached', () => {
            if (known === undefined) throw new Error('nothing was started before: the cache is empty');
            return known;
          }),
        );
      }
      return { contestants, close: () => scratch.remove() };
    },
  };
}

/** Milliseconds until the answer has come; the end of the process is not in them. */
async function startOnce(sample: Sample, adapters: string, data: string): Promise<number> {
  const beganMs = performance.now();
  const server = await startServer([
    MAIN,
    'serve',
    '--adapters',
    adapters,
    '--data',
    data,
    '--no-bundled',
    '--port',
    '0',
  ]);
  try {
    const response = await fetch(`${server.origin}/v1/adapters/${nameOf(sample)}/${sample.operation}`, {
      method: 'POST',
      headers: { 'content-type': contentTypeOf(sample) },
      body: sample.payload as Uint8Array<ArrayBuffer>,
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${nameOf(sample)} answers ${response.status}: ${text}`);
    return performance.now() - beganMs;
  } finally {
    await server.close();
  }
}
