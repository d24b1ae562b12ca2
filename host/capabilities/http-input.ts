/**
 * What a guest says of a request, checked: target, headers, path.
 *
 * Nothing of it reaches a socket before this. Always: the host is in the one spelling of WHATWG URL (so that `0x7f.1` is
 * 127.0.0.1 before it is judged), and a header can neither end its line nor say where a body ends. Failures are `ServiceFailure`s
 * and repeat no header value, path or query.
 */

import { matchesHost, parseHost } from '../capability-patterns.ts';
import type { HttpGrant } from '../capability-types.ts';
import { ServiceFailure } from '../service-failure.ts';
import { isOfConnection } from '../service-headers.ts';
import type { HttpHeader } from '../service-methods.ts';

export interface Target {
  readonly scheme: 'http' | 'https';
  /** As `URL.hostname` has it, but IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
  /** For the header `host`. */
  readonly hostHeader: string;
  /** Same origin, same text. */
  readonly origin: string;
}

/** Servers refuse more anyway: nginx at 8 KiB a line, Node at 16 KiB together. */
const PATH_MAX_BYTES = 16 * 1024;
const HEADERS_MAX_COUNT = 100;
const HEADERS_MAX_BYTES = 32 * 1024;

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}$/;
/** RFC 9110 §5.5: no control but a tab; bytes above ASCII are allowed and opaque. */
const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
export const invalid = (message: string): ServiceFailure => new ServiceFailure('invalid', message);
export const denied = (message: string): ServiceFailure => new ServiceFailure('denied', message);

/** Whether the grant lets this host, port, scheme and method be asked. Addresses are judged later. */
export function checkGranted(grant: HttpGrant, method: string, { scheme, host, port }: Target): void {
  if (!grant.methods.includes(method)) throw denied('the method is not granted');
  if (scheme === 'http' && !grant.plain) throw denied('http without TLS is not granted');
  const name = host.includes(':') ? `[${host}]` : host;
  const isNamed = grant.hosts.some((text) => {
    const pattern = parseHost(text);
    return typeof pattern !== 'string' && matchesHost(pattern, name, port);
  });
  if (!isNamed) throw denied('the host is not granted');
}

/** Scheme and authority as a guest of `http.open` says them. */
export function readTarget(scheme: unknown, authority: unknown): Target {
  if (scheme !== 'http' && scheme !== 'https') throw invalid('the scheme must be http or https');
  if (typeof authority !== 'string' || authority === '' || authority.length > 300) {
    throw invalid('the authority must be a host, with or without a port');
  }
  // What `URL` would take for a user, a path or white space to be dropped.
  if (!/^[!-~\u00a1-\uffff]+$/.test(authority) || /[/\\?#@%<>^|]/.test(authority))
    throw invalid('the authority is not a host and a port');
  const url = URL.parse(`${scheme}://${authority}/`);
  if (url === null) throw invalid('the authority is not a host and a port');
  return targetOf(url);
}

/** A whole URL, as `http.send` and redirects have it: where to and what for. */
export function readUrl(
  text: unknown,
  base?: string,
): { readonly target: Target; readonly path: string; readonly href: string } {
  const url = typeof text === 'string' && text.length <= PATH_MAX_BYTES ? URL.parse(text, base) : null;
  if (url === null) throw invalid('the URL is not valid');
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw denied('the scheme must be http or https');
  if (url.username !== '' || url.password !== '') throw invalid('a URL must not carry credentials');
  const path = readPath(`${url.pathname}${url.search}`);
  url.hash = '';
  return { target: targetOf(url), path, href: url.href };
}

function targetOf(url: URL): Target {
  const scheme = url.protocol === 'https:' ? 'https' : 'http';
  return {
    scheme,
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port || (scheme === 'https' ? 443 : 80)),
    hostHeader: url.host,
    origin: url.origin,
  };
}

export function readPath(path: unknown): string {
  if (typeof path !== 'string' || !/^\/[!-~]*$/.test(path) || path.includes('#')) {
    throw invalid('the path must begin with / and have no spaces, controls or fragment');
  }
  if (path.length > PATH_MAX_BYTES) throw invalid(`the path is longer than ${PATH_MAX_BYTES} bytes`);
  return path;
}

export function readMethod(method: unknown): string {
  if (typeof method !== 'string' || !TOKEN.test(method)) throw invalid('the method is not a token');
  return method;
}

/** Names and values in turn, as Node writes them: one character a byte. `what`: headers or trailers. */
export function readHeaders(headers: unknown, what: string): string[] {
  if (!Array.isArray(headers)) throw invalid(`the ${what} must be a list`);
  if (headers.length > HEADERS_MAX_COUNT) throw invalid(`there are more than ${HEADERS_MAX_COUNT} ${what}`);
  let bytes = 0;
  const flat = (headers as readonly Partial<HttpHeader>[]).flatMap((header) => {
    const { name, value } = header ?? {};
    if (typeof name !== 'string' || !TOKEN.test(name)) throw invalid(`a name of the ${what} is not a token`);
    const lower = name.toLowerCase();
    if (lower === 'content-length' || isOfConnection(lower))
      throw invalid(`${lower} is not for guests to set`);
    if (!(value instanceof Uint8Array)) throw invalid(`the value of ${lower} must be bytes`);
    const text = latin1(value);
    if (!FIELD_VALUE.test(text)) throw invalid(`the value of ${lower} has a control character`);
    bytes += name.length + text.length + 4;
    return [name, text];
  });
  if (bytes > HEADERS_MAX_BYTES) throw invalid(`the ${what} have more than ${HEADERS_MAX_BYTES} bytes`);
  return flat;
}

/** Without those of the connection: they were between host and server. */
export function toHeaders(raw: readonly string[]): HttpHeader[] {
  const headers: HttpHeader[] = [];
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = (raw[index] ?? '').toLowerCase();
    if (!isOfConnection(name)) {
      headers.push({ name, value: new Uint8Array(Buffer.from(raw[index + 1] ?? '', 'latin1')) });
    }
  }
  return headers;
}

/** Whether a name is among those of `readHeaders`. */
export function hasHeader(flat: readonly string[], name: string): boolean {
  return flat.some((text, index) => index % 2 === 0 && text.toLowerCase() === name);
}

/** Without the headers that `isDropped` names, in lower case. */
export function withoutHeaders(flat: readonly string[], isDropped: (name: string) => boolean): string[] {
  return flat.filter((_, index) => !isDropped((flat[index - (index % 2)] ?? '').toLowerCase()));
}

const latin1 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
