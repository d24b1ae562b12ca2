/**
 * What a pool measures about itself to refuse well: how long cells are held, and each operation's median run time.
 *
 * Waiting times follow from how long a cell is held, not from how many calls ended lately: after a quiet minute the
 * latter says nothing.
 */

import type { Clock } from '../clock.ts';

/** Weight of the newest call in the moving average. */
const NEWEST_WEIGHT = 0.1;
/** The median is taken over so many last runs, and again only after so many new ones. */
const MEDIAN_OF = 31;
const MEDIAN_EVERY = 8;
/**
 * A median is believed for so long after a run. Calls are refused by it before they run, so that a slow minute of one
 * caller would otherwise refuse every call with a shorter timeout for ever: nothing would run that could correct it.
 */
const MEDIAN_FORGET_MS = 10_000;

export interface Rates {
  /** A call held its cell for so long. */
  held(ms: number): void;
  ran(operation: string, runMs: number): void;
  /** Median run time of the operation in ms, or 0 when it has not run lately. */
  medianMs(operation: string): number;
  /** Expected ms until `ahead` calls are done when `cells` work on them; 0 when nothing is known yet. */
  waitMs(ahead: number, cells: number): number;
  /** The same as seconds for `Retry-After`: 1…60. */
  retryAfterS(ahead: number, cells: number): number;
}

export function createRates(clock: Clock): Rates {
  const medians = new Map<string, { samples: number[]; next: number; medianMs: number; ranAtMs: number }>();
  let holdMs = 0;

  const waitMs = (ahead: number, cells: number): number => (ahead * holdMs) / Math.max(1, cells);

  return {
    held(ms) {
      holdMs = holdMs === 0 ? ms : holdMs + NEWEST_WEIGHT * (ms - holdMs);
    },
    ran(operation, runMs) {
      const now = clock.now();
      let entry = medians.get(operation);
      if (!entry || now - entry.ranAtMs >= MEDIAN_FORGET_MS) {
        entry = { samples: [], next: 0, medianMs: 0, ranAtMs: now };
        medians.set(operation, entry);
      }
      entry.ranAtMs = now;
      entry.samples[entry.next % MEDIAN_OF] = runMs;
      entry.next++;
      if (entry.next % MEDIAN_EVERY === 0) {
        const sorted = entry.samples.slice().sort((a, b) => a - b);
        entry.medianMs = sorted[sorted.length >> 1] ?? 0;
      }
    },
    medianMs(operation) {
      const entry = medians.get(operation);
      return entry && clock.now() - entry.ranAtMs < MEDIAN_FORGET_MS ? entry.medianMs : 0;
    },
    waitMs,
    retryAfterS: (ahead, cells) => Math.min(60, Math.max(1, Math.ceil(waitMs(ahead, cells) / 1000))),
  };
}
