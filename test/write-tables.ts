/**
 * Writes the tables that come from code into the READMEs: run `npx node test/write-tables.ts` after a change to options,
 * limits, the manifest, errors or the import table, then `biome check --write` aligns them. Tests compare; they never write.
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { markdownOf, TABLE, type Table, tablesOf } from './markdown.ts';
import {
  capabilityTable,
  costTable,
  errorTable,
  interfaceTable,
  limitTable,
  manifestTable,
  operationTable,
  optionTable,
  poolTable,
} from './readme-tables.ts';
import { doorTable, importTable } from './tidy/import-table.ts';

const headOf = (table: Table | undefined): string => JSON.stringify(table?.[0]);
const tables = [
  optionTable(),
  limitTable(),
  poolTable(),
  manifestTable(),
  operationTable(),
  errorTable(),
  costTable(),
  interfaceTable(),
  capabilityTable(),
  importTable(),
  doorTable(),
];

const READMES = [
  'README.md',
  'host/README.md',
  'adapters/README.md',
  'host/registry/README.md',
  'host/executor/wasi/README.md',
  'host/capabilities/README.md',
];

for (const name of READMES) {
  const path = new URL(`../${name}`, import.meta.url);
  const text = readFileSync(path, 'utf8').replace(TABLE, (block) => {
    const [old] = tablesOf(block);
    const table = tables.find((candidate) => headOf(candidate) === headOf(old));
    return table ? `${markdownOf(table)}\n` : block;
  });
  writeFileSync(path, text);
}
