/**
 * `wasi:http/types.incoming-body` and `future-trailers`: the body of a request or response that the guest reads.
 *
 * Between a reader, which is asked for a piece at a time, and the guest. Always: at most one piece of `WINDOW_BYTES` is held; none
 * is asked for before the guest wants it; the reader is closed when the body or its trailers are dropped.
 * Source: wasi:http 0.2, types.wit, "incoming-body".
 */

import { ServiceFailure } from '../../service-failure.ts';
import type { ServiceAnswer } from '../../service-methods.ts';
import { type CellContext, err, ok, type Result } from '../imports-contract.ts';
import { hold, release } from './held.ts';
import { type HttpErrorCode, toErrorCode, toIoError } from './http-errors.ts';
import { Fields } from './http-fields.ts';
import { Signal, type Waitable } from './poll.ts';
import { type Ending, type ReadSource, WINDOW_BYTES } from './streams.ts';

export type BodyPiece = ServiceAnswer<'http.read'>;

/** Where a body comes from. A rejection by a `ServiceFailure` is told to the guest; any other ends the cell. */
export interface BodyReader {
  /** Waits for at least one byte or the end; one at a time. */
  read(maxBytes: number): Promise<BodyPiece>;
  /** Nothing more is wanted. Idempotent. */
  close(): void;
}

const NOTHING = new Uint8Array(0);

type Outcome =
  | { readonly kind: 'end'; readonly trailers: Extract<BodyPiece, { end: true }>['trailers'] }
  | { readonly kind: 'error'; readonly cause: unknown };

export class IncomingBody implements ReadSource {
  readonly signal = new Signal();
  readonly #cell: CellContext;
  readonly #reader: BodyReader;
  #piece: Uint8Array = NOTHING;
  #outcome: Outcome | undefined;
  #isAsking = false;
  hasStream = false;

  constructor(cell: CellContext, reader: BodyReader) {
    this.#cell = cell;
    this.#reader = reader;
    hold(cell, WINDOW_BYTES);
  }

  /** Asking whether there is something asks for it. */
  ready(): boolean {
    if (this.#piece.length > 0 || this.#outcome) return true;
    this.#ask();
    return false;
  }

  read(maxBytes: number): Uint8Array | Ending {
    if (this.#piece.length > 0) {
      const bytes = this.#piece.subarray(0, maxBytes);
      this.#piece = this.#piece.subarray(bytes.length);
      return bytes;
    }
    if (!this.#outcome) {
      if (maxBytes > 0) this.#ask();
      return NOTHING;
    }
    return this.#outcome.kind === 'end' ? 'closed' : toIoError(this.#outcome.cause, 'body');
  }

  /** Whether the end was reached. What is before it is asked for and thrown away. */
  isRead(): boolean {
    if (this.#outcome) return true;
    this.#piece = NOTHING;
    this.#ask();
    return false;
  }

  /** What came behind the body; undefined while its end was not reached. */
  trailers(): Result<Fields | undefined, HttpErrorCode> | undefined {
    if (!this.isRead() || !this.#outcome) return undefined;
    if (this.#outcome.kind === 'end') {
      const { trailers } = this.#outcome;
      return ok(trailers.length > 0 ? new Fields(this.#cell, [...trailers], false) : undefined);
    }
    const { cause } = this.#outcome;
    if (cause instanceof ServiceFailure) return err(toErrorCode(cause, 'body'));
    throw cause;
  }

  /** The guest is done with it: nothing more is asked for. */
  drop(): void {
    this.#piece = NOTHING;
    this.#reader.close();
    release(this.#cell, WINDOW_BYTES);
  }

  #ask(): void {
    if (this.#isAsking) return;
    this.#isAsking = true;
    void this.#take();
  }

  /** Never rejects: what went wrong is kept for the guest's next question. */
  async #take(): Promise<void> {
    try {
      const piece = await this.#reader.read(WINDOW_BYTES);
      if (piece.end) this.#outcome = { kind: 'end', trailers: piece.trailers };
      else this.#piece = piece.bytes;
    } catch (cause) {
      this.#outcome = { kind: 'error', cause };
    } finally {
      this.#isAsking = false;
      this.signal.announce();
    }
  }
}

/** `future-trailers`: owns the body that was finished. */
export class FutureTrailers implements Waitable {
  readonly body: IncomingBody;
  #isTaken = false;

  constructor(body: IncomingBody) {
    this.body = body;
  }

  get signal(): Signal {
    return this.body.signal;
  }

  ready(): boolean {
    return this.#isTaken || this.body.isRead();
  }

  /** Undefined while it is not known; then once the trailers or the error; then an error without a value. */
  get(): Result<Result<Fields | undefined, HttpErrorCode>, never> | undefined {
    if (this.#isTaken) return { tag: 'err' };
    const trailers = this.body.trailers();
    if (!trailers) return undefined;
    this.#isTaken = true;
    return ok(trailers);
  }
}
