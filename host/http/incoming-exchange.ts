/**
 * The connection of a request that a guest answers: its bodies, piece by piece, as the guest asks for them and writes them.
 *
 * Made by `incoming-route.ts`, asked by the executor on the guest's behalf. Always: no piece is read from the socket before the
 * guest asks for one, and none is taken from it while the client does not take the last; a guest never waits for its client
 * up to its own deadline, so that a slow client is told to it and does not cost its cell; a guest that was told that its
 * exchange has failed ends soon, by itself or not; what a thread says is checked.
 * It writes no problem document: what is not whole in the end is for the route.
 */

import type { Timer } from '../clock.ts';
import { HostError } from '../errors.ts';
import { encodePlain } from '../plain-data.ts';
import { ServiceFailure } from '../service-failure.ts';
import type {
  CallExchange,
  ExchangeAttempt,
  ExchangeMethod,
  ExchangeMethods,
  IncomingRequestHead,
} from '../service-incoming.ts';
import { drained, SECURITY_HEADERS } from './answer.ts';
import { streamBody } from './body-stream.ts';
import type { Door, Exchange } from './exchange.ts';
import { requestTrailers, responseHeaders, responseTrailers } from './incoming-headers.ts';
import {
  CLIENT_WAIT_SPARE_MAX_MS,
  CLIENT_WAIT_SPARE_RATIO,
  EXCHANGE_PIECE_MAX_BYTES,
  GUEST_LEAVE_MS,
  REPLY_STALL_MS,
} from './limits.ts';

/** RFC 9110, section 9.2.1: what asks for nothing but an answer. */
const SAFE_METHODS = ['GET', 'HEAD', 'OPTIONS'];

/** RFC 9110, sections 15.3.5 and 15.4.5. */
const isBodyless = (method: string, status: number): boolean =>
  method === 'HEAD' || status === 204 || status === 304;

const NOTHING = new Uint8Array(0);

const GONE = 'the client is gone, or was refused';

export interface IncomingExchange extends CallExchange {
  /** Aborted when the exchange has failed and the call is still waiting, or its guest goes on although it was told. */
  readonly signal: AbortSignal;
  /** The whole response was written. */
  readonly isWhole: boolean;
}

export interface IncomingExchangeOptions {
  readonly head: IncomingRequestHead;
  /** Of the request's body. Throws HTTP_BODY_TOO_LARGE — its announced length is longer. */
  readonly inputMaxBytes: number;
  readonly outputMaxBytes: number;
  /** Longest time the call may take. */
  readonly timeoutMs: number;
}

