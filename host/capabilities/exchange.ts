/**
 * One request and its response, as a stream both ways.
 *
 * From the check of the addresses to the last byte. Always: it ends by the response's end, by a failure, or by `close`, whichever is
 * first; after a failure everything that waits and everything that is asked says that same failure; bytes beyond a limit are
 * never given out; nothing outlives `timeoutMs`. No redirect is followed, no body unpacked.
 */

import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { Clock, Timer } from '../clock.ts';
import { ServiceFailure, type ServiceFailureCode } from '../service-failure.ts';
import type { HttpHeader, HttpResponseHead } from '../service-methods.ts';
import type { AddressRule } from './addresses.ts';
import { invalid, type Target, toHeaders } from './http-input.ts';
import type { Outbound } from './outbound.ts';

export interface ExchangeOptions {
  readonly outbound: Outbound;
  readonly clock: Clock;
  readonly rule: AddressRule;
  readonly owner: string;
  readonly target: Target;
  readonly method: string;
  readonly path: string;
  /** Names and values in turn, without framing. */
  readonly headers: readonly string[];
  readonly hasBody: boolean;
  readonly bodyBytes: number | undefined;
  readonly requestMaxBytes: number;
  readonly responseMaxBytes: number;
  /** For all of it. */
  readonly timeoutMs: number;
  readonly connectTimeoutMs: number | undefined;
  readonly firstByteTimeoutMs: number | undefined;
  readonly betweenBytesTimeoutMs: number | undefined;
}

export type ReadAnswer =
  | { readonly bytes: Uint8Array }
  | { readonly end: true; readonly trailers: readonly HttpHeader[] };

export interface Exchange {
  /** It is neither over nor given up. */
  readonly isOpen: boolean;
  /** Takes the bytes over. */
  write(bytes: Uint8Array): Promise<void>;
  finish(trailers: readonly string[]): Promise<void>;
  response(): Promise<HttpResponseHead>;
  read(maxBytes: number): Promise<ReadAnswer>;
  close(): void;
}

/** Sent again, once, when a kept connection turns out to be closed. RFC 9110 §9.2.2; without a body there is nothing to lose. */
const REPEATABLE = new Set(['GET', 'HEAD', 'OPTIONS']);

