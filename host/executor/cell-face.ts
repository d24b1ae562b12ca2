/**
 * What a cell is to the thread: entered with an operation and its input, it ends in a `CellEnd`.
 *
 * Shapes only. `cell-handler.ts` is the cell of the bytes world, `cell-incoming.ts` that of components which answer HTTP,
 * `cell-typed.ts` that of every other.
 */

import type { Grants } from '../capability-types.ts';
import type { ErrorCode } from '../errors.ts';
import type { GuestBounds, Scheduler } from './guest.ts';
import type { HostPort } from './imports-context.ts';
import type { CellOperations } from './link.ts';
import type { MemoryLoan } from './memory-shelf.ts';
import type { Failure } from './protocol.ts';

export type CellEnd =
  | { readonly kind: 'ok' }
  /**
   * The guest's own error, arguments that were not its types, a response that is missing or not whole, or a result over
   * the limit: the cell is well. The message of
   * `declared` is JSON, the error value; that of `bad-arguments` JSON too, a list of `Problem`.
   */
  | { readonly kind: 'failure'; readonly failure: Failure; readonly message: string }
  /** The cell is dead. `detail` is safe to show. */
  | { readonly kind: 'crash'; readonly code: ErrorCode; readonly detail: string };

export type Bounds = GuestBounds;

/** How input and output of a typed operation are written: as JSON unless these say otherwise. A bytes world has but one form. */
export interface CallForm {
  /** The payload is the only argument, `list<u8>`, as it is. */
  readonly isRawInput: boolean;
  /** A result that succeeds, `list<u8>` or `string`, is given as it is. */
  readonly isRawOutput: boolean;
}

export interface Cell {
  /** Size of the memory that results are read from, in bytes. */
  readonly memoryBytes: number;
  /** Units that the last entry used, the guest's allocations and cleanup included; undefined for a guest that is not metered. */
  readonly fuelUsed: number | undefined;
  /** It may have to wait, or to let others run: `invoke` and `health` alone would keep the thread. */
  readonly isSuspendable: boolean;
  /**
   * Calls the operation, and keeps the thread to the end. Both inputs are borrowed and copied into the guest. On success
   * `take` gets a view of guest memory, valid only until it returns: it copies what it wants to keep and does not write.
   * Throws Error — a crashed or busy cell is entered: an error of the host.
   */
  invoke(
    operation: Uint8Array,
    payload: Uint8Array,
    outputMaxBytes: number,
    take: (bytes: Uint8Array) => void,
    bounds?: Bounds,
    form?: CallForm,
  ): CellEnd;
  /**
   * The same on a stack of its own: others run while it waits, and between its slices. Both inputs are copied before this
   * returns. `onEnd` is called right after `take`, with nothing in between; then the promise resolves.
   */
  invokeSuspendably(
    operation: Uint8Array,
    payload: Uint8Array,
    outputMaxBytes: number,
    take: (bytes: Uint8Array) => void,
    onEnd: (end: CellEnd) => void,
    bounds?: Bounds,
    form?: CallForm,
  ): Promise<void>;
  /** Calls the guest's health check. An unhealthy guest is a `failure` of kind `internal`. Throws like `invoke`. */
  health(bounds?: Bounds): CellEnd;
  healthSuspendably(onEnd: (end: CellEnd) => void, bounds?: Bounds): Promise<void>;
  /** Stops a call that is suspended, as at its deadline. */
  abandon(): void;
}

/** What a cell has beside its modules. */
export interface CellSurroundings {
  /** Cells of one scheduler run by turns. */
  readonly scheduler?: Scheduler;
  /** Memories of cells before it, for its modules that are given theirs. */
  readonly loan?: MemoryLoan;
  readonly grants?: Grants;
  readonly host?: HostPort;
  /** Of a world other than that of bytes: its exported functions, called by these names. */
  readonly operations?: CellOperations | undefined;
}

export const UNBOUNDED: Bounds = { deadlineMs: Number.POSITIVE_INFINITY, fuelMax: Number.POSITIVE_INFINITY };
export const OK: CellEnd = { kind: 'ok' };
export const JSON_FORM: CallForm = { isRawInput: false, isRawOutput: false };

/** A well-formed result over the limit: refused, but the guest did nothing wrong and its cell is well. */
export function tooLarge(bytes: number, limit: number): CellEnd {
  return {
    kind: 'failure',
    failure: 'output-too-large',
    message: `the result has ${bytes} bytes; the limit is ${limit}`,
  };
}
