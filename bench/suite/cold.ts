/**
 * What it costs to have a cell, by how much is warm already, each step a row of its own because people confuse them:
 * `prepare` is paid once a version, `cold` once a thread, a cell or a call.
 */

import { join } from 'node:path';
import type { CapabilityPolicy } from '../../host/capability-types.ts';
import type { AdapterImage, Executor, Host } from '../../host/types.ts';
import { type Contestant, type Round, type Target, timeEach } from '../harness.ts';
import { bootExecutors, startExecutor } from '../host/cells.ts';
import { openHost } from '../host/hosts.ts';
import { makeScratchFolder, vary } from '../host/packages.ts';
import { openRoundTrip, ROUND_TRIP } from './bare.ts';
import { prepareImage } from './images.ts';
import type { SuiteTable } from './plan.ts';
import { callSample, isReference, nameOf, OPEN_POOL, type Sample } from './sample.ts';

/** Threads are dear to start: so many a round at most. */
const EXECUTORS_MAX = 10;

/** Nothing cached: from the bytes of a component to compiled modules. */
export function prepareTable(samples: readonly Sample[]): SuiteTable {
  const rowOf = (sample: Sample): string => `compile + transpile, nothing cached, ${nameOf(sample)}`;
  return {
    name: 'prepare',
    question: 'A version nobody has seen: from the bytes of its component to compiled modules (ms)',
    unit: 'ms',
    baseline: rowOf(firstOf(samples)),
    headline: 'p50',
    effort: { rounds: 5, samples: 8, warmUp: 1 },
    quick: { rounds: 1, samples: 2, warmUp: 0 },
    expectedMs: { full: 8_000 * samples.length, quick: 500 * samples.length },
    async open() {
      const scratch = await makeScratchFolder();
      let folders = 0;
      return {
        contestants: samples.map((sample) => ({
          row: rowOf(sample),
          round: async (count) => ({
            samples: await timeEach(count, () =>
              prepareImage(sample.built, join(scratch.path, String(folders++))),
            ),
          }),
        })),
        close: () => scratch.remove(),
      };
    },
  };
}

interface Stand {
  readonly sample: Sample;
  readonly image: AdapterImage;
  readonly executor: Executor;
  readonly host: Host;
}

const rowsOf = (sample: Sample) => ({
  executor: `new executor + cell, ${nameOf(sample)}`,
  cell: `new cell in a warm executor, ${nameOf(sample)}`,
  lease: `warm lease, ${nameOf(sample)}`,
  call: `warm lease + call, ${nameOf(sample)}`,
  again: `warm lease + call, ${nameOf(sample)}, measured again`,
});

/** New executor, new cell, lease and call. */
export function coldTable(samples: readonly Sample[], capabilities: CapabilityPolicy): SuiteTable {
  return {
    name: 'cold',
    question: 'Cold start, split by what is warm already (ms)',
    unit: 'ms',
    baseline: ROUND_TRIP,
    headline: 'p50',
    effort: { rounds: 5, samples: 400, warmUp: 100 },
    quick: { rounds: 1, samples: 30, warmUp: 5 },
    expectedMs: { full: 6_000 + 12_000 * samples.length, quick: 1_000 + 1_000 * samples.length },
    async open() {
      const scratch = await makeScratchFolder();
      const packages = samples.map(({ built }) => vary(built, { pool: OPEN_POOL }));
      const opened = await openHost({ packages, capabilities });
      const executor = startExecutor();
      const bare = await openRoundTrip();
      const close = async (): Promise<void> => {
        await bare.thread.close();
        await executor.stop();
        await opened.close();
        await scratch.remove();
      };
      try {
        const contestants: Contestant[] = [bare.contestant];
        for (const sample of samples) {
          const image = await prepareImage(sample.built, scratch.path);
          executor.load(image);
          contestants.push(...contestantsOf({ sample, image, executor, host: opened.host }));
        }
        // The second one of a pair stands apart from the first, as far as the order of a round lets it.
        contestants.sort((a, b) => Number(a.sameAs !== undefined) - Number(b.sameAs !== undefined));
        return { contestants, close };
      } catch (error) {
        await close();
        throw error;
      }
    },
  };
}

function contestantsOf({ sample, image, executor, host }: Stand): Contestant[] {
  const rows = rowsOf(sample);
  const name = nameOf(sample);
  const below = (value: number): readonly Target[] =>
    isReference(sample) ? [{ metric: 'p95', test: '<', value }] : [];
  const call = async (count: number): Promise<Round> => ({
    samples: await timeEach(count, () => callSample(host, sample, name)),
  });
  return [
    {
      row: rows.executor,
      note: 'A thread boots, takes the compiled modules and makes one cell.',
      round: (count) => bootExecutors(image, Math.min(count, EXECUTORS_MAX)),
    },
    { row: rows.cell, targets: below(1), round: (count) => createCells(executor, image, count) },
    {
      row: rows.lease,
      note: 'A session opened and closed: a cell is lent and given back, nothing runs in it.',
      round: async (count) => ({ samples: await timeEach(count, () => leaseWarm(host, name)) }),
    },
    { row: rows.call, targets: below(0.3), round: call },
    { row: rows.again, sameAs: rows.call, round: call },
  ];
}

async function createCells(executor: Executor, image: AdapterImage, count: number): Promise<Round> {
  const samples = new Float64Array(count);
  for (let index = 0; index < count; index++) {
    const startMs = performance.now();
    const { id } = await executor.createCell(image.id);
    samples[index] = performance.now() - startMs;
    executor.destroyCell(id);
  }
  return { samples };
}

async function leaseWarm(host: Host, adapter: string): Promise<void> {
  const session = await host.session({ adapter, tenant: 'bench', requestId: 'bench' });
  session.close();
}

function firstOf(samples: readonly Sample[]): Sample {
  const [first] = samples;
  if (first === undefined) throw new Error('the suite measures at least one adapter');
  return first;
}
