/**
 * When requests of an open loop are due: at even distances, or as strangers come, independently of each other (a Poisson
 * process). Drawn from a seed, so that the same arrivals can be had again.
 *
 * Nothing here waits or sends: `load-pacing.ts` does.
 */

export const ARRIVALS = ['uniform', 'poisson'] as const;
export type Arrivals = (typeof ARRIVALS)[number];

/** Times in ms after the beginning, upwards, without end. `perSecond` is their mean rate. */
export function* dueTimes(arrivals: Arrivals, perSecond: number, seed: number): Generator<number, never> {
  if (!(perSecond > 0)) throw new RangeError(`a rate is above 0 a second, not ${perSecond}`);
  const meanMs = 1_000 / perSecond;
  const draw = createRandom(seed);
  let dueMs = 0;
  for (let index = 0; ; index++) {
    // Multiplied, not added up: an hour of even distances ends where it should.
    if (arrivals === 'uniform') dueMs = index * meanMs;
    else dueMs -= meanMs * Math.log(1 - draw());
    yield dueMs;
  }
}

/**
 * Numbers in [0, 1) of 32 bits, the same for the same seed.
 * Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014; its form of 32 bits.
 */
export function createRandom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = state ^ (state >>> 16);
    mixed = Math.imul(mixed, 0x21f0aaad);
    mixed ^= mixed >>> 15;
    mixed = Math.imul(mixed, 0x735a2d97);
    mixed ^= mixed >>> 15;
    return (mixed >>> 0) / 0x1_0000_0000;
  };
}
