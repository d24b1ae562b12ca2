/**
 * The messages of `wasi:http/types`: requests and responses in both directions, and the options of a request.
 *
 * Objects with the state that the specification gives them; nothing here asks the host. Always: a body is given out once; what
 * a setter takes is valid on the wire.
 * Source: wasi:http 0.2, types.wit; RFC 9110; RFC 3986.
 */

import type { HttpHeader } from '../../service-methods.ts';
import type { CellContext } from '../imports-contract.ts';
import { hold, OBJECT_BYTES, release } from './held.ts';
import { Fields, isToken, outgoingHeaders } from './http-fields.ts';
import { type BodyReader, IncomingBody } from './http-incoming-body.ts';
import { OutgoingBody } from './http-outgoing-body.ts';

/** Method, path and authority together: what servers commonly take. */
const TARGET_MAX_BYTES = 16_384;

const METHODS = ['get', 'head', 'post', 'put', 'delete', 'connect', 'options', 'trace', 'patch'];

export interface Named {
  readonly tag: string;
  readonly val?: string;
}

/** `GET` as a case of `method`. */
export function toMethod(name: string): Named {
  const lower = name.toLowerCase();
  return METHODS.includes(lower) && name === name.toUpperCase()
    ? { tag: lower }
    : { tag: 'other', val: name };
}

function methodName({ tag, val }: Named): string {
  return tag === 'other' ? (val ?? '') : tag.toUpperCase();
}

export function toScheme(name: string): Named {
  const upper = name.toUpperCase();
  return upper === 'HTTP' || upper === 'HTTPS' ? { tag: upper } : { tag: 'other', val: name };
}

const PATH = /^[/?][\x21\x22\x24-\x7e]*$/;
const AUTHORITY = /^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~-]+)(:\d{1,5})?$/;
const SCHEME = /^[A-Za-z][A-Za-z0-9+.-]*$/;

export class OutgoingRequest {
  readonly #cell: CellContext;
  readonly #fields: Fields;
  #method: Named = { tag: 'get' };
  #path: string | undefined;
  #scheme: Named | undefined;
  #authority: string | undefined;
  body: OutgoingBody | undefined;

  /** Owns `fields`. */
  constructor(cell: CellContext, fields: Fields) {
    this.#cell = cell;
    this.#fields = fields;
    hold(cell, OBJECT_BYTES + TARGET_MAX_BYTES);
  }

  get method(): Named {
    return this.#method;
  }

  get path(): string | undefined {
    return this.#path;
  }

  get scheme(): Named | undefined {
    return this.#scheme;
  }

  get authority(): string | undefined {
    return this.#authority;
  }

  setMethod(method: Named): boolean {
    const name = methodName(method);
    if (!isToken(name) || name.length > 64) return false;
    this.#method = method;
    return true;
  }

  setPath(path: string | undefined): boolean {
    if (path !== undefined && (path.length > TARGET_MAX_BYTES / 2 || !PATH.test(path))) return false;
    this.#path = path;
    return true;
  }

  setScheme(scheme: Named | undefined): boolean {
    if (scheme?.tag === 'other' && ((scheme.val ?? '').length > 64 || !SCHEME.test(scheme.val ?? ''))) {
      return false;
    }
    this.#scheme = scheme;
    return true;
  }

  setAuthority(authority: string | undefined): boolean {
    if (authority !== undefined && (authority.length > 512 || !AUTHORITY.test(authority))) return false;
    this.#authority = authority;
    return true;
  }

  headers(): Fields {
    return this.#fields.copy(false);
  }

