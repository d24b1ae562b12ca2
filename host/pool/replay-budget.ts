/**
 * How many replays an adapter may spend: at most 20 % of its calls of the last 10 s, but at least 10.
 *
 * Replays hide crashes from callers. Without a budget an adapter that always crashes would multiply its load by
 * `replayMax` just when it is sick.
 */

import type { Clock } from '../clock.ts';

const WINDOW_S = 10;
const SHARE = 0.2;
const FLOOR = 10;

export interface ReplayBudget {
  /** A call came in. */
  noteCall(): void;
  /** Takes one replay; false when the budget is spent. */
  take(): boolean;
}

export function createReplayBudget(clock: Clock): ReplayBudget {
  const calls = new Array<number>(WINDOW_S).fill(0);
  const replays = new Array<number>(WINDOW_S).fill(0);
  let second = Math.floor(clock.now() / 1000);

  const roll = (): number => {
    const now = Math.floor(clock.now() / 1000);
    for (let step = 1; step <= Math.min(WINDOW_S, now - second); step++) {
      calls[(second + step) % WINDOW_S] = 0;
      replays[(second + step) % WINDOW_S] = 0;
    }
    second = now;
    return now % WINDOW_S;
  };
  const sum = (buckets: readonly number[]): number => buckets.reduce((total, count) => total + count, 0);

  return {
    noteCall() {
      const bucket = roll();
      calls[bucket] = (calls[bucket] ?? 0) + 1;
    },
    take() {
      const bucket = roll();
      if (sum(replays) >= Math.max(FLOOR, sum(calls) * SHARE)) return false;
      replays[bucket] = (replays[bucket] ?? 0) + 1;
      return true;
    },
  };
}
