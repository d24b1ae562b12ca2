/** What the tests of both formats do to sealed bytes, and how they read what comes of it. */

import { nativePrimitives } from '../../../crypto-wasm/formats/native.ts';
import type { FormatPrimitives } from '../../../crypto-wasm/formats/primitives.ts';

/** Every code that opening changed bytes may end with. */
export const REFUSALS = [
  'FORMAT_UNKNOWN',
  'FORMAT_VERSION',
  'FORMAT_SUITE',
  'FORMAT_TRUNCATED',
  'FORMAT_MALFORMED',
  'FORMAT_KEY_VERSION',
  'FORMAT_AUTHENTICATION',
];

/** The code an attempt ends with, or 'opened'. Anything that is not an error with a code is thrown on. */
export function codeOf(attempt: () => unknown): string {
  try {
    attempt();
  } catch (error) {
    if (error instanceof Error && 'code' in error) return String(error.code);
    throw error;
  }
  return 'opened';
}

export function flipBit(bytes: Uint8Array, bit: number): Uint8Array {
  const changed = Uint8Array.from(bytes);
  changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return changed;
}

/** node:crypto with these bytes in place of randomness, one array for each call. */
export function withRandomness(...answers: readonly Uint8Array[]): FormatPrimitives {
  const left = [...answers];
  return {
    ...nativePrimitives,
    randomBytes(count) {
      const answer = left.shift();
      if (answer?.length !== count) throw new Error(`no ${count} random bytes were foreseen`);
      return answer;
    },
  };
}
