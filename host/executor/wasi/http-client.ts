/**
 * `wasi:http/outgoing-handler`: requests that the guest sends, through the services of the host.
 *
 * A request is opened with the host, its body handed over piece by piece, and its response awaited, all while the guest goes
 * on. Always: whatever the guest drops before its end is closed with the host; a failure is told to the guest at its next
 * question, never thrown into nothing.
 * Source: wasi:http 0.2, handler.wit and types.wit.
 */

import { ServiceFailure } from '../../service-failure.ts';
import type {
  HttpRequestHead,
  HttpResponseHead,
  ServiceAnswer,
  ServiceArgument,
  ServiceMethod,
} from '../../service-methods.ts';
import { type CellContext, err, ok, type Result } from '../imports-contract.ts';
import { hold, release } from './held.ts';
import { type HttpErrorCode, internalError, type Phase, toErrorCode } from './http-errors.ts';
import type { BodyReader } from './http-incoming-body.ts';
import {
  IncomingMessage,
  type IncomingResponse,
  type OutgoingRequest,
  type RequestOptions,
} from './http-messages.ts';
import type { BodyWriter } from './http-outgoing-body.ts';
import { Signal, type Waitable } from './poll.ts';

function ask<M extends ServiceMethod>(
  cell: CellContext,
  method: M,
  argument: ServiceArgument<M>,
): Promise<ServiceAnswer<M>> {
  return cell.service(method, argument) as Promise<ServiceAnswer<M>>;
}

type Outcome =
  | { readonly kind: 'response'; readonly response: IncomingResponse }
  | { readonly kind: 'error'; readonly cause: unknown; readonly phase: Phase };

export class FutureResponse implements Waitable {
  readonly signal = new Signal();
  readonly #cell: CellContext;
  readonly #opened: Promise<{ readonly id: number }>;
  #outcome: Outcome | undefined;
  #isTaken = false;
  #isClosed = false;

  constructor(cell: CellContext, head: HttpRequestHead) {
    this.#cell = cell;
    this.#opened = ask(cell, 'http.open', head);
    hold(cell);
    void this.#await();
  }

  ready(): boolean {
    return this.#outcome !== undefined;
  }

  /** Undefined while there is none; then once the response or the error; then an error without a value. */
  get(): Result<Result<IncomingResponse, HttpErrorCode>, never> | undefined {
    if (this.#isTaken) return { tag: 'err' };
    if (!this.#outcome) return undefined;
    this.#isTaken = true;
    if (this.#outcome.kind === 'response') return ok(ok(this.#outcome.response));
    const { cause, phase } = this.#outcome;
    if (cause instanceof ServiceFailure) return ok(err(toErrorCode(cause, phase)));
    throw cause;
  }

  /** A response that was taken lives on; otherwise nobody wants it any more. */
  drop(): void {
    release(this.#cell);
    if (this.#isTaken) return;
    this.#isTaken = true;
    if (this.#outcome?.kind === 'response') this.#outcome.response.drop();
    else this.close();
  }

  /** Takes the body of the request. */
  writer(): BodyWriter {
    return {
      write: async (bytes) => {
        await ask(this.#cell, 'http.write', { id: await this.#id(), bytes });
      },
      finish: async (trailers) => {
        await ask(this.#cell, 'http.finish', { id: await this.#id(), trailers });
      },
      abort: () => this.close(),
    };
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    // Nothing is lost when it fails: what was not opened, or ended with its call, is closed.
    this.#id()
      .then((id) => ask(this.#cell, 'http.close', { id }))
      .catch(() => undefined);
  }

  async #id(): Promise<number> {
    return (await this.#opened).id;
  }

  /** Never rejects: what went wrong is kept for the guest's next question. */
  async #await(): Promise<void> {
    let phase: Phase = 'send';
    try {
      const id = await this.#id();
      phase = 'head';
      const head = await ask(this.#cell, 'http.response', { id });
      if (!this.#isTaken) this.#outcome = { kind: 'response', response: this.#toResponse(id, head) };
    } catch (cause) {
      this.#outcome = { kind: 'error', cause, phase };
    }
    this.signal.announce();
  }

  #toResponse(id: number, { status, headers }: HttpResponseHead): IncomingResponse {
    const reader: BodyReader = {
      read: (maxBytes) => ask(this.#cell, 'http.read', { id, maxBytes }),
      close: () => this.close(),
    };
    return new IncomingMessage(this.#cell, { status }, headers, reader);
  }
}

/** Nanoseconds of an option in whole ms, at least one. */
function toMs(duration: bigint | undefined): number | undefined {
  if (duration === undefined) return undefined;
  return Math.min(Number.MAX_SAFE_INTEGER, Math.max(1, Math.ceil(Number(duration) / 1_000_000)));
}

const NO_DESTINATION: HttpErrorCode = { tag: 'HTTP-request-URI-invalid' };

/** Sends what the guest made of a request, which is the host's from then on. */
export function sendRequest(
  cell: CellContext,
  request: OutgoingRequest,
  options: RequestOptions | undefined,
): Result<FutureResponse, HttpErrorCode> {
  const head = request.head();
  const { body } = request;
  if (options) release(cell);
  if (!head || body?.isAbandoned) {
    request.drop();
    return err(head ? internalError('the body was dropped before it was finished') : NO_DESTINATION);
  }
  request.end();
  const future = new FutureResponse(cell, {
    ...head,
    hasBody: body !== undefined,
    bodyBytes: body?.bodyBytes,
    connectTimeoutMs: toMs(options?.connectTimeout),
    firstByteTimeoutMs: toMs(options?.firstByteTimeout),
    betweenBytesTimeoutMs: toMs(options?.betweenBytesTimeout),
  });
  body?.attach(future.writer());
  return ok(future);
}
