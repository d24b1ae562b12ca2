/**
 * What guests may import: the implementations behind `import-table.ts`, interface by interface.
 *
 * Runs in the executor's thread, which has no file system and no network: what needs more than memory, clock and random
 * numbers is asked of the host through `CellContext.service`. Functions get lifted values and return values to be
 * lowered (`abi.ts` says how each type looks); an own handle is the object it stands for.
 */

import type { Grants } from '../capability-types.ts';

export { ServiceFailure } from '../service-failure.ts';

/** What an imported function may use: one for each cell, the fields of the call changing with each call. */
export interface CellContext {
  readonly grants: Grants;
  /** Absolute deadline of the running call, in ms of the clock; Infinity outside of calls. */
  readonly deadlineMs: number;
  /** A line for the log of the host, cut to what is left of the call's bytes. */
  log(level: 'trace' | 'debug' | 'info' | 'warn' | 'error', message: string): void;
  /** Asks the host (`Services`); rejects with `ServiceFailure` for what the guest may be told. */
  service(method: string, argument: unknown): Promise<unknown>;
  /** State of one implementation in this cell, made at first use: files, for example. */
  state<T>(key: symbol, make: () => T): T;
}

/** Throw it from an imported function to end the guest: it becomes a real trap, and the cell is destroyed. */
export class GuestTrap extends Error {}

/** May return a promise when its specification says `waits`; only then. */
export type ImportFunction = (cell: CellContext, ...values: readonly never[]) => unknown;

export interface ImportImplementation {
  readonly functions: Readonly<Record<string, ImportFunction>>;
  /** By resource: called when the guest drops an own handle. */
  readonly drops?: Readonly<Record<string, (cell: CellContext, object: never) => void>>;
}

/** By name without version, like `IMPORTS`. */
export const IMPLEMENTATIONS: Readonly<Record<string, ImportImplementation>> = {};
