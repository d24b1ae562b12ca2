/**
 * Resident memory of one more thing: the slope of RSS over many that are added in steps, so that what exists once does not count.
 * To be used in a process that does nothing else.
 */

import { collectGarbage, type Round } from '../harness.ts';
import { slope } from '../statistics.ts';

/** RSS is read so many times on the way. */
const STEPS = 8;
const KIB = 1_024;

/**
 * Adds `count` things in steps; the slope of RSS in KiB a thing. Throws when things that are held took nothing: then
 * something else gave memory back meanwhile, and the figure would be worthless.
 */
export async function slopePerThing(
  count: number,
  add: () => Promise<void> | void,
  areHeld = true,
): Promise<Round> {
  const points: [number, number][] = [];
  const perStep = Math.max(1, Math.floor(count / STEPS));
  for (let step = 0; step <= STEPS; step++) {
    if (step > 0) for (let index = 0; index < perStep; index++) await add();
    await collectGarbage();
    points.push([step * perStep, process.memoryUsage.rss() / KIB]);
  }
  // The first step pays for what exists once: heap growth, code, the first arena of every kind.
  const value = slope(points.slice(1));
  if (areHeld && value <= 0) throw new Error(`RSS fell by ${-value} KiB a cell although cells were held`);
  return { figures: { 'RSS per cell': { value, unit: 'KiB', n: STEPS * perStep } } };
}
