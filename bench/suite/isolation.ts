/**
 * What a cell of one's own costs: the same call with `fresh` (a new cell for each call), `tenant` (kept for one tenant) and `shared`
 * isolation, in one host and without HTTP.
 */

import type { CapabilityPolicy } from '../../host/capability-types.ts';
import type { Isolation } from '../../host/types.ts';
import { type Contestant, timeEach } from '../harness.ts';
import { type OpenedHost, openHost } from '../host/hosts.ts';
import { vary } from '../host/packages.ts';
import { openRoundTrip, ROUND_TRIP } from './bare.ts';
import type { SuiteTable } from './plan.ts';
import { callSample, forVariants, nameOf, type Sample } from './sample.ts';

const ISOLATIONS: readonly Isolation[] = ['shared', 'tenant', 'fresh'];
const CALLERS = 16;
/** A virgin is ready for each caller. */
const POOL = { min: CALLERS, max: 64, permits: 1_024, tenantShare: 1 } as const;

const rowOf = (isolation: Isolation, sample: Sample): string => `${isolation}, ${nameOf(sample)}`;
const adapterOf = (isolation: Isolation, sample: Sample): string => `${nameOf(sample)}-${isolation}`;

export function isolationTable(samples: readonly Sample[], capabilities: CapabilityPolicy): SuiteTable {
  return {
    name: 'isolation',
    question: `Warm lease + call by isolation, one call after the other (ms), and calls a second of ${CALLERS} callers`,
    unit: 'ms',
    baseline: ROUND_TRIP,
    headline: 'p50',
    effort: { rounds: 5, samples: 1_000, warmUp: 500 },
    quick: { rounds: 1, samples: 60, warmUp: 10 },
    expectedMs: { full: 12_000 * samples.length, quick: 1_500 * samples.length },
    async open() {
      const opened = await openHost({
        packages: samples.flatMap((sample) =>
          ISOLATIONS.map((isolation) =>
            vary(sample.built, { name: adapterOf(isolation, sample), isolation, pool: POOL }),
          ),
        ),
        capabilities: forVariants(samples, capabilities, ({ name }) =>
          ISOLATIONS.map((isolation) => `${name}-${isolation}`),
        ),
      });
      const bare = await openRoundTrip();
      return {
        contestants: [
          bare.contestant,
          ...samples.flatMap((sample) =>
            ISOLATIONS.map((isolation) => contestantOf(opened, sample, isolation)),
          ),
        ],
        async close() {
          await bare.thread.close();
          await opened.close();
        },
      };
    },
  };
}

function contestantOf({ host }: OpenedHost, sample: Sample, isolation: Isolation): Contestant {
  const call = (): Promise<Uint8Array> => callSample(host, sample, adapterOf(isolation, sample));
  return {
    row: rowOf(isolation, sample),
    async round(count) {
      const samples = await timeEach(count, call);
      let left = count;
      const fromMs = performance.now();
      const caller = async (): Promise<void> => {
        while (left-- > 0) await call();
      };
      await Promise.all(Array.from({ length: CALLERS }, caller));
      const perSecond = (count * 1_000) / (performance.now() - fromMs);
      return { samples, figures: { throughput: { value: perSecond, unit: '/s', n: count } } };
    },
  };
}
