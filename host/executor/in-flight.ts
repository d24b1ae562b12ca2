/**
 * Requests that were sent and not answered, and how one stands to its deadline.
 *
 * Always: what the executor has not taken up is never held against it; only what has the thread can be a reason to end it; what
 * is suspended is given up alone.
 */

import type { RunRequest, RunResult } from '../types.ts';
import type { Asker } from './guest-calls.ts';
import type { FrameRing } from './link.ts';
import { isUpTo } from './protocol.ts';
import { NOTHING } from './ring.ts';

export interface InFlight {
  readonly sequence: number;
  /** Not taken up by then, it is answered as late. Absolute, in ms. */
  readonly deadlineMs: number;
  /** Longest time in the guest, in ms, whatever the deadline. */
  readonly runMaxMs: number;
  readonly cell: number | undefined;
  readonly sentMs: number;
  /** What it adds to the wait of those behind it. */
  readonly expectedMs: number;
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
  /** Default: as long as anything counts. */
  readonly expectedMs?: number;
}

/**
 * A request with its promise's `resolve`. `onGiveUp` is called when the signal is aborted before it was settled, and drops
 * the cell: a metered guest, or one that waits for the host, is stopped within its slice; any other ends by itself or by
 * its deadline, which is watched as before.
 */
export function openRequest(
  about: Omit<InFlight, 'asker' | 'settle' | 'isGivenUp' | 'expectedMs'>,
  { asker, signal, expectedMs = LONG_MS }: By,
  resolve: (result: RunResult) => void,
  onGiveUp: (entry: InFlight) => void,
): InFlight {
  const giveUp = (): void => {
    entry.isGivenUp = true;
    onGiveUp(entry);
  };
  const entry: InFlight = {
    ...about,
    expectedMs,
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

/** What ringing a sleeping executor's bell costs the one who rings and the one who wakes. Measured: the bench `http`. */
const WAKE_MS = 0.05;
/**
 * What is not known to be short counts as so much, and nothing counts as more: a call that takes longer gives the thread away after
 * a slice, or waits for something while others run.
 */
const LONG_MS = 1;

/** Of a run: the median of its kind, which is kept free before its deadline. */
export function expectedMsOf({
  deadlineMs,
  beginByMs,
}: Pick<RunRequest, 'deadlineMs' | 'beginByMs'>): number {
  const medianMs = deadlineMs - beginByMs;
  return medianMs > 0 && medianMs < LONG_MS ? medianMs : LONG_MS;
}

/** All requests of one executor that were sent and not answered, by sequence number. */
export class InFlightRequests {
  readonly #entries = new Map<number, InFlight>();
  #expectedMs = 0;

  get size(): number {
    return this.#entries.size;
  }

  get(sequence: number): InFlight | undefined {
    return this.#entries.get(sequence);
  }

  /** In the order in which they were sent; one may be removed meanwhile. */
  values(): Iterable<InFlight> {
    return this.#entries.values();
  }

  add(entry: InFlight): void {
    this.#entries.set(entry.sequence, entry);
    this.#expectedMs += entry.expectedMs;
  }

  remove({ sequence, expectedMs }: InFlight): void {
    this.#entries.delete(sequence);
    // Sums of fractions drift: nothing in flight is nothing expected.
    this.#expectedMs = this.#entries.size === 0 ? 0 : this.#expectedMs - expectedMs;
  }

  clear(): void {
    this.#entries.clear();
    this.#expectedMs = 0;
  }

  /**
   * `Executor.waitMs`: short calls are better behind each other than in a thread that has to be woken for them. The call that runs
   * counts for as long as it has run: others of its kind may have been shorter.
   */
  waitMs({ running, runningSinceMs }: Pick<FrameRing, 'running' | 'runningSinceMs'>, nowMs: number): number {
    if (this.#entries.size === 0) return WAKE_MS;
    const runsForMs = running === NOTHING ? 0 : Math.min(LONG_MS, Math.max(0, nowMs - runningSinceMs));
    return this.#expectedMs + runsForMs;
  }
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
