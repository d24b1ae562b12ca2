/**
 * A new version installed again and again while calls come: no call may fail, and this is what the others pay for it. Versions are
 * uploaded over HTTP by an administrator, as in service.
 */

import type { CapabilityPolicy } from '../../host/capability-types.ts';
import type { Contestant } from '../harness.ts';
import { vary } from '../host/packages.ts';
import { measureCapacity } from './capacity.ts';
import type { SuiteTable } from './plan.ts';
import { nameOf, OPEN_POOL, type Sample } from './sample.ts';
import { CONNECTIONS_MAX, failuresOf, type Served, serve } from './served.ts';

/** Of the capacity: reloads take some of it. */
const SHARE = 0.4;
/** Pause between two reloads. */
const PAUSE_MS = 100;
const SAMPLE_MS = 100;
const WARM_UP_MS = 500;

const rowOf = (what: string, sample: Sample): string => `${what}, ${nameOf(sample)}`;

export function reloadTable(
  samples: readonly Sample[],
  capabilities: CapabilityPolicy,
  { seed, quick }: { readonly seed: number; readonly quick: boolean },
): SuiteTable {
  return {
    name: 'reload',
    question:
      'Calls over HTTP while the adapter is replaced by a new version again and again: ms from when a call was due',
    unit: 'ms',
    baseline: rowOf('calm', samples[0] as Sample),
    headline: 'p99',
    effort: { rounds: 3, samples: 30, warmUp: 0 },
    quick: { rounds: 1, samples: 5, warmUp: 0 },
    expectedMs: { full: 4_000 + 30_000 * samples.length, quick: 2_500 + 3_500 * samples.length },
    async open() {
      const served = await serve(
        samples.map(({ built }) => vary(built, { pool: OPEN_POOL })),
        capabilities,
        { canInstall: true },
      );
      try {
        const contestants: Contestant[] = [];
        for (const sample of samples) {
          const perSecond = SHARE * (await measureCapacity(served, sample, quick ? 500 : 2_000));
          contestants.push(
            contestantOf(served, sample, perSecond, seed, false),
            contestantOf(served, sample, perSecond, seed, true),
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

function contestantOf(
  served: Served,
  sample: Sample,
  perSecond: number,
  seed: number,
  isReloading: boolean,
): Contestant {
  const adapter = nameOf(sample);
  let round = 0;
  let version = 0;
  const reloadUntil = async (isOver: () => boolean): Promise<number> => {
    let reloads = 0;
    while (!isOver()) {
      version++;
      await served.install(vary(sample.built, { version: `9.0.${version}`, pool: OPEN_POOL }));
      reloads++;
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
    return reloads;
  };
  return {
    row: rowOf(isReloading ? 'reloading' : 'calm', sample),
    note: `Offered: ${Math.round(perSecond).toLocaleString('en-US')} calls a second, ${100 * SHARE} % of the capacity.`,
    targets: [{ metric: 'failures', test: '<=', value: 0 }],
    async round(count) {
      let isOver = !isReloading;
      const reloading = reloadUntil(() => isOver);
      // Its failure is seen below, after the load has ended.
      reloading.catch(() => {});
      const report = await served
        .drive(sample, adapter, {
          connections: CONNECTIONS_MAX,
          perSecond,
          arrivals: 'poisson',
          seed: seed + round++,
          warmUpMs: WARM_UP_MS,
          durationMs: count * SAMPLE_MS,
          samples: true,
        })
        .finally(() => {
          isOver = true;
        });
      const reloads = await reloading;
      const n = report.requests;
      return {
        samples: report.samples ?? [],
        figures: {
          failures: { value: failuresOf(report), unit: '', n, over: 'sum' },
          reloads: { value: reloads, unit: '', n, over: 'sum' },
        },
      };
    },
  };
}
