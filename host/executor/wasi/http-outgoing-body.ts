/**
 * `wasi:http/types.outgoing-body`: the body of a request or response that the guest writes.
 *
 * Between the guest, which writes when it likes, and a writer, which is there once the message is sent and takes a piece at
 * a time. Always: at most `WINDOW_BYTES` are between them; the pieces are handed over in order; the end is handed over once, after
 * the last piece; a body whose length was declared has that length or fails.
 * Source: wasi:http 0.2, types.wit, "outgoing-body".
 */

import type { HttpHeader } from '../../service-methods.ts';
import { type CellContext, err, OK, type Result } from '../imports-contract.ts';
import { hold, release } from './held.ts';
import { type HttpErrorCode, toIoError } from './http-errors.ts';
import { Signal } from './poll.ts';
import { type Ending, IoError, WINDOW_BYTES, type WriteSink } from './streams.ts';

/** Who takes a body. A rejection by a `ServiceFailure` is told to the guest; any other ends the cell. */
export interface BodyWriter {
  /** Resolves when there is room for more. At most `WINDOW_BYTES`, owned by the writer. */
  write(bytes: Uint8Array): Promise<void>;
  finish(trailers: readonly HttpHeader[]): Promise<void>;
  /** The body ends before it is whole. */
  abort(): void;
}

const NOTHING = new Uint8Array(0);

export class OutgoingBody implements WriteSink {
  readonly signal = new Signal();
  readonly #cell: CellContext;
  readonly #declaredBytes: number | undefined;
  readonly #sizeErrorTag: string;
  #writer: BodyWriter | undefined;
  /** One buffer, not the guest's pieces: a piece of a byte costs hundreds. */
  #buffer = NOTHING;
  #bufferedBytes = 0;
  #pendingBytes = 0;
  #writtenBytes = 0;
  #trailers: readonly HttpHeader[] = [];
  #state: 'open' | 'finished' | 'handed over' | 'abandoned' = 'open';
  #isPumping = false;
  #isHeldFor = true;
  /** What a writer rejected with. */
  #error: { readonly cause: unknown } | undefined;
  hasStream = false;

  /** `sizeErrorTag` is the error for a body that has not the declared length. */
  constructor(cell: CellContext, declaredBytes: number | undefined, sizeErrorTag: string) {
    this.#cell = cell;
    this.#declaredBytes = declaredBytes;
    this.#sizeErrorTag = sizeErrorTag;
    hold(cell, WINDOW_BYTES);
  }

  /** Bytes of the whole body, if they are known: declared, or all written. */
  get bodyBytes(): number | undefined {
    return this.#declaredBytes ?? (this.#state === 'finished' ? this.#writtenBytes : undefined);
  }

  get isAbandoned(): boolean {
    return this.#state === 'abandoned';
  }

  get isHandedOver(): boolean {
    return this.#state === 'handed over';
  }

  /** Handed over with all that was written, or cut off. */
  get isOver(): boolean {
    return this.#state === 'handed over' || this.#state === 'abandoned' || this.#error !== undefined;
  }

  /** The message is under way: pieces go to `writer` from now on. */
  attach(writer: BodyWriter): void {
    this.#writer = writer;
    if (this.#state === 'abandoned') writer.abort();
    else this.#pump();
  }

  /** The message was dropped without being sent: if the body is finished, nobody else will end it. */
  discard(): void {
    if (this.#state !== 'finished') return;
    this.#clear();
    this.#release();
  }

  ready(): boolean {
    return this.permit() !== 0;
  }

  permit(): number | Ending {
    if (this.#error) return toIoError(this.#error.cause, 'send');
    return this.#state === 'open' ? WINDOW_BYTES - this.#pendingBytes : 'closed';
  }

  write(bytes: Uint8Array): Ending | undefined {
    if (this.#error) return toIoError(this.#error.cause, 'send');
    if (this.#state !== 'open') return 'closed';
    if (this.#declaredBytes !== undefined && this.#writtenBytes + bytes.length > this.#declaredBytes) {
      return new IoError(`the body is longer than the ${this.#declaredBytes} bytes that were declared`, {
        kind: 'http',
        code: this.#sizeError(this.#writtenBytes + bytes.length),
      });
    }
    if (bytes.length === 0) return undefined;
    this.#keep(bytes);
    this.#pendingBytes += bytes.length;
    this.#writtenBytes += bytes.length;
    this.#pump();
    return undefined;
  }

  flush(): Ending | undefined {
    return this.#error ? toIoError(this.#error.cause, 'send') : undefined;
  }

  /** Before the message is sent there is nobody to wait for: guests write a body first and send it then. */
  flushed(): boolean {
    return this.#pendingBytes === 0 || this.#writer === undefined || this.#error !== undefined;
  }

  /** The guest says that the body is whole. */
  finish(trailers: readonly HttpHeader[]): Result<never, HttpErrorCode> {
    if (this.#declaredBytes !== undefined && this.#writtenBytes !== this.#declaredBytes) {
      this.abandon();
      return err(this.#sizeError(this.#writtenBytes));
    }
    this.#trailers = trailers;
    this.#state = 'finished';
    this.#pump();
    return OK;
  }

  /** The guest dropped the body before it was whole. */
  abandon(): void {
    if (this.#state !== 'open') return;
    this.#state = 'abandoned';
    this.#clear();
    this.#release();
    this.#writer?.abort();
    this.signal.announce();
  }

  #sizeError(bytes: number): HttpErrorCode {
    return { tag: this.#sizeErrorTag, val: BigInt(bytes) };
  }

  #release(): void {
    if (this.#isHeldFor) release(this.#cell, WINDOW_BYTES);
    this.#isHeldFor = false;
  }

  /** No more than the window is pending, so that the buffer never gets larger. */
  #keep(bytes: Uint8Array): void {
    const end = this.#bufferedBytes + bytes.length;
    if (end > this.#buffer.length) {
      const larger = new Uint8Array(Math.min(WINDOW_BYTES, Math.max(end, 2 * this.#buffer.length)));
      larger.set(this.#buffer.subarray(0, this.#bufferedBytes));
      this.#buffer = larger;
    }
    this.#buffer.set(bytes, this.#bufferedBytes);
    this.#bufferedBytes = end;
  }

  #clear(): void {
    this.#buffer = NOTHING;
    this.#bufferedBytes = 0;
  }

  #pump(): void {
    if (this.#isPumping || !this.#writer || this.#error) return;
    this.#isPumping = true;
    void this.#handOver(this.#writer);
  }

  /** Never rejects. It has stopped when it decides to, not a turn later: the guest may run in between and finish the body. */
  async #handOver(writer: BodyWriter): Promise<void> {
    try {
      while (this.#bufferedBytes > 0) {
        const bytes = this.#buffer.slice(0, this.#bufferedBytes);
        this.#bufferedBytes = 0;
        await writer.write(bytes);
        this.#pendingBytes -= bytes.length;
        this.signal.announce();
      }
      if (this.#state !== 'finished') return;
      await writer.finish(this.#trailers);
      this.#state = 'handed over';
      this.#clear();
      this.#release();
    } catch (cause) {
      this.#error = { cause };
      this.#clear();
      this.#release();
    } finally {
      this.#isPumping = false;
      this.signal.announce();
    }
  }
}
