/**
 * The methods `http.*` of one call of a guest: whole requests, and streamed ones by number.
 *
 * Always: each request, redirected or not, is counted, held against the grant and resolved anew; what a redirect to another
 * origin must not carry is dropped; nothing of it is alive after `end`.
 */

import type { Caller, HttpGrant } from '../capability-types.ts';
import type { Clock } from '../clock.ts';
import { ServiceFailure } from '../service-failure.ts';
import type { HttpResponseHead, ServiceAnswer } from '../service-methods.ts';
import { type AddressRule, createAddressRule } from './addresses.ts';
import { createExchange, type Exchange } from './exchange.ts';
import type { HeldBytes } from './held-bytes.ts';
import {
  checkGranted,
  hasHeader,
  invalid,
  readHeaders,
  readMethod,
  readPath,
  readTarget,
  readUrl,
  type Target,
  withoutHeaders,
} from './http-input.ts';
import type { Outbound } from './outbound.ts';

/** Requests of one call that are under way together. */
export const OPEN_MAX_COUNT = 16;
export const REDIRECTS_MAX_COUNT = 5;
/** Bytes of one `http.write` and one `http.read`: what goes between threads in one piece. */
export const PIECE_MAX_BYTES = 1024 * 1024;
const TIMEOUT_MAX_MS = 2 ** 31 - 1;

export interface HttpServiceOptions {
  readonly outbound: Outbound;
  readonly clock: Clock;
  readonly caller: Caller;
  readonly grant: HttpGrant;
  /** Whose connections these are. */
  readonly owner: string;
  /** What all calls together hold of responses that are read whole. */
  readonly held: HeldBytes;
}

type Argument = Readonly<Record<string, unknown>>;
type Method = (argument: Argument) => Promise<unknown>;

export interface HttpService {
  readonly methods: Readonly<Record<string, Method>>;
  end(): void;
}

interface Ask {
  readonly method: string;
  readonly target: Target;
  readonly path: string;
  readonly headers: readonly string[];
  readonly body: { readonly bytes: number | undefined } | undefined;
  readonly untilMs: number;
  /** Default: as granted. */
  readonly responseMaxBytes?: number;
  readonly connectTimeoutMs?: number | undefined;
  readonly firstByteTimeoutMs?: number | undefined;
  readonly betweenBytesTimeoutMs?: number | undefined;
}

