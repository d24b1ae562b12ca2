/**
 * `npm run bench -- containment`: what it costs that guests cannot run away, and how soon one is back that would. One table a
 * question; they live in bench/containment/.
 */

import { endlessTable } from './containment/endless.ts';
import { fuelMeanTable, fuelTables } from './containment/fuel.ts';
import { hardeningTable } from './containment/hardening.ts';
import type { Bench } from './harness.ts';

export const bench: Bench = {
  title: 'Hotcell: containment',
  tables: [...fuelTables, fuelMeanTable, hardeningTable, endlessTable],
};
