/**
 * Question: how much faster is one long stream with two executors than with one? Needs two idle cores, and the thread
 * that feeds them needs a share of them too: on a machine with two cores, shared or not, the ratio is bounded by that.
 */

import type { Contestant, Table } from '../harness.ts';
import {
  BINDING,
  collect,
  drain,
  makeVault,
  measureRate,
  openCellVault,
  pieces,
  withFixed,
} from './vaults.ts';

const MIB = 1_048_576;
/** Not whole chunks: the end of a stream is compared too. */
const ANSWER_BYTES = MIB + 5;
const RATE = 'rate';
const ONE = 'one executor';
const ONE_LARGE = 'one executor, runs of 256 KiB';
const RATIO_MIN = 1.7;

export const twoExecutorsTable: Table = {
  name: 'two-executors',
  question:
    'A stream of 64 MB sealed with two executors against one; needs two idle cores (MB/s of plaintext)',
  unit: 'ms',
  baseline: ONE,
  headline: RATE,
  // A sample is a megabyte of the stream.
  effort: { rounds: 10, samples: 64, warmUp: 64 },
  quick: { rounds: 2, samples: 8, warmUp: 8 },
  async open() {
    const nonces = { isFixed: false };
    const large = { nonces, profile: 'highThroughput' } as const;
    const one = await openCellVault({ nonces }, 1);
    const two = await openCellVault({ nonces }, 2);
    const oneLarge = await openCellVault(large, 1);
    const twoLarge = await openCellVault(large, 2);
    const native = await makeVault({ nonces }, { backend: 'native' });
    const contestant = (row: string, vault: typeof native, against?: string): Contestant => ({
      row,
      answer: () => withFixed(nonces, () => collect(vault.sealStream(pieces(ANSWER_BYTES), BINDING))),
      round: (count) =>
        measureRate(count * MIB, count, () => drain(vault.sealStream(pieces(count * MIB), BINDING))),
      ...(against === undefined
        ? {}
        : { targets: [{ metric: RATE, test: '>=', value: RATIO_MIN, against }] as const }),
    });
    return {
      contestants: [
        contestant(ONE, one.vault),
        contestant('two executors', two.vault, ONE),
        contestant(ONE_LARGE, oneLarge.vault),
        contestant('two executors, runs of 256 KiB', twoLarge.vault, ONE_LARGE),
        contestant('native: node:crypto in this thread', native),
      ],
      async close() {
        await native.close();
        for (const opened of [one, two, oneLarge, twoLarge]) await opened.close();
      },
    };
  },
};
