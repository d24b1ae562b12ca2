/** Scales and ticks: every value has a place on the axis, labels do not meet, and some values make an axis of their own. */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { linearScale, logScale, type Scale } from '../../../bench/suite/plot-frame.ts';

const LABEL_MIN_GAP = 22;

function holds(scale: Scale, values: readonly number[], from: number, to: number): void {
  const [left, right] = [Math.min(from, to), Math.max(from, to)];
  for (const value of [...values, ...scale.ticks]) {
    expect(Number.isFinite(scale.at(value))).toBe(true);
    expect(scale.at(value)).toBeGreaterThanOrEqual(left - 1e-6);
    expect(scale.at(value)).toBeLessThanOrEqual(right + 1e-6);
  }
  const places = scale.ticks.map((tick) => scale.at(tick));
  expect(places.length).toBeLessThan(60);
  for (const [index, place] of places.entries()) {
    if (index > 0) expect(Math.abs(place - (places[index - 1] ?? 0))).toBeGreaterThan(LABEL_MIN_GAP - 1e-6);
  }
}

const positive = fc.double({ min: 1e-6, max: 1e9, noNaN: true });

test('a logarithmic axis holds all its values, in order', () => {
  fc.assert(
    fc.property(fc.array(positive, { minLength: 1, maxLength: 20 }), fc.boolean(), (values, isVertical) => {
      const [from, to] = isVertical ? [284, 36] : [12, 706];
      const scale = logScale(values, from, to);
      holds(scale, values, from, to);
      const places = values.toSorted((a, b) => a - b).map((value) => scale.at(value) * Math.sign(to - from));
      expect(places).toEqual(places.toSorted((a, b) => a - b));
    }),
  );
});

test('a linear axis holds all its values, below zero and next to it too', () => {
  const any = fc.double({ min: -1e6, max: 1e6, noNaN: true }).map((value) => Number(value.toPrecision(4)));
  fc.assert(
    fc.property(fc.array(any, { minLength: 1, maxLength: 20 }), (values) => {
      holds(linearScale(values, 12, 706), values, 12, 706);
    }),
  );
});

test('values that differ by less than can be drawn make an axis', () => {
  for (const values of [[0], [0, 5e-324], [3, 3 + 1e-15], [-2, -2]]) {
    const scale = linearScale(values, 12, 706);
    holds(scale, values, 12, 706);
    expect(scale.ticks.length).toBeGreaterThan(1);
  }
});

test('ticks are round: decades with 1, 2 and 5 over wide ranges, even steps over narrow ones', () => {
  expect(logScale([0.1, 50], 0, 700).ticks).toEqual([0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50]);
  expect(logScale([4200, 5100], 0, 700).ticks.length).toBeGreaterThan(2);
  expect(linearScale([0, 20_900], 0, 700).ticks).toEqual([0, 5000, 10_000, 15_000, 20_000]);
});

test('values that are all zero or below cannot be drawn on a logarithmic axis', () => {
  expect(() => logScale([0, -1], 0, 700)).toThrow(RangeError);
});
