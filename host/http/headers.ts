/**
 * Request headers as values: every header this door reads is checked here, once, and nowhere else.
 *
 * A header that changes what happens (timeout, idempotency key, content encoding) is refused when malformed; one that
 * only correlates (request id, trace context) is replaced or ignored, because a caller's tracing must not fail a call.
 */

import { randomBytes } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { HostError } from '../errors.ts';
import type { Credentials } from '../types.ts';
import { TIMEOUT_MAX_MS } from './limits.ts';

const REQUEST_ID = /^[A-Za-z0-9._-]{1,64}$/;
const TIMEOUT_MS = /^[1-9]\d{0,6}$/;
/** A line of a log's length; tab and others would look like a blank and be none. */
const VAULT_CONTEXT = /^[\x20-\x7e]{0,1024}$/;
const IDEMPOTENCY_KEY = /^[\x21-\x7e]{1,255}$/;

/** Source: W3C Trace Context, section 3.2: version `ff` and all-zero ids are invalid, version 00 has exactly four fields. */
const TRACEPARENT =
  /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-[\x21-\x7e]{0,200})?$/;
const TRACEPARENT_V0_CHARS = 55;

/** Source: RFC 2046 section 5.1.1, without the space, which may not stand last and which nobody uses. */
const BOUNDARY = /;\s*boundary=(?:"([0-9A-Za-z'()+_,\-./:=?]{1,70})"|([0-9A-Za-z'+_\-.]{1,70}))\s*(?:;|$)/i;

/** Random per process, so that ids of two runs never meet; the counter makes an id cost no random bytes. */
const processPrefix = randomBytes(6).toString('hex');
let requestCount = 0;

/** The caller's request id when it is well formed, else a new one. Always 1–64 characters of `[A-Za-z0-9._-]`. */
export function requestIdOf(headers: IncomingHttpHeaders): string {
  const given = headers['x-request-id'];
  if (typeof given === 'string' && REQUEST_ID.test(given)) return given;
  requestCount += 1;
  return `${processPrefix}-${requestCount.toString(36)}`;
}

/** The trace context exactly as given, or undefined when absent or malformed. */
export function traceparentOf(headers: IncomingHttpHeaders): string | undefined {
  const given = headers.traceparent;
  if (typeof given !== 'string' || !TRACEPARENT.test(given)) return undefined;
  if (given.startsWith('00') && given.length !== TRACEPARENT_V0_CHARS) return undefined;
  return given;
}

/** What the host needs to know who is asking. The values are passed on unread. */
export function credentialsOf(headers: IncomingHttpHeaders): Credentials {
  const tenantHeader = headers['x-tenant-id'];
  return {
    authorization: headers.authorization,
    tenantHeader: Array.isArray(tenantHeader) ? tenantHeader.join(', ') : tenantHeader,
    host: headers.host,
    origin: headers.origin,
  };
}

/**
 * The wanted timeout in ms, or undefined.
 *
 * Throws POLICY_TIMEOUT_INVALID — not a whole number from 1 to 3,600,000.
 */
export function timeoutMsOf(headers: IncomingHttpHeaders): number | undefined {
  const given = headers['x-request-timeout-ms'];
  if (given === undefined) return undefined;
  const timeoutMs = typeof given === 'string' && TIMEOUT_MS.test(given) ? Number(given) : Number.NaN;
  if (!(timeoutMs <= TIMEOUT_MAX_MS)) {
    throw new HostError(
      'POLICY_TIMEOUT_INVALID',
      `X-Request-Timeout-Ms must be a whole number of milliseconds from 1 to ${TIMEOUT_MAX_MS}`,
    );
  }
  return timeoutMs;
}

/**
 * The idempotency key, or undefined.
 *
 * Throws HTTP_MALFORMED — not 1–255 visible ASCII characters.
 */
export function idempotencyKeyOf(headers: IncomingHttpHeaders): string | undefined {
  const given = headers['idempotency-key'];
  if (given === undefined) return undefined;
  if (typeof given !== 'string' || !IDEMPOTENCY_KEY.test(given)) {
    throw new HostError('HTTP_MALFORMED', 'Idempotency-Key must be 1 to 255 visible ASCII characters');
  }
  return given;
}

/**
 * What the caller binds a sealed stream to; empty when the header is absent.
 *
 * Throws HTTP_MALFORMED — not printable ASCII of at most 1,024 characters.
 */
export function vaultContextOf(headers: IncomingHttpHeaders): string {
  const given = headers['x-hotcell-context'] ?? '';
  if (typeof given === 'string' && VAULT_CONTEXT.test(given)) return given;
  throw new HostError(
    'HTTP_MALFORMED',
    'X-Hotcell-Context must be printable ASCII of at most 1,024 characters',
  );
}

/**
 * Bodies are taken as they are: nothing is decompressed here, because a small compressed body could be a huge one.
 *
 * Throws HTTP_UNSUPPORTED_TYPE — a content encoding other than identity.
 */
export function requireIdentityEncoding(headers: IncomingHttpHeaders): void {
  const given = headers['content-encoding'];
  if (given === undefined || given.toLowerCase() === 'identity') return;
  throw new HostError(
    'HTTP_UNSUPPORTED_TYPE',
    'Content-Encoding must be identity: send the body uncompressed',
  );
}

/** The media type in lower case without its parameters, or undefined. */
export function mediaTypeOf(headers: IncomingHttpHeaders): string | undefined {
  return headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase();
}

/** Throws HTTP_UNSUPPORTED_TYPE — the body is not JSON by its content type. */
export function requireJson(headers: IncomingHttpHeaders): void {
  requireIdentityEncoding(headers);
  if (mediaTypeOf(headers) === 'application/json') return;
  throw new HostError('HTTP_UNSUPPORTED_TYPE', 'Content-Type must be application/json');
}

/**
 * The boundary of a multipart body of this very type.
 *
 * Throws HTTP_UNSUPPORTED_TYPE — another media type; HTTP_MALFORMED — no boundary, or one RFC 2046 does not allow.
 */
export function requireMultipart(
  headers: IncomingHttpHeaders,
  type: 'multipart/mixed' | 'multipart/form-data',
): string {
  requireIdentityEncoding(headers);
  if (mediaTypeOf(headers) !== type) {
    throw new HostError('HTTP_UNSUPPORTED_TYPE', `Content-Type must be ${type} with a boundary`);
  }
  const found = BOUNDARY.exec(headers['content-type'] ?? '');
  const boundary = found?.[1] ?? found?.[2];
  if (boundary === undefined) {
    throw new HostError('HTTP_MALFORMED', `Content-Type ${type} must name a boundary of 1 to 70 characters`);
  }
  return boundary;
}
