/**
 * `wasi:http` as guests call it.
 *
 * The types are open to every component, as those that answer requests need them; sending one takes the capability `http`,
 * by `outgoing-handler`. What the objects do is in the files named `http-…`.
 * Source: wasi:http 0.2, types.wit and handler.wit.
 */

import { type ImportImplementation, OK, ok, type Result } from '../imports-contract.ts';
import { hold, release } from './held.ts';
import { type FutureResponse, sendRequest } from './http-client.ts';
import type { HttpErrorCode } from './http-errors.ts';
import { Fields, fieldsFromList } from './http-fields.ts';
import { FutureTrailers, type IncomingBody } from './http-incoming-body.ts';
import {
  type IncomingRequest,
  type IncomingResponse,
  type Named,
  OutgoingRequest,
  OutgoingResponse,
  RequestOptions,
  toMethod,
  toScheme,
} from './http-messages.ts';
import type { OutgoingBody } from './http-outgoing-body.ts';
import type { ResponseOutparam } from './http-server.ts';
import { createPollable } from './poll.ts';
import { createInputStream, createOutputStream, type IoError } from './streams.ts';

/** `result` without values. */
const FAILED = { tag: 'err' } as const;
const done = (isDone: boolean): Result<never, never> => (isDone ? OK : FAILED);
/** `result<t>` of what can be had once. */
const once = <T>(value: T | undefined): Result<T, never> => (value === undefined ? FAILED : ok(value));
const dropIt = (_cell: unknown, self: { drop(): void }): void => self.drop();

/** Trailers that are handed over: their entries, and the handle is used up. */
function takeEntries(fields: Fields | undefined): Fields['entries'] {
  fields?.drop();
  return fields?.entries ?? [];
}

const fields: ImportImplementation['functions'] = {
  '[constructor]fields': (cell) => new Fields(cell, [], true),
  '[static]fields.from-list': fieldsFromList,
  '[method]fields.get': (_cell, self: Fields, name: string) => self.get(name),
  '[method]fields.has': (_cell, self: Fields, name: string) => self.get(name).length > 0,
  '[method]fields.set': (_cell, self: Fields, name: string, values: readonly Uint8Array[]) =>
    self.set(name, values),
  '[method]fields.delete': (_cell, self: Fields, name: string) => self.delete(name),
  '[method]fields.append': (_cell, self: Fields, name: string, value: Uint8Array) => self.append(name, value),
  '[method]fields.entries': (_cell, self: Fields) => self.entries.map(({ name, value }) => [name, value]),
  '[method]fields.clone': (_cell, self: Fields) => self.copy(true),
};

const incoming: ImportImplementation['functions'] = {
  '[method]incoming-request.method': (_cell, self: IncomingRequest) => toMethod(self.head.method),
  '[method]incoming-request.path-with-query': (_cell, self: IncomingRequest) => self.head.pathWithQuery,
  '[method]incoming-request.scheme': (_cell, self: IncomingRequest) =>
    self.head.scheme === undefined ? undefined : toScheme(self.head.scheme),
  '[method]incoming-request.authority': (_cell, self: IncomingRequest) => self.head.authority,
  '[method]incoming-request.headers': (_cell, self: IncomingRequest) => self.headers(),
  '[method]incoming-request.consume': (_cell, self: IncomingRequest) => once(self.takeBody()),
  '[method]incoming-response.status': (_cell, self: IncomingResponse) => self.head.status,
  '[method]incoming-response.headers': (_cell, self: IncomingResponse) => self.headers(),
  '[method]incoming-response.consume': (_cell, self: IncomingResponse) => once(self.takeBody()),
  '[method]incoming-body.stream'(cell, self: IncomingBody) {
    if (self.hasStream) return FAILED;
    self.hasStream = true;
    return ok(createInputStream(cell, self));
  },
  '[static]incoming-body.finish': (_cell, body: IncomingBody) => new FutureTrailers(body),
  '[method]future-trailers.subscribe': (cell, self: FutureTrailers) => createPollable(cell, self),
  '[method]future-trailers.get': (_cell, self: FutureTrailers) => self.get(),
  '[method]future-incoming-response.subscribe': (cell, self: FutureResponse) => createPollable(cell, self),
  '[method]future-incoming-response.get': (_cell, self: FutureResponse) => self.get(),
};

