/**
 * Whether a pool finds its size: under steady load leased / (leased + idle), weighted by time, should settle between 60 and 80 %
 * where the target lies strictly between `min` and `max`.
 *
 * By Little's law the lent cells are the rate times how long a call holds one, and cells are whole: where less than about three are
 * lent on average, no whole target is within the band at every load. So beside the adapters under test stands a guest of the
 * suite's own that computes for a few milliseconds a call.
 */

import type { CapabilityPolicy } from '../../host/capability-types.ts';
import type { Contestant, Target } from '../harness.ts';
import { vary } from '../host/packages.ts';
import { measureCapacity, watchPool } from './capacity.ts';
import type { SuiteTable } from './plan.ts';
import { isReference, nameOf, OPEN_POOL, type Sample } from './sample.ts';
import { CONNECTIONS_MAX, failuresOf, type Served, serve } from './served.ts';

/** Parts of the capacity, in percent. */
const SHARES = [50, 65, 80] as const;
/** Far from both ends: neither is what the pool settles at. */
const POOL = { ...OPEN_POOL, min: 1, max: 64 } as const;
const LOW = 60;
const HIGH = 80;
const SAMPLE_MS = 1_000;
/** The sizing looks each second and follows half of a change in two. */
const SETTLE_MS = 8_000;
const SETTLE_QUICK_MS = 500;

const rowOf = (share: number, sample: Sample): string => `${share} % load, ${nameOf(sample)}`;

export function utilisationTable(
  samples: readonly Sample[],
  capabilities: CapabilityPolicy,
  { seed, quick }: { readonly seed: number; readonly quick: boolean },
): SuiteTable {
  return {
    name: 'utilisation',
    question: `Pool between ${POOL.min} and ${POOL.max} cells under steady load: how many it keeps, and how many of them are lent`,
    unit: 'ms',
    chart: 'curve',
    baseline: rowOf(SHARES[0], samples[0] as Sample),
    headline: 'utilisation',
    effort: { rounds: 1, samples: 5, warmUp: 0 },
    quick: { rounds: 1, samples: 1, warmUp: 0 },
    expectedMs: { full: 3_000 + 45_000 * samples.length, quick: 2_000 + 6_000 * samples.length },
    async open() {
      const served = await serve(
        samples.map(({ built }) => vary(built, { pool: POOL })),
        capabilities,
      );
      try {
        const contestants: Contestant[] = [];
        for (const sample of samples) {
          const capacity = await measureCapacity(served, sample, quick ? 500 : 3_000);
          contestants.push(
            ...SHARES.map((share) =>
              steady(
                served,
                sample,
                share,
                (capacity * share) / 100,
                seed,
                quick ? SETTLE_QUICK_MS : SETTLE_MS,
              ),
            ),
          );
        }
        return { contestants, close: () => served.close() };
      } catch (error) {
        await served.close();
        throw error;
      }
    },
  };
}

function steady(
  served: Served,
  sample: Sample,
  share: number,
  perSecond: number,
  seed: number,
  settleMs: number,
): Contestant {
  const adapter = nameOf(sample);
  // Two bounds on one number need two names: what is not lent is idle.
  const band: readonly Target[] = [
    { metric: 'utilisation', test: '>=', value: LOW },
    { metric: 'idle share', test: '>=', value: 100 - HIGH },
  ];
  return {
    row: rowOf(share, sample),
    series: adapter,
    x: share / 100,
    note: `Offered: ${Math.round(perSecond).toLocaleString('en-US')} calls a second; ${settleMs} ms to settle, then measured.`,
    targets: [{ metric: 'failures', test: '<=', value: 0 }, ...(isReference(sample) ? band : [])],
    async round(count) {
      const watch = watchPool(served, adapter, settleMs);
      const report = await served.drive(sample, adapter, {
        connections: CONNECTIONS_MAX,
        perSecond,
        arrivals: 'poisson',
        seed,
        warmUpMs: settleMs,
        durationMs: count * SAMPLE_MS,
      });
      const pool = await watch.end();
      const { value = 0, n = 0 } = pool.utilisation ?? {};
      return {
        figures: {
          ...pool,
          'idle share': { value: 100 - value, unit: '%', n },
          failures: { value: failuresOf(report), unit: '', n: report.requests, over: 'sum' },
        },
      };
    },
  };
}
