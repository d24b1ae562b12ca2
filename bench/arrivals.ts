/**
 * When requests of an open loop are due: at even distances, or as strangers come, independently of each other (a Poisson
 * process). Drawn from a seed, so that the same arrivals can be had again.
 *
 * Nothing here waits or sends: `load-pacing.ts` does.
 */

import { createRandom } from './suite/random.ts';

export const ARRIVALS = ['uniform', 'poisson'] as const;
export type Arrivals = (typeof ARRIVALS)[number];

/** Times in ms after the beginning, upwards, without end. `perSecond` is their mean rate. */
export function* dueTimes(arrivals: Arrivals, perSecond: number, seed: number): Generator<number, never> {
  if (!(perSecond > 0)) throw new RangeError(`a rate is above 0 a second, not ${perSecond}`);
  const meanMs = 1_000 / perSecond;
  const { uniform } = createRandom(seed);
  let dueMs = 0;
  for (let index = 0; ; index++) {
    // Multiplied, not added up: an hour of even distances ends where it should.
    if (arrivals === 'uniform') dueMs = index * meanMs;
    else dueMs -= meanMs * Math.log(1 - uniform());
    yield dueMs;
  }
}
