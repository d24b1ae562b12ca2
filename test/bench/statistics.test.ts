/** The arithmetic of stated figures, against hand-made cases and a slow readable definition. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { interleave, median, percentile, slope, summarise } from '../../bench/statistics.ts';

const samples = fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 200 });

describe('percentiles', () => {
  test('are nearest-rank: of 1…100 the 95th is 95 and of 1…10 it is 10', () => {
    const hundred = Array.from({ length: 100 }, (_, index) => index + 1);
    expect(percentile(hundred, 0.5)).toBe(50);
    expect(percentile(hundred, 0.95)).toBe(95);
    expect(percentile(hundred, 0.99)).toBe(99);
    expect(percentile(hundred, 1)).toBe(100);
    expect(percentile(hundred.slice(0, 10), 0.95)).toBe(10);
  });

  test('are the least sample that so many samples do not exceed', () => {
    fc.assert(
      fc.property(samples, fc.integer({ min: 1, max: 100 }), (values, percent) => {
        const sorted = values.toSorted((a, b) => a - b);
        const share = percent / 100;
        const slow = sorted.find(
          (candidate) => values.filter((value) => value <= candidate).length * 100 >= percent * values.length,
        );
        expect(percentile(sorted, share)).toBe(slow);
      }),
    );
  });

  test('of nothing are refused, not zero', () => {
    expect(() => percentile([], 0.5)).toThrow(RangeError);
    expect(() => summarise([])).toThrow(RangeError);
    expect(() => median([])).toThrow(RangeError);
    expect(() => percentile([1], 0)).toThrow(RangeError);
    expect(() => percentile([1], 1.01)).toThrow(RangeError);
  });

  test('a summary neither sorts nor keeps the samples it is given', () => {
    const values = [9, 1, 10, 5];
    expect(summarise(values)).toEqual({ n: 4, p50: 5, p95: 10, p99: 10, p999: 10, max: 10 });
    expect(values).toEqual([9, 1, 10, 5]);
  });
});

test('the median of an even count lies between the two in the middle', () => {
  expect(median([10, 1, 3])).toBe(3);
  expect(median([4, 1, 10, 2])).toBe(3);
});

describe('the slope', () => {
  test('of points on a line is that of the line, whatever its offset', () => {
    const point = fc.record({
      a: fc.integer({ min: -100, max: 100 }),
      b: fc.integer({ min: -100, max: 100 }),
    });
    fc.assert(
      fc.property(point, fc.integer({ min: 2, max: 50 }), ({ a, b }, count) => {
        const points = Array.from({ length: count }, (_, x) => [x, a * x + b] as const);
        expect(slope(points)).toBeCloseTo(a, 6);
      }),
    );
  });

  test('of one point is refused', () => {
    expect(() => slope([[1, 2]])).toThrow(RangeError);
  });
});

describe('interleaving', () => {
  test('runs every contestant once a round and every second round backwards', () => {
    expect(interleave(3, 4)).toEqual([
      [0, 1, 2],
      [2, 1, 0],
      [0, 1, 2],
      [2, 1, 0],
    ]);
  });

  test('gives each of them the same mean position over an even number of rounds', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 5 }), (contestants, pairs) => {
        const positions = Array.from({ length: contestants }, () => 0);
        for (const order of interleave(contestants, pairs * 2)) {
          for (const [position, contestant] of order.entries()) {
            positions[contestant] = (positions[contestant] ?? 0) + position;
          }
        }
        expect(new Set(positions).size).toBe(1);
      }),
    );
  });
});
