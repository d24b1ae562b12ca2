/**
 * Whether one call costs more when there is much else to choose from: the same call among few and among many live cells, and with few
 * and many adapters. Calls go round: each takes another tenant (so another bound cell) or another adapter, because a call that
 * always hits the same cell would show nothing.
 */

import type { CapabilityPolicy } from '../../host/capability-types.ts';
import { type Contestant, timeEach } from '../harness.ts';
import { type OpenedHost, openHost, POOLS_OFF_TERMS } from '../host/hosts.ts';
import { type Package, vary } from '../host/packages.ts';
import type { SuiteTable } from './plan.ts';
import { callSample, isReference, nameOf, type Sample } from './sample.ts';

/** A pool may be told to hold at most 1,024 cells, so the many are in two adapters, and the few too. */
const CELL_ADAPTERS = 2;
const RATIO_MAX = 1.3;
/** Of a component larger than this so many cells would take gigabytes. */
const SMALL_MAX_BYTES = 65_536;

const CELLS = { small: [10, 200, 2_000], large: [10, 200], quick: [10, 60] } as const;
const ADAPTERS = { full: [1, 20, 200], quick: [1, 10] } as const;

interface Population {
  readonly kind: 'live cells' | 'adapters';
  readonly count: number;
}

const rowOf = ({ kind, count }: Population, sample: Sample): string =>
  `${count.toLocaleString('en-US')} ${count === 1 ? kind.replace(/s$/, '') : kind}, ${nameOf(sample)}`;
const poolsOffRow = (sample: Sample): string => `pools off (a new cell for each call), ${nameOf(sample)}`;
const adapterName = (sample: Sample, index: number): string => `${nameOf(sample)}-${index}`;

function populationsOf({ built }: Sample, quick: boolean): readonly Population[] {
  const size = built.component.length <= SMALL_MAX_BYTES ? 'small' : 'large';
  const cells = quick ? CELLS.quick : CELLS[size];
  const adapters = quick ? ADAPTERS.quick : ADAPTERS.full;
  return [
    ...cells.map((count): Population => ({ kind: 'live cells', count })),
    ...adapters.map((count): Population => ({ kind: 'adapters', count })),
  ];
}

export function populationTable(
  samples: readonly Sample[],
  capabilities: CapabilityPolicy,
  { quick }: { readonly quick: boolean },
): SuiteTable {
  return {
    name: 'population',
    question: 'One call among many live cells or many adapters, going round all of them (ms)',
    unit: 'ms',
    chart: 'curve',
    baseline: poolsOffRow(samples[0] as Sample),
    headline: 'p50',
    // 40 calls to each of 200 adapters before timing: each has code of its own, which V8 has to warm up as well.
    effort: { rounds: 12, samples: 400, warmUp: 8_000 },
    quick: { rounds: 1, samples: 60, warmUp: 60 },
    expectedMs: { full: 35_000 * samples.length, quick: 3_000 * samples.length },
    async open() {
      const opened: OpenedHost[] = [];
      const close = async (): Promise<void> => {
        for (const host of opened) await host.close();
      };
      const open = async (sample: Sample, packages: readonly Package[]): Promise<OpenedHost> => {
        const own = capabilities[nameOf(sample)];
        const permitted = own && Object.fromEntries(packages.map(({ manifest }) => [manifest.name, own]));
        const host = await openHost({ packages, capabilities: { ...capabilities, ...permitted } });
        opened.push(host);
        return host;
      };
      try {
        const contestants: Contestant[] = [];
        for (const sample of samples) {
          const { host } = await open(sample, [vary(sample.built, POOLS_OFF_TERMS)]);
          const call = (): Promise<Uint8Array> => callSample(host, sample, nameOf(sample));
          contestants.push({
            row: poolsOffRow(sample),
            // A new cell for each call is dear, and its warm-up needs no more than anybody's.
            round: async (count) => ({ samples: await timeEach(Math.min(count, 400), call) }),
          });
          const populations = populationsOf(sample, quick);
          for (const population of populations) {
            const crowd = await open(sample, packagesOf(sample, population));
            const least = populations.find(({ kind }) => kind === population.kind) ?? population;
            contestants.push(await crowded(crowd, sample, population, least));
          }
        }
        return { contestants, close };
      } catch (error) {
        await close();
        throw error;
      }
    },
  };
}

const adaptersOf = ({ kind, count }: Population): number => (kind === 'adapters' ? count : CELL_ADAPTERS);
const cellsOf = ({ count }: Population): number => count;

function packagesOf(sample: Sample, population: Population): Package[] {
  const adapters = adaptersOf(population);
  const cells = cellsOf(population) / adapters;
  const pool = { min: cells, max: cells, tenantShare: 1 };
  return Array.from({ length: adapters }, (_, index) =>
    vary(sample.built, { name: adapterName(sample, index), isolation: 'tenant', pool }),
  );
}

async function crowded(
  { host }: OpenedHost,
  sample: Sample,
  population: Population,
  least: Population,
): Promise<Contestant> {
  const adapters = adaptersOf(population);
  const cells = cellsOf(population);
  const row = rowOf(population, sample);
  let next = 0;
  const call = (): Promise<Uint8Array> => {
    const index = next++ % cells;
    return callSample(
      host,
      sample,
      adapterName(sample, index % adapters),
      `tenant-${Math.floor(index / adapters)}`,
    );
  };
  // Binds every cell to its tenant, so that each call below finds its own.
  for (let index = 0; index < cells; index++) await call();
  const live = host.snapshot().pools.reduce((sum, pool) => sum + pool.size, 0);
  if (live !== cells)
    throw new Error(`${row}: ${live} cells are live, not ${cells}: the row would not be what it says`);
  return {
    row,
    series: `${population.kind}, ${nameOf(sample)}`,
    x: population.count,
    round: async (count) => ({ samples: await timeEach(count, call) }),
    targets:
      isReference(sample) && population !== least
        ? [{ metric: 'p50', test: '<=', value: RATIO_MAX, against: rowOf(least, sample) }]
        : [],
  };
}
