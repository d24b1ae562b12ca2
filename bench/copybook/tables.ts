/**
 * Questions: how many bytes of records a second, for records of a kind, to JSON lines or columns and back?
 */

import type { CopybookOptions } from '../../crypto-wasm/copybook/face.ts';
import { type Contestant, type Table, type Target, timeBatches } from '../harness.ts';
import { median } from '../statistics.ts';
import { createCall, IN_MEMORY, type Operation, openKernels, RELAXED } from './kernel.ts';
import {
  createColumnsDecoder,
  createMixedDecoder,
  createMixedEncoder,
  createPackedDecoder,
} from './rivals.ts';
import { displaySample, mixedSample, packedSample, type Sample } from './samples.ts';

export const JAVASCRIPT = 'tuned JavaScript';
export const COPY = 'memory.copy';
const THROUGHPUT = 'throughput';
const MIB = 1_048_576;
const MS_PER_S = 1_000;

/** One contestant: `once` works through `inputBytes`. */
export function contestant(
  row: string,
  inputBytes: number,
  once: () => Uint8Array,
  answer: (() => Uint8Array) | undefined,
  targets: readonly Target[] = [],
): Contestant {
  return {
    row,
    targets,
    ...(answer === undefined ? {} : { answer }),
    round(count) {
      const samples = timeBatches(count, 1, () => void once());
      const value = (inputBytes / MIB / median([...samples])) * MS_PER_S;
      return { samples, figures: { [THROUGHPUT]: { value, unit: 'MiB/s', n: count } } };
    },
  };
}

/** What the engine does with the bytes when nothing is decoded. */
export function copyContestant(input: Uint8Array): Contestant {
  const memory = new Uint8Array(new WebAssembly.Memory({ initial: 64 }).buffer);
  memory.set(input);
  const once = (): Uint8Array => memory.copyWithin(2 * MIB, 0, input.length);
  return contestant(COPY, input.length, once, undefined);
}

const atLeast = (value: number, against?: string): Target => ({
  metric: THROUGHPUT,
  test: '>=',
  value,
  ...(against === undefined ? {} : { against }),
});

interface Work {
  readonly sample: Sample;
  readonly operation: Operation;
  readonly options: CopybookOptions;
  /** What is read, and counted. */
  readonly input: Uint8Array;
  readonly rival: () => Uint8Array;
  /** The rival's form of the kernel's output, where they differ. */
  readonly normalise?: (output: Uint8Array) => Uint8Array;
}

function table(
  name: string,
  question: string,
  /** With the copies in and out, and of the kernel alone. */
  targets: readonly Target[],
  kernelTargets: readonly Target[],
  prepare: () => Promise<Work> | Work,
): Table {
  return {
    name,
    question: `${question} (1 MiB of records a call; MiB/s of ${name === 'encode' ? 'JSON' : 'records'})`,
    unit: 'ms',
    baseline: JAVASCRIPT,
    headline: THROUGHPUT,
    effort: { rounds: 8, samples: 40, warmUp: 150 },
    quick: { rounds: 2, samples: 3, warmUp: 3 },
    async open() {
      const { sample, operation, options, input, rival, normalise = (output) => output } = await prepare();
      const kernels = (await openKernels()).flatMap(([row, module]) => {
        const call = createCall(module, operation, sample.copybook, options, input, 'with copies');
        const timed = contestant(
          row,
          input.length,
          call,
          () => normalise(call()),
          row === RELAXED ? targets : [],
        );
        if (row !== RELAXED) return [timed];
        const alone = createCall(module, operation, sample.copybook, options, input, 'in memory');
        return [timed, contestant(IN_MEMORY, input.length, alone, () => normalise(alone()), kernelTargets)];
      });
      return {
        contestants: [contestant(JAVASCRIPT, input.length, rival, rival), ...kernels, copyContestant(input)],
        close: () => {},
      };
    },
  };
}

const decoding = (sample: Sample, rival: (sample: Sample) => () => Uint8Array): Work => ({
  sample,
  operation: 'decode',
  options: {},
  input: sample.records,
  rival: rival(sample),
});

export const mixedTable = table(
  'mixed',
  'Records of 200 bytes, 5 X(20), 4 9(8), 4 S9(7)V99 COMP-3, 2 S9(9) COMP and a FILLER, to JSON lines',
  [atLeast(5, JAVASCRIPT)],
  [atLeast(1.2 * 1024)],
  () => decoding(mixedSample(), createMixedDecoder),
);

export const packedTable = table(
  'packed',
  'Records of 20 COMP-3 fields to JSON lines',
  [atLeast(5, JAVASCRIPT)],
  [atLeast(560)],
  () => decoding(packedSample(), createPackedDecoder),
);

export const columnsTable = table(
  'columns',
  'Records of DISPLAY fields, 12 9(8) and 6 X(24), to columns',
  [],
  [atLeast(4 * 1024)],
  () => ({
    ...decoding(displaySample(), createColumnsDecoder),
    options: { output: 'columns' as const },
    normalise: valuesOf,
  }),
);

export const encodeTable = table(
  'encode',
  'The mixed records from JSON lines',
  [atLeast(3, JAVASCRIPT)],
  [],
  () => {
    const sample = mixedSample();
    const lines = Buffer.from(createMixedDecoder(sample)());
    return {
      sample,
      operation: 'encode',
      options: {},
      input: lines,
      rival: createMixedEncoder(sample, lines),
    };
  },
);

/** The buffers of all columns but validity, one behind the other. */
function valuesOf(output: Uint8Array): Uint8Array {
  const view = new DataView(output.buffer, output.byteOffset, output.length);
  const columns = view.getUint32(4, true);
  const parts: Uint8Array[] = [];
  let at = 8;
  for (let column = 0; column < columns; column++) {
    if (view.getUint32(at, true) !== 0) throw new Error('a column has nulls');
    const buffers = view.getUint32(at + 4, true);
    at += 8;
    for (let buffer = 0; buffer < buffers; buffer++, at += 8) {
      const from = view.getUint32(at, true);
      if (buffer > 0) parts.push(output.subarray(from, from + view.getUint32(at + 4, true)));
    }
  }
  return Buffer.concat(parts);
}
