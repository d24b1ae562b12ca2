/**
 * When a call that failed is made once more, and after how long.
 *
 * Always: what may have run is repeated only for who said that it may be; the host's `Retry-After` is the least time waited; no
 * wait goes past the end of the call's time; clients that failed together do not come back together.
 */

import type { HotcellError } from './failure.ts';

export interface RetryOptions {
  /** Attempts in all. Default 3: what fails three times in a row is no accident. */
  readonly attempts?: number;
  /** First wait without a `Retry-After`; each next one is twice as long. Default 100: some runs of a usual queue. */
  readonly baseMs?: number;
  /** Longest wait; a host that wants a longer one is not waited for. Default 10,000. */
  readonly maxMs?: number;
}

const ATTEMPTS = 3;
const BASE_MS = 100;
const MAX_MS = 10_000;
/** Part of a wished wait that is added at random. */
const SPREAD = 0.25;

/** How long to wait before the next attempt, in ms; undefined when there is none. `random` gives 0 ≤ x < 1. */
export function waitBeforeNext(
  error: HotcellError,
  about: {
    /** Attempts made so far. */
    readonly attempts: number;
    /** Running it twice is as good as once. */
    readonly isRepeatable: boolean;
    readonly leftMs: number;
    readonly options: RetryOptions;
    readonly random: () => number;
  },
): number | undefined {
  const { options, random } = about;
  const { attempts = ATTEMPTS, baseMs = BASE_MS, maxMs = MAX_MS } = options;
  if (about.attempts >= attempts || !error.retryable) return undefined;
  if (error.mayHaveRun && !about.isRepeatable) return undefined;
  const { retryAfterMs } = error;
  const waitMs =
    retryAfterMs === undefined
      ? Math.min(maxMs, baseMs * 2 ** (about.attempts - 1)) * random()
      : retryAfterMs * (1 + SPREAD * random());
  if (retryAfterMs !== undefined && retryAfterMs > maxMs) return undefined;
  return waitMs < about.leftMs ? waitMs : undefined;
}
