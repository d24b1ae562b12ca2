/**
 * `npm run bench -- hash`: how fast the hash kernel is, through its door and with all copies, against what else a program
 * could call. One table an algorithm and a size; hash-wasm, the fastest other WebAssembly, is the baseline.
 */

import type { Bench } from './harness.ts';
import { blake3Table, sha256Table } from './hash/tables.ts';

const SIZES = [
  [1_024, '1KB'],
  [4_096, '4KB'],
  [65_536, '64KB'],
  [1_048_576, '1MB'],
] as const;

export const bench: Bench = {
  title: 'Hotcell: the hash kernel',
  tables: [
    ...SIZES.map(([bytes, label]) => blake3Table(bytes, label)),
    ...SIZES.map(([bytes, label]) => sha256Table(bytes, label)),
  ],
};
