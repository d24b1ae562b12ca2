/**
 * Question: how long does the host's event loop keep others waiting while 256 MB are sealed? Read with
 * `monitorEventLoopDelay` at a resolution of 1 ms: the figures contain that millisecond, as the row of the idle host
 * shows. A round's percentile is over its own readings; a row states its worst round.
 */

import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Vault } from '../../host/vault/face.ts';
import type { Contestant, Table } from '../harness.ts';
import {
  BINDING,
  collect,
  drain,
  makeVault,
  openCellVault,
  patterned,
  pieces,
  rateOf,
  timeInFlight,
} from './vaults.ts';

const MIB = 1_048_576;
const RESOLUTION_MS = 1;
const P99 = 'delay p99';
const LIMIT_MS = 10;
const IN_FLIGHT = 8;
const IDLE = 'idle host';
/** About as long as the others take for a megabyte. */
const IDLE_MS_PER_MIB = 2;
const NS_PER_MS = 1e6;

export const loopDelayTable: Table = {
  name: 'loop-delay',
  question: `Delay of the host's event loop while 256 MB are sealed (ms, resolution ${RESOLUTION_MS} ms included)`,
  unit: 'ms',
  baseline: IDLE,
  headline: P99,
  // A sample is a megabyte.
  effort: { rounds: 5, samples: 256, warmUp: 64 },
  quick: { rounds: 1, samples: 32, warmUp: 8 },
  async open() {
    const nonces = { isFixed: false };
    const { vault, close } = await openCellVault({ nonces }, 0);
    const native = await makeVault({ nonces }, { backend: 'native' });
    const text = patterned(MIB);
    const seal = (from: Vault) => () => from.seal(text, BINDING);
    const target = { targets: [{ metric: P99, test: '<', value: LIMIT_MS }] } as const;
    const contestant = (
      row: string,
      work: (count: number) => Promise<unknown>,
      rest: Partial<Contestant>,
    ): Contestant => ({ row, round: (count) => measure(count, work), ...rest });
    return {
      contestants: [
        contestant(IDLE, (count) => pause(count * IDLE_MS_PER_MIB), {}),
        contestant('stream, in cells', (count) => drain(vault.sealStream(pieces(count * MIB), BINDING)), {
          ...target,
          answer: () => collect(native.openStream(vault.sealStream([text], BINDING), BINDING)),
        }),
        contestant(
          'records of 1 MB, 8 in flight, in cells',
          (count) => timeInFlight(count, IN_FLIGHT, seal(vault)),
          { ...target, answer: async () => native.open(await vault.seal(text, BINDING), BINDING) },
        ),
        contestant(
          'records of 1 MB, 8 in flight, native',
          (count) => timeInFlight(count, IN_FLIGHT, seal(native)),
          { answer: async () => vault.open(await native.seal(text, BINDING), BINDING) },
        ),
      ],
      async close() {
        await native.close();
        await close();
      },
    };
  },
};

async function measure(count: number, work: (count: number) => Promise<unknown>) {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  // What blocks the loop before the first reading would not be seen.
  await pause(2 * RESOLUTION_MS);
  const startMs = performance.now();
  await work(count);
  const elapsedMs = performance.now() - startMs;
  // Work that never lets the loop turn has no reading before it is over: this one.
  await pause(2 * RESOLUTION_MS);
  delay.disable();
  const figure = (ns: number) => ({
    value: ns / NS_PER_MS,
    unit: 'ms',
    n: delay.count,
    over: 'max' as const,
  });
  return {
    figures: {
      'delay p50': figure(delay.percentile(50)),
      [P99]: figure(delay.percentile(99)),
      'delay max': figure(delay.max),
      rate: rateOf(count * MIB, elapsedMs, count),
    },
  };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
