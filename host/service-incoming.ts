/**
 * A request that a guest answers by `wasi:http/incoming-handler`: the names, the methods by which its bodies pass between host
 * and guest, and what the host has for one such call.
 *
 * Base layer: the executor's thread asks (`executor/wasi/http-connection.ts`), whoever has the connection answers
 * (`http/incoming-exchange.ts`). Always: the host checks every field again, because the thread has run a guest; what a method
 * rejects with is a `ServiceFailure` for the guest, anything else is an error of the host, which ends the cell.
 * Source: wasi:http 0.2, proxy.wit and handler.wit.
 */

import type { ServiceSession } from './capability-types.ts';
import type { HostError } from './errors.ts';
import type { LinkPlan, TypeRef } from './link-plan.ts';
import type { HttpHeader, ServiceMethods } from './service-methods.ts';

const PROXY = /^wasi:http\/proxy(?:@0\.2\.\d{1,6})?$/;

/** Whether a manifest of this world is of a component that exports the handler. */
export const isProxyWorld = (world: string): boolean => PROXY.test(world);

/** The one operation that an adapter of this world has, named after the function. */
export const HANDLE = 'handle';

const HANDLER = /^wasi:http\/incoming-handler@0\.2\.\d{1,6}$/;
const TYPES = /^wasi:http\/types@0\.2\.\d{1,6}$/;

/**
 * Index into `plan.exports` of the handler's function; undefined where the component exports none, or one of another type than
 * `func(request: own<incoming-request>, response-out: own<response-outparam>)`.
 */
export function findIncomingHandler({ exports, types, resources }: LinkPlan): number | undefined {
  const isOwn = (ref: TypeRef | undefined, name: string): boolean => {
    const type = typeof ref === 'number' ? types[ref] : undefined;
    if (type?.kind !== 'own') return false;
    const resource = resources[type.resource];
    return resource?.name === name && TYPES.test(resource.interface ?? '');
  };
  const index = exports.findIndex(({ interface: from, name, type }) => {
    if (!HANDLER.test(from ?? '') || name !== HANDLE) return false;
    const [request, response, ...more] = type.parameters;
    return (
      isOwn(request?.type, 'incoming-request') &&
      isOwn(response?.type, 'response-outparam') &&
      more.length === 0 &&
      type.result === undefined
    );
  });
  return index < 0 ? undefined : index;
}

/** The head of a request as the guest sees it; the payload of its call, as plain data. */
export interface IncomingRequestHead {
  /** As on the wire: `GET`. */
  readonly method: string;
  readonly pathWithQuery: string;
  readonly scheme: string;
  readonly authority?: string | undefined;
  readonly headers: readonly HttpHeader[];
}

export interface ExchangeMethods {
  /** Waits for at least one byte, or the end. One at a time. [too-large, timeout, failed] */
  'request.read': {
    argument: { readonly maxBytes: number };
    answer: ServiceMethods['http.read']['answer'];
  };
  /** Once, before any of the next two, and not waited for. [too-large, failed] */
  'response.head': {
    argument: {
      /** 200 to 599: what is informational ends no request. */
      readonly status: number;
      readonly headers: readonly HttpHeader[];
      /** Exact length, when it is known. */
      readonly bodyBytes?: number | undefined;
      /** `response.write` and `response.finish` follow. */
      readonly hasBody: boolean;
    };
    answer: undefined;
  };
  /** Answered when there is room for more. At most 1 MiB, one at a time. [too-large, timeout, failed] */
  'response.write': { argument: { readonly bytes: Uint8Array }; answer: undefined };
  /** The response is whole. Not waited for. [failed] */
  'response.finish': { argument: { readonly trailers: readonly HttpHeader[] }; answer: undefined };
}

export type ExchangeMethod = keyof ExchangeMethods;

const METHODS: ReadonlySet<string> = new Set(
  Object.keys({
    'request.read': true,
    'response.head': true,
    'response.write': true,
    'response.finish': true,
  } satisfies Record<ExchangeMethod, true>),
);

export function isExchangeMethod(method: string): method is ExchangeMethod {
  return METHODS.has(method);
}

/** What is permitted to the guest that is about to be entered. */
export interface ExchangeAttempt {
  /** Of the adapter. */
  readonly version: string;
  /** 1 for the first. */
  readonly attempt: number;
  /** Absolute, in ms of the clock. */
  readonly deadlineMs: number;
}

/** The connection of one call: takes the methods above as a session takes those of services. */
export interface CallExchange extends ServiceSession {
  /** `IncomingRequestHead` as plain data. */
  readonly head: Uint8Array;
  begin(attempt: ExchangeAttempt): void;
  /** Nothing of the request's body was asked for, nothing of a response came, and the method is safe: another guest may be asked. */
  readonly mayReplay: boolean;
  /**
   * Why the exchange failed, whatever the guest made of it: codes of `HTTP` are the client's doing and say nothing about the
   * adapter.
   */
  readonly error: HostError | undefined;
  /** Bytes of the request's body that the guest was given. */
  readonly inputBytes: number;
  /** Bytes of the response's body that the guest has written. */
  readonly outputBytes: number;
}