const outgoing: ImportImplementation['functions'] = {
  '[constructor]outgoing-request': (cell, headers: Fields) => new OutgoingRequest(cell, headers),
  '[method]outgoing-request.body': (_cell, self: OutgoingRequest) => once(self.takeBody()),
  '[method]outgoing-request.method': (_cell, self: OutgoingRequest) => self.method,
  '[method]outgoing-request.set-method': (_cell, self: OutgoingRequest, method: Named) =>
    done(self.setMethod(method)),
  '[method]outgoing-request.path-with-query': (_cell, self: OutgoingRequest) => self.path,
  '[method]outgoing-request.set-path-with-query': (_cell, self: OutgoingRequest, path: string | undefined) =>
    done(self.setPath(path)),
  '[method]outgoing-request.scheme': (_cell, self: OutgoingRequest) => self.scheme,
  '[method]outgoing-request.set-scheme': (_cell, self: OutgoingRequest, scheme: Named | undefined) =>
    done(self.setScheme(scheme)),
  '[method]outgoing-request.authority': (_cell, self: OutgoingRequest) => self.authority,
  '[method]outgoing-request.set-authority': (_cell, self: OutgoingRequest, authority: string | undefined) =>
    done(self.setAuthority(authority)),
  '[method]outgoing-request.headers': (_cell, self: OutgoingRequest) => self.headers(),

  '[constructor]request-options'(cell) {
    hold(cell);
    return new RequestOptions();
  },
  '[method]request-options.connect-timeout': (_cell, self: RequestOptions) => self.connectTimeout,
  '[method]request-options.set-connect-timeout'(_cell, self: RequestOptions, duration: bigint | undefined) {
    self.connectTimeout = duration;
    return OK;
  },
  '[method]request-options.first-byte-timeout': (_cell, self: RequestOptions) => self.firstByteTimeout,
  '[method]request-options.set-first-byte-timeout'(
    _cell,
    self: RequestOptions,
    duration: bigint | undefined,
  ) {
    self.firstByteTimeout = duration;
    return OK;
  },
  '[method]request-options.between-bytes-timeout': (_cell, self: RequestOptions) => self.betweenBytesTimeout,
  '[method]request-options.set-between-bytes-timeout'(
    _cell,
    self: RequestOptions,
    duration: bigint | undefined,
  ) {
    self.betweenBytesTimeout = duration;
    return OK;
  },

  '[constructor]outgoing-response': (cell, headers: Fields) => new OutgoingResponse(cell, headers),
  '[method]outgoing-response.status-code': (_cell, self: OutgoingResponse) => self.status,
  '[method]outgoing-response.set-status-code': (_cell, self: OutgoingResponse, status: number) =>
    done(self.setStatus(status)),
  '[method]outgoing-response.headers': (_cell, self: OutgoingResponse) => self.headers(),
  '[method]outgoing-response.body': (_cell, self: OutgoingResponse) => once(self.takeBody()),
  '[static]response-outparam.set': (
    _cell,
    param: ResponseOutparam,
    answer: Result<OutgoingResponse, HttpErrorCode>,
  ) => param.set(answer),

  '[method]outgoing-body.write'(cell, self: OutgoingBody) {
    if (self.hasStream) return FAILED;
    self.hasStream = true;
    return ok(createOutputStream(cell, self));
  },
  '[static]outgoing-body.finish': (_cell, body: OutgoingBody, trailers: Fields | undefined) =>
    body.finish(takeEntries(trailers)),
};

export const httpTypes: ImportImplementation = {
  functions: {
    ...fields,
    ...incoming,
    ...outgoing,
    'http-error-code': (_cell, { cause }: IoError) => (cause.kind === 'http' ? cause.code : undefined),
  },
  drops: {
    fields: dropIt,
    'incoming-request': dropIt,
    'incoming-response': dropIt,
    'incoming-body': dropIt,
    'future-trailers': (_cell, self: FutureTrailers) => self.body.drop(),
    'future-incoming-response': dropIt,
    'outgoing-request': dropIt,
    'request-options': (cell) => release(cell),
    'outgoing-response': dropIt,
    'response-outparam': dropIt,
    'outgoing-body': (_cell, self: OutgoingBody) => self.abandon(),
  },
};

export const outgoingHandler: ImportImplementation = {
  functions: {
    handle: (cell, request: OutgoingRequest, options: RequestOptions | undefined) =>
      sendRequest(cell, request, options),
  },
};
