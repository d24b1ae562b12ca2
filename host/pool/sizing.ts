/**
 * How many cells a pool should have: enough that 60 to 80 % of them are leased.
 *
 * Utilisation is leased / (leased + idle), weighted by time. Once a tick the mean busy count of the tick goes into a
 * moving average, and the target becomes that average over 0.7, within `min` and `max`; inside the band it stays.
 */

import type { Clock } from '../clock.ts';

export const SIZING_TICK_MS = 1_000;
const BAND_LOW = 0.6;
const BAND_HIGH = 0.8;
const BAND_MIDDLE = 0.7;
/** Weight of the newest tick: half of a change is followed after two seconds, spikes of one tick are damped. */
const NEWEST_WEIGHT = 0.3;

export interface Sizing {
  readonly target: number;
  /** Smoothed, 0…1. */
  readonly utilisation: number;
  /** To be called before the counts change. */
  observe(leased: number, idle: number): void;
  /** To be called each `SIZING_TICK_MS` with the counts as they are; gives the new target. */
  tick(leased: number, idle: number): number;
}

export function createSizing(options: {
  readonly min: number;
  readonly max: number;
  readonly clock: Clock;
}): Sizing {
  const { min, max, clock } = options;
  let lastMs = clock.now();
  let leasedTime = 0;
  let liveTime = 0;
  let spanMs = 0;
  let busy = 0;
  let utilisation = 0;
  let target = min;

  const observe = (leased: number, idle: number): void => {
    const now = clock.now();
    const elapsed = now - lastMs;
    lastMs = now;
    leasedTime += leased * elapsed;
    liveTime += (leased + idle) * elapsed;
    spanMs += elapsed;
  };

  return {
    get target() {
      return target;
    },
    get utilisation() {
      return utilisation;
    },
    observe,
    tick(leased, idle) {
      observe(leased, idle);
      if (spanMs > 0) {
        busy += NEWEST_WEIGHT * (leasedTime / spanMs - busy);
        const now = liveTime === 0 ? 0 : leasedTime / liveTime;
        utilisation += NEWEST_WEIGHT * (now - utilisation);
      }
      leasedTime = liveTime = spanMs = 0;
      const wanted = Math.min(max, Math.max(min, Math.ceil(busy / BAND_MIDDLE)));
      const isInBand = busy >= BAND_LOW * target && busy <= BAND_HIGH * target;
      if (!isInBand) target = wanted;
      return target;
    },
  };
}
