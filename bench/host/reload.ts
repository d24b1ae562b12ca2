/**
 * Question: what stays behind after a thousand reloads, and does one call fail meanwhile?
 */

import type { Contestant, Table } from '../harness.ts';
import type { ChildRound } from './child-entry.ts';
import { runInChild } from './child-round.ts';

const POOLS_OFF = 'pools off (a new cell for each call)';

export const reloadTable: Table = {
  name: 'reload',
  question: '1,000 reloads of an adapter under light load (ms a reload)',
  unit: 'ms',
  baseline: POOLS_OFF,
  headline: 'p50',
  effort: { rounds: 1, samples: 1_000, warmUp: 0 },
  quick: { rounds: 1, samples: 100, warmUp: 0 },
  async open() {
    const contestant = (row: string, name: ChildRound): Contestant => ({
      row,
      targets: [{ metric: 'failed calls', test: '<=', value: 0 }],
      round: (count) => runInChild(name, count),
    });
    return {
      contestants: [contestant(POOLS_OFF, 'reloadWithPoolsOff'), contestant('pools on', 'reloadWithPoolsOn')],
      close: () => {},
    };
  },
};
