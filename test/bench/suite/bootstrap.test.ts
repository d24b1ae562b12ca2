/** Intervals: against a bootstrap that draws every sample, and against runs whose truth is known. */

import { describe, expect, test } from 'vitest';
import { median, percentile } from '../../../bench/statistics.ts';
import {
  percentileInterval,
  ratioInterval,
  roundsInterval,
  samplesNeeded,
  sortRounds,
} from '../../../bench/suite/bootstrap.ts';
import { studentQuantile } from '../../../bench/suite/distributions.ts';
import { createRandom, type Random } from '../../../bench/suite/random.ts';
import { drawSamples } from './synthetic-run.ts';

const drawRounds = (rounds: number, samples: number, drift: number, random: Random) =>
  Array.from({ length: rounds }, () => drawSamples(samples, Math.exp(drift * random.normal()), 0.3, random));

/** The definition: draw rounds, draw every sample in them, sort, take the rank. Ends are stretched as the fast one's are. */
function slowInterval(rounds: readonly number[][], share: number, random: Random) {
  const sorted = (values: number[]) => Float64Array.from(values).sort();
  const estimate = percentile(sorted(rounds.flat()), share);
  const replicates = sorted(
    Array.from({ length: 1000 }, () => {
      const drawn = rounds.flatMap(() => {
        const round = rounds[random.below(rounds.length)] ?? [];
        return round.map(() => round[random.below(round.length)] ?? 0);
      });
      return percentile(sorted(drawn), share);
    }),
  );
  const factor =
    (studentQuantile(0.975, rounds.length - 1) / 1.959964) * Math.sqrt(rounds.length / (rounds.length - 1));
  return [replicates[25], replicates[974]].map((end) => estimate * ((end ?? 0) / estimate) ** factor);
}

describe('the interval of a percentile', () => {
  test.for([
    [5, 60, 0.05, 0.5],
    [8, 100, 0, 0.5],
    [4, 150, 0.2, 0.95],
    [3, 130, 0.1, 0.99],
  ] as const)('is that of drawing every sample: %j', ([rounds, samples, drift, share]) => {
    const random = createRandom(rounds * 1000 + samples);
    const data = drawRounds(rounds, samples, drift, random);
    const fast = percentileInterval(sortRounds(data), share, random);
    const [low = 0, high = 0] = slowInterval(data, share, random);
    // Both ends are quantiles of a thousand random replicates: they agree within what a thousand leave open.
    const width = Math.log(high / low);
    expect(Math.abs(Math.log((fast?.low ?? 0) / low))).toBeLessThan(0.25 * width);
    expect(Math.abs(Math.log((fast?.high ?? 0) / high))).toBeLessThan(0.25 * width);
  });

  test.for([
    ['rounds differ more than samples', 3, 60, 0.05, 0.05],
    ['rounds differ more than samples', 6, 60, 0.05, 0.05],
    ['samples differ more than rounds', 5, 60, 0.01, 0.4],
  ] as const)(
    'holds the truth in 95 of 100 runs or more: %s, %d rounds',
    ([name, rounds, samples, between, within]) => {
      const random = createRandom(rounds);
      const runs = 150;
      let held = 0;
      for (let run = 0; run < runs; run++) {
        const drawn = Array.from({ length: rounds }, () => {
          const level = Math.exp(between * random.normal());
          return Array.from({ length: samples }, () => level * Math.exp(within * random.normal()));
        });
        const interval = percentileInterval(sortRounds(drawn), 0.5, random);
        if (interval !== undefined && interval.low <= 1 && interval.high >= 1) held++;
      }
      console.log(`coverage, ${name}, ${rounds} rounds: ${held} of ${runs} (seed ${rounds})`);
      expect(held / runs).toBeGreaterThan(0.93);
    },
  );

  test('is stated from 6, 72, 368 and 3,688 samples on, and from three rounds on', () => {
    expect([0.5, 0.95, 0.99, 0.999].map(samplesNeeded)).toEqual([6, 72, 368, 3688]);
    const random = createRandom(1);
    const of = (rounds: number, samples: number) =>
      percentileInterval(sortRounds(drawRounds(rounds, samples, 0, random)), 0.95, random);
    expect(of(4, 18)).toBeDefined();
    expect(of(4, 17)).toBeUndefined();
    expect(of(2, 500)).toBeUndefined();
    expect(of(3, 24)).toBeDefined();
  });

  test('is the same for the same seed', () => {
    const data = sortRounds(drawRounds(5, 100, 0.05, createRandom(3)));
    expect(percentileInterval(data, 0.95, createRandom(9))).toEqual(
      percentileInterval(data, 0.95, createRandom(9)),
    );
  });

  test('of samples that are all alike has no width', () => {
    const data = sortRounds([
      [2, 2, 2],
      [2, 2],
      [2, 2, 2],
    ]);
    expect(percentileInterval(data, 0.5, createRandom(1))).toEqual({ low: 2, high: 2 });
  });
});

test('rounds of unequal length are merged in order, with the origin of every value', () => {
  const { all, before } = sortRounds([[3, 1], [2], [], [1, 5, 4]]);
  expect([...all]).toEqual([1, 1, 2, 3, 4, 5]);
  expect(before.map((column) => column.at(-1))).toEqual([2, 1, 0, 3]);
  for (let index = 1; index <= all.length; index++) {
    expect(before.reduce((sum, column) => sum + (column[index] ?? 0), 0)).toBe(index);
  }
});

test('what rounds state themselves may be below zero, and its interval then is too', () => {
  const interval = roundsInterval([-3, -1, -2, -2.5, -1.5], median, createRandom(5));
  expect(interval?.low).toBeLessThan(-2);
  expect(interval?.high).toBeGreaterThan(-2);
  expect(interval?.high).toBeLessThan(1);
  expect(roundsInterval([1, 2], median, createRandom(5))).toBeUndefined();
});

test('a drift that meets both sides of a ratio leaves its interval narrow', () => {
  const random = createRandom(8);
  const levels = [1, 1.4, 0.8, 2, 1.2, 0.9];
  const side = (factor: number) => ({
    share: 0.5,
    rounds: levels.map((level) =>
      Float64Array.from({ length: 400 }, () => factor * level * Math.exp(0.2 * random.normal())).sort(),
    ),
  });
  const interval = ratioInterval(side(2), side(1), random);
  expect(interval?.low).toBeGreaterThan(1.85);
  expect(interval?.high).toBeLessThan(2.15);
  expect(ratioInterval([1, 2, 3], [1, 0, 3], random)).toBeUndefined();
});
