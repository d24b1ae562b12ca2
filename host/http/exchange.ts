/**
 * One request with its response, and how a route answers it.
 *
 * A route is a function from an `Exchange` to an `Answer`; it may throw. Here every end of it becomes exactly one
 * reply: the answer, or the problem document of what was thrown. The framework only finds the route: its reply object
 * is left aside (`hijack`), which spares the call its hooks and serialisers.
 */

import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type HttpRefusedEvent, httpRefusedChannel, notice } from '../channels.ts';
import type { Clock } from '../clock.ts';
import { type HostError, toHostError } from '../errors.ts';
import type { Host } from '../types.ts';
import { type Answer, linger, NO_USAGE, writeAnswer } from './answer.ts';
import type { Arrivals } from './arrival.ts';
import type { HeldBytes } from './held-bytes.ts';
import type { Idempotency } from './idempotency.ts';
import { HELD_FREE_BYTES } from './limits.ts';
import type { OperationIndex } from './operation-index.ts';
import { problemAnswer } from './problem.ts';

/** What every route of the door shares. */
export interface Door {
  readonly host: Host;
  readonly clock: Clock;
  /** Largest body of any route, in bytes. */
  readonly bodyMaxBytes: number;
  readonly operations: OperationIndex;
  readonly idempotency: Idempotency;
  readonly held: HeldBytes;
  readonly arrivals: Pick<Arrivals, 'release'>;
  /** True from the first moment of a drain: replies then end their connection. */
  isClosing(): boolean;
}

export interface Exchange {
  readonly requestId: string;
  /** Pattern of the route, or `NO_ROUTE`. */
  readonly route: string;
  readonly headers: IncomingHttpHeaders;
  /** Named segments of the path, decoded; which ones depends on the route. */
  readonly params: { readonly name?: string; readonly operation?: string };
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
}

/** What is known of every request, also of one that no route answers. */
type RawExchange = Pick<Exchange, 'incoming' | 'outgoing' | 'requestId' | 'route'>;

export const NO_ROUTE = 'none';

/** The exchange of a request that is answered beside its route: by an error handler or a hook. */
export function exchangeBeside(request: FastifyRequest, reply: FastifyReply): RawExchange {
  reply.hijack();
  const route = request.routeOptions?.url ?? NO_ROUTE;
  return { incoming: request.raw, outgoing: reply.raw, requestId: request.id, route };
}

/** An answer, an answer given before under the same key, or `streamed`: the route has written the reply itself. */
type Answered = Answer | { readonly answer: Answer; readonly replayed: true } | 'streamed';

export type Answerer = (exchange: Exchange) => Answered | Promise<Answered>;

export type Handler = (request: FastifyRequest, reply: FastifyReply) => void;

/** Tells the log about errors of the host itself; every other error is the caller's to read. */
function reportInternal(error: HostError, requestId: string): void {
  if (error.code !== 'HOST_INTERNAL') return;
  notice({
    level: 'error',
    event: 'http.internal',
    message: error.detail,
    fields: { requestId },
    cause: error.cause,
  });
}

/** Tells observers that a request ends in this error and no call was made of it: no receipt will speak of it. */
export function publishRefusal(about: Omit<HttpRefusedEvent, 'status' | 'code'>, error: HostError): void {
  if (!httpRefusedChannel.hasSubscribers) return;
  const event: HttpRefusedEvent = { ...about, status: error.status, code: error.code };
  httpRefusedChannel.publish(event);
}

/** The same for an item of a batch or the call of a tool broker, whose answer the route writes itself. */
export function reportRefusal(
  { incoming, route }: Pick<Exchange, 'incoming' | 'route'>,
  requestId: string,
  error: HostError,
): void {
  reportInternal(error, requestId);
  publishRefusal({ requestId, method: incoming.method ?? 'unknown', route }, error);
}

/** Writes the problem document of this error as the reply. `isCall`: the route was to run an operation. */
export function writeProblem(
  door: Pick<Door, 'clock' | 'isClosing'>,
  exchange: RawExchange,
  error: HostError,
  options: { readonly isCall: boolean; readonly extraHeaders?: readonly string[] },
): void {
  const { incoming, outgoing, requestId } = exchange;
  // A stream that broke after its first byte cannot become a problem document: cutting it is the only honest sign.
  if (outgoing.headersSent) {
    reportInternal(error, requestId);
    outgoing.destroy();
    return;
  }
  reportRefusal(exchange, requestId, error);
  const usage = options.isCall ? NO_USAGE : undefined;
  const answer = problemAnswer(error, requestId, usage, undefined, options.extraHeaders);
  writeAnswer(outgoing, requestId, answer, { closing: door.isClosing(), replayed: false });
  linger(incoming, door.clock);
}

/** The framework's handler for the route with this pattern. */
export function createHandler(
  door: Door,
  answerer: Answerer,
  options: { readonly isCall: boolean; readonly route: string },
): Handler {
  return (request, reply) => {
    reply.hijack();
    const exchange: Exchange = {
      requestId: request.id,
      route: options.route,
      headers: request.raw.headers,
      params: request.params as Exchange['params'],
      incoming: request.raw,
      outgoing: reply.raw,
    };
    answer(door, answerer, exchange).catch((error: unknown) => {
      writeProblem(door, exchange, toHostError(error), options);
    });
  };
}

async function answer(door: Door, answerer: Answerer, exchange: Exchange): Promise<void> {
  const answered = await answerer(exchange);
  if (answered === 'streamed') return;
  const replayed = 'replayed' in answered;
  const reply = replayed ? answered.answer : answered;
  if (reply.body.byteLength > HELD_FREE_BYTES) door.held.add(exchange.outgoing, reply.body.byteLength);
  writeAnswer(exchange.outgoing, exchange.requestId, reply, {
    closing: door.isClosing(),
    replayed,
  });
  linger(exchange.incoming, door.clock);
}
