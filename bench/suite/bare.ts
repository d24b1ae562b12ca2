/**
 * Baselines that have nothing of Hotcell in them: the least that could take the place of what is measured. Runs are compared by ratios
 * to them, so they must not change when Hotcell does.
 */

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { type Contestant, timeEach } from '../harness.ts';
import { type EchoThread, startEchoThread } from '../host/echo-thread.ts';

const BYTES = 64;
const run = promisify(execFile);

export const ROUND_TRIP = 'bare postMessage round trip of 64 bytes';
export const NODE_START = 'Node starts and ends';

/** A message to another thread and back: no call into one can cost less. The thread is the caller's to end. */
export async function openRoundTrip(): Promise<{
  readonly contestant: Contestant;
  readonly thread: EchoThread;
}> {
  const thread = await startEchoThread();
  const payload = new Uint8Array(BYTES);
  return {
    thread,
    contestant: {
      row: ROUND_TRIP,
      round: async (count) => ({ samples: await timeEach(count, () => thread.roundTrip(payload)) }),
    },
  };
}

/** A program that does nothing, in a process of its own; at most so many a round. */
export const nodeStart = (most: number): Contestant => ({
  row: NODE_START,
  round: async (count) => ({
    samples: await timeEach(Math.min(count, most), () => run(process.execPath, ['--eval', '0'])),
  }),
});
