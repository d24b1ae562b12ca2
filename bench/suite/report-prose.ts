/** What both reports say in words: what was run, where, how to read it, and what it does not promise. */

import { type Environment, fingerprintMachine } from '../machine.ts';
import type { RecordedRun } from './read-record.ts';

/** One line: adapters, commit, day. */
export function describeRun({ run, end }: RecordedRun): string {
  const { machine, adapters, peers, quick } = run;
  return [
    adapters.length > 0
      ? `${adapters.length === 1 ? 'adapter' : 'adapters'} ${adapters.join(', ')}`
      : 'no adapter',
    peers ? 'with peers' : 'without peers',
    `commit ${machine.commit}`,
    machine.date.slice(0, 10),
    ...(quick ? ['smoke run'] : []),
    ...(end === undefined ? ['cut off'] : []),
  ].join(' · ');
}

/** The environment as pairs of name and value. */
export function stampOf({ run, end }: RecordedRun): readonly (readonly [name: string, value: string])[] {
  const { machine, seed } = run;
  return [
    ['CPU', machine.cpu],
    ['Cores', coresOf(machine)],
    ['Frequency governor', machine.governor ?? 'cannot be read here'],
    ['Memory', memoryOf(machine)],
    ['System', [machine.os, machine.kernel].filter(Boolean).join(', ')],
    ['Node', machine.node],
    ['V8', machine.v8 ?? 'unknown'],
    ['Commit', machine.commit],
    ['Begun', machine.date],
    ['Ended', end?.date ?? 'cut off'],
    [
      'Load average',
      `${machine.load.toFixed(2)} at the start${end === undefined ? '' : `, ${end.load.toFixed(2)} at the end (the run’s own work included)`}`,
    ],
    ['Seed', String(seed)],
    ['Fingerprint', fingerprintMachine(machine)],
  ];
}

function coresOf({ cores, cpuLimitCores }: Environment): string {
  return cpuLimitCores === undefined
    ? String(cores)
    : `${cores}, of which a container allows ${cpuLimitCores}`;
}

function memoryOf({ memoryBytes, memoryLimitBytes }: Environment): string {
  const gibibytes = (bytes: number) => `${(bytes / 2 ** 30).toFixed(1)} GiB`;
  if (memoryBytes === undefined) return 'unknown';
  return memoryLimitBytes === undefined || memoryLimitBytes >= memoryBytes
    ? gibibytes(memoryBytes)
    : `${gibibytes(memoryBytes)}, of which a container allows ${gibibytes(memoryLimitBytes)}`;
}

export const HOW_TO_READ: readonly string[] = [
  'Percentiles are nearest-rank over all samples of all rounds: each is a value that was measured. n is the number of operations behind a row. Where n is too small for a percentile there is a dash: p95 needs 72 samples, p99 368, p99.9 3,688; with fewer the largest sample is not surely above it.',
  'Brackets are 95 % intervals by bootstrap: rounds are drawn again, then the samples within them, so that what differs from round to round is in the interval. They are widened for few rounds. A maximum and a sum are what happened, and have none.',
  'The ratio column is the row’s headline metric divided by that of the baseline, as the median of the rounds’ own ratios: rounds are interleaved, so a noisy moment meets both sides. Below 1 is cheaper for times and memory, and less for a throughput.',
  'A verdict is taken from the measured value. “Within noise” means that the interval holds the target’s value: another run may decide otherwise. A peer’s configuration is stated below its table, and a row that could not be measured says why.',
];

export const NO_PROMISE: readonly string[] = [
  'Absolute figures are those of this machine at that hour: carry ratios elsewhere, not milliseconds. An interval holds what this run could see, rounds and samples; that another run begins in another state of the machine is in no interval.',
  'Load comes from a process on the same machine, over the loopback interface: there is no network in any figure. On a machine with few cores the load generator, the host and its cells share them.',
];
