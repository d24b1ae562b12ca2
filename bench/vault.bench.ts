/**
 * `npm run bench -- vault`: what sealing through the vault and its cells costs against the bare kernel and against
 * node:crypto, and what it does to the host around it. One table a question; each lives in bench/vault/.
 */

import type { Bench } from './harness.ts';
import { kernelShareTables } from './vault/kernel-share.ts';
import { loopDelayTable } from './vault/loop-delay.ts';
import { recordsTables } from './vault/records.ts';
import { streamMemoryTable } from './vault/stream-memory.ts';
import { twoExecutorsTable } from './vault/two-executors.ts';

export const bench: Bench = {
  title: 'Hotcell: the vault',
  tables: [...kernelShareTables, twoExecutorsTable, loopDelayTable, streamMemoryTable, ...recordsTables],
};
