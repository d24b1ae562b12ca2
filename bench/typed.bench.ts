/**
 * `npm run bench -- typed`: what a call with typed values costs, without the guest's own work. One table a question; they live
 * in bench/typed/.
 */

import type { Bench } from './harness.ts';
import { abiTable } from './typed/abi.ts';
import { jsonTable } from './typed/json.ts';

export const bench: Bench = {
  title: 'Hotcell: typed values',
  tables: [abiTable, jsonTable],
};
