/**
 * Question: what does a call cost more when its executor is a child process? One call at a time through a warm cell of either
 * placement, turn about, so that a noisy moment meets both.
 */

import { systemClock } from '../../host/clock.ts';
import type { ThreadExecutor } from '../../host/executor/executor.ts';
import { createProcessStarter } from '../../host/executor/process-link.ts';
import type { Executor } from '../../host/types.ts';
import type { Contestant, Round, Table } from '../harness.ts';
import { bytesOf, echoRequest, makeServedImage, payloadOf, startExecutor } from '../host/cells.ts';
import { readBuilt } from '../host/packages.ts';
import { median } from '../statistics.ts';

const THREAD = 'thread';
const PROCESS = 'process';
const ADDED = 'added p50';
const ADDED_MAX_MICROSECONDS = 150;
const TO_MICROSECONDS = 1_000;

interface Side {
  readonly executor: Executor;
  readonly cell: number;
}

const run = async ({ executor, cell }: Side, payload: Uint8Array): Promise<Uint8Array> =>
  bytesOf(await executor.run(cell, echoRequest(payload)));

async function timed(side: Side, payload: Uint8Array): Promise<number> {
  const from = systemClock.now();
  await run(side, payload);
  return (systemClock.now() - from) * TO_MICROSECONDS;
}

/** `count` calls of each, turn about: µs. */
async function timeBoth(
  sides: { readonly thread: Side; readonly process: Side },
  payload: Uint8Array,
  count: number,
): Promise<{ readonly thread: Float64Array; readonly process: Float64Array }> {
  const samples = { thread: new Float64Array(count), process: new Float64Array(count) };
  for (let index = 0; index < count; index++) {
    samples.thread[index] = await timed(sides.thread, payload);
    samples.process[index] = await timed(sides.process, payload);
  }
  return samples;
}

function placementTable(size: string, bytes: number, samples: number): Table {
  return {
    name: `placement-${size}`,
    question: `Echo of ${size}, one call at a time: an executor in a process against one in a thread (µs)`,
    unit: 'µs',
    baseline: THREAD,
    headline: 'p50',
    effort: { rounds: 6, samples, warmUp: samples },
    quick: { rounds: 1, samples: 20, warmUp: 5 },
    async open() {
      const image = makeServedImage(await readBuilt('echo'));
      const open = async (executor: ThreadExecutor): Promise<Side> => {
        executor.load(image);
        return { executor, cell: (await executor.createCell(image.id)).id };
      };
      const sides = {
        thread: await open(startExecutor()),
        process: await open(startExecutor(1, createProcessStarter({ uid: 0 }))),
      };
      const payload = payloadOf(bytes);
      const contestant = (row: string, side: Side, round: Contestant['round']): Contestant => ({
        row,
        answer: () => run(side, payload),
        round,
      });
      return {
        contestants: [
          contestant(THREAD, sides.thread, async (count): Promise<Round> => {
            return { samples: (await timeBoth(sides, payload, count)).thread };
          }),
          {
            ...contestant(PROCESS, sides.process, async (count): Promise<Round> => {
              const both = await timeBoth(sides, payload, count);
              const added = median([...both.process]) - median([...both.thread]);
              return {
                samples: both.process,
                figures: { [ADDED]: { value: added, unit: 'µs', n: count } },
              };
            }),
            ...(size === '4KiB'
              ? { targets: [{ metric: ADDED, test: '<', value: ADDED_MAX_MICROSECONDS }] as const }
              : {}),
          },
        ],
        async close() {
          await Promise.all([sides.thread.executor.stop(), sides.process.executor.stop()]);
        },
      };
    },
  };
}

export const placementTables: readonly Table[] = [
  placementTable('4KiB', 4_096, 2_000),
  placementTable('64KiB', 65_536, 1_000),
  placementTable('1MiB', 1_048_576, 200),
];
