/**
 * Question: what does one more idle echo cell cost in resident memory? Answered by the slope of RSS over thousands of
 * held cells, so that what exists once (threads, code, heap slack) does not count. Every round has its own process.
 */

import type { Contestant, Table } from '../harness.ts';
import type { ChildRound } from './child-entry.ts';
import { runInChild } from './child-round.ts';

const GLUE = "jco's glue, held";
const METRIC = 'RSS per cell';
/** Required of an idle echo cell. */
const LIMIT_KIB = 48;

const measuredBy = (name: ChildRound, row: string, targets: Contestant['targets'] = []): Contestant => ({
  row,
  targets,
  round: (count) => runInChild(name, count),
});

export const idleMemoryTable: Table = {
  name: 'idle-memory',
  question: 'Resident memory of one more idle echo cell (slope over held cells)',
  unit: 'KiB',
  baseline: GLUE,
  headline: METRIC,
  effort: { rounds: 3, samples: 4_000, warmUp: 0 },
  quick: { rounds: 1, samples: 400, warmUp: 0 },
  async open() {
    const limit = [{ metric: METRIC, test: '<=', value: LIMIT_KIB }] as const;
    return {
      contestants: [
        measuredBy('holdGlue', GLUE),
        measuredBy('callAndDrop', 'pools off (a new cell for each call, none held)'),
        measuredBy('holdVirgins', 'cell held by an executor', limit),
        measuredBy('holdUsed', 'cell that served a call, held by an executor', limit),
        measuredBy('holdThroughHost', 'cell held through a host, with its pool state', limit),
      ],
      close: () => {},
    };
  },
};
