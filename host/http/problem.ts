/**
 * Errors as problem documents (RFC 9457) and foreign errors as ours.
 *
 * A document has the stable code, a sentence about the kind of error, a detail about this one and the request id as
 * `instance`. It never has a stack or a cause: those go to the log under the same request id.
 */

import { ERRORS, type ErrorCode, HostError, type Place, type Problem } from '../errors.ts';
import type { Usage } from '../types.ts';
import type { Answer } from './answer.ts';

export const PROBLEM_TYPE = 'application/problem+json';

export interface ProblemDocument {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: ErrorCode;
  readonly detail: string;
  readonly instance: string;
  readonly retryable: boolean;
  readonly problems?: readonly Problem[];
  readonly place?: Place;
  /** The error value of a typed operation. */
  readonly failure?: unknown;
}

/** The document for this error. */
export function problemDocument(error: HostError, requestId: string): ProblemDocument {
  const { title, status, retryable } = ERRORS[error.code];
  const document = {
    type: `urn:hotcell:error:${error.code}`,
    title,
    status,
    code: error.code,
    detail: error.detail,
    instance: requestId,
    retryable,
  };
  return {
    ...document,
    ...(error.problems === undefined ? {} : { problems: error.problems }),
    ...(error.place === undefined ? {} : { place: error.place }),
    ...(error.failure === undefined ? {} : { failure: error.failure }),
  };
}

/** Headers that belong to this error, flat; undefined for none. */
export function problemHeaders(error: HostError): string[] | undefined {
  const headers: string[] = [];
  // Whole seconds, never 0: a client that retries at once would be refused again.
  if (error.retryAfterS !== undefined) {
    headers.push('Retry-After', String(Math.max(1, Math.ceil(error.retryAfterS))));
  }
  if (error.code === 'POLICY_UNAUTHENTICATED') headers.push('WWW-Authenticate', 'Bearer');
  return headers.length === 0 ? undefined : headers;
}

/** An adapter's own 4xx says something about the input and stays true; everything else may be different next time. */
export function isKeepableError(code: ErrorCode): boolean {
  return code.startsWith('ADAPTER_') && ERRORS[code].status < 500;
}

/** The answer for this error. `usage` and `version` are given where a call was asked for. */
export function problemAnswer(
  error: HostError,
  requestId: string,
  usage?: Usage,
  version?: string,
  extraHeaders?: readonly string[],
): Answer {
  const own = problemHeaders(error);
  return {
    status: ERRORS[error.code].status,
    contentType: PROBLEM_TYPE,
    body: Buffer.from(JSON.stringify(problemDocument(error, requestId))),
    usage,
    version,
    extraHeaders: extraHeaders === undefined ? own : [...extraHeaders, ...(own ?? [])],
    keepable: isKeepableError(error.code),
  };
}

/** The HTTP framework's own refusals (bad URL, bad content type …) as ours; anything unknown is a host error. */
export function fromFrameworkError(error: unknown): HostError {
  if (error instanceof HostError) return error;
  const { statusCode, code } = error as { statusCode?: unknown; code?: unknown };
  if (typeof code === 'string' && code.startsWith('FST_ERR_')) {
    const options = { cause: error };
    if (statusCode === 413) return new HostError('HTTP_BODY_TOO_LARGE', 'the body is too large', options);
    if (statusCode === 415) {
      return new HostError('HTTP_UNSUPPORTED_TYPE', 'Content-Type is not a media type', options);
    }
    if (statusCode === 404 || statusCode === 414) {
      return new HostError('HTTP_ROUTE_NOT_FOUND', 'no route has such a path', options);
    }
    if (typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500) {
      return new HostError('HTTP_MALFORMED', 'the request line or a header could not be read', options);
    }
  }
  return new HostError('HOST_INTERNAL', 'an unexpected error; the log has the cause under this request id', {
    cause: error,
  });
}