export function createExchange(options: ExchangeOptions): Exchange {
  const { clock, target, hasBody, bodyBytes } = options;
  const waiting = new Set<() => void>();
  const timers = new Set<Timer>();
  let request: ClientRequest | undefined;
  let incoming: IncomingMessage | undefined;
  let failure: ServiceFailure | undefined;
  let isOver = false;
  let isFinished = !hasBody;
  let isReading = false;
  let sentBytes = 0;
  let gotBytes = 0;
  let rest: Uint8Array | undefined;

  function after(ms: number | undefined, what: string): Timer | undefined {
    if (ms === undefined) return undefined;
    const timer = clock.after(ms, () => fail('timeout', what));
    timers.add(timer);
    return timer;
  }

  function stop(timer: Timer | undefined): void {
    timer?.cancel();
    if (timer) timers.delete(timer);
  }

  function end(): void {
    if (isOver) return;
    isOver = true;
    for (const timer of timers) timer.cancel();
    timers.clear();
    wake();
  }

  function fail(code: ServiceFailureCode, message: string): void {
    if (isOver) return;
    failure = new ServiceFailure(code, message);
    end();
    request?.destroy();
  }

  const wake = (): void => {
    for (const one of [...waiting]) one();
  };

  /** Resolves with what `look` finds, looking again at each change; rejects with the failure. */
  function until<T>(look: () => T | undefined): Promise<T> {
    return new Promise((resolve, reject) => {
      const check = (): void => {
        // Off the list while it looks: what it finds may be the end, which wakes all that wait.
        waiting.delete(check);
        const found = failure === undefined ? look() : undefined;
        if (failure !== undefined) reject(failure);
        else if (found !== undefined) resolve(found);
        else waiting.add(check);
      };
      check();
    });
  }

  async function begin(isRepeat: boolean): Promise<void> {
    const connecting = after(options.connectTimeoutMs, 'there was no connection in time');
    try {
      const addresses = await options.outbound.addressesOf(target, options.rule);
      if (isOver) return;
      const { method, path, owner } = options;
      request = options.outbound.request(
        target,
        { method, path, headers: framed(options), owner },
        addresses,
      );
    } catch (error) {
      if (error instanceof ServiceFailure) fail(error.code, error.message);
      else fail('failed', `the request could not be made${codeOf(error)}`);
      return;
    }
    const made = request;
    made.on('socket', (socket: Socket) => onceConnected(socket, () => connected(socket, connecting)));
    made.on('response', (message) => {
      incoming = message;
      message.on('readable', wake);
      message.on('end', wake);
      message.on('error', (error) => broken(error));
      message.on('close', () => message.complete || broken(undefined));
      const length = Number(message.headers['content-length'] ?? 0);
      if (options.method !== 'HEAD' && length > options.responseMaxBytes) return tooLarge();
      wake();
    });
    made.on('drain', wake);
    made.on('upgrade', (_message, socket) => {
      socket.destroy();
      fail('failed', 'the server changed the protocol');
    });
    made.on('error', (error: NodeJS.ErrnoException) => {
      const isStale = made.reusedSocket && error.code === 'ECONNRESET' && incoming === undefined;
      if (isStale && !isRepeat && !hasBody && REPEATABLE.has(options.method) && !isOver) {
        stop(connecting);
        void begin(true);
      } else broken(error);
    });
    if (!hasBody) made.end();
    wake();
  }

  function connected(socket: Socket, connecting: Timer | undefined): void {
    stop(connecting);
    // Second look: a connection that was kept may be older than what is granted now.
    if (socket.remoteAddress === undefined || !options.rule.isAllowed(socket.remoteAddress)) {
      fail('denied', 'the address of the host is not public and not granted');
      return;
    }
    const first = after(options.firstByteTimeoutMs, 'the response did not begin in time');
    request?.once('response', () => stop(first));
  }

  function broken(error: unknown): void {
    const { code } = (error ?? {}) as { code?: unknown };
    if (code === 'HPE_HEADER_OVERFLOW') fail('too-large', 'the head of the response is too long');
    else fail('failed', `the connection failed${codeOf(error)}`);
  }

  function tooLarge(): void {
    fail('too-large', `the response has more than ${options.responseMaxBytes} bytes`);
  }

  /** The next bytes, or the end; undefined: not yet. */
  function next(maxBytes: number): ReadAnswer | undefined {
    if (rest === undefined) {
      const chunk = incoming?.read() as Buffer | null | undefined;
      if (!chunk) {
        if (!incoming?.readableEnded) return undefined;
        end();
        // A server may answer before it has the whole request; the rest has nowhere to go.
        if (!isFinished) request?.destroy();
        return { end: true, trailers: toHeaders(incoming.rawTrailers) };
      }
      gotBytes += chunk.byteLength;
      if (gotBytes > options.responseMaxBytes) {
        tooLarge();
        return undefined;
      }
      rest = chunk;
    }
    const bytes = new Uint8Array(rest.subarray(0, maxBytes));
    rest = rest.byteLength > maxBytes ? rest.subarray(maxBytes) : undefined;
    return { bytes };
  }

  after(options.timeoutMs, 'the request took longer than it may');
  void begin(false);

  return {
    get isOpen() {
      return !isOver;
    },
    async write(bytes) {
      if (isFinished) throw invalid('the body of the request is finished');
      sentBytes += bytes.byteLength;
      if (sentBytes > options.requestMaxBytes) {
        fail('too-large', `the body of the request has more than ${options.requestMaxBytes} bytes`);
      } else if (bodyBytes !== undefined && sentBytes > bodyBytes) {
        fail('invalid', 'the body of the request is longer than was said');
      }
      const made = await until(() => request);
      if (!made.write(bytes)) await until(() => (made.writableNeedDrain ? undefined : true));
    },
    async finish(trailers) {
      if (isFinished) throw invalid('the body of the request is finished');
      isFinished = true;
      if (bodyBytes !== undefined && sentBytes < bodyBytes) {
        fail('invalid', 'the body of the request is shorter than was said');
      }
      const made = await until(() => request);
      if (trailers.length > 0 && bodyBytes === undefined) {
        const pairs = trailers.flatMap((name, index) =>
          index % 2 === 0 ? [[name, trailers[index + 1] ?? ''] as [string, string]] : [],
        );
        made.addTrailers(pairs);
      }
      made.end();
    },
    async response() {
      const message = await until(() => incoming);
      return { status: message.statusCode ?? 0, headers: toHeaders(message.rawHeaders) };
    },
    async read(maxBytes) {
      if (isReading) throw invalid('another read of this response waits');
      isReading = true;
      const pause = after(options.betweenBytesTimeoutMs, 'the response stood still too long');
      try {
        return await until(() => next(maxBytes));
      } finally {
        isReading = false;
        stop(pause);
      }
    },
    close() {
      if (isOver) return;
      failure = new ServiceFailure('failed', 'the request was given up');
      end();
      request?.destroy();
    },
  };
}

/** With the framing of the body said outright: Node guesses by the method, and a body without framing is another request. */
function framed({ headers, target, hasBody, bodyBytes, method }: ExchangeOptions): readonly string[] {
  const framing = hasBody
    ? bodyBytes === undefined
      ? ['transfer-encoding', 'chunked']
      : ['content-length', String(bodyBytes)]
    : ['POST', 'PUT', 'PATCH'].includes(method)
      ? ['content-length', '0']
      : [];
  return ['host', target.hostHeader, 'connection', 'keep-alive', ...headers, ...framing];
}

function onceConnected(socket: Socket, then: () => void): void {
  if (!socket.connecting && socket.remoteAddress !== undefined && !isShakingHands(socket)) then();
  else socket.once(socket instanceof TLSSocket ? 'secureConnect' : 'connect', then);
}

const isShakingHands = (socket: Socket): boolean =>
  socket instanceof TLSSocket && socket.getProtocol() === null;

/** A code of Node or of TLS says what happened and nothing else. */
function codeOf(error: unknown): string {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === 'string' && /^[A-Z0-9_]{2,64}$/.test(code) ? `: ${code}` : '';
}
