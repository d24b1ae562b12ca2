/**
 * What an imported function is given and how it may end: the contract between the cells of a thread and the
 * implementations in `imports.ts`.
 *
 * Functions get lifted values and return values to be lowered (`abi.ts` says how each type looks); an own handle is the
 * object it stands for. Always: what a guest may learn is a value; anything thrown ends its cell.
 */

import type { Grants } from '../capability-types.ts';
import type { Clock } from '../clock.ts';

/** What an imported function may use: one for each cell, the fields of the call changing with each call. */
export interface CellContext {
  readonly grants: Grants;
  /** Absolute deadline of the running call, in ms of the clock; Infinity outside of calls. */
  readonly deadlineMs: number;
  /** The time of the thread; guests see it through their grant only. */
  readonly clock: Clock;
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

/** `result<ok, error>` as a value. */
export type Result<Ok, Failure> =
  | { readonly tag: 'ok'; readonly val?: Ok }
  | { readonly tag: 'err'; readonly val?: Failure };

export const OK: { readonly tag: 'ok' } = { tag: 'ok' };

export function ok<T>(val: T): { readonly tag: 'ok'; readonly val: T } {
  return { tag: 'ok', val };
}

export function err<T>(val: T): { readonly tag: 'err'; readonly val: T } {
  return { tag: 'err', val };
}
