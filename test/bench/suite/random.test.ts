/** Draws and distributions: moments of what is drawn, values of what is computed as tables print them. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  digamma,
  inverseTrigamma,
  logGamma,
  studentQuantile,
  studentTwoSided,
  trigamma,
} from '../../../bench/suite/distributions.ts';
import { createRandom } from '../../../bench/suite/random.ts';

const DRAWS = 40_000;

function moments(draw: () => number): { readonly mean: number; readonly variance: number } {
  const values = Array.from({ length: DRAWS }, draw);
  const mean = values.reduce((sum, value) => sum + value, 0) / DRAWS;
  return { mean, variance: values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (DRAWS - 1) };
}

describe('draws', () => {
  test.for([
    [7, 0.5],
    [12, 0.97],
    [50, 0.3],
    [1000, 0.004],
    [1000, 0.4],
    [100_000, 0.01],
    [1_000_000, 0.999],
  ] as const)('binomial(%d, %d) has mean np and variance np(1 − p)', ([count, probability]) => {
    const random = createRandom(count);
    const { mean, variance } = moments(() => random.binomial(count, probability));
    const expected = count * probability * (1 - probability);
    // Five standard errors: a seed that is unlucky is chosen again by hand, not by chance.
    expect(Math.abs(mean - count * probability)).toBeLessThan(5 * Math.sqrt(expected / DRAWS));
    expect(Math.abs(variance / expected - 1)).toBeLessThan(
      5 * Math.sqrt(2 / DRAWS) + 5 / Math.sqrt(DRAWS * expected),
    );
  });

  test('a binomial draw lies between none and all', () => {
    fc.assert(
      fc.property(
        fc.integer(),
        fc.integer({ min: 0, max: 5000 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (seed, count, probability) => {
          const draw = createRandom(seed).binomial(count, probability);
          expect(draw >= 0 && draw <= count && Number.isInteger(draw)).toBe(true);
        },
      ),
    );
  });

  test('the rank-th of n uniform draws has mean k ÷ (n + 1), as Beta(k, n − k + 1) has', () => {
    const random = createRandom(4);
    for (const [rank, count] of [
      [1, 1],
      [1, 400],
      [200, 400],
      [396, 400],
    ] as const) {
      const { mean, variance } = moments(() => random.orderStatistic(rank, count));
      const expected = rank / (count + 1);
      const spread = (expected * (1 - expected)) / (count + 2);
      expect(Math.abs(mean - expected)).toBeLessThan(5 * Math.sqrt(spread / DRAWS));
      expect(variance / spread).toBeCloseTo(1, 1);
    }
  });

  test('a seed repeats its draws, the next seed gives others', () => {
    const draws = (seed: number) => {
      const random = createRandom(seed);
      return [random.uniform(), random.normal(), random.binomial(1000, 0.5), random.below(1e9)];
    };
    expect(draws(5)).toEqual(draws(5));
    expect(draws(5)).not.toEqual(draws(6));
  });
});

describe('distributions', () => {
  test('quantiles of Student are those of printed tables', () => {
    for (const [freedom, quantile] of [
      [1, 12.7062],
      [2, 4.30265],
      [4, 2.77645],
      [10, 2.22814],
      [30, 2.04227],
      [1000, 1.96234],
    ] as const) {
      expect(studentQuantile(0.975, freedom)).toBeCloseTo(quantile, 4);
    }
  });

  test('far tails keep their digits: that is where a family of a hundred tests decides', () => {
    expect(studentTwoSided(4.5, 8) / 0.002002092).toBeCloseTo(1, 5);
    expect(studentTwoSided(5, Number.POSITIVE_INFINITY) / 5.733031e-7).toBeCloseTo(1, 5);
    expect(studentTwoSided(1.959964, Number.POSITIVE_INFINITY)).toBeCloseTo(0.05, 6);
    expect(studentTwoSided(0, 3)).toBe(1);
  });

  test('gamma and its derivatives at whole and half numbers', () => {
    const euler = 0.5772156649015329;
    expect(logGamma(5)).toBeCloseTo(Math.log(24), 10);
    expect(logGamma(0.5)).toBeCloseTo(Math.log(Math.sqrt(Math.PI)), 10);
    expect(digamma(1)).toBeCloseTo(-euler, 9);
    expect(digamma(0.5)).toBeCloseTo(-euler - 2 * Math.LN2, 9);
    expect(trigamma(1)).toBeCloseTo(Math.PI ** 2 / 6, 9);
    for (const x of [0.3, 2, 50]) expect(inverseTrigamma(trigamma(x)) / x).toBeCloseTo(1, 6);
  });
});
