/**
 * Latency under load that nobody slows down: an open loop, each request due at its own time whatever became of those before it, and
 * counted from then. Offered are parts of the capacity that was measured first; beside the latency stands how much of the pool was
 * lent.
 */

import type { Contestant, Target } from '../harness.ts';
import { percentile } from '../statistics.ts';
import { watchPool } from './capacity.ts';
import type { Ground } from './ground.ts';
import type { SuiteTable } from './plan.ts';
import { isReference, nameOf, type Sample } from './sample.ts';
import { CONNECTIONS, CONNECTIONS_MAX, failuresOf, type Served } from './served.ts';

/** Parts of the capacity, in percent. */
const SHARES = [25, 50, 75, 90] as const;
/** The one that a target is on. */
const TARGET_SHARE = 75;
const P99_OF_P50_MAX = 3;
/** Percent of what was offered: below it the server is behind. */
const KEPT_UP_MIN = 95;
const SAMPLE_MS = 100;
const WARM_UP_MS = 500;

const rowOf = (share: number, sample: Sample): string => `${share} % of capacity, ${nameOf(sample)}`;

export function loadTable(
  samples: readonly Sample[],
  ground: Ground,
  { seed }: { readonly seed: number },
): SuiteTable {
  return {
    name: 'load',
    question: `Over HTTP, arrivals at random times (Poisson, seed ${seed}): ms from when a call was due to its answer`,
    unit: 'ms',
    chart: 'curve',
    baseline: rowOf(SHARES[0], samples[0] as Sample),
    headline: 'p50',
    effort: { rounds: 3, samples: 20, warmUp: 0 },
    quick: { rounds: 1, samples: 4, warmUp: 0 },
    expectedMs: { full: 4_000 + 42_000 * samples.length, quick: 2_000 + 6_000 * samples.length },
    async open() {
      const { served, capacityOf } = await ground.standing();
      const contestants: Contestant[] = [];
      for (const sample of samples) {
        const capacity = await capacityOf(sample);
        for (const share of SHARES)
          contestants.push(loaded(served, sample, share, (capacity * share) / 100, seed));
      }
      return { contestants, close: () => {} };
    },
  };
}

function loaded(served: Served, sample: Sample, share: number, perSecond: number, seed: number): Contestant {
  const adapter = nameOf(sample);
  let round = 0;
  return {
    row: rowOf(share, sample),
    series: adapter,
    x: share / 100,
    note: `Offered: ${Math.round(perSecond).toLocaleString('en-US')} calls a second. Capacity is what ${CONNECTIONS} callers got that call again at once.`,
    targets: targetsOf(sample, share),
    async round(count) {
      const times = { warmUpMs: WARM_UP_MS, durationMs: count * SAMPLE_MS };
      const watch = watchPool(served, adapter, times);
      const report = await served.drive(sample, adapter, {
        connections: CONNECTIONS_MAX,
        perSecond,
        arrivals: 'poisson',
        // Other arrivals in each round, the same ones in each run.
        seed: seed + round++,
        ...times,
        samples: true,
      });
      const pool = await watch.end();
      const { samples = [], requests: n } = report;
      const sorted = Float64Array.from(samples).sort();
      return {
        samples,
        figures: {
          'p99 ÷ p50': { value: percentile(sorted, 0.99) / percentile(sorted, 0.5), unit: '×', n },
          offered: { value: perSecond, unit: '/s', n },
          answered: { value: report.requestsPerSecond, unit: '/s', n },
          'kept up': { value: (100 * report.requestsPerSecond) / perSecond, unit: '%', n },
          failures: { value: failuresOf(report), unit: '', n, over: 'sum' },
          ...pool,
        },
      };
    },
  };
}

function targetsOf(sample: Sample, share: number): readonly Target[] {
  const targets: Target[] = [{ metric: 'failures', test: '<=', value: 0 }];
  if (isReference(sample) && share === TARGET_SHARE)
    targets.push(
      { metric: 'p99 ÷ p50', test: '<=', value: P99_OF_P50_MAX },
      // Where the line only grows all wait alike, and the first target would be met.
      { metric: 'kept up', test: '>=', value: KEPT_UP_MIN },
    );
  return targets;
}