  /** The body, once. A message whose body was not asked for has none. */
  takeBody(): OutgoingBody | undefined {
    if (this.body) return undefined;
    const { bodyBytes } = outgoingHeaders(this.#fields);
    this.body = new OutgoingBody(this.#cell, bodyBytes, 'HTTP-request-body-size');
    return this.body;
  }

  /** The head as it is sent; undefined without a host to send it to, or with a scheme that is not HTTP's. */
  head():
    | {
        readonly method: string;
        readonly scheme: 'http' | 'https';
        readonly authority: string;
        readonly pathWithQuery: string;
        readonly headers: readonly HttpHeader[];
      }
    | undefined {
    const scheme = this.#scheme?.tag ?? 'HTTPS';
    if (this.#authority === undefined || scheme === 'other') return undefined;
    const path = this.#path ?? '/';
    return {
      method: methodName(this.#method),
      scheme: scheme === 'HTTP' ? 'http' : 'https',
      authority: this.#authority,
      pathWithQuery: path.startsWith('/') ? path : `/${path}`,
      headers: outgoingHeaders(this.#fields).headers,
    };
  }

  /** It was sent: what remains of it is the body. */
  end(): void {
    this.#fields.drop();
    release(this.#cell, OBJECT_BYTES + TARGET_MAX_BYTES);
  }

  drop(): void {
    this.end();
    this.body?.discard();
  }
}

/** In ns; undefined where the guest leaves it to the host. */
export class RequestOptions {
  connectTimeout: bigint | undefined;
  firstByteTimeout: bigint | undefined;
  betweenBytesTimeout: bigint | undefined;
}

/** A response that the guest makes. */
export class OutgoingResponse {
  readonly #cell: CellContext;
  readonly #fields: Fields;
  #status = 200;
  body: OutgoingBody | undefined;

  /** Owns `fields`. */
  constructor(cell: CellContext, fields: Fields) {
    this.#cell = cell;
    this.#fields = fields;
    hold(cell);
  }

  get status(): number {
    return this.#status;
  }

  setStatus(status: number): boolean {
    if (status < 100 || status > 599) return false;
    this.#status = status;
    return true;
  }

  headers(): Fields {
    return this.#fields.copy(false);
  }

  takeBody(): OutgoingBody | undefined {
    if (this.body) return undefined;
    const { bodyBytes } = outgoingHeaders(this.#fields);
    this.body = new OutgoingBody(this.#cell, bodyBytes, 'HTTP-response-body-size');
    return this.body;
  }

  /** The head as it is sent. The length of the body is beside the headers, when the guest declared it. */
  head(): {
    readonly status: number;
    readonly headers: readonly HttpHeader[];
    readonly bodyBytes: number | undefined;
  } {
    return { status: this.#status, ...outgoingHeaders(this.#fields) };
  }

  /** It was sent: what remains of it is the body. */
  end(): void {
    this.#fields.drop();
    release(this.#cell);
  }

  drop(): void {
    this.end();
    this.body?.discard();
  }
}

/** A request or a response that came from outside; `head` is what stands before its headers. */
export class IncomingMessage<Head> {
  readonly head: Head;
  readonly #cell: CellContext;
  readonly #fields: Fields;
  readonly #reader: BodyReader;
  #isConsumed = false;

  constructor(cell: CellContext, head: Head, headers: readonly HttpHeader[], reader: BodyReader) {
    this.#cell = cell;
    this.head = head;
    this.#fields = new Fields(cell, [...headers], false);
    this.#reader = reader;
    hold(cell);
  }

  headers(): Fields {
    return this.#fields.copy(false);
  }

  /** The body, once. */
  takeBody(): IncomingBody | undefined {
    if (this.#isConsumed) return undefined;
    this.#isConsumed = true;
    return new IncomingBody(this.#cell, this.#reader);
  }

  /** A body that nobody took is not read. */
  drop(): void {
    this.#fields.drop();
    release(this.#cell);
    if (!this.#isConsumed) this.#reader.close();
  }
}

export type IncomingResponse = IncomingMessage<{ readonly status: number }>;

export type IncomingRequest = IncomingMessage<{
  /** As on the wire. */
  readonly method: string;
  readonly pathWithQuery: string | undefined;
  readonly scheme: string | undefined;
  readonly authority: string | undefined;
}>;
