/**
 * A client of a host: calls by adapter and operation, typed by what `hotcell adapter types` writes.
 *
 *   import type { Operations as Shop } from './shop.d.ts';
 *   const hotcell = createClient<{ shop: Shop }>('http://127.0.0.1:8080');
 *   const receipt = await hotcell.call('shop', 'place', { order });
 *
 * It uses `fetch` and nothing of the host's code, so that it runs wherever that is: Node, browsers, workers. Always: every
 * call ends by its time; what fails is a `HotcellError`; what may have run is not run again unasked (`retry.ts`).
 */

import { type ExchangeWorld, exchange, readBytes } from './exchange.ts';
import { fromProblem, HotcellError } from './failure.ts';
import { type RetryOptions, waitBeforeNext } from './retry.ts';
import { type ClientTime, systemTime } from './time.ts';

export { type CallProblem, type ClientCode, HotcellError } from './failure.ts';
export type { RetryOptions } from './retry.ts';
export type { ClientTime } from './time.ts';

export interface OperationTypes {
  readonly arguments: unknown;
  readonly result: unknown;
  readonly failure: unknown;
}

/** Operations by adapter. Its members are interfaces, as `hotcell adapter types` writes them. */
export type AdapterTypes<T> = { readonly [A in keyof T]: { readonly [O in keyof T[A]]: OperationTypes } };

/** For who has no declarations: anything goes. */
// biome-ignore lint/suspicious/noExplicitAny: arguments of any operation are whatever the caller passes
export type AnyAdapters = Record<string, Record<string, { arguments: any; result: any; failure: any }>>;

export interface CallOptions {
  /** For the whole call with its retries. Default that of the client. */
  readonly timeoutMs?: number;
  /** Gives the call up. */
  readonly signal?: AbortSignal;
  /** Running it twice is as good as once: it may be retried when it may have run. */
  readonly idempotent?: boolean;
  /** The host keeps the answer under it for ten minutes, and does not run it twice: it may be retried as well. */
  readonly idempotencyKey?: string;
  /** Kept by the host, in its log and its replies. */
  readonly requestId?: string;
}

export interface ClientOptions {
  readonly token?: string;
  /** Where the host has no tokens. */
  readonly tenant?: string;
  /** Default 30,000. */
  readonly timeoutMs?: number;
  readonly retry?: RetryOptions;
  /** Longest reply that is read whole. Default 64 MiB, as much as a host takes. */
  readonly replyMaxBytes?: number;
  /** For tests and for proxies. */
  readonly fetch?: typeof fetch;
  readonly random?: () => number;
  readonly time?: ClientTime;
}

/** Bytes with what the host says of them. */
export interface BytesReply {
  readonly bytes: Uint8Array;
  readonly contentType: string;
  readonly requestId: string;
  /** Of the adapter that answered. */
  readonly version: string | undefined;
}

export type BatchItem<T> =
  | { readonly ok: true; readonly result: T }
  | { readonly ok: false; readonly error: HotcellError };

export interface AdapterEntry {
  readonly name: string;
  readonly version: string;
  readonly description?: string;
  readonly world: string;
  readonly operations: readonly string[];
  readonly health: 'healthy' | 'degraded' | 'crashed';
}

export interface Client<T extends AdapterTypes<T> = AnyAdapters> {
  /** Calls an operation of a typed world. Throws HotcellError. */
  call<A extends keyof T & string, O extends keyof T[A] & string>(
    adapter: A,
    operation: O,
    args: T[A][O]['arguments'],
    options?: CallOptions,
  ): Promise<T[A][O]['result']>;
  /** Calls an operation of the bytes world, or one whose only argument is `list<u8>`. The bytes are borrowed. Throws HotcellError. */
  invokeBytes(
    adapter: string,
    operation: string,
    payload: Uint8Array | string,
    options?: CallOptions & { readonly contentType?: string; readonly accept?: string },
  ): Promise<BytesReply>;
  /**
   * Calls an operation of a typed world many times in one request; the results in the same order. Items that failed are not retried.
   * Throws HotcellError — of the request as a whole.
   */
  batch<A extends keyof T & string, O extends keyof T[A] & string>(
    adapter: A,
    operation: O,
    items: readonly T[A][O]['arguments'][],
    options?: Omit<CallOptions, 'idempotencyKey'>,
  ): Promise<readonly BatchItem<T[A][O]['result']>[]>;
  adapters(options?: CallOptions): Promise<readonly AdapterEntry[]>;
  /** A stream to `/v1/vault/seal` and the like: the reply while it comes. Never retried; a reply that was cut errors. */
  stream(
    path: string,
    body: ReadableStream<Uint8Array>,
    options?: { readonly signal?: AbortSignal; readonly headers?: Readonly<Record<string, string>> },
  ): Promise<ReadableStream<Uint8Array>>;
}

const TIMEOUT_MS = 30_000;
const REPLY_MAX_BYTES = 64 * 1024 * 1024;
/** The longest that a host takes. */
const TIMEOUT_MAX_MS = 3_600_000;
const JSON_TYPE = 'application/json';

