/**
 * Streams of bytes: the objects behind `wasi:io/streams` and `wasi:io/error`.
 *
 * A stream is a thin face over a source or a sink, which files, standard streams and HTTP bodies implement. Always: a stream
 * that ended or failed says `closed` from then on; a failure is told once, as an error resource; one answer holds at most
 * `WINDOW_BYTES`. The functions that guests call are in `stream-functions.ts`.
 * Source: wasi:io 0.2, streams.wit and error.wit.
 */

import { type CellContext, err, type Result } from '../imports-contract.ts';
import { hold, OBJECT_BYTES, release } from './held.ts';
import type { Signal, Waitable } from './poll.ts';

/** Most bytes of one read, and of one permitted write: what a stream may make the host hold at a time. */
export const WINDOW_BYTES = 65_536;

/** The code of an interface behind a failed operation: `filesystem-error-code` and `http-error-code` show it. */
export type ErrorCause =
  | { readonly kind: 'file'; readonly code: string }
  | { readonly kind: 'http'; readonly code: { readonly tag: string; readonly val?: unknown } };

/** `wasi:io/error.error`: why a stream failed. */
export class IoError {
  readonly message: string;
  readonly cause: ErrorCause;

  constructor(message: string, cause: ErrorCause) {
    this.message = message;
    this.cause = cause;
  }
}

export type StreamError =
  | { readonly tag: 'last-operation-failed'; readonly val: IoError }
  | { readonly tag: 'closed' };

/** How a stream ends: well, or by a failure that the guest is told once. */
export type Ending = 'closed' | IoError;

/** Where an input stream gets its bytes. */
export interface ReadSource extends Waitable {
  /** At most `maxBytes` of what is there, the guest's own from then on; none if nothing is there yet. */
  read(maxBytes: number): Uint8Array | Ending;
  /** The stream was dropped. */
  close?(): void;
}

/** Where an output stream puts its bytes. Ready when `permit` is not 0. */
export interface WriteSink extends Waitable {
  /** Bytes that it takes now. */
  permit(): number | Ending;
  /** Takes `bytes`, no more than it permits, and owns them. */
  write(bytes: Uint8Array): Ending | undefined;
  /** What was written becomes visible to whom it is for. */
  flush?(): Ending | undefined;
  /** Whether all that was written has been taken over; without it, that is always so. */
  flushed?(): boolean;
  close?(): void;
}

type Closed = { readonly tag: 'err'; readonly val: StreamError };
const CLOSED: Closed = err({ tag: 'closed' });

/** The ending as the guest is told it: a failure becomes a resource, which the guest owns. */
function tellEnding(cell: CellContext, ending: Ending): Closed {
  if (ending === 'closed') return CLOSED;
  hold(cell);
  return err({ tag: 'last-operation-failed', val: ending });
}

export type StreamResult<T> = Result<T, StreamError>;

export class InputStream implements Waitable {
  readonly #cell: CellContext;
  readonly #source: ReadSource;
  #isEnded = false;

  constructor(cell: CellContext, source: ReadSource) {
    this.#cell = cell;
    this.#source = source;
  }

  get signal(): Signal | undefined {
    return this.#source.signal;
  }

  ready(): boolean {
    return this.#isEnded || this.#source.ready();
  }

  read(maxBytes: number): Uint8Array | Closed {
    if (this.#isEnded) return CLOSED;
    const bytes = this.#source.read(Math.min(maxBytes, WINDOW_BYTES));
    if (bytes instanceof Uint8Array) return bytes;
    this.#isEnded = true;
    return tellEnding(this.#cell, bytes);
  }

  drop(): void {
    this.#isEnded = true;
    this.#source.close?.();
    release(this.#cell);
  }
}

export class OutputStream implements Waitable {
  readonly #cell: CellContext;
  readonly #sink: WriteSink;
  #isEnded = false;
  #permitted = 0;

  constructor(cell: CellContext, sink: WriteSink) {
    this.#cell = cell;
    this.#sink = sink;
  }

  get signal(): Signal | undefined {
    return this.#sink.signal;
  }

  ready(): boolean {
    return this.#isEnded || this.#sink.ready();
  }

  /** Whether nothing is under way any more. */
  flushed(): boolean {
    return this.#isEnded || (this.#sink.flushed?.() ?? true);
  }

  permit(): number | Closed {
    if (this.#isEnded) return CLOSED;
    const permit = this.#sink.permit();
    if (typeof permit !== 'number') return this.#end(permit);
    this.#permitted = Math.min(permit, WINDOW_BYTES);
    return this.#permitted;
  }

  /** What the last `permit` left, in bytes: more must not be written. */
  get permitted(): number {
    return this.#permitted;
  }

  /** Writes no more than is permitted. */
  write(bytes: Uint8Array): Closed | undefined {
    if (this.#isEnded) return CLOSED;
    this.#permitted -= bytes.length;
    const ending = this.#sink.write(bytes);
    return ending === undefined ? undefined : this.#end(ending);
  }

  flush(): Closed | undefined {
    if (this.#isEnded) return CLOSED;
    const ending = this.#sink.flush?.();
    return ending === undefined ? undefined : this.#end(ending);
  }

  drop(): void {
    this.#isEnded = true;
    this.#sink.close?.();
    release(this.#cell);
  }

  #end(ending: Ending): Closed {
    this.#isEnded = true;
    return tellEnding(this.#cell, ending);
  }
}

export function createInputStream(cell: CellContext, source: ReadSource): InputStream {
  hold(cell, OBJECT_BYTES);
  return new InputStream(cell, source);
}

export function createOutputStream(cell: CellContext, sink: WriteSink): OutputStream {
  hold(cell, OBJECT_BYTES);
  return new OutputStream(cell, sink);
}
