/**
 * What the tables of this folder have in common: the message that is sealed, how long a round is, and how sealing it
 * again and again becomes a rate.
 */

import { type Contestant, type Effort, type Target, timeBatches } from '../harness.ts';
import type { Message } from './kernels.ts';
import type { Rival } from './rivals.ts';

const AAD_BYTES = 20;
/** A sample seals about so much: enough for the clock, little enough for many samples. */
const SAMPLE_BYTES = 131_072;
/** A round seals so much: enough for garbage to be collected within it. */
const ROUND_BYTES = 16_777_216;
export const RATE = 'rate';
const RATE_UNIT = 'MB/s';
export const MEAN = 'mean';

/** Same bytes in every run, so that an answer can be compared with another machine's. */
export function messageOf(lengthBytes: number, nonceBytes = 12): Message {
  const bytes = (length: number, step: number): Uint8Array =>
    Uint8Array.from({ length }, (_, index) => (index * step) % 251);
  return {
    key: bytes(32, 7),
    nonce: bytes(nonceBytes, 11),
    aad: bytes(AAD_BYTES, 13),
    text: bytes(lengthBytes, 17),
  };
}

export function effortOf(lengthBytes: number): { readonly effort: Effort; readonly quick: Effort } {
  return {
    effort: { rounds: 9, samples: ROUND_BYTES / Math.max(lengthBytes, SAMPLE_BYTES), warmUp: 64 },
    quick: { rounds: 2, samples: 3, warmUp: 3 },
  };
}

export function contestantOf(rival: Rival, lengthBytes: number, targets: readonly Target[]): Contestant {
  if (!('once' in rival)) return { row: rival.row, targets, round: () => ({}) };
  const batch = Math.max(1, Math.ceil(SAMPLE_BYTES / lengthBytes));
  return {
    row: rival.row,
    targets,
    answer: () => rival.answer(),
    round(count) {
      const samples = timeBatches(count, batch, rival.once).map((ms) => ms * 1_000);
      // Over the whole round, not the middle sample: who allocates a result for each message pays for collecting them.
      const totalUs = samples.reduce((sum, us) => sum + us, 0);
      const n = count * batch;
      const rate = { value: (lengthBytes * count) / totalUs, unit: RATE_UNIT, n };
      return { samples, figures: { [MEAN]: { value: totalUs / count, unit: 'µs', n }, [RATE]: rate } };
    },
  };
}
