/**
 * How many idle cells fit a GiB of resident memory, by the slope of RSS over cells that are held; and, apart from it, how many a
 * process can have at all, which is a limit of V8 on memories and not one of RAM.
 */

import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runProgram } from '../child-process.ts';
import type { Contestant, Round } from '../harness.ts';
import { makeScratchFolder, writePackages } from '../host/packages.ts';
import type { MemoryRound } from './memory-entry.ts';
import type { SuiteTable } from './plan.ts';
import { isReference, nameOf, type Sample } from './sample.ts';

const ENTRY = fileURLToPath(new URL('./memory-entry.ts', import.meta.url));
const METRIC = 'cells per GiB';
const REFERENCE_MIN = 20_000;
/** Twice of what V8 is known to take: the round ends at what it really takes. */
const CAP_CELLS = 32_000;
const CAP_CELLS_QUICK = 1_000;
const CAP = 'cells one process can have';

const rowOf = (sample: Sample): string => `idle cells, ${nameOf(sample)}`;

export function memoryTable(samples: readonly Sample[], { quick }: { readonly quick: boolean }): SuiteTable {
  const reference = samples.find(isReference);
  return {
    name: 'memory',
    question: 'Idle cells per GiB of resident memory (slope of RSS), in a process of its own',
    unit: '',
    chart: 'bars',
    baseline: rowOf(samples[0] as Sample),
    headline: METRIC,
    effort: { rounds: 3, samples: 8_000, warmUp: 0 },
    quick: { rounds: 1, samples: 400, warmUp: 0 },
    expectedMs: { full: 12_000 + 12_000 * samples.length, quick: 1_500 + 1_500 * samples.length },
    async open() {
      const scratch = await makeScratchFolder();
      await writePackages(
        scratch.path,
        samples.map(({ built }) => built),
      );
      const run = (round: MemoryRound, sample: Sample, cells: number): Promise<Round> =>
        runProgram(ENTRY, [round, join(scratch.path, nameOf(sample)), String(cells)]);
      const contestants = samples.map(
        (sample): Contestant => ({
          row: rowOf(sample),
          targets: isReference(sample) ? [{ metric: METRIC, test: '>=', value: REFERENCE_MIN }] : [],
          round: (count) => run('holdCells', sample, count),
        }),
      );
      let cap: Round | undefined;
      if (reference !== undefined) {
        contestants.push({
          row: CAP,
          note: quick
            ? `Ended at ${CAP_CELLS_QUICK.toLocaleString('en-US')}: a smoke run does not look for the limit.`
            : 'Created until V8 has no more memories to give, each of which takes 8 GiB of addresses: it then refuses one or ends the thread that asked. Counted once. More of them need processes, not RAM.',
          async round() {
            cap ??= await run('fillProcess', reference, quick ? CAP_CELLS_QUICK : CAP_CELLS);
            return cap;
          },
        });
      }
      return {
        contestants,
        absent:
          reference === undefined
            ? [{ row: CAP, reason: 'it is a limit on memories, not on guests, and is looked for with echo' }]
            : [],
        close: () => scratch.remove(),
      };
    },
  };
}
