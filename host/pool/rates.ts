/**
 * What a pool measures about itself to refuse well: completions a second and each operation's median run time.
 */

import type { Clock } from '../clock.ts';

/** Completions are counted over this many one-second buckets. */
const RATE_SECONDS = 10;
/** The median is taken over so many last runs, and again only after so many new ones. */
const MEDIAN_OF = 31;
const MEDIAN_EVERY = 8;

export interface Rates {
  completed(operation: string, runMs: number): void;
  /** Calls completed a second over the last ten, or 0 when unknown. */
  perSecond(): number;
  /** Median run time of the operation in ms, or 0 before it has run. */
  medianMs(operation: string): number;
  /** Seconds until `ahead` calls are done at the measured rate: 1…60. */
  retryAfterS(ahead: number): number;
}

export function createRates(clock: Clock): Rates {
  const buckets = new Array<number>(RATE_SECONDS).fill(0);
  const startMs = clock.now();
  let currentSecond = Math.floor(startMs / 1000);
  const medians = new Map<string, { samples: number[]; next: number; medianMs: number }>();

  const roll = (): void => {
    const second = Math.floor(clock.now() / 1000);
    const steps = Math.min(RATE_SECONDS, second - currentSecond);
    for (let step = 1; step <= steps; step++) buckets[(currentSecond + step) % RATE_SECONDS] = 0;
    currentSecond = second;
  };
  const perSecond = (): number => {
    roll();
    const spanS = Math.min(RATE_SECONDS, Math.max(1, (clock.now() - startMs) / 1000));
    return buckets.reduce((sum, count) => sum + count, 0) / spanS;
  };

  return {
    completed(operation, runMs) {
      roll();
      const bucket = currentSecond % RATE_SECONDS;
      buckets[bucket] = (buckets[bucket] ?? 0) + 1;
      let entry = medians.get(operation);
      if (!entry) {
        entry = { samples: [], next: 0, medianMs: runMs };
        medians.set(operation, entry);
      }
      entry.samples[entry.next % MEDIAN_OF] = runMs;
      entry.next++;
      if (entry.next % MEDIAN_EVERY === 0) {
        const sorted = entry.samples.slice().sort((a, b) => a - b);
        entry.medianMs = sorted[sorted.length >> 1] ?? runMs;
      }
    },
    perSecond,
    medianMs: (operation) => medians.get(operation)?.medianMs ?? 0,
    retryAfterS(ahead) {
      const rate = perSecond();
      return rate === 0 ? 1 : Math.min(60, Math.max(1, Math.ceil(ahead / rate)));
    },
  };
}
