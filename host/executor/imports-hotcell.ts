/**
 * `hotcell:capabilities`: log, configuration, secrets, key-value store and outbound requests.
 *
 * Clock and random numbers are beside those of WASI. Each interface is opened by the capability of its name. Always: a
 * failure of a service that the guest may see becomes a case of the interface's error; any other error ends the cell.
 * Source: `adapters/wit/capabilities.wit`.
 */

import { ServiceFailure } from '../service-failure.ts';
import type { HttpHeader, ServiceAnswer, ServiceArgument, ServiceMethod } from '../service-methods.ts';
import { type CellContext, err, type ImportImplementation, OK, ok, type Result } from './imports-contract.ts';

/** Asks the host; the answer as `toValue` shapes it, or what the guest is told instead. */
async function ask<M extends ServiceMethod, T, E>(
  cell: CellContext,
  method: M,
  argument: ServiceArgument<M>,
  toValue: (answer: ServiceAnswer<M>) => T,
  toError: (failure: ServiceFailure) => E,
): Promise<Result<T, E>> {
  let answer: ServiceAnswer<M>;
  try {
    answer = (await cell.service(method, argument)) as ServiceAnswer<M>;
  } catch (error) {
    if (error instanceof ServiceFailure) return err(toError(error));
    throw error;
  }
  return ok(toValue(answer));
}

export const log: ImportImplementation = {
  functions: {
    write: (cell, level: 'trace' | 'debug' | 'info' | 'warn' | 'error', message: string) =>
      cell.log(level, message),
  },
};

/** A value by its name, never one that an object has by itself. */
function lookUp(values: Readonly<Record<string, string>> | undefined, name: string): string | undefined {
  return values && Object.hasOwn(values, name) ? values[name] : undefined;
}

export const config: ImportImplementation = {
  functions: { get: (cell, name: string) => lookUp(cell.grants.config, name) },
};

export const secrets: ImportImplementation = {
  functions: { get: (cell, name: string) => lookUp(cell.grants.secrets, name) },
};

type KvError = { readonly tag: 'quota' } | { readonly tag: 'invalid' | 'unavailable'; readonly val: string };

function toKvError({ code, message }: ServiceFailure): KvError {
  if (code === 'quota') return { tag: 'quota' };
  const isOwn = code === 'invalid' || code === 'denied' || code === 'too-large';
  return { tag: isOwn ? 'invalid' : 'unavailable', val: message };
}

export const kv: ImportImplementation = {
  functions: {
    get: (cell, key: string) => ask(cell, 'kv.get', { key }, ({ value }) => value, toKvError),
    async set(cell, key: string, value: Uint8Array) {
      const result = await ask(cell, 'kv.set', { key, value }, () => undefined, toKvError);
      return result.tag === 'ok' ? OK : result;
    },
    delete: (cell, key: string) => ask(cell, 'kv.delete', { key }, ({ deleted }) => deleted, toKvError),
    list: (cell, prefix: string, after: string | undefined) =>
      ask(cell, 'kv.list', { prefix, after }, ({ keys }) => keys, toKvError),
    increment: (cell, key: string, by: bigint) =>
      ask(cell, 'kv.increment', { key, by }, ({ value }) => value, toKvError),
  },
};

interface HttpRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: readonly HttpHeader[];
  readonly body: Uint8Array | undefined;
  readonly 'timeout-ms': number | undefined;
}

type HttpError =
  | { readonly tag: 'timeout' }
  | { readonly tag: 'denied' | 'invalid' | 'too-large' | 'failed'; readonly val: string };

function toHttpError({ code, message }: ServiceFailure): HttpError {
  switch (code) {
    case 'timeout':
      return { tag: 'timeout' };
    // Too many requests are a matter of the grant; to a guest that is the same as a host that is not in it.
    case 'quota':
      return { tag: 'denied', val: message };
    case 'unavailable':
      return { tag: 'failed', val: message };
    default:
      return { tag: code, val: message };
  }
}

interface HttpLimits {
  readonly 'redirects-max': number;
  readonly 'body-max-bytes': number;
}

/** Lifted records have no prototype and only these fields, so that headers cross threads as they are. */
const toArgument = ({ method, url, headers, body, 'timeout-ms': timeoutMs }: HttpRequest) => ({
  method,
  url,
  headers,
  body,
  timeoutMs,
});

export const http: ImportImplementation = {
  functions: {
    send: (cell, request: HttpRequest) =>
      ask(
        cell,
        'http.send',
        toArgument(request),
        ({ status, headers, body }) => ({ status, headers, body }),
        toHttpError,
      ),
    fetch: (cell, request: HttpRequest, limits: HttpLimits) =>
      ask(
        cell,
        'http.send',
        {
          ...toArgument(request),
          redirectsMax: limits['redirects-max'],
          bodyMaxBytes: limits['body-max-bytes'],
        },
        ({ status, headers, body, truncated, url }) => ({ status, headers, body, truncated, url }),
        toHttpError,
      ),
  },
};
