/**
 * `wasi:random` and `hotcell:capabilities/random`: random numbers of the platform, and a generator that is none.
 *
 * The insecure interfaces are open to every guest. They give nothing away: without the capability `random` each cell draws the
 * same numbers from a fixed seed, so that a guest without capabilities stays deterministic.
 * Source: wasi:random 0.2; SplitMix64: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014.
 */

import { type CellContext, GuestTrap, type ImportImplementation } from '../imports-contract.ts';

/** Bytes of one answer of `wasi:random`: toolchains ask for a few dozen. */
export const RANDOM_MAX_BYTES = 1024 * 1024;
/** Of the insecure generator, which is slow: two milliseconds of work that no fuel pays for. */
export const INSECURE_MAX_BYTES = 65_536;
/** The same for `hotcell:capabilities`, as its text says. */
export const HOTCELL_RANDOM_MAX_BYTES = 65_536;
/** What `crypto.getRandomValues` fills at once. */
const FILL_MAX_BYTES = 65_536;

function checkLength(length: bigint | number, max: number): number {
  if (length > max) throw new GuestTrap(`${length} random bytes were asked for; ${max} is the most at once`);
  return Number(length);
}

function secureBytes(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at += FILL_MAX_BYTES) {
    crypto.getRandomValues(bytes.subarray(at, at + FILL_MAX_BYTES));
  }
  return bytes;
}

function secureU64(): bigint {
  return crypto.getRandomValues(new BigUint64Array(1))[0] as bigint;
}

const INSECURE = Symbol('insecure random numbers');
/** Any number will do: what matters is that it is always the same. */
const FIXED_SEED = 0x686f7463656c6cn;
const GOLDEN_GAMMA = 0x9e3779b97f4a7c15n;

/** The next number of the cell's SplitMix64. */
function insecureU64(cell: CellContext): bigint {
  const generator = cell.state(INSECURE, () => ({ state: cell.grants.random ? secureU64() : FIXED_SEED }));
  generator.state = BigInt.asUintN(64, generator.state + GOLDEN_GAMMA);
  let z = generator.state;
  z = BigInt.asUintN(64, (z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n);
  z = BigInt.asUintN(64, (z ^ (z >> 27n)) * 0x94d049bb133111ebn);
  return z ^ (z >> 31n);
}

function insecureBytes(cell: CellContext, length: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(Math.ceil(length / 8) * 8));
  for (let at = 0; at < length; at += 8) view.setBigUint64(at, insecureU64(cell), true);
  return new Uint8Array(view.buffer, 0, length);
}

export const random: ImportImplementation = {
  functions: {
    'get-random-bytes': (_cell, length: bigint) => secureBytes(checkLength(length, RANDOM_MAX_BYTES)),
    'get-random-u64': secureU64,
  },
};

export const insecure: ImportImplementation = {
  functions: {
    'get-insecure-random-bytes': (cell, length: bigint) =>
      insecureBytes(cell, checkLength(length, INSECURE_MAX_BYTES)),
    'get-insecure-random-u64': insecureU64,
  },
};

export const insecureSeed: ImportImplementation = {
  functions: { 'insecure-seed': (cell) => [insecureU64(cell), insecureU64(cell)] },
};

export const hotcellRandom: ImportImplementation = {
  functions: {
    bytes: (_cell, length: number) => secureBytes(checkLength(length, HOTCELL_RANDOM_MAX_BYTES)),
  },
};
