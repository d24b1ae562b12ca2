/**
 * Random draws that a seed repeats: a report made twice from one record states the same intervals. Uniform, normal, gamma,
 * beta and binomial; all exact in distribution (up to double precision), none by a table or a normal approximation.
 *
 * Good for statistics, good for nothing secret.
 */

export interface Random {
  /** In [0, 1), 53 bits. */
  uniform(): number;
  /** An integer in [0, below). */
  below(below: number): number;
  normal(): number;
  /** The rank-th smallest (from 1) of `count` uniform draws: Beta(rank, count − rank + 1). */
  orderStatistic(rank: number, count: number): number;
  /** How many of `count` trials succeed. */
  binomial(count: number, probability: number): number;
}

/** Below this expected count inversion is cheaper than rejection. Hörmann 1993 proves BTRS from 10 on. */
const REJECTION_MIN_MEAN = 10;

export function createRandom(seed: number): Random {
  const uniform = createUniform(seed);

  function normal(): number {
    // Polar method (Marsaglia and Bray 1964); the second value is given up for a generator without a state of its own.
    for (;;) {
      const x = 2 * uniform() - 1;
      const y = 2 * uniform() - 1;
      const square = x * x + y * y;
      if (square > 0 && square < 1) return x * Math.sqrt((-2 * Math.log(square)) / square);
    }
  }

  /** Marsaglia and Tsang 2000, for shapes ≥ 1. */
  function gamma(shape: number): number {
    const d = shape - 1 / 3;
    const c = 1 / Math.sqrt(9 * d);
    for (;;) {
      const x = normal();
      const v = (1 + c * x) ** 3;
      if (v <= 0) continue;
      if (Math.log(uniform()) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v;
    }
  }

  function orderStatistic(rank: number, count: number): number {
    const low = gamma(rank);
    return low / (low + gamma(count - rank + 1));
  }

  function binomial(count: number, probability: number): number {
    if (count <= 0 || probability <= 0) return 0;
    if (probability >= 1) return count;
    if (probability > 0.5) return count - binomial(count, 1 - probability);
    return count * probability < REJECTION_MIN_MEAN
      ? byInversion(uniform, count, probability)
      : byRejection(uniform, count, probability);
  }

  return {
    uniform,
    below: (below) => Math.floor(uniform() * below),
    normal,
    orderStatistic,
    binomial,
  };
}

/** Source: Blackman and Vigna, xoshiro128**; its state is filled by splitmix32 so that near seeds give far streams. */
function createUniform(seed: number): () => number {
  let filler = seed | 0;
  const fill = (): number => {
    filler = (filler + 0x9e3779b9) | 0;
    let mixed = filler ^ (filler >>> 16);
    mixed = Math.imul(mixed, 0x21f0aaad);
    mixed ^= mixed >>> 15;
    mixed = Math.imul(mixed, 0x735a2d97);
    return mixed ^ (mixed >>> 15);
  };
  let a = fill();
  let b = fill();
  let c = fill();
  let d = fill();
  const next = (): number => {
    const scrambled = Math.imul(rotate(Math.imul(b, 5), 7), 9);
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = rotate(d, 11);
    return scrambled >>> 0;
  };
  return () => ((next() >>> 5) * 0x4000000 + (next() >>> 6)) / 0x20000000000000;
}

const rotate = (value: number, bits: number): number => (value << bits) | (value >>> (32 - bits));

function byInversion(uniform: () => number, count: number, probability: number): number {
  const odds = probability / (1 - probability);
  // (1 − p)^n is at least e^-20 here: the mean is below 10 and p at most a half.
  let chance = (1 - probability) ** count;
  let left = uniform();
  let successes = 0;
  while (left > chance && successes < count) {
    left -= chance;
    successes++;
    chance *= (odds * (count - successes + 1)) / successes;
  }
  return successes;
}

/** Source: Hörmann 1993, "The generation of binomial random variates", algorithm BTRS. */
function byRejection(uniform: () => number, count: number, probability: number): number {
  const spread = Math.sqrt(count * probability * (1 - probability));
  const b = 1.15 + 2.53 * spread;
  const a = -0.0873 + 0.0248 * b + 0.01 * probability;
  const c = count * probability + 0.5;
  const alpha = (2.83 + 5.1 / b) * spread;
  const quick = 0.92 - 4.2 / b;
  const logOdds = Math.log(probability / (1 - probability));
  const mode = Math.floor((count + 1) * probability);
  const peak = logFactorial(mode) + logFactorial(count - mode);
  for (;;) {
    const u = uniform() - 0.5;
    const v = uniform();
    const us = 0.5 - Math.abs(u);
    const successes = Math.floor(((2 * a) / us + b) * u + c);
    if (us >= 0.07 && v <= quick) return successes;
    if (successes < 0 || successes > count) continue;
    const height = Math.log((v * alpha) / (a / (us * us) + b));
    const bound =
      peak - logFactorial(successes) - logFactorial(count - successes) + (successes - mode) * logOdds;
    if (height <= bound) return successes;
  }
}

/** Rounds of up to so many samples need no series. */
const LOG_FACTORIALS = new Float64Array(2048);
for (let n = 1; n < LOG_FACTORIALS.length; n++)
  LOG_FACTORIALS[n] = (LOG_FACTORIALS[n - 1] ?? 0) + Math.log(n);

/** ln n!; Stirling's series beyond the table, there exact to double precision. */
function logFactorial(n: number): number {
  const known = LOG_FACTORIALS[n];
  if (known !== undefined) return known;
  const x = n + 1;
  return (x - 0.5) * Math.log(x) - x + 0.9189385332046727 + 1 / (12 * x) - 1 / (360 * x ** 3);
}
