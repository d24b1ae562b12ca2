/**
 * Question: do 50,000 cells created and dropped in one thread ever fail, and how long is the longest? Dropped memories
 * hold address space until the garbage collector takes them, so a thread that creates fast is where it would show.
 */

import type { Contestant, Table } from '../harness.ts';
import { callOnce, makeServedImage, payloadOf, startExecutor } from './cells.ts';
import { prepareGlue } from './glue.ts';
import { readBuilt } from './packages.ts';

const POOLS_OFF = 'pools off: created, called, dropped';

/** A round in which some creations may fail: failures are counted, the rest is timed. */
async function attempt(
  count: number,
  once: () => Promise<number> | number,
): Promise<{ samples: number[]; failures: number }> {
  const samples: number[] = [];
  let failures = 0;
  for (let index = 0; index < count; index++) {
    try {
      const pending = once();
      samples.push(typeof pending === 'number' ? pending : await pending);
    } catch {
      // Counted and shown in the table, where a single one misses the target.
      failures++;
    }
  }
  return { samples, failures };
}

export const churnTable: Table = {
  name: 'churn',
  question: '50,000 echo cells created and dropped in one thread (ms to create; max is the longest pause)',
  unit: 'ms',
  baseline: POOLS_OFF,
  headline: 'p50',
  effort: { rounds: 1, samples: 50_000, warmUp: 500 },
  quick: { rounds: 1, samples: 1_000, warmUp: 50 },
  async open() {
    const built = await readBuilt('echo');
    const image = makeServedImage(built);
    const payload = payloadOf(64);
    const makeGlueCell = await prepareGlue(built.component);
    const executor = startExecutor();
    executor.load(image);
    const contestant = (
      row: string,
      once: () => Promise<number> | number,
      targets: Contestant['targets'] = [],
    ): Contestant => ({
      row,
      targets,
      round: async (count) => {
        const { samples, failures } = await attempt(count, once);
        return { samples, figures: { failures: { value: failures, unit: '', n: count, over: 'sum' } } };
      },
    });
    return {
      contestants: [
        {
          ...contestant(POOLS_OFF, async () => {
            const startMs = performance.now();
            await callOnce(executor, image.id, payload);
            return performance.now() - startMs;
          }),
          answer: () => callOnce(executor, image.id, payload),
        },
        contestant("jco's glue, in the bench's thread", () => {
          const startMs = performance.now();
          makeGlueCell();
          return performance.now() - startMs;
        }),
        contestant('created and dropped, in the executor', async () => {
          const { id, createMs } = await executor.createCell(image.id);
          executor.destroyCell(id);
          return createMs;
        }, [
          { metric: 'p99', test: '<', value: 1 },
          { metric: 'failures', test: '<=', value: 0 },
        ]),
        contestant('created and dropped, as the host sees it', async () => {
          const startMs = performance.now();
          const { id } = await executor.createCell(image.id);
          const createMs = performance.now() - startMs;
          executor.destroyCell(id);
          return createMs;
        }),
      ],
      close: () => executor.stop(),
    };
  },
};
