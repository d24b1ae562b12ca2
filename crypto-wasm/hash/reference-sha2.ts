/**
 * SHA-256 and SHA-512 as FIPS 180-4 says them: one function over the table of their differences, slow and readable.
 *
 * Words are bigints of 32 or 64 bits. The constants are computed as the standard defines them, so that the kernels' typed
 * tables are checked too. Not for secrets: what it computes stays in memory until it is collected.
 */

import type { Sha2 } from './face.ts';

interface Parameters {
  /** §1: bits of a word, bytes of a block, bytes of the length at the end, rounds. */
  readonly wordBits: bigint;
  readonly blockBytes: number;
  readonly lengthBytes: number;
  readonly rounds: number;
  /** §4.1.2, §4.1.3: rotations of Σ0 and Σ1; of σ0 and σ1 with a shift as the third. */
  readonly sum0: readonly [bigint, bigint, bigint];
  readonly sum1: readonly [bigint, bigint, bigint];
  readonly sigma0: readonly [bigint, bigint, bigint];
  readonly sigma1: readonly [bigint, bigint, bigint];
}

const PARAMETERS: Readonly<Record<Sha2, Parameters>> = {
  sha256: {
    wordBits: 32n,
    blockBytes: 64,
    lengthBytes: 8,
    rounds: 64,
    sum0: [2n, 13n, 22n],
    sum1: [6n, 11n, 25n],
    sigma0: [7n, 18n, 3n],
    sigma1: [17n, 19n, 10n],
  },
  sha512: {
    wordBits: 64n,
    blockBytes: 128,
    lengthBytes: 16,
    rounds: 80,
    sum0: [28n, 34n, 39n],
    sum1: [14n, 18n, 41n],
    sigma0: [1n, 8n, 7n],
    sigma1: [19n, 61n, 6n],
  },
};

type Eight = [bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint];

/** The digest, 32 or 64 bytes. */
export function sha2(hash: Sha2, message: Uint8Array): Uint8Array {
  const parameters = PARAMETERS[hash];
  const { wordBits, blockBytes } = parameters;
  const bytesPerWord = Number(wordBits) / 8;
  // §5.3: the fractional parts of the square roots of the first eight primes.
  let state = primes(8).map((prime) => fraction(prime, 2n, wordBits)) as Eight;
  const constants = roundConstants(hash);
  const padded = pad(message, parameters);
  for (let at = 0; at < padded.length; at += blockBytes) {
    const block = padded.subarray(at, at + blockBytes);
    state = compress(state, toWords(block, bytesPerWord), constants, parameters);
  }
  return Uint8Array.from(state.flatMap((word) => toBytes(word, bytesPerWord)));
}

/** §5.1: a one bit, zeros, and the length in bits, up to a whole block. */
function pad(message: Uint8Array, { blockBytes, lengthBytes }: Parameters): Uint8Array {
  const blockCount = Math.ceil((message.length + 1 + lengthBytes) / blockBytes);
  const padded = new Uint8Array(blockCount * blockBytes);
  padded.set(message);
  padded[message.length] = 0x80;
  padded.set(toBytes(BigInt(message.length) * 8n, lengthBytes), padded.length - lengthBytes);
  return padded;
}

/** §6.2.2, §6.4.2. */
function compress(
  state: Eight,
  block: readonly bigint[],
  k: readonly bigint[],
  parameters: Parameters,
): Eight {
  const { wordBits, rounds } = parameters;
  const wrap = (word: bigint): bigint => BigInt.asUintN(Number(wordBits), word);
  const rotr = (word: bigint, count: bigint): bigint => (word >> count) | wrap(word << (wordBits - count));
  const sum = (x: bigint, [i, j, l]: Parameters['sum0']): bigint => rotr(x, i) ^ rotr(x, j) ^ rotr(x, l);
  const sigma = (x: bigint, [i, j, l]: Parameters['sum0']): bigint => rotr(x, i) ^ rotr(x, j) ^ (x >> l);

  // Step 1: the message schedule.
  const w = [...block];
  const word = (t: number): bigint => w[t] as bigint;
  for (let t = 16; t < rounds; t++) {
    w.push(
      wrap(
        sigma(word(t - 2), parameters.sigma1) +
          word(t - 7) +
          sigma(word(t - 15), parameters.sigma0) +
          word(t - 16),
      ),
    );
  }
  // Steps 2 and 3: the rounds.
  let [a, b, c, d, e, f, g, h] = state;
  for (let t = 0; t < rounds; t++) {
    const choice = (e & f) ^ (~e & g);
    const majority = (a & b) ^ (a & c) ^ (b & c);
    const t1 = h + sum(e, parameters.sum1) + choice + (k[t] as bigint) + word(t);
    const t2 = sum(a, parameters.sum0) + majority;
    [a, b, c, d, e, f, g, h] = [wrap(t1 + t2), a, b, c, wrap(d + t1), e, f, g];
  }
  // Step 4: added to what was.
  return [a, b, c, d, e, f, g, h].map((value, i) => wrap(value + (state[i] as bigint))) as Eight;
}

const known = new Map<Sha2, readonly bigint[]>();

/** §4.2.2, §4.2.3: the fractional parts of the cube roots of the first primes. Computed once. */
function roundConstants(hash: Sha2): readonly bigint[] {
  const { rounds, wordBits } = PARAMETERS[hash];
  const constants = known.get(hash) ?? primes(rounds).map((prime) => fraction(prime, 3n, wordBits));
  known.set(hash, constants);
  return constants;
}

function primes(count: number): bigint[] {
  const found: bigint[] = [];
  for (let n = 2n; found.length < count; n++) if (found.every((prime) => n % prime !== 0n)) found.push(n);
  return found;
}

/** The first `bits` bits behind the point of the `degree`-th root of n. */
function fraction(n: bigint, degree: bigint, bits: bigint): bigint {
  const target = n << (degree * bits);
  let root = 0n;
  for (let bit = 1n << (bits + 5n); bit > 0n; bit >>= 1n) {
    if ((root | bit) ** degree <= target) root |= bit;
  }
  return BigInt.asUintN(Number(bits), root);
}

/** §3.1: the highest byte first. */
function toWords(bytes: Uint8Array, bytesPerWord: number): bigint[] {
  return Array.from({ length: bytes.length / bytesPerWord }, (_, i) =>
    bytes
      .subarray(i * bytesPerWord, (i + 1) * bytesPerWord)
      .reduce((word, byte) => (word << 8n) | BigInt(byte), 0n),
  );
}

function toBytes(word: bigint, count: number): number[] {
  return Array.from({ length: count }, (_, i) => Number((word >> BigInt(8 * (count - 1 - i))) & 0xffn));
}
