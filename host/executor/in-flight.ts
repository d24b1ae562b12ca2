/**
 * Requests that were sent and not answered, and how one stands to its deadline.
 *
 * Always: what the executor has not taken up is never held against it; only what has the thread can be a reason to end it; what
 * is suspended is given up alone.
 */

import type { RunResult } from '../types.ts';
import type { Asker } from './guest-calls.ts';
import { isUpTo } from './protocol.ts';

export interface InFlight {
  readonly sequence: number;
  /** Not taken up by then, it is answered as late. Absolute, in ms. */
  readonly deadlineMs: number;
  /** Longest time in the guest, in ms, whatever the deadline. */
  readonly runMaxMs: number;
  readonly cell: number | undefined;
  readonly sentMs: number;
  /** Until its caller has the result: what is over asks nothing more. */
  asker: Asker | undefined;
  /** Only the first result counts. */
  readonly settle: (result: RunResult) => void;
  /** Its caller does not wait for it any more. It stays until the thread is known to have left it. */
  isGivenUp: boolean;
}

/** On whose behalf, and what gives it up. */
export interface By {
  readonly asker?: Asker | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * A request with its promise's `resolve`. `onGiveUp` is called when the signal is aborted before it was settled, and drops
 * the cell: a metered guest, or one that waits for the host, is stopped within its slice; any other ends by itself or by
 * its deadline, which is watched as before.
 */
export function openRequest(
  about: Omit<InFlight, 'asker' | 'settle' | 'isGivenUp'>,
  { asker, signal }: By,
  resolve: (result: RunResult) => void,
  onGiveUp: (entry: InFlight) => void,
): InFlight {
  const giveUp = (): void => {
    entry.isGivenUp = true;
    onGiveUp(entry);
  };
  const entry: InFlight = {
    ...about,
    asker,
    isGivenUp: false,
    settle(result) {
      entry.asker?.session?.end();
      entry.asker = undefined;
      signal?.removeEventListener('abort', giveUp);
      resolve(result);
    },
  };
  signal?.addEventListener('abort', giveUp, { once: true });
  return entry;
}

export function cancelledRun(
  { sequence, sentMs }: Pick<InFlight, 'sequence' | 'sentMs'>,
  begun: number,
  nowMs: number,
): RunResult {
  return { kind: 'cancelled', isBegun: isUpTo(sequence, begun), runMs: nowMs - sentMs };
}

/** The marks of the request ring (`Ring`), read together. */
export interface Marks {
  readonly taken: number;
  readonly begun: number;
  readonly running: number;
  readonly runningSinceMs: number;
}

/**
 * `late`: not taken up in time, and the executor will find that too. `overdue`: it has the thread and does not end.
 * `stuck`: it is suspended past its deadline, and whoever has the thread keeps it from being stopped there.
 * `left`: it was given up, and is suspended or over; no answer will come of it.
 */
export type Standing = 'fine' | 'late' | 'overdue' | 'stuck' | 'left';

export function standingOf(
  { sequence, deadlineMs, runMaxMs, isGivenUp }: InFlight,
  { taken, begun, running, runningSinceMs }: Marks,
  nowMs: number,
  graceMs: number,
): Standing {
  if (!isUpTo(sequence, taken)) return nowMs > deadlineMs ? 'late' : 'fine';
  if (sequence === running)
    return nowMs > Math.min(deadlineMs + graceMs, runningSinceMs + runMaxMs) ? 'overdue' : 'fine';
  if (isGivenUp && isUpTo(sequence, begun)) return 'left';
  return isUpTo(sequence, begun) && nowMs > deadlineMs + graceMs ? 'stuck' : 'fine';
}
