/**
 * Question: how much faster is the direct call path than the glue jco generates, in the same thread, for the same
 * component? One table a size, because the ratio falls as copying takes over.
 */

import { createCell } from '../../host/executor/cell.ts';
import { type Contestant, type Table, timeBatches } from '../harness.ts';
import { callDirectly, ECHO, makeImage, payloadOf } from './cells.ts';
import { prepareGlue } from './glue.ts';
import { readBuilt } from './packages.ts';

/** Calls a sample: the clock is too coarse for one. */
const BATCH = 50;
const POOLS_OFF = 'pools off (a new cell for each call)';
const GLUE = "jco's glue";
const TO_MICROSECONDS = 1_000;

/** Required at 64 bytes: at least five times as fast. */
const RATIO_MAX = 1 / 5;

function callPath(payloadBytes: number, label: string): Table {
  return {
    name: `call-path-${label}`,
    question: `One echo call of ${label}, in the same thread: the direct path against jco's glue (µs a call)`,
    unit: 'µs',
    baseline: POOLS_OFF,
    headline: 'p50',
    effort: { rounds: 8, samples: 250, warmUp: 400 },
    quick: { rounds: 2, samples: 20, warmUp: 20 },
    async open() {
      const built = await readBuilt('echo');
      const { modules, plan } = makeImage(built);
      const cell = createCell(modules, plan);
      const glue = (await prepareGlue(built.component))();
      const payload = payloadOf(payloadBytes);
      const contestant = (
        row: string,
        batch: number,
        call: () => Uint8Array,
        extra: Partial<Contestant> = {},
      ): Contestant => ({
        row,
        answer: call,
        round: (count) => ({
          samples: timeBatches(count, batch, () => void call()).map((ms) => ms * TO_MICROSECONDS),
        }),
        ...extra,
      });
      return {
        contestants: [
          contestant(POOLS_OFF, 1, () => callDirectly(createCell(modules, plan), payload)),
          contestant(GLUE, BATCH, () => glue.invoke(ECHO, payload)),
          contestant(
            'direct',
            BATCH,
            () => callDirectly(cell, payload),
            payloadBytes === 64
              ? { targets: [{ metric: 'p50', test: '<=', value: RATIO_MAX, against: GLUE }] }
              : {},
          ),
        ],
        close: () => {},
      };
    },
  };
}

export const callPathTables: readonly Table[] = [
  callPath(64, '64B'),
  callPath(4_096, '4KiB'),
  callPath(65_536, '64KiB'),
];
