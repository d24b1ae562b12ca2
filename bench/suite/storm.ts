/**
 * Calls while a part of them crashes their cells. No adapter can be made to crash by the call, so the guest is the suite's own: it
 * gives its payload back, or traps in so many of a hundred calls. The host runs a crashed call again in another cell, because its
 * operation is declared idempotent.
 */

import type { Contestant, Target } from '../harness.ts';
import type { Ground } from './ground.ts';
import type { SuiteTable, TableOptions } from './plan.ts';
import type { Sample } from './sample.ts';
import { CONNECTIONS_MAX, failuresOf, type Served } from './served.ts';
import { RATES, REPLAY_MAX } from './storm-guest.ts';

const CALM = 'calm';
const P99_OF_CALM_MAX = 5;
/** Of the calm capacity: crashes take some of it. */
const SHARE = 0.4;
const SAMPLE_MS = 100;
/** Cells need a past before crashes in them are independent of each other. */
const WARM_UP_MS = 1_000;
const WARM_UP_QUICK_MS = 300;

export function stormTable(
  ground: Ground,
  { seed, quick }: Pick<TableOptions, 'seed' | 'quick'>,
): SuiteTable {
  return {
    name: 'storm',
    question: `Calls of which some crash their cell, replayed at most ${REPLAY_MAX} times (seed ${seed}): ms from when a call was due`,
    unit: 'ms',
    baseline: CALM,
    headline: 'p99',
    effort: { rounds: 3, samples: 30, warmUp: 0 },
    quick: { rounds: 1, samples: 5, warmUp: 0 },
    expectedMs: { full: 46_000, quick: 7_000 },
    async open() {
      const { served, storm, capacityOf } = await ground.standing();
      const calm = storm.get(0);
      if (calm === undefined) throw new Error('the storm has no calm');
      const perSecond = SHARE * (await capacityOf(calm));
      return {
        contestants: [...storm].map(([rate, sample]) =>
          storming(served, sample, {
            rate,
            perSecond,
            seed,
            warmUpMs: quick ? WARM_UP_QUICK_MS : WARM_UP_MS,
          }),
        ),
        close: () => {},
      };
    },
  };
}

function storming(
  served: Served,
  sample: Sample,
  drive: {
    readonly rate: number;
    readonly perSecond: number;
    readonly seed: number;
    readonly warmUpMs: number;
  },
): Contestant {
  const { rate, perSecond, seed, warmUpMs } = drive;
  const adapter = sample.built.manifest.name;
  const targets: readonly Target[] = [
    { metric: 'failures', test: '<=', value: 0 },
    ...(rate === Math.max(...RATES)
      ? [{ metric: 'p99', test: '<=', value: P99_OF_CALM_MAX, against: CALM } as const]
      : []),
  ];
  let round = 0;
  return {
    row: rate === 0 ? CALM : `${rate} % of calls crash`,
    note: `Offered: ${Math.round(perSecond).toLocaleString('en-US')} calls a second, ${100 * SHARE} % of the calm capacity.`,
    targets,
    async round(count) {
      const before = (await served.pool(adapter)).counters;
      const report = await served.drive(sample, adapter, {
        connections: CONNECTIONS_MAX,
        perSecond,
        arrivals: 'poisson',
        numbered: true,
        seed: seed + 1_000_000 * round++,
        warmUpMs,
        durationMs: count * SAMPLE_MS,
        samples: true,
      });
      const after = (await served.pool(adapter)).counters;
      const n = report.requests;
      return {
        samples: report.samples ?? [],
        figures: {
          failures: { value: failuresOf(report), unit: '', n, over: 'sum' },
          crashes: { value: after.crashes - before.crashes, unit: '', n, over: 'sum' },
          replays: { value: after.replays - before.replays, unit: '', n, over: 'sum' },
        },
      };
    },
  };
}
