/**
 * Question: what does a record cost in a cell against node:crypto in this process? Alone, eight in flight, and in
 * batches; one table a size. The ratios are stated without a target: they are the price of containment.
 */

import type { Vault } from '../../host/vault/face.ts';
import type { Contestant, Table } from '../harness.ts';
import { BINDING, makeVault, openCellVault, patterned, timeInFlight, withFixed } from './vaults.ts';

const COST = 'a record';
const IN_FLIGHT = 8;
/** As many as the default profile sends in one call. */
const BATCH_COUNT = 100;
const NATIVE = 'native, one at a time';
const US_PER_MS = 1_000;

function recordsTable(label: string, textBytes: number): Table {
  return {
    name: `records-${label}`,
    question: `A record of ${label} sealed in cells against node:crypto in this thread (µs a record)`,
    unit: 'µs',
    baseline: NATIVE,
    headline: COST,
    effort: { rounds: 10, samples: 1_000, warmUp: 1_000 },
    quick: { rounds: 2, samples: BATCH_COUNT, warmUp: BATCH_COUNT },
    async open() {
      const nonces = { isFixed: false };
      const { vault, close } = await openCellVault({ nonces }, 0);
      const native = await makeVault({ nonces }, { backend: 'native' });
      const item = { plaintext: patterned(textBytes), ...BINDING };
      const items = Array.from({ length: BATCH_COUNT }, () => item);
      const seal = (from: Vault) => () => from.seal(item.plaintext, BINDING);
      const sealBatch = (from: Vault) => async () => {
        const [first] = await from.sealBatch(items);
        if (first?.kind !== 'ok') throw first?.error ?? new Error('a batch without an answer');
        return first.bytes;
      };
      const contestant = (
        row: string,
        inFlight: number,
        recordsPerCall: number,
        call: () => Promise<Uint8Array>,
      ): Contestant => ({
        row,
        answer: () => withFixed(nonces, call),
        async round(count) {
          const ms = await timeInFlight(Math.ceil(count / recordsPerCall), inFlight, call);
          return { figures: { [COST]: { value: (ms * US_PER_MS) / count, unit: 'µs', n: count } } };
        },
      });
      return {
        contestants: [
          contestant(NATIVE, 1, 1, seal(native)),
          contestant('cells, one at a time', 1, 1, seal(vault)),
          contestant(`cells, ${IN_FLIGHT} in flight`, IN_FLIGHT, 1, seal(vault)),
          contestant(`native, batches of ${BATCH_COUNT}`, 1, BATCH_COUNT, sealBatch(native)),
          contestant(`cells, batches of ${BATCH_COUNT}`, 1, BATCH_COUNT, sealBatch(vault)),
        ],
        async close() {
          await native.close();
          await close();
        },
      };
    },
  };
}

export const recordsTables: readonly Table[] = [
  recordsTable('256B', 256),
  recordsTable('1KB', 1_024),
  recordsTable('4KB', 4_096),
  recordsTable('16KB', 16_384),
];
