/**
 * The adapter's breaker: when more than half of the last attempts failed, calls are refused for a while.
 *
 * closed → open (over half of the last ≥ 20 attempts failed) → after the pause half-open: one trial call → closed when
 * it succeeds, open for twice as long when it fails. Failures are crashes and failed creations, never a guest's own
 * `result::err`.
 */

import type { Clock } from '../clock.ts';
import { HostError } from '../errors.ts';

/** Attempts looked back on, and how many are needed before a judgement. */
const WINDOW = 40;
const JUDGE_FROM = 20;
const PAUSE_MIN_MS = 1_000;
const PAUSE_MAX_MS = 60_000;

export interface Breaker {
  readonly state: 'closed' | 'open' | 'half-open';
  /** True for the trial: the first to enter in half-open state. Throws POOL_BREAKER_OPEN. */
  enter(): boolean;
  /** In half-open state only the trial's verdict counts: calls that began before the pause say nothing new. */
  record(success: boolean, isTrial: boolean): void;
  /** The trial ended without a verdict (it never began): the next call may try. For the trial alone to say. */
  abandon(): void;
}

export function createBreaker(options: {
  readonly adapter: string;
  readonly clock: Clock;
  readonly onChange: (state: 'closed' | 'open' | 'half-open') => void;
}): Breaker {
  const { clock } = options;
  const attempts: boolean[] = [];
  let failures = 0;
  let state: 'closed' | 'open' | 'half-open' = 'closed';
  let untilMs = 0;
  let pauseMs = PAUSE_MIN_MS;
  let isTrialOut = false;

  const change = (next: 'closed' | 'open' | 'half-open'): void => {
    state = next;
    options.onChange(next);
  };
  const open = (): void => {
    untilMs = clock.now() + pauseMs;
    pauseMs = Math.min(PAUSE_MAX_MS, pauseMs * 2);
    attempts.length = 0;
    failures = 0;
    change('open');
  };

  return {
    get state() {
      return state;
    },
    enter() {
      if (state === 'closed') return false;
      const now = clock.now();
      if (state === 'open' && now >= untilMs) {
        isTrialOut = false;
        change('half-open');
      }
      if (state === 'half-open' && !isTrialOut) {
        isTrialOut = true;
        return true;
      }
      const waitS = Math.max(1, Math.ceil((untilMs - now) / 1000));
      throw new HostError(
        'POOL_BREAKER_OPEN',
        `adapter "${options.adapter}" failed too often; next trial in ${waitS} s`,
        { retryAfterS: waitS },
      );
    },
    record(success, isTrial) {
      if (state === 'half-open') {
        if (!isTrial) return;
        isTrialOut = false;
        if (success) {
          pauseMs = PAUSE_MIN_MS;
          change('closed');
        } else {
          open();
        }
        return;
      }
      if (state === 'open') return;
      attempts.push(success);
      if (!success) failures++;
      if (attempts.length > WINDOW && attempts.shift() === false) failures--;
      // A success never opens it, old failures beside it or not.
      if (!success && attempts.length >= JUDGE_FROM && failures * 2 > attempts.length) open();
    },
    abandon() {
      isTrialOut = false;
    },
  };
}
