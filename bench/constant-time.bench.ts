/**
 * `npm run bench -- constant-time`: does the time of a kernel show what it computes with? Two classes of input, fixed
 * and random, drawn at random; Welch's t over their times, cropped. A control that does leak must be seen to.
 *
 * |t| below 5 is what chance gives; it is evidence about this machine, this engine and these inputs, not a proof: see
 * crypto-wasm/README.md.
 */

import { openKernels } from './cipher/kernels.ts';
import { kernelSubjects, leakyComparison, type Subject, timeClasses } from './constant-time/subjects.ts';
import { largestT } from './constant-time/welch.ts';
import type { Bench, Contestant, Table, Target } from './harness.ts';

const CONTROL = leakyComparison();
/** Beyond this the difference is real; the authors of the test use 5 for "probably" and 10 for "definitely". */
const T_MAX = 5;
const T_OF_CONTROL_MIN = 10;

function contestantOf(subject: Subject, target: Target): Contestant {
  return {
    row: subject.row,
    targets: [target],
    round(count) {
      const { samples, classes } = timeClasses(subject, count);
      return { figures: { t: { value: largestT(samples, classes), unit: '', n: count, over: 'max' } } };
    },
  };
}

function timingTable(build: 'relaxed' | 'plain'): Table {
  return {
    name: `timing-${build}`,
    question: `Does the time of the ${build} SIMD build depend on key, plaintext or tag? (t is the largest |t| of Welch, two classes)`,
    unit: 'ms',
    baseline: CONTROL.row,
    headline: 't',
    // One round: all samples of a row make one test. Their order within it is drawn.
    effort: { rounds: 1, samples: 200_000, warmUp: 20_000 },
    quick: { rounds: 1, samples: 2_000, warmUp: 200 },
    async open() {
      const kernel = (await openKernels())[build];
      return {
        contestants: [
          contestantOf(CONTROL, { metric: 't', test: '>=', value: T_OF_CONTROL_MIN }),
          ...kernelSubjects(kernel).map((subject) =>
            contestantOf(subject, { metric: 't', test: '<', value: T_MAX }),
          ),
        ],
        close: () => {},
      };
    },
  };
}

export const bench: Bench = {
  title: 'Hotcell: timing of the ciphers',
  tables: [timingTable('relaxed'), timingTable('plain')],
};
