/**
 * Question: what does it cost that every guest is metered? Each workload with and without its counters, in this thread, and
 * the geometric mean of them all.
 */

import { meterModule } from '../../host/registry/harden.ts';
import { type Contestant, type Figure, type Round, type Table, timeBatches } from '../harness.ts';
import { unmetered } from '../host/cells.ts';
import { median } from '../statistics.ts';
import { WORKLOADS, WORST, type Workload } from './workloads.ts';

const OFF = 'without fuel';
const ON = 'metered';
const MEAN = 'geometric mean';
const MEAN_MAX = 1.25;
const TO_MICROSECONDS = 1_000;

const times = ({ batch }: Workload, count: number, work: () => Uint8Array): Float64Array =>
  timeBatches(count, batch, () => void work()).map((ms) => ms * TO_MICROSECONDS);

function fuelTable(workload: Workload): Table {
  return {
    name: `fuel-${workload.name}`,
    question: `${workload.name}: metered against without fuel (µs)`,
    unit: 'µs',
    baseline: OFF,
    headline: 'p50',
    effort: { rounds: 8, samples: 60, warmUp: 60 },
    quick: { rounds: 2, samples: 5, warmUp: 5 },
    async open() {
      const off = await workload.open(unmetered);
      const on = await workload.open(meterModule);
      const contestant = (row: string, work: () => Uint8Array): Contestant => ({
        row,
        answer: work,
        round: (count) => ({ samples: times(workload, count, work) }),
      });
      const { ratioMax: value } = workload;
      const target = { metric: 'p50', test: '<=', against: OFF } as const;
      return {
        contestants: [
          contestant(OFF, off),
          { ...contestant(ON, on), targets: value === undefined ? [] : [{ ...target, value }] },
        ],
        close: () => {},
      };
    },
  };
}

export const fuelTables: readonly Table[] = [...WORKLOADS, WORST].map(fuelTable);

/** The baseline is the unmetered guest against itself: what this table says of nothing at all. */
export const fuelMeanTable: Table = {
  name: 'fuel-mean',
  question: 'All of them but recursion: the geometric mean of metered ÷ without fuel',
  unit: 'ratio',
  baseline: `${OFF}, against itself`,
  headline: MEAN,
  effort: { rounds: 5, samples: 30, warmUp: 30 },
  quick: { rounds: 1, samples: 3, warmUp: 3 },
  async open() {
    const all = await Promise.all(
      WORKLOADS.map(async (workload) => ({
        workload,
        first: await workload.open(unmetered),
        second: await workload.open(unmetered),
        metered: await workload.open(meterModule),
      })),
    );
    const mean = (count: number, pick: (one: (typeof all)[number]) => () => Uint8Array): Round => {
      const ratios = all.map((one) => ratioOf(one.workload, count, one.first, pick(one)));
      const value = Math.exp(ratios.reduce((sum, ratio) => sum + Math.log(ratio), 0) / ratios.length);
      return { figures: { [MEAN]: { value, unit: '×', n: ratios.length * count } satisfies Figure } };
    };
    return {
      contestants: [
        { row: `${OFF}, against itself`, round: (count) => mean(count, ({ second }) => second) },
        {
          row: ON,
          round: (count) => mean(count, ({ metered }) => metered),
          targets: [{ metric: MEAN, test: '<=', value: MEAN_MAX }],
        },
      ],
      close: () => {},
    };
  },
};

/** Taken in turns, so that a noisy moment meets both. */
function ratioOf(workload: Workload, count: number, base: () => Uint8Array, other: () => Uint8Array): number {
  const ratios: number[] = [];
  for (let turn = 0; turn < count; turn++) {
    const [first] = times(workload, 1, turn % 2 === 0 ? base : other);
    const [second] = times(workload, 1, turn % 2 === 0 ? other : base);
    ratios.push(
      ((turn % 2 === 0 ? second : first) as number) / ((turn % 2 === 0 ? first : second) as number),
    );
  }
  return median(ratios);
}
