/**
 * Student's t: tail probabilities and quantiles, for intervals and comparisons from few rounds. Through the incomplete beta
 * function, whose continued fraction converges to double precision for every degree of freedom that occurs (1 … 10^4).
 */

/** P(|T| > t) for T with Student's distribution; `freedom` may be infinite, then the normal one. */
export function studentTwoSided(t: number, freedom: number): number {
  if (!Number.isFinite(freedom) || freedom > 1e6) return complementaryError(Math.abs(t) / Math.SQRT2);
  const x = freedom / (freedom + t * t);
  return incompleteBeta(x, freedom / 2, 0.5);
}

/** The value that Student's T does not exceed with probability `share` in (0.5, 1). By bisection: called seldom. */
export function studentQuantile(share: number, freedom: number): number {
  const tail = 2 * (1 - share);
  let low = 0;
  let high = 1;
  while (studentTwoSided(high, freedom) > tail) high *= 2;
  for (let step = 0; step < 80; step++) {
    const middle = (low + high) / 2;
    if (studentTwoSided(middle, freedom) > tail) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** ln Γ(x) for x > 0. Stirling's series, after raising x above 10 by the recurrence. */
export function logGamma(x: number): number {
  let raised = x;
  let product = 0;
  while (raised < 10) product += Math.log(raised++);
  const inverse = 1 / (raised * raised);
  const series = (1 / 12 - inverse * (1 / 360 - inverse * (1 / 1260 - inverse / 1680))) / raised;
  return (raised - 0.5) * Math.log(raised) - raised + 0.9189385332046727 + series - product;
}

/** Regularised I_x(a, b). Source: the continued fraction 8.17.22 of the NIST Digital Library of Mathematical Functions. */
function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  // The fraction converges fast below the mean only; above, the mirror image is taken.
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(1 - x, b, a);
  const front = Math.exp(a * Math.log(x) + b * Math.log1p(-x) + logGamma(a + b) - logGamma(a) - logGamma(b));
  // Evaluated from the far end. Below the mean it converges within some multiple of √max(a, b) terms.
  let fraction = 1;
  for (let m = Math.ceil(30 + 5 * Math.sqrt(Math.max(a, b))); m >= 1; m--) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    const odd = (-(a + m - 1) * (a + b + m - 1) * x) / ((a + 2 * m - 2) * (a + 2 * m - 1));
    fraction = 1 + even / fraction;
    fraction = 1 + odd / fraction;
  }
  return front / (a * fraction);
}

/** erfc(x) for x ≥ 0, by its continued fraction (far) or series (near): 7.9.4 and 7.6.2 of the same library. */
function complementaryError(x: number): number {
  if (x < 2.5) {
    let term = x;
    let sum = x;
    for (let n = 1; n < 80; n++) {
      term *= (2 * x * x) / (2 * n + 1);
      sum += term;
    }
    return 1 - (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
  }
  let fraction = x;
  for (let n = 120; n >= 1; n--) fraction = x + n / 2 / fraction;
  return Math.exp(-x * x) / Math.sqrt(Math.PI) / fraction;
}

/** Derivative of logGamma, for x > 0. Recurrence up to 10, then the asymptotic series (5.11.2 of the same library). */
export function digamma(x: number): number {
  let raised = x;
  let sum = 0;
  while (raised < 10) sum -= 1 / raised++;
  const inverse = 1 / (raised * raised);
  return sum + Math.log(raised) - 0.5 / raised - inverse * (1 / 12 - inverse * (1 / 120 - inverse / 252));
}

/** Derivative of digamma, for x > 0. */
export function trigamma(x: number): number {
  let raised = x;
  let sum = 0;
  while (raised < 10) sum += 1 / (raised++) ** 2;
  const inverse = 1 / raised;
  const square = inverse * inverse;
  return sum + inverse + square / 2 + square * inverse * (1 / 6 - square * (1 / 30 - square / 42));
}

/** The x > 0 whose trigamma is `value` > 0. By bisection on a log scale. */
export function inverseTrigamma(value: number): number {
  let low = 1e-6;
  let high = 1e9;
  for (let step = 0; step < 100; step++) {
    const middle = Math.sqrt(low * high);
    if (trigamma(middle) > value) low = middle;
    else high = middle;
  }
  return Math.sqrt(low * high);
}
