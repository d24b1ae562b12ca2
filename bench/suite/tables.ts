/** The tables of Hotcell itself, in the order in which they are measured: what one needs is told by its own file. */

import { coldTable, prepareTable } from './cold.ts';
import { createGround } from './ground.ts';
import { httpTable, throughputTable } from './http.ts';
import { isolationTable } from './isolation.ts';
import { loadTable } from './load.ts';
import { memoryTable } from './memory.ts';
import type { SuiteTable, TableOptions } from './plan.ts';
import { populationTable } from './population.ts';
import { recoveryTable } from './recovery.ts';
import { reloadTable } from './reload.ts';
import { startTable } from './start.ts';
import { stormTable } from './storm.ts';
import { utilisationTable } from './utilisation.ts';

export interface SuiteTables {
  readonly tables: readonly SuiteTable[];
  /** Of the processes that tables share and that run now. */
  inspectors(): Promise<readonly string[]>;
  /** Ends what tables share. To be called after a table that broke, and at the end. */
  close(): Promise<void>;
}

export function suiteTables(options: TableOptions): SuiteTables {
  const { samples, capabilities } = options;
  const ground = createGround(samples, capabilities, options);
  return {
    tables: [
      prepareTable(samples),
      startTable(samples),
      coldTable(samples, capabilities),
      isolationTable(samples, capabilities),
      httpTable(samples, ground),
      throughputTable(samples, ground),
      loadTable(samples, ground, options),
      utilisationTable(samples, ground, options),
      stormTable(ground, options),
      reloadTable(samples, capabilities, options),
      memoryTable(samples, options),
      populationTable(samples, capabilities, options),
      recoveryTable(samples, capabilities),
    ],
    inspectors: () => ground.inspectors(),
    close: () => ground.close(),
  };
}
