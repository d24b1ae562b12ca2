/**
 * The arithmetic behind every stated figure: percentiles, medians, slopes, and the order contestants run in.
 *
 * Pure functions over numbers, no clock and no printing, so that tests own them. Percentiles are nearest-rank: each is
 * a value that was really measured, never an interpolation between two.
 */

/** What a table says about a set of samples, in the unit of the samples. */
export interface Summary {
  readonly n: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

/** Nearest-rank percentile of samples sorted upwards; `share` in (0, 1]. Asserts that there is a sample. */
export function percentile(sorted: ArrayLike<number>, share: number): number {
  if (!(share > 0 && share <= 1))
    throw new RangeError(`a percentile's share lies in (0, 1], not at ${share}`);
  const value = sorted[rankOf(share, sorted.length) - 1];
  if (value === undefined) throw new RangeError('no samples');
  return value;
}

/** Which of `count` sorted values is the nearest-rank percentile, from 1. A product that rounding lifted counts as whole. */
export function rankOf(share: number, count: number): number {
  return Math.max(1, Math.ceil(share * count - 1e-9));
}

/** Sorts a copy; the samples stay as they are. */
export function summarise(samples: Iterable<number>): Summary {
  const sorted = Float64Array.from(samples).sort();
  return {
    n: sorted.length,
    p50: percentile(sorted, 0.5),
    p95: percentile(sorted, 0.95),
    p99: percentile(sorted, 0.99),
    p999: percentile(sorted, 0.999),
    max: percentile(sorted, 1),
  };
}

/** The middle value; of an even count the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = Float64Array.from(values).sort();
  const upper = sorted[sorted.length >> 1];
  const lower = sorted[(sorted.length - 1) >> 1];
  if (upper === undefined || lower === undefined) throw new RangeError('no values');
  return (lower + upper) / 2;
}

/** Least-squares slope of y over x: what one more of x costs. Asserts two points with different x. */
export function slope(points: readonly (readonly [x: number, y: number])[]): number {
  const meanX = points.reduce((sum, [x]) => sum + x, 0) / points.length;
  const meanY = points.reduce((sum, [, y]) => sum + y, 0) / points.length;
  let covariance = 0;
  let variance = 0;
  for (const [x, y] of points) {
    covariance += (x - meanX) * (y - meanY);
    variance += (x - meanX) ** 2;
  }
  if (!(variance > 0)) throw new RangeError('a slope needs two points with different x');
  return covariance / variance;
}

/**
 * The order of contestants in each round: every round runs all of them, and every second round runs them backwards,
 * so that drift (heat, a neighbour's load, a growing heap) meets each of them equally.
 */
export function interleave(contestants: number, rounds: number): number[][] {
  return Array.from({ length: rounds }, (_, round) => {
    const forwards = Array.from({ length: contestants }, (_, index) => index);
    return round % 2 === 0 ? forwards : forwards.reverse();
  });
}