/** Throws TypeError — `url` is no address. Nothing is connected yet. */
export function createClient<T extends AdapterTypes<T> = AnyAdapters>(
  url: string | URL,
  options: ClientOptions = {},
): Client<T> {
  const base = new URL(url);
  if (!base.pathname.endsWith('/')) base.pathname += '/';
  const { retry = {}, replyMaxBytes = REPLY_MAX_BYTES, random = Math.random } = options;
  const { time = systemTime } = options;
  const world: ExchangeWorld = { fetch: options.fetch ?? fetch, time };
  const own = {
    ...(options.token === undefined ? {} : { Authorization: `Bearer ${options.token}` }),
    ...(options.tenant === undefined ? {} : { 'X-Tenant-Id': options.tenant }),
  };
  const at = (path: string): URL => new URL(path, base);
  const operationAt = (adapter: string, operation: string): URL =>
    at(`v1/adapters/${encodeURIComponent(adapter)}/${encodeURIComponent(operation)}`);

  /** A request that may be repeated, with its retries. */
  const ask = async <R>(
    request: {
      readonly method: 'GET' | 'POST';
      readonly url: URL;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: Uint8Array<ArrayBuffer>;
    },
    { timeoutMs = options.timeoutMs ?? TIMEOUT_MS, signal, idempotencyKey, requestId, ...about }: CallOptions,
    read: (response: Response) => Promise<R>,
  ): Promise<R> => {
    const endMs = time.now() + timeoutMs;
    const isRepeatable =
      request.method === 'GET' || about.idempotent === true || idempotencyKey !== undefined;
    for (let attempts = 1; ; attempts++) {
      const leftMs = Math.max(1, Math.ceil(endMs - time.now()));
      const headers = {
        ...own,
        ...request.headers,
        'X-Request-Timeout-Ms': String(Math.min(leftMs, TIMEOUT_MAX_MS)),
        ...(idempotencyKey === undefined ? {} : { 'Idempotency-Key': idempotencyKey }),
        ...(requestId === undefined ? {} : { 'X-Request-Id': requestId }),
      };
      try {
        return await exchange(world, { ...request, headers, timeoutMs: leftMs, signal }, read);
      } catch (error) {
        const failed = error as HotcellError;
        const more = { attempts, isRepeatable, leftMs: endMs - time.now(), options: retry, random };
        const waitMs = failed instanceof HotcellError ? waitBeforeNext(failed, more) : undefined;
        if (waitMs === undefined) throw error;
        await wait(world, waitMs, signal);
      }
    }
  };

  const readJson = async (response: Response): Promise<unknown> => {
    const text = new TextDecoder().decode(await readBytes(response, replyMaxBytes));
    try {
      return JSON.parse(text);
    } catch (cause) {
      const { status } = response;
      throw new HotcellError('CLIENT_BAD_REPLY', 'the reply is not JSON', { status, cause });
    }
  };
  const json = (value: unknown): Uint8Array<ArrayBuffer> => new TextEncoder().encode(JSON.stringify(value));

  return {
    async call(adapter, operation, args, call = {}) {
      const headers = { 'Content-Type': JSON_TYPE, Accept: JSON_TYPE };
      const request = {
        method: 'POST',
        url: operationAt(adapter, operation),
        headers,
        body: json(args),
      } as const;
      return (await ask(request, call, readJson)) as never;
    },
    async invokeBytes(adapter, operation, payload, { contentType, accept, ...call } = {}) {
      const body = typeof payload === 'string' ? new TextEncoder().encode(payload) : asSent(payload);
      const headers = {
        'Content-Type': contentType ?? 'application/octet-stream',
        Accept: accept ?? 'application/octet-stream, */*;q=0.5',
      };
      const request = { method: 'POST', url: operationAt(adapter, operation), headers, body } as const;
      return await ask(request, call, async (response) => ({
        bytes: await readBytes(response, replyMaxBytes),
        contentType: response.headers.get('content-type') ?? '',
        requestId: response.headers.get('x-request-id') ?? '',
        version: response.headers.get('x-hotcell-adapter-version') ?? undefined,
      }));
    },
    async batch(adapter, operation, items, call = {}) {
      const url = operationAt(adapter, operation);
      url.pathname += '/batch';
      const headers = { 'Content-Type': JSON_TYPE, Accept: JSON_TYPE };
      const replies = await ask({ method: 'POST', url, headers, body: json(items) }, call, readJson);
      if (!Array.isArray(replies) || replies.length !== items.length) {
        throw new HotcellError('CLIENT_BAD_REPLY', 'the reply has not one item for each of the request');
      }
      return replies.map(({ status, result, problem }) =>
        problem === undefined
          ? { ok: true, result }
          : { ok: false, error: fromProblem(problem as Record<string, unknown>, { status }) },
      );
    },
    async adapters(call = {}) {
      const reply = (await ask({ method: 'GET', url: at('v1/adapters') }, call, readJson)) as {
        adapters: readonly AdapterEntry[];
      };
      return reply.adapters;
    },
    async stream(path, body, { signal, headers = {} } = {}) {
      const url = at(path.replace(/^\//, ''));
      const request = { method: 'POST', url, headers: { ...own, ...headers }, body, signal };
      const timeoutMs = Number.POSITIVE_INFINITY;
      return await exchange(
        world,
        { ...request, timeoutMs },
        async (response) => response.body ?? new ReadableStream({ start: (reply) => reply.close() }),
      );
    },
  };
}

/** `fetch` takes no memory that is shared. */
function asSent(payload: Uint8Array): Uint8Array<ArrayBuffer> {
  return payload.buffer instanceof ArrayBuffer ? (payload as Uint8Array<ArrayBuffer>) : payload.slice();
}

/** Throws CLIENT_ABORTED. */
function wait({ time }: ExchangeWorld, ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const leave = (): void => {
      stop();
      reject(new HotcellError('CLIENT_ABORTED', 'the call was given up between two attempts'));
    };
    const stop = time.after(ms, () => {
      signal?.removeEventListener('abort', leave);
      resolve();
    });
    if (signal?.aborted) leave();
    else signal?.addEventListener('abort', leave, { once: true });
  });
}
