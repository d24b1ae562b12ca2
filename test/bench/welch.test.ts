/** The timing test's arithmetic: against a value worked out by hand, and on classes that do and do not differ. */

import { describe, expect, test } from 'vitest';
import { largestT, welchT } from '../../bench/constant-time/welch.ts';

describe("Welch's t", () => {
  test('is the difference of means over its standard error', () => {
    // Means 3 and 6, variances 2.5 and 10, five each: (3 - 6) / sqrt(2.5 / 5 + 10 / 5).
    expect(welchT([1, 2, 3, 4, 5], [2, 4, 6, 8, 10])).toBeCloseTo(-3 / Math.sqrt(2.5), 12);
  });

  test('is 0 for equal classes, also when nothing varies', () => {
    expect(welchT([1, 1, 1], [1, 1, 1])).toBe(0);
    expect(welchT([1, 2, 3], [3, 2, 1])).toBe(0);
  });
});

describe('the largest t over croppings', () => {
  const classes = Uint8Array.from({ length: 1_000 }, (_, index) => index & 1);
  // Alike in both classes: each value occurs once in either.
  const alike = Float64Array.from({ length: 1_000 }, (_, index) => 100 + ((index >> 1) % 17));

  test('stays small when the class does not show', () => {
    expect(largestT(alike, classes)).toBeLessThan(1);
  });

  test('sees a difference that rare slow samples hide', () => {
    const samples = alike.map(
      (time, index) => time + (classes[index] === 1 ? 3 : 0) + (index % 50 === 7 ? 9_000 : 0),
    );
    const slow = samples.map((time, index) =>
      classes[index] === 0 && index % 40 === 6 ? time + 9_000 : time,
    );
    expect(
      Math.abs(
        welchT(
          slow.filter((_, n) => classes[n] === 0),
          slow.filter((_, n) => classes[n] === 1),
        ),
      ),
    ).toBeLessThan(5);
    expect(largestT(slow, classes)).toBeGreaterThan(5);
  });

  test('is of all samples where one class alone is below a threshold', () => {
    const apart = alike.map((time, index) => (classes[index] === 1 ? time + 1_000 : time));
    expect(largestT(apart, classes)).toBeGreaterThan(1_000);
  });
});
