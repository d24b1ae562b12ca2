/**
 * What goes wrong with sealed bytes, in the vault's own codes, whichever backend met it.
 *
 * All that is not authentic has one code and one text: what was changed, or which of key, context and data was another
 * one, would help nobody but a forger.
 */

import { FormatError, type FormatErrorCode } from '../../crypto-wasm/formats/errors.ts';
import { type ErrorCode, HostError } from '../errors.ts';

const CODES: Readonly<Partial<Record<FormatErrorCode, ErrorCode>>> = {
  FORMAT_UNKNOWN: 'VAULT_FORMAT_UNKNOWN',
  FORMAT_VERSION: 'VAULT_FORMAT_UNKNOWN',
  FORMAT_SUITE: 'VAULT_SUITE_UNKNOWN',
  FORMAT_TRUNCATED: 'VAULT_TRUNCATED',
  FORMAT_MALFORMED: 'VAULT_FORMAT_UNKNOWN',
  FORMAT_AUTHENTICATION: 'VAULT_AUTHENTICATION',
  FORMAT_LIMIT: 'VAULT_INPUT_TOO_LARGE',
};

export function notAuthentic(): HostError {
  return new HostError('VAULT_AUTHENTICATION', 'wrong key, context or associated data, or changed bytes');
}

export function truncated(): HostError {
  return new HostError('VAULT_TRUNCATED', 'the stream ends before its last chunk does');
}

/** A format's error as the vault's; anything else is thrown on by the caller. */
export function fromFormat(error: unknown): unknown {
  if (!(error instanceof FormatError)) return error;
  const code = CODES[error.code];
  if (code === undefined) return error;
  if (code === 'VAULT_AUTHENTICATION') return notAuthentic();
  return new HostError(code, error.message.slice(error.code.length + 2), { cause: error });
}
