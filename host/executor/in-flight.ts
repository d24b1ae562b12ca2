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
  readonly cell: number;
  readonly sentMs: number;
  readonly asker: Asker | undefined;
  readonly settle: (result: RunResult) => void;
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
 */
export type Standing = 'fine' | 'late' | 'overdue' | 'stuck';

export function standingOf(
  { sequence, deadlineMs, runMaxMs }: InFlight,
  { taken, begun, running, runningSinceMs }: Marks,
  nowMs: number,
  graceMs: number,
): Standing {
  if (!isUpTo(sequence, taken)) return nowMs > deadlineMs ? 'late' : 'fine';
  if (sequence === running)
    return nowMs > Math.min(deadlineMs + graceMs, runningSinceMs + runMaxMs) ? 'overdue' : 'fine';
  return isUpTo(sequence, begun) && nowMs > deadlineMs + graceMs ? 'stuck' : 'fine';
}
