/**
 * Whether a pool finds its size: under steady load leased / (leased + idle), weighted by time, should settle between 60 and 80 %
 * where the target lies strictly between `min` and `max`.
 *
 * By Little's law the cells that are lent are the rate times how long a call holds one. So the judged rows are those of a guest that
 * holds its cell for a known time and computes nothing; load is then a share of what `max` cells can serve. Cells are whole: of a
 * guest that is done in a fraction of a millisecond one or two are lent, and no whole target is within the band. Its rows are
 * stated.
 */

import type { Contestant, Target } from '../harness.ts';
import { watchPool } from './capacity.ts';
import { type Ground, ROOMY_POOL, roomyName } from './ground.ts';
import type { SuiteTable } from './plan.ts';
import { nameOf, type Sample } from './sample.ts';
import { CONNECTIONS_MAX, failuresOf, type Served } from './served.ts';
import { HOLD_MS } from './waiting-guest.ts';

/** Percent of what `max` cells can serve; above 70 the wanted target is `max` itself. */
const WAITING_SHARES = [50, 65] as const;
/** Percent of an adapter's capacity. */
const SAMPLE_SHARE = 65;
const LOW = 60;
const HIGH = 80;
const SAMPLE_MS = 1_000;
/** The sizing looks each second and follows half of a change in two. */
const SETTLE_MS = 9_000;
const SETTLE_QUICK_MS = 500;

const waitingRow = (share: number): string =>
  `${share} % of ${ROOMY_POOL.max} cells, a guest that waits ${HOLD_MS} ms`;
const sampleRow = (sample: Sample): string => `${SAMPLE_SHARE} % of capacity, ${nameOf(sample)}`;

export function utilisationTable(
  samples: readonly Sample[],
  ground: Ground,
  { seed, quick }: { readonly seed: number; readonly quick: boolean },
): SuiteTable {
  const settleMs = quick ? SETTLE_QUICK_MS : SETTLE_MS;
  return {
    name: 'utilisation',
    question: `A pool between ${ROOMY_POOL.min} and ${ROOMY_POOL.max} cells under steady load: how many it keeps, and how many of them are lent`,
    unit: 'ms',
    chart: 'bars',
    baseline: waitingRow(WAITING_SHARES[0]),
    headline: 'utilisation',
    effort: { rounds: 1, samples: 6, warmUp: 0 },
    quick: { rounds: 1, samples: 1, warmUp: 0 },
    expectedMs: { full: 33_000 + 17_000 * samples.length, quick: 4_500 + 2_500 * samples.length },
    async open() {
      const { served, waiting, capacityOf } = await ground.standing();
      const steady = (row: string, sample: Sample, adapter: string, perSecond: number): Contestant => ({
        row,
        note: `Offered: ${Math.round(perSecond).toLocaleString('en-US')} calls a second; ${settleMs} ms to settle, then measured.`,
        async round(count) {
          const drive = { perSecond, seed, warmUpMs: settleMs, durationMs: count * SAMPLE_MS };
          return { figures: await measure(served, sample, adapter, drive) };
        },
      });
      const contestants: Contestant[] = WAITING_SHARES.map((share) => ({
        ...steady(waitingRow(share), waiting, nameOf(waiting), (share / 100) * WAITING_CAPACITY),
        targets: BAND,
      }));
      for (const sample of samples) {
        const perSecond = (SAMPLE_SHARE / 100) * (await capacityOf(sample));
        contestants.push(steady(sampleRow(sample), sample, roomyName(sample), perSecond));
      }
      return { contestants, close: () => {} };
    },
  };
}

/** Calls a second that `max` cells can serve. */
const WAITING_CAPACITY = (1_000 * ROOMY_POOL.max) / HOLD_MS;

const BAND: readonly Target[] = [
  { metric: 'utilisation', test: '>=', value: LOW },
  { metric: 'utilisation', test: '<=', value: HIGH },
  { metric: 'failures', test: '<=', value: 0 },
];

async function measure(
  served: Served,
  sample: Sample,
  adapter: string,
  drive: {
    readonly perSecond: number;
    readonly seed: number;
    readonly warmUpMs: number;
    readonly durationMs: number;
  },
) {
  const watch = watchPool(served, adapter, drive);
  const report = await served.drive(sample, adapter, {
    ...drive,
    connections: CONNECTIONS_MAX,
    arrivals: 'poisson',
  });
  const pool = await watch.end();
  const failures = { value: failuresOf(report), unit: '', n: report.requests, over: 'sum' as const };
  return { ...pool, failures };
}