export function createHttpService(options: HttpServiceOptions): HttpService {
  const { clock, caller, grant, held } = options;
  const rule = ruleOf(grant);
  const exchanges = new Map<number, Exchange>();
  let requestCount = 0;
  let isEnded = false;

  function ask(given: Ask): { readonly id: number; readonly exchange: Exchange } {
    if (isEnded) throw new ServiceFailure('timeout', 'the call is over');
    checkGranted(grant, given.method, given.target);
    const timeoutMs = Math.min(grant.timeoutMs, given.untilMs - clock.now());
    if (timeoutMs <= 0) throw new ServiceFailure('timeout', 'no time is left');
    if (requestCount >= grant.callMaxRequests) {
      throw new ServiceFailure('quota', `a call may make ${grant.callMaxRequests} requests`);
    }
    const openCount = [...exchanges.values()].filter(({ isOpen }) => isOpen).length;
    if (openCount >= OPEN_MAX_COUNT) {
      throw new ServiceFailure('quota', `a call may have ${OPEN_MAX_COUNT} requests open at once`);
    }
    const id = ++requestCount;
    const exchange = createExchange({
      ...given,
      outbound: options.outbound,
      clock,
      rule,
      owner: options.owner,
      headers: withDefaults(given.headers),
      hasBody: given.body !== undefined,
      bodyBytes: given.body?.bytes,
      requestMaxBytes: grant.requestMaxBytes,
      responseMaxBytes: given.responseMaxBytes ?? grant.responseMaxBytes,
      timeoutMs,
      connectTimeoutMs: given.connectTimeoutMs,
      firstByteTimeoutMs: given.firstByteTimeoutMs,
      betweenBytesTimeoutMs: given.betweenBytesTimeoutMs,
    });
    exchanges.set(id, exchange);
    return { id, exchange };
  }

  /** Bodies come as the server has them, so that the limit is of what is read; the trace goes on. */
  function withDefaults(headers: readonly string[]): readonly string[] {
    const { traceparent } = caller;
    return [
      ...headers,
      ...(hasHeader(headers, 'accept-encoding') ? [] : ['accept-encoding', 'identity']),
      ...(traceparent === undefined || hasHeader(headers, 'traceparent') ? [] : ['traceparent', traceparent]),
    ];
  }

  const timeLimit = (timeoutMs: unknown): number => {
    const ownMs = readTimeout(timeoutMs) ?? grant.timeoutMs;
    return Math.min(clock.now() + Math.min(ownMs, grant.timeoutMs), caller.deadlineMs);
  };

  function exchangeOf({ id }: Argument): Exchange {
    const exchange = typeof id === 'number' ? exchanges.get(id) : undefined;
    if (exchange === undefined) throw invalid('there is no such request');
    return exchange;
  }

  async function send(argument: Argument): Promise<ServiceAnswer<'http.send'>> {
    const { body: given } = argument;
    if (given !== undefined && !(given instanceof Uint8Array)) throw invalid('the body must be bytes');
    if (given !== undefined && given.byteLength > grant.requestMaxBytes) {
      throw new ServiceFailure(
        'too-large',
        `the body of the request has more than ${grant.requestMaxBytes} bytes`,
      );
    }
    const redirectsMax = readCount(argument.redirectsMax, 'redirectsMax');
    const bodyMaxBytes = readCount(argument.bodyMaxBytes, 'bodyMaxBytes');
    const untilMs = timeLimit(argument.timeoutMs);
    let method = readMethod(argument.method);
    let headers: readonly string[] = readHeaders(argument.headers, 'headers');
    let body = given;
    let at = readUrl(argument.url);
    for (let redirectCount = 0; ; redirectCount++) {
      const { target, path } = at;
      const length = body && { bytes: body.byteLength };
      const { id, exchange } = ask({
        ...{ method, target, path, headers, body: length, untilMs },
        // What is beyond is not read: its length is no reason to fail.
        ...(bodyMaxBytes === undefined ? {} : { responseMaxBytes: Number.POSITIVE_INFINITY }),
      });
      try {
        if (body !== undefined) await sendBody(exchange, body);
        const head = await exchange.response();
        const location = redirection(head);
        if (location === undefined || redirectCount === redirectsMax) {
          const maxBytes = Math.min(bodyMaxBytes ?? Number.POSITIVE_INFINITY, grant.responseMaxBytes);
          return { ...head, ...(await readWhole(exchange, maxBytes)), url: at.href };
        }
        if (redirectCount === REDIRECTS_MAX_COUNT) {
          throw new ServiceFailure('failed', `there were more than ${REDIRECTS_MAX_COUNT} redirects`);
        }
        const next = readUrl(location, at.href);
        // As the Fetch standard does, HTTP-redirect fetch: 303, and POST after 301 or 302, become a GET.
        const becomesGet = head.status === 303 ? method !== 'HEAD' : head.status <= 302 && method === 'POST';
        if (becomesGet) {
          method = 'GET';
          body = undefined;
          headers = withoutHeaders(headers, (name) => name.startsWith('content-'));
        }
        if (next.target.origin !== target.origin) headers = withoutHeaders(headers, isOfOrigin);
        at = next;
      } finally {
        exchange.close();
        exchanges.delete(id);
      }
    }
  }

  async function readWhole(
    exchange: Exchange,
    maxBytes: number,
  ): Promise<{ readonly body: Uint8Array; readonly truncated: boolean }> {
    const pieces: Uint8Array[] = [];
    let takenBytes = 0;
    try {
      for (;;) {
        const piece = await exchange.read(PIECE_MAX_BYTES);
        if ('end' in piece) return { body: new Uint8Array(Buffer.concat(pieces)), truncated: false };
        if (!held.take(piece.bytes.byteLength)) {
          throw new ServiceFailure('failed', 'the host holds as many bytes of responses as it may');
        }
        takenBytes += piece.bytes.byteLength;
        pieces.push(piece.bytes);
        if (takenBytes > maxBytes) {
          return { body: new Uint8Array(Buffer.concat(pieces, maxBytes)), truncated: true };
        }
      }
    } finally {
      held.give(takenBytes);
    }
  }

  return {
    methods: {
      'http.send': send,
      async 'http.open'(argument) {
        const { hasBody, bodyBytes } = argument;
        if (typeof hasBody !== 'boolean') throw invalid('hasBody must be said');
        if (bodyBytes !== undefined && !(Number.isSafeInteger(bodyBytes) && (bodyBytes as number) >= 0)) {
          throw invalid('bodyBytes must be a length');
        }
        if (bodyBytes !== undefined && (bodyBytes as number) > grant.requestMaxBytes) {
          throw new ServiceFailure(
            'too-large',
            `the body of a request may have ${grant.requestMaxBytes} bytes`,
          );
        }
        const { id } = ask({
          method: readMethod(argument.method),
          target: readTarget(argument.scheme, argument.authority),
          path: readPath(argument.pathWithQuery),
          headers: readHeaders(argument.headers, 'headers'),
          body: hasBody ? { bytes: bodyBytes as number | undefined } : undefined,
          untilMs: timeLimit(undefined),
          connectTimeoutMs: readTimeout(argument.connectTimeoutMs),
          firstByteTimeoutMs: readTimeout(argument.firstByteTimeoutMs),
          betweenBytesTimeoutMs: readTimeout(argument.betweenBytesTimeoutMs),
        });
        return { id };
      },
      async 'http.write'(argument) {
        const exchange = exchangeOf(argument);
        const { bytes } = argument;
        if (!(bytes instanceof Uint8Array) || bytes.byteLength > PIECE_MAX_BYTES) {
          throw invalid(`a piece of a body must be at most ${PIECE_MAX_BYTES} bytes`);
        }
        if (bytes.byteLength > 0) await exchange.write(bytes);
      },
      async 'http.finish'(argument) {
        const exchange = exchangeOf(argument);
        const { trailers } = argument;
        await exchange.finish(trailers === undefined ? [] : readHeaders(trailers, 'trailers'));
      },
      'http.response': async (argument) => exchangeOf(argument).response(),
      async 'http.read'(argument) {
        const exchange = exchangeOf(argument);
        const { maxBytes } = argument;
        if (!Number.isInteger(maxBytes) || (maxBytes as number) < 1)
          throw invalid('maxBytes must be at least 1');
        return exchange.read(Math.min(maxBytes as number, PIECE_MAX_BYTES));
      },
      async 'http.close'({ id }) {
        if (typeof id !== 'number') return;
        exchanges.get(id)?.close();
        exchanges.delete(id);
      },
    },
    end() {
      isEnded = true;
      for (const exchange of exchanges.values()) exchange.close();
      exchanges.clear();
    },
  };
}

