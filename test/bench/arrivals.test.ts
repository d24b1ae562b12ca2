/** When requests of an open loop are due. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { dueTimes } from '../../bench/arrivals.ts';

const first = (count: number, ...of: Parameters<typeof dueTimes>): number[] => [
  ...dueTimes(...of).take(count),
];

describe('uniform arrivals', () => {
  test('are at even distances from the beginning on, without drifting', () => {
    expect(first(5, 'uniform', 250, 1)).toEqual([0, 4, 8, 12, 16]);
    expect(first(300_001, 'uniform', 3_000, 1).at(-1)).toBe(100_000);
  });
});

describe('Poisson arrivals', () => {
  test('are the same for the same seed, and others for another', () => {
    expect(first(50, 'poisson', 100, 7)).toEqual(first(50, 'poisson', 100, 7));
    expect(first(50, 'poisson', 100, 7)).not.toEqual(first(50, 'poisson', 100, 8));
  });

  test('only ever move forwards, at any rate', () => {
    fc.assert(
      fc.property(fc.integer(), fc.double({ min: 0.1, max: 1e6, noNaN: true }), (seed, rate) => {
        const times = first(200, 'poisson', rate, seed);
        expect(times.every((time, index) => time >= (times[index - 1] ?? 0))).toBe(true);
      }),
    );
  });

  test('have the asked rate, and gaps whose spread is their mean, as those of strangers do', () => {
    const times = first(100_000, 'poisson', 1_000, 3);
    const gaps = times.map((time, index) => time - (times[index - 1] ?? 0));
    const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
    const deviation = Math.sqrt(gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length);
    // The mean of so many has a standard error of a third of a percent: this is nine of them.
    expect(Math.abs(mean - 1)).toBeLessThan(0.03);
    expect(Math.abs(deviation / mean - 1)).toBeLessThan(0.03);
    // No memory: a gap above the mean comes with probability 1 / e.
    const long = gaps.filter((gap) => gap > 1).length / gaps.length;
    expect(Math.abs(long - Math.exp(-1))).toBeLessThan(0.01);
  });
});

test('a rate of nothing is refused', () => {
  expect(() => first(1, 'uniform', 0, 0)).toThrow(/above 0/);
  expect(() => first(1, 'poisson', Number.NaN, 0)).toThrow(/above 0/);
});
