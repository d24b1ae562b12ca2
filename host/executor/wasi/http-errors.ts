/**
 * Why a request failed, in the words of `wasi:http/types.error-code`.
 *
 * Always: a guest is told what `ServiceFailure` says and nothing else; where the code of a service is coarser than that of
 * WASI, the phase of the exchange decides.
 */

import { ServiceFailure } from '../../service-failure.ts';
import { IoError } from './streams.ts';

/** A case of `error-code`. */
export interface HttpErrorCode {
  readonly tag: string;
  readonly val?: unknown;
}

/** What was under way: sending the request, waiting for the head of the response, or reading its body. */
export type Phase = 'send' | 'head' | 'body';

const TIMEOUTS: Readonly<Record<Phase, string>> = {
  send: 'connection-write-timeout',
  head: 'HTTP-response-timeout',
  body: 'connection-read-timeout',
};

const FAILURES: Readonly<Record<Phase, string>> = {
  send: 'connection-terminated',
  head: 'destination-unavailable',
  body: 'HTTP-response-incomplete',
};

export function internalError(message: string): HttpErrorCode {
  return { tag: 'internal-error', val: message };
}

export function toErrorCode({ code, message }: ServiceFailure, phase: Phase): HttpErrorCode {
  switch (code) {
    case 'denied':
      return { tag: 'HTTP-request-denied' };
    case 'timeout':
      return { tag: TIMEOUTS[phase] };
    case 'failed':
      return { tag: FAILURES[phase] };
    case 'too-large':
      return { tag: phase === 'body' ? 'HTTP-response-body-size' : 'HTTP-request-body-size', val: undefined };
    case 'quota':
      return { tag: 'connection-limit-reached' };
    case 'unavailable':
      return { tag: 'destination-unavailable' };
    case 'invalid':
      return internalError(message);
  }
}

/**
 * An error as a stream tells it. What is not for the guest is thrown on: then it ends the cell.
 */
export function toIoError(error: unknown, phase: Phase): IoError {
  if (!(error instanceof ServiceFailure)) throw error;
  return new IoError(error.message, { kind: 'http', code: toErrorCode(error, phase) });
}
