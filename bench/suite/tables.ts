/** The tables of Hotcell itself, in the order in which they are measured: what one needs is told by its own file. */

import type { CapabilityPolicy } from '../../host/capability-types.ts';
import { coldTable, prepareTable } from './cold.ts';
import { createGround } from './ground.ts';
import { httpTable, throughputTable } from './http.ts';
import { isolationTable } from './isolation.ts';
import { loadTable } from './load.ts';
import { memoryTable } from './memory.ts';
import type { SuiteTable } from './plan.ts';
import { populationTable } from './population.ts';
import { recoveryTable } from './recovery.ts';
import { reloadTable } from './reload.ts';
import type { Sample } from './sample.ts';
import { startTable } from './start.ts';
import { stormTable } from './storm.ts';
import { utilisationTable } from './utilisation.ts';

/** What all tables are made from. */
export interface TableOptions {
  /** Adapters under test, at least one. */
  readonly samples: readonly Sample[];
  /** What they may do, by name or `*`. */
  readonly capabilities: CapabilityPolicy;
  /** Smoke run: shows that it works, states no figure. */
  readonly quick: boolean;
  /** Of every random choice. */
  readonly seed: number;
}

export interface SuiteTables {
  readonly tables: readonly SuiteTable[];
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
    close: () => ground.close(),
  };
}
