/**
 * The one error of a service that a guest may be told about.
 *
 * Base layer, because both sides need it: services throw it in the host, imports catch it in the executor's thread. It travels
 * as `{ code, message }`. Always: the message names nothing but what the guest itself said and what is public about its
 * grant. Any other error of a service is the host's own, and ends the cell.
 */

/**
 * denied: not granted (host, method, scheme, address) · invalid: an argument is not valid · too-large: a byte limit of
 * the grant was met · timeout: of the request, or the deadline of the call · failed: the other side, or the way to it, failed ·
 * quota: a store or a count is full · unavailable: the store does not answer.
 */
export type ServiceFailureCode =
  | 'denied'
  | 'invalid'
  | 'too-large'
  | 'timeout'
  | 'failed'
  | 'quota'
  | 'unavailable';

/** The host's answer that a guest may see. Compare `code`: classes do not survive threads. */
export class ServiceFailure extends Error {
  readonly code: ServiceFailureCode;

  constructor(code: ServiceFailureCode, message: string) {
    super(message);
    this.name = 'ServiceFailure';
    this.code = code;
  }
}
