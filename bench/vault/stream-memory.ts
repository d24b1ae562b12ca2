/**
 * Question: by how much does resident memory grow while a stream of 1 GiB passes? Every round has a process of its own
 * with a host and a vault that has done nothing yet; growth is the largest RSS seen meanwhile less that before.
 */

import { fileURLToPath } from 'node:url';
import { runProgram } from '../child-process.ts';
import type { Contestant, Round, Table } from '../harness.ts';
import type { StreamMemoryRow } from './stream-memory-entry.ts';

const ENTRY = fileURLToPath(new URL('./stream-memory-entry.ts', import.meta.url));
const NATIVE = 'sealed natively';
const METRIC = 'RSS growth';
const LIMIT_MB = 64;

const measuredBy = (name: StreamMemoryRow, row: string, targets: Contestant['targets'] = []): Contestant => ({
  row,
  targets,
  round: (count) => runProgram<Round>(ENTRY, [name, String(count)]),
});

export const streamMemoryTable: Table = {
  name: 'stream-memory',
  question: 'Resident memory while a stream of 1 GiB passes: most seen less before the first byte',
  unit: 'MB',
  baseline: NATIVE,
  headline: METRIC,
  // A sample is a mebibyte of the stream.
  effort: { rounds: 3, samples: 1_024, warmUp: 0 },
  quick: { rounds: 1, samples: 32, warmUp: 0 },
  async open() {
    const limit = [{ metric: METRIC, test: '<', value: LIMIT_MB }] as const;
    return {
      contestants: [
        measuredBy('native', NATIVE),
        measuredBy('cells', 'sealed in cells', limit),
        measuredBy('there-and-back', 'sealed in cells and opened in cells', limit),
      ],
      close: () => {},
    };
  },
};
