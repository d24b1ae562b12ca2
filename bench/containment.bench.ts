/**
 * `npm run bench -- containment`: what it costs that guests cannot run away, how soon one is back that would, and what a process
 * around them costs. One table a question; they live in bench/containment/.
 */

import { endlessTable } from './containment/endless.ts';
import { fuelMeanTable, fuelTables } from './containment/fuel.ts';
import { hardeningTable } from './containment/hardening.ts';
import { isolationTable } from './containment/isolation.ts';
import { neighboursTable } from './containment/neighbours.ts';
import { placementTables } from './containment/placement.ts';
import { waitingTable } from './containment/waiting.ts';
import type { Bench } from './harness.ts';

export const bench: Bench = {
  title: 'Hotcell: containment',
  tables: [
    ...fuelTables,
    fuelMeanTable,
    hardeningTable,
    endlessTable,
    neighboursTable,
    waitingTable,
    isolationTable,
    ...placementTables,
  ],
};
