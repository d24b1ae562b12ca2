/**
 * A slot is a place for one cell of an adapter. It outlives its cells and counts their crashes.
 *
 * Consecutive crashes only: a success clears the count. From half of `maxCrashes` the slot is *degraded*; at
 * `maxCrashes` it is *crashed* and rests, each time twice as long, so that a broken adapter does not burn the host
 * with instantiations. After a rest one more crash is enough for the next. A crash is forgotten after a quiet minute:
 * the slot may not be used again for long, and would keep the adapter degraded without a reason.
 */

import type { Clock } from '../clock.ts';
import type { Health } from '../types.ts';

/** First rest, and the longest: long enough to matter beside a creation (0.1–5 ms), short enough to heal by itself. */
const REST_MIN_MS = 100;
const REST_MAX_MS = 30_000;
/** Twice the longest rest: whoever rests is not forgotten. */
const FORGET_MS = 60_000;

export interface Slot {
  readonly index: number;
  occupied: boolean;
  crashes: number;
  rests: number;
  restUntilMs: number;
  crashedMs: number;
}

export interface Slots {
  /** A free slot that does not rest, the one with the fewest crashes; undefined when there is none. */
  take(): Slot | undefined;
  free(slot: Slot): void;
  crashed(slot: Slot): void;
  succeeded(slot: Slot): void;
  /** True when `take` would give one. */
  hasFree(): boolean;
  /** Slots that rest now. */
  resting(): number;
  /** Ms until the first resting slot may be used again; 0 when none rests. */
  nextRestEndMs(): number;
  health(): Health;
}

export function createSlots(options: {
  readonly count: number;
  readonly maxCrashes: number;
  readonly clock: Clock;
}): Slots {
  const { clock, maxCrashes } = options;
  const slots: Slot[] = Array.from({ length: options.count }, (_, index) => ({
    index,
    occupied: false,
    crashes: 0,
    rests: 0,
    restUntilMs: 0,
    crashedMs: 0,
  }));
  const rests = (slot: Slot, now: number): boolean => slot.restUntilMs > now;
  const crashesOf = (slot: Slot, now: number): number =>
    now - slot.crashedMs < FORGET_MS ? slot.crashes : 0;
  return {
    take() {
      const now = clock.now();
      let best: Slot | undefined;
      for (const slot of slots) {
        if (slot.occupied || rests(slot, now)) continue;
        if (!best || crashesOf(slot, now) < crashesOf(best, now)) best = slot;
        if (crashesOf(best, now) === 0) break;
      }
      if (best) best.occupied = true;
      return best;
    },
    hasFree() {
      const now = clock.now();
      return slots.some((slot) => !slot.occupied && !rests(slot, now));
    },
    free(slot) {
      slot.occupied = false;
    },
    crashed(slot) {
      const now = clock.now();
      if (now - slot.crashedMs >= FORGET_MS) {
        slot.crashes = 0;
        slot.rests = 0;
      }
      slot.crashes++;
      slot.crashedMs = now;
      if (slot.crashes < maxCrashes) return;
      slot.restUntilMs = now + Math.min(REST_MAX_MS, REST_MIN_MS * 2 ** slot.rests);
      slot.rests++;
      slot.crashes = maxCrashes - 1;
    },
    succeeded(slot) {
      slot.crashes = 0;
      slot.rests = 0;
    },
    resting() {
      const now = clock.now();
      return slots.reduce((count, slot) => count + (rests(slot, now) ? 1 : 0), 0);
    },
    nextRestEndMs() {
      const now = clock.now();
      let first = 0;
      for (const slot of slots) {
        if (!slot.occupied && rests(slot, now) && (first === 0 || slot.restUntilMs - now < first)) {
          first = slot.restUntilMs - now;
        }
      }
      return first;
    },
    health() {
      const now = clock.now();
      let degraded = false;
      let allRest = slots.length > 0;
      for (const slot of slots) {
        const isResting = rests(slot, now);
        allRest &&= isResting;
        degraded ||= isResting || crashesOf(slot, now) >= Math.ceil(maxCrashes / 2);
      }
      return allRest ? 'crashed' : degraded ? 'degraded' : 'healthy';
    },
  };
}
