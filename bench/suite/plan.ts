/**
 * What a run of the suite has to do: its tables in their order, and how long each is expected to take, which is what the time
 * left is estimated from; and what tables are made from.
 */

import type { CapabilityPolicy } from '../../host/capability-types.ts';
import { HostError } from '../../host/errors.ts';
import type { Table } from '../harness.ts';
import type { Sample } from './sample.ts';

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
  /** Servers are started with their inspector open, so that they can be profiled. */
  readonly inspected: boolean;
}

export interface SuiteTable extends Table {
  /** Of a run on two cores, roughly; a slower machine is noticed by the tables that are done. */
  readonly expectedMs: { readonly full: number; readonly quick: number };
}

/** Where a table does not say: peers bring tables of their own. */
const EXPECTED_MS = { full: 60_000, quick: 5_000 };

export const expectedMsOf = (table: Table | SuiteTable, quick: boolean): number => {
  const { full, quick: short } = 'expectedMs' in table ? table.expectedMs : EXPECTED_MS;
  return quick ? short : full;
};

/** The tables of these names, in the plan's order; all when none is named. Throws CONFIG_INVALID naming those there are. */
export function chooseTables<T extends Table>(tables: readonly T[], only: readonly string[]): readonly T[] {
  const unknown = only.filter((wanted) => !tables.some(({ name }) => name === wanted));
  if (unknown.length > 0) {
    const known = tables.map(({ name }) => name).join(', ');
    throw new HostError('CONFIG_INVALID', `there is no table ${unknown.join(', ')}. Tables: ${known}`);
  }
  return only.length === 0 ? tables : tables.filter(({ name }) => only.includes(name));
}

/** Milliseconds that are left when so many of each table's rounds are done; undefined before anything can be said. */
export function estimateLeftMs(
  expectedMs: readonly number[],
  tableIndex: number,
  tableShare: number,
  elapsedMs: number,
): number | undefined {
  const before = expectedMs.slice(0, tableIndex).reduce((sum, ms) => sum + ms, 0);
  const doneMs = before + (expectedMs[tableIndex] ?? 0) * tableShare;
  const allMs = expectedMs.reduce((sum, ms) => sum + ms, 0);
  if (doneMs <= 0) return undefined;
  return (elapsedMs / doneMs) * (allMs - doneMs);
}
