/**
 * One request to a component that exports `wasi:http/incoming-handler`: the two handles its `handle` gets, and what comes
 * of them.
 *
 * The caller (`thread.ts`) has the connection; here are the objects that the guest sees. Always: `respond` is called at most
 * once, before any piece of the body; `settled` says how the exchange ended, whatever the guest did.
 * Source: wasi:http 0.2, handler.wit, "incoming-handler".
 */

import type { HttpHeader } from '../../service-methods.ts';
import type { CellContext, Result } from '../imports-contract.ts';
import { hold, release } from './held.ts';
import type { HttpErrorCode } from './http-errors.ts';
import type { BodyReader } from './http-incoming-body.ts';
import { IncomingMessage, type IncomingRequest, type OutgoingResponse } from './http-messages.ts';
import type { BodyWriter, OutgoingBody } from './http-outgoing-body.ts';

export interface IncomingHead {
  /** As on the wire: `GET`. */
  readonly method: string;
  readonly pathWithQuery: string | undefined;
  /** `http` or `https`. */
  readonly scheme: string | undefined;
  readonly authority: string | undefined;
  readonly headers: readonly HttpHeader[];
}

/** The guest's answer: the head of a response, or the error that it has instead of one. */
export type IncomingAnswer =
  | {
      readonly kind: 'head';
      readonly status: number;
      /** Without `content-length` and the headers of a connection. */
      readonly headers: readonly HttpHeader[];
      /** Exact length of the body, when the guest declared it; the pieces add up to it or the exchange is `cut`. */
      readonly bodyBytes: number | undefined;
      /** Pieces and an end follow. */
      readonly hasBody: boolean;
    }
  | { readonly kind: 'error'; readonly code: HttpErrorCode };

/** The connection, as the caller has it. */
export interface IncomingConnection extends BodyReader, BodyWriter {
  respond(answer: IncomingAnswer): void;
}

/**
 * answered: head and body were handed over · failed: the guest answered with an error · unanswered: it set no response ·
 * cut: the body ended before it was whole, or nobody took it any more.
 */
export type IncomingEnd = 'answered' | 'failed' | 'unanswered' | 'cut';

export interface IncomingExchange {
  /** The arguments of `handle`: own handles of the guest. */
  readonly request: IncomingRequest;
  readonly responseOut: ResponseOutparam;
  /** To be asked when `handle` has returned; resolves when the last piece of the body was taken. Never rejects. */
  settled(): Promise<IncomingEnd>;
}

export class ResponseOutparam {
  readonly #cell: CellContext;
  readonly #connection: IncomingConnection;
  #end: 'failed' | 'answered' | 'unanswered' = 'unanswered';
  #body: OutgoingBody | undefined;

  constructor(cell: CellContext, connection: IncomingConnection) {
    this.#cell = cell;
    this.#connection = connection;
    hold(cell);
  }

  /** The guest gives its answer. The handle is used up. */
  set(answer: Result<OutgoingResponse, HttpErrorCode>): void {
    this.drop();
    if (answer.tag === 'err') {
      this.#end = 'failed';
      this.#connection.respond({ kind: 'error', code: answer.val as HttpErrorCode });
      return;
    }
    const response = answer.val as OutgoingResponse;
    const head = response.head();
    this.#end = 'answered';
    this.#body = response.body;
    response.end();
    this.#connection.respond({ kind: 'head', ...head, hasBody: this.#body !== undefined });
    this.#body?.attach(this.#connection);
  }

  async settled(): Promise<IncomingEnd> {
    const body = this.#body;
    if (!body) return this.#end;
    // The guest has returned: what it did not finish now, it never will.
    body.abandon();
    while (!body.isOver) {
      const { promise, resolve } = Promise.withResolvers<void>();
      body.signal.listen(resolve);
      await promise;
    }
    return body.isHandedOver ? 'answered' : 'cut';
  }

  drop(): void {
    release(this.#cell);
  }
}

/** Makes the objects for one call of `handle`. */
export function createIncomingExchange(
  cell: CellContext,
  head: IncomingHead,
  connection: IncomingConnection,
): IncomingExchange {
  const { headers, ...rest } = head;
  const responseOut = new ResponseOutparam(cell, connection);
  return {
    request: new IncomingMessage(cell, rest, headers, connection),
    responseOut,
    settled: () => responseOut.settled(),
  };
}
