/**
 * Question: does one call cost more when there is much else to choose from? The same call with 10 and with 2,000 live
 * cells, and with 1 and with 200 adapters. Calls go round: each takes another tenant (so another bound cell) or another
 * adapter, because a call that always hits the same cell would show nothing.
 */

import { type Contestant, type Table, timeEach } from '../harness.ts';
import { payloadOf } from './cells.ts';
import { callHost, type OpenedHost, openHost, POOLS_OFF_TERMS } from './hosts.ts';
import { type Package, readBuilt, vary } from './packages.ts';

const POOLS_OFF = 'pools off (a new cell for each call)';
/** A pool may be told to hold at most 1,024 cells, so the many are in two adapters, and the few too. */
const CELL_ADAPTERS = 2;
const RATIO_MAX = 1.3;
const PAYLOAD = payloadOf(64);

interface Population {
  readonly row: string;
  readonly adapters: number;
  readonly cellsPerAdapter: number;
  readonly against?: string;
}

const CELLS_10 = '10 live cells';
const ADAPTERS_1 = '1 adapter';
const POPULATIONS: readonly Population[] = [
  { row: CELLS_10, adapters: CELL_ADAPTERS, cellsPerAdapter: 10 / CELL_ADAPTERS },
  {
    row: '2,000 live cells',
    adapters: CELL_ADAPTERS,
    cellsPerAdapter: 2_000 / CELL_ADAPTERS,
    against: CELLS_10,
  },
  { row: ADAPTERS_1, adapters: 1, cellsPerAdapter: 1 },
  { row: '200 adapters', adapters: 200, cellsPerAdapter: 1, against: ADAPTERS_1 },
];

export const populationTable: Table = {
  name: 'population',
  question: 'One call among many live cells or many adapters, going round all of them (ms)',
  unit: 'ms',
  baseline: POOLS_OFF,
  headline: 'p50',
  // 100 calls to each of 200 adapters before timing: each has code of its own, which V8 has to warm up as well.
  effort: { rounds: 30, samples: 400, warmUp: 20_000 },
  quick: { rounds: 1, samples: 200, warmUp: 2_000 },
  async open() {
    const built = await readBuilt('echo');
    const opened: OpenedHost[] = [];
    const close = async (): Promise<void> => {
      for (const host of opened) await host.close();
    };
    try {
      const poolsOff = await openHost({ packages: [vary(built, POOLS_OFF_TERMS)] });
      opened.push(poolsOff);
      const call = (): Promise<Uint8Array> => callHost(poolsOff.host, 'echo', PAYLOAD);
      const contestants: Contestant[] = [
        { row: POOLS_OFF, answer: call, round: async (count) => ({ samples: await timeEach(count, call) }) },
      ];
      for (const population of POPULATIONS) {
        const host = await openHost({ packages: packagesOf(built, population) });
        opened.push(host);
        contestants.push(await contestantOf(host, population));
      }
      return { contestants, close };
    } catch (error) {
      await close();
      throw error;
    }
  },
};

const adapterName = (index: number): string => `echo-${index}`;

function packagesOf(built: Package, { adapters, cellsPerAdapter }: Population): Package[] {
  const pool = { min: cellsPerAdapter, max: cellsPerAdapter, tenantShare: 1 };
  return Array.from({ length: adapters }, (_, index) => vary(built, { name: adapterName(index), pool }));
}

async function contestantOf(
  { host }: OpenedHost,
  { row, adapters, cellsPerAdapter, against }: Population,
): Promise<Contestant> {
  const cells = adapters * cellsPerAdapter;
  let next = 0;
  const call = (): Promise<Uint8Array> => {
    const index = next++ % cells;
    return callHost(host, adapterName(index % adapters), PAYLOAD, `tenant-${Math.floor(index / adapters)}`);
  };
  // Binds every cell to its tenant, so that each call below finds its own.
  for (let index = 0; index < cells; index++) await call();
  const live = host.snapshot().pools.reduce((sum, pool) => sum + pool.size, 0);
  if (live !== cells)
    throw new Error(`${row}: ${live} cells are live, not ${cells}: the row would not be what it says`);
  return {
    row,
    answer: call,
    round: async (count) => ({ samples: await timeEach(count, call) }),
    ...(against === undefined ? {} : { targets: [{ metric: 'p50', test: '<=', value: RATIO_MAX, against }] }),
  };
}
