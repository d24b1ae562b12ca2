/**
 * Random cases that can be had again: one seed makes one sequence. `HOTCELL_SEED` sets it; who uses it prints it.
 */

import { randomInt } from 'node:crypto';

export interface Random {
  /** A whole number in 0 … below - 1. */
  below(below: number): number;
  bytes(count: number): Uint8Array;
  oneOf<T>(items: readonly T[]): T;
}

export function seedFromEnvironment(): number {
  const text = process.env.HOTCELL_SEED;
  return text === undefined ? randomInt(2 ** 31) : Number.parseInt(text, 10);
}

/** Marsaglia's xorshift over 32 bits: enough to choose test inputs, good for nothing else. */
export function createRandom(seed: number): Random {
  let state = (seed ^ 0x9e3779b9) | 1;
  const next = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
  const below = (limit: number): number => next() % limit;
  return {
    below,
    bytes: (count) => Uint8Array.from({ length: count }, () => next() >>> 13),
    oneOf(items) {
      const item = items[below(items.length)];
      if (item === undefined) throw new RangeError('nothing to choose from');
      return item;
    },
  };
}
