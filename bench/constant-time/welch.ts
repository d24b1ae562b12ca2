/**
 * Welch's t-test on times of two classes of input: does the class show in the time? Pure arithmetic.
 *
 * Noise only ever lengthens a time, so the test is made on all samples and on those below several thresholds, which are
 * taken from both classes together; the largest |t| counts. Source: O. Reparaz, J. Balasch, I. Verbauwhede, "Dude, is
 * my code constant time?", DATE 2017.
 */

/** Shares of the samples that are kept, the fastest first. */
const KEPT_SHARES = [1, 0.99, 0.95, 0.9, 0.75, 0.5];

/** t of the difference of two means with unequal variances; 0 when neither varies and they are equal. */
export function welchT(first: ArrayLike<number>, second: ArrayLike<number>): number {
  const a = momentsOf(first);
  const b = momentsOf(second);
  const difference = a.mean - b.mean;
  if (difference === 0) return 0;
  return difference / Math.sqrt(a.variance / a.n + b.variance / b.n);
}

/** Largest |t| over the croppings. `classes[n]` is 0 or 1 and says which class sample n is of. */
export function largestT(samples: Float64Array, classes: Uint8Array): number {
  const sorted = samples.toSorted();
  let largest = 0;
  for (const share of KEPT_SHARES) {
    const limit = sorted[Math.ceil(share * sorted.length) - 1] ?? Number.POSITIVE_INFINITY;
    const of = (wanted: number): Float64Array =>
      samples.filter((sample, index) => classes[index] === wanted && sample <= limit);
    const [first, second] = [of(0), of(1)];
    // One class alone below the threshold has nothing to be compared with; the test on all samples shows that much.
    if (first.length < 2 || second.length < 2) continue;
    largest = Math.max(largest, Math.abs(welchT(first, second)));
  }
  return largest;
}

function momentsOf(samples: ArrayLike<number>): { n: number; mean: number; variance: number } {
  const n = samples.length;
  let mean = 0;
  let squares = 0;
  // Welford's recurrence: times are large against their differences.
  for (let index = 0; index < n; index++) {
    const delta = (samples[index] ?? 0) - mean;
    mean += delta / (index + 1);
    squares += delta * ((samples[index] ?? 0) - mean);
  }
  return { n, mean, variance: squares / (n - 1) };
}
