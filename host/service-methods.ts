/**
 * The methods of `ServiceSession.call`, with the shapes of their arguments and answers: plain data for structured clone.
 *
 * Base layer: the executor's thread calls them (`executor/imports.ts`), `capabilities/services.ts` serves them. Always: the
 * host checks every field again, because the thread has run a guest. What a method rejects with is a `ServiceFailure`
 * whose code is named here in brackets; `invalid` and `denied` (the capability is not granted) are open to all.
 */

/** A header as it goes over the wire: names in ASCII, values as bytes. */
export interface HttpHeader {
  readonly name: string;
  readonly value: Uint8Array;
}

export interface HttpRequestHead {
  /** Upper-case token; must be granted. */
  readonly method: string;
  readonly scheme: 'http' | 'https';
  /** `host` or `host:port`; an IPv6 address in brackets. */
  readonly authority: string;
  /** Begins with `/`; without fragment. */
  readonly pathWithQuery: string;
  /**
   * Not settable: host, connection, keep-alive, transfer-encoding, content-length, expect, upgrade, te, trailer,
   * proxy-*, http2-settings.
   */
  readonly headers: readonly HttpHeader[];
  /** `http.write` and `http.finish` follow. */
  readonly hasBody: boolean;
  /** Exact length, when it is known: sent as content-length, and held against what is written. */
  readonly bodyBytes?: number | undefined;
  /** Until the connection, TLS included, is there. This and the next two only ever shorten what is granted. */
  readonly connectTimeoutMs?: number | undefined;
  /** From the connection to the head of the response. */
  readonly firstByteTimeoutMs?: number | undefined;
  /** Longest pause between pieces of the response's body. */
  readonly betweenBytesTimeoutMs?: number | undefined;
}

export interface ServiceMethods {
  /** [unavailable] */
  'kv.get': { argument: { readonly key: string }; answer: { readonly value: Uint8Array | undefined } };
  /** [quota, unavailable] */
  'kv.set': { argument: { readonly key: string; readonly value: Uint8Array }; answer: undefined };
  /** [unavailable] */
  'kv.delete': { argument: { readonly key: string }; answer: { readonly deleted: boolean } };
  /** In the order of their UTF-8 bytes, at most 1,000. [unavailable] */
  'kv.list': {
    argument: { readonly prefix: string; readonly after?: string | undefined };
    answer: { readonly keys: readonly string[] };
  };
  /** `invalid` too when what is stored is no number in decimal or the sum is no s64. [quota, unavailable] */
  'kv.increment': {
    argument: { readonly key: string; readonly by: bigint };
    answer: { readonly value: bigint };
  };
  /**
   * A whole request, redirects followed: five at most, more are a failure. With `redirectsMax` the one beyond is the answer, with
   * `bodyMaxBytes` the rest of a longer body is left out. [too-large, timeout, failed, quota]
   */
  'http.send': {
    argument: {
      readonly method: string;
      readonly url: string;
      readonly headers: readonly HttpHeader[];
      readonly body?: Uint8Array | undefined;
      readonly timeoutMs?: number | undefined;
      readonly redirectsMax?: number | undefined;
      readonly bodyMaxBytes?: number | undefined;
    };
    answer: HttpResponseHead & {
      readonly body: Uint8Array;
      readonly truncated: boolean;
      /** Of the last request. */
      readonly url: string;
    };
  };
  /**
   * Begins a request that is streamed; redirects are not followed. Answers before there is a connection: what fails later
   * is told by the methods below. [quota: too many requests, in the call or at once]
   */
  'http.open': { argument: HttpRequestHead; answer: { readonly id: number } };
  /** Answered when there is room for more. At most 1 MiB at a time. [too-large, timeout, failed] */
  'http.write': { argument: { readonly id: number; readonly bytes: Uint8Array }; answer: undefined };
  /** Ends the request's body. [timeout, failed] */
  'http.finish': {
    argument: { readonly id: number; readonly trailers?: readonly HttpHeader[] | undefined };
    answer: undefined;
  };
  /** Waits for the head of the response. [timeout, failed] */
  'http.response': { argument: { readonly id: number }; answer: HttpResponseHead };
  /** Waits for at least one byte, or the end. One read at a time. [too-large, timeout, failed] */
  'http.read': {
    argument: { readonly id: number; readonly maxBytes: number };
    answer:
      | { readonly bytes: Uint8Array; readonly end?: undefined }
      | { readonly end: true; readonly bytes?: undefined; readonly trailers: readonly HttpHeader[] };
  };
  /** Gives the request up, wherever it stands; one that does not exist (any more) is no error. */
  'http.close': { argument: { readonly id: number }; answer: undefined };
}

export interface HttpResponseHead {
  readonly status: number;
  readonly headers: readonly HttpHeader[];
}

export type ServiceMethod = keyof ServiceMethods;
export type ServiceArgument<M extends ServiceMethod> = ServiceMethods[M]['argument'];
export type ServiceAnswer<M extends ServiceMethod> = ServiceMethods[M]['answer'];

/** Their names. The record is complete or does not compile. */
export const SERVICE_METHODS: ReadonlySet<string> = new Set(
  Object.keys({
    'kv.get': true,
    'kv.set': true,
    'kv.delete': true,
    'kv.list': true,
    'kv.increment': true,
    'http.send': true,
    'http.open': true,
    'http.write': true,
    'http.finish': true,
    'http.response': true,
    'http.read': true,
    'http.close': true,
  } satisfies Record<ServiceMethod, true>),
);
