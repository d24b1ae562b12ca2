/**
 * Headers between a client and a guest that answers it: what passes, in both directions.
 *
 * The guest is not trusted with what is the host's (its tokens, its own headers) nor with what reaches beyond its own reply: all
 * adapters share one origin, and servers before this one act on some headers. Always: nothing that belongs to a connection
 * passes; what a guest wrote is a token and a value without control characters, whatever its thread has checked.
 * Source: RFC 9110, sections 5.5, 5.6.2 and 7.6.1.
 */

import type { IncomingMessage } from 'node:http';
import { isOfConnection } from '../service-headers.ts';
import type { HttpHeader } from '../service-methods.ts';
import { SECURITY_HEADERS } from './answer.ts';
import { RESPONSE_HEADERS_MAX_BYTES } from './limits.ts';

/**
 * For the host and not for the guest. Cookies: every adapter would get those of all others. The tenant: where tokens are
 * configured, nobody has checked what stands in the header.
 */
const OF_HOST = new Set([
  'cookie',
  'traceparent',
  'x-forwarded-prefix',
  'x-request-id',
  'x-request-timeout-ms',
  'x-tenant-id',
]);

/** What a guest may not say for the whole origin, or to the servers between it and its client. */
const REACHING_BEYOND = new Set([
  'alt-svc',
  'clear-site-data',
  'service-worker-allowed',
  'set-cookie',
  'set-cookie2',
  'strict-transport-security',
  'x-lighttpd-send-file',
  'x-request-id',
  'x-sendfile',
  ...SECURITY_HEADERS.filter((_, i) => i % 2 === 0).map((name) => name.toLowerCase()),
]);

/** They frame or route a message and are no trailers: RFC 9110, section 6.5.1. */
const NOT_TRAILING = new Set([
  'authorization',
  'content-encoding',
  'content-length',
  'content-range',
  'content-type',
]);

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

const isOfGuest = (lower: string): boolean =>
  !REACHING_BEYOND.has(lower) && !lower.startsWith('x-hotcell-') && !lower.startsWith('x-accel-');

const toBytes = (text: string): Uint8Array => Buffer.from(text, 'latin1');

/** Flat name, value, name, value… as Node has them. */
function pairs(raw: readonly string[]): [string, string][] {
  return Array.from({ length: raw.length >> 1 }, (_, i) => [raw[2 * i] ?? '', raw[2 * i + 1] ?? '']);
}

/** What of a request's headers a guest is shown, and what the host adds. */
export function requestHeaders(
  { rawHeaders, headers }: IncomingMessage,
  added: {
    readonly requestId: string;
    readonly traceparent: string | undefined;
    /** Path before that of the guest. */
    readonly prefix: string;
    /** `Authorization` has a token of the host. */
    readonly hasToken: boolean;
  },
): HttpHeader[] {
  const named = (headers.connection ?? '').split(',').map((name) => name.trim().toLowerCase());
  const dropped = new Set([...named, ...(added.hasToken ? ['authorization'] : [])]);
  const passed = pairs(rawHeaders).filter(([name]) => {
    const lower = name.toLowerCase();
    return !isOfConnection(lower) && !OF_HOST.has(lower) && !dropped.has(lower);
  });
  passed.push(['x-request-id', added.requestId], ['x-forwarded-prefix', added.prefix]);
  if (added.traceparent !== undefined) passed.push(['traceparent', added.traceparent]);
  return passed.map(([name, value]) => ({ name, value: toBytes(value) }));
}

/** What came behind a request's body. */
export function requestTrailers({ rawTrailers }: IncomingMessage): HttpHeader[] {
  return pairs(rawTrailers)
    .filter(([name]) => !isOfConnection(name.toLowerCase()) && !NOT_TRAILING.has(name.toLowerCase()))
    .map(([name, value]) => ({ name, value: toBytes(value) }));
}

/**
 * A guest's headers, flat, without those it has no say in.
 *
 * Throws Error — they are none, or more than `RESPONSE_HEADERS_MAX_BYTES`: the thread that has checked them is not sound.
 */
export function responseHeaders(given: unknown): string[] {
  const flat: string[] = [];
  let bytes = 0;
  for (const { name, value } of readHeaders(given)) {
    const lower = name.toLowerCase();
    bytes += name.length + value.length;
    if (bytes > RESPONSE_HEADERS_MAX_BYTES) throw new Error('a guest sent too many headers');
    if (isOfConnection(lower) || lower === 'content-length')
      throw new Error(`a guest sent the header ${lower}`);
    if (isOfGuest(lower)) flat.push(name, value);
  }
  return flat;
}

/** The same of trailers. */
export function responseTrailers(given: unknown): [string, string][] {
  return readHeaders(given)
    .map(({ name, value }): [string, string] => [name, value])
    .filter(([name]) => {
      const lower = name.toLowerCase();
      return isOfGuest(lower) && !isOfConnection(lower) && !NOT_TRAILING.has(lower);
    });
}

function readHeaders(given: unknown): { readonly name: string; readonly value: string }[] {
  if (!Array.isArray(given)) throw new Error('a guest sent headers that are no list');
  return given.map((header: Partial<HttpHeader> | null) => {
    const { name, value } = header ?? {};
    if (typeof name !== 'string' || !TOKEN.test(name) || !(value instanceof Uint8Array) || !isValue(value))
      throw new Error('a guest sent a header that is none');
    return { name, value: Buffer.from(value).toString('latin1') };
  });
}

/** Visible characters, spaces, tabs and bytes above ASCII. */
function isValue(bytes: Uint8Array): boolean {
  return bytes.every((byte) => (byte >= 0x20 && byte !== 0x7f) || byte === 0x09);
}