function readCount(given: unknown, name: string): number | undefined {
  if (given === undefined) return undefined;
  if (!Number.isInteger(given) || (given as number) < 0) throw invalid(`${name} must be a number from 0 on`);
  return given as number;
}

async function sendBody(exchange: Exchange, body: Uint8Array): Promise<void> {
  if (body.byteLength > 0) await exchange.write(body);
  await exchange.finish([]);
}

/** By grant, which all calls of an image share: a rule costs more to make than to ask. */
const rules = new WeakMap<HttpGrant, AddressRule>();

function ruleOf(grant: HttpGrant): AddressRule {
  const rule = rules.get(grant) ?? createAddressRule(grant.privateRanges);
  rules.set(grant, rule);
  return rule;
}

/** Where a response sends on to, or undefined. */
function redirection({ status, headers }: HttpResponseHead): string | undefined {
  if (![301, 302, 303, 307, 308].includes(status)) return undefined;
  const location = headers.find(({ name }) => name === 'location');
  return location && Buffer.from(location.value).toString('utf8');
}

/** What was meant for one origin alone. */
const isOfOrigin = (name: string): boolean =>
  name === 'authorization' || name === 'cookie' || name === 'cookie2';

function readTimeout(value: unknown): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'number' || !(value >= 0)) throw invalid('a timeout must be milliseconds');
  return Math.min(value, TIMEOUT_MAX_MS);
}