export function createIncomingExchange(
  { clock, isClosing }: Pick<Door, 'clock' | 'isClosing'>,
  { incoming, outgoing, requestId }: Pick<Exchange, 'incoming' | 'outgoing' | 'requestId'>,
  { head, inputMaxBytes, outputMaxBytes, timeoutMs }: IncomingExchangeOptions,
): IncomingExchange {
  const { method } = head;
  const body = streamBody(incoming, { maxBytes: inputMaxBytes, idleMs: timeoutMs, clock });
  const pieces = body[Symbol.asyncIterator]();
  const encodedHead = encodePlain(head);
  let attempt: ExchangeAttempt | undefined;
  /** From then on nobody waits for the client. */
  let waitEndMs = 0;
  let rest: Uint8Array = NOTHING;
  let inputBytes = 0;
  let outputBytes = 0;
  let isReading = false;
  let isWriting = false;
  let isUntouched = true;
  let isFailed = false;
  let isEnded = false;
  /** `open`: the head was written and a body may follow. */
  let state: 'waiting' | 'open' | 'whole' = 'waiting';
  let hasBody = false;
  let declaredBytes: number | undefined;
  let error: HostError | undefined;
  /** Those who wait for the client, to be told that it is in vain. */
  const waiting = new Set<() => void>();
  const leaving = new AbortController();
  let giveUp: Timer | undefined;

  const fail = (reason: HostError): void => {
    isFailed = true;
    // To a client that has the whole response nothing went wrong.
    if (state !== 'whole') error ??= reason;
    for (const stop of waiting) stop();
    giveUp ??= attempt && clock.after(GUEST_LEAVE_MS, () => leaving.abort());
    if (!attempt) leaving.abort();
    // Nothing can make it whole any more, however long the guest goes on.
    if (state === 'open') outgoing.destroy();
  };
  const onClose = (): void => {
    if (state === 'whole' || isEnded) return;
    fail(new HostError('HTTP_CLIENT_GONE', 'the client left before the response was whole'));
  };
  outgoing.once('close', onClose);

  const checkThere = (): void => {
    if (isFailed || isEnded) throw new ServiceFailure('failed', GONE);
  };

  /** Waits for the client, not as long as the guest may run. */
  const forClient = async <T>(work: Promise<T>, late: HostError): Promise<T> => {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const stop = (): void => reject(new ServiceFailure('failed', GONE));
    const timer = clock.after(Math.max(0, waitEndMs - clock.now()), () => {
      reject(new ServiceFailure('timeout', late.detail));
      fail(late);
    });
    waiting.add(stop);
    work.then(resolve, reject);
    try {
      return await promise;
    } finally {
      timer.cancel();
      waiting.delete(stop);
    }
  };

  /** The next bytes of the body; undefined at its end. */
  const nextPiece = async (): Promise<Uint8Array | undefined> => {
    const late = 'the client sent no more of the body while its call had time';
    try {
      const { done, value } = await forClient(pieces.next(), new HostError('HTTP_REQUEST_TIMEOUT', late));
      return done ? undefined : value;
    } catch (thrown) {
      if (!(thrown instanceof HostError)) throw thrown;
      fail(thrown);
      throw new ServiceFailure(thrown.code === 'HTTP_BODY_TOO_LARGE' ? 'too-large' : 'failed', thrown.detail);
    }
  };

  const read = async ({
    maxBytes,
  }: ExchangeMethods['request.read']['argument']): Promise<ExchangeMethods['request.read']['answer']> => {
    if (!Number.isInteger(maxBytes) || maxBytes < 1) throw new Error(`a guest asked for ${maxBytes} bytes`);
    if (isReading) throw new Error('a guest asked for two pieces at a time');
    isUntouched = false;
    checkThere();
    isReading = true;
    try {
      if (rest.length === 0) {
        const piece = await nextPiece();
        if (piece === undefined) return { end: true, trailers: requestTrailers(incoming) };
        rest = piece;
      }
      const bytes = rest.subarray(0, Math.min(maxBytes, EXCHANGE_PIECE_MAX_BYTES));
      rest = rest.subarray(bytes.length);
      inputBytes += bytes.length;
      return { bytes };
    } finally {
      isReading = false;
    }
  };

  const endResponse = (): void => {
    state = 'whole';
    // A client that does not take the rest would hold it for ever; Node resets this timer when the response is finished.
    outgoing.socket?.setTimeout(REPLY_STALL_MS);
    outgoing.end();
  };

  const refuseLonger = (bytes: number): void => {
    if (bytes <= outputMaxBytes) return;
    const detail = `the response has more than the ${outputMaxBytes} bytes that it may have`;
    fail(new HostError('EXECUTOR_OUTPUT_TOO_LARGE', detail));
    throw new ServiceFailure('too-large', detail);
  };

  const writeHead = (given: ExchangeMethods['response.head']['argument']): void => {
    const { status, headers, bodyBytes } = given;
    if (!(Number.isInteger(status) && status >= 200 && status <= 599))
      throw new Error(`a guest sent the status ${status}`);
    if (bodyBytes !== undefined && !(Number.isSafeInteger(bodyBytes) && bodyBytes >= 0))
      throw new Error(`a guest sent the length ${bodyBytes}`);
    if (state !== 'waiting') throw new Error('a guest sent a second head');
    isUntouched = false;
    const flat = responseHeaders(headers);
    checkThere();
    const bodyless = isBodyless(method, status);
    hasBody = given.hasBody && !bodyless;
    declaredBytes = given.hasBody || bodyless ? bodyBytes : 0;
    if (hasBody) refuseLonger(declaredBytes ?? 0);
    flat.push('X-Request-Id', requestId, ...SECURITY_HEADERS);
    if (declaredBytes !== undefined && status !== 204) flat.push('Content-Length', String(declaredBytes));
    if (attempt)
      flat.push('X-Hotcell-Adapter-Version', attempt.version, 'X-Hotcell-Attempts', String(attempt.attempt));
    if (isClosing()) flat.push('Connection', 'close');
    outgoing.writeHead(status, flat);
    state = 'open';
    if (!hasBody) endResponse();
    else setImmediate(sendHeadAlone);
  };
  /** The first piece of a body goes with its head; who has none yet has sent a head nevertheless. */
  const sendHeadAlone = (): void => {
    // Not `flushHeaders`: that writes them as UTF-8, and a header's bytes are Latin-1.
    if (outputBytes === 0 && state === 'open' && !outgoing.destroyed) outgoing.write('', 'latin1');
  };

  const write = async ({ bytes }: ExchangeMethods['response.write']['argument']): Promise<void> => {
    if (!(bytes instanceof Uint8Array) || bytes.length > EXCHANGE_PIECE_MAX_BYTES)
      throw new Error('a guest wrote what is no piece of a body');
    if (isWriting) throw new Error('a guest wrote two pieces at a time');
    checkThere();
    outputBytes += bytes.length;
    refuseLonger(outputBytes);
    // What follows a response without a body, or to HEAD, is taken and thrown away.
    if (state === 'whole' && !hasBody) return;
    if (state !== 'open') throw new Error('a guest wrote beside its response');
    if (declaredBytes !== undefined && outputBytes > declaredBytes)
      throw new Error('a guest wrote more than it had declared');
    if (outgoing.write(bytes)) return;
    isWriting = true;
    try {
      const late = 'the client did not take the response while its call had time';
      await forClient(drained(outgoing, clock), new HostError('HTTP_CLIENT_GONE', late));
    } finally {
      isWriting = false;
    }
    checkThere();
  };

  const finish = ({ trailers }: ExchangeMethods['response.finish']['argument']): void => {
    checkThere();
    if (state === 'whole' && !hasBody) return;
    if (state !== 'open' || isWriting) throw new Error('a guest finished what was not under way');
    if (declaredBytes !== undefined && outputBytes !== declaredBytes)
      throw new Error('a guest wrote less than it had declared');
    const sent = responseTrailers(trailers);
    if (declaredBytes === undefined && sent.length > 0) outgoing.addTrailers(sent);
    endResponse();
  };

  return {
    head: encodedHead,
    signal: leaving.signal,
    begin(next) {
      attempt = next;
      const leftMs = next.deadlineMs - clock.now();
      const spareMs = Math.min(leftMs * CLIENT_WAIT_SPARE_RATIO, CLIENT_WAIT_SPARE_MAX_MS);
      waitEndMs = next.deadlineMs - spareMs;
    },
    get mayReplay() {
      return isUntouched && !isFailed && SAFE_METHODS.includes(method);
    },
    get error() {
      return error;
    },
    get inputBytes() {
      return inputBytes;
    },
    get outputBytes() {
      return outputBytes;
    },
    get isWhole() {
      return state === 'whole';
    },
    async call(name, argument) {
      switch (name as ExchangeMethod) {
        case 'request.read':
          return await read(argument as ExchangeMethods['request.read']['argument']);
        case 'response.head':
          return writeHead(argument as ExchangeMethods['response.head']['argument']);
        case 'response.write':
          return await write(argument as ExchangeMethods['response.write']['argument']);
        case 'response.finish':
          return finish(argument as ExchangeMethods['response.finish']['argument']);
      }
    },
    end() {
      isEnded = true;
      outgoing.off('close', onClose);
      for (const stop of waiting) stop();
      giveUp?.cancel();
      body.discard();
    },
  };
}
