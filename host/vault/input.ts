/**
 * What callers give, checked once at the door: contexts, associated data, lengths, and the part of a record that can be
 * read in the open.
 */

import { parseRecord, type RecordHeader } from '../../crypto-wasm/formats/records.ts';
import { HostError } from '../errors.ts';
import type { Binding } from './face.ts';
import { fromFormat } from './failures.ts';

/** Stored in each record's header in one byte's worth of length. Source: crypto-wasm/README.md, records. */
const CONTEXT_MAX_BYTES = 64;
/** It names where a record belongs; what is longer than this is data. */
export const ASSOCIATED_DATA_MAX_BYTES = 16 * 1024;
/** A record is sealed and opened in one call, and lies in a cell's memory two or three times. What is longer is a stream. */
export const RECORD_PLAINTEXT_MAX_BYTES = 8 * 1024 * 1024;

/** Throws VAULT_CONTEXT_TOO_LONG, VAULT_INPUT_TOO_LARGE. */
export function readBinding({ context = '', associatedData = '' }: Binding): {
  readonly context: Uint8Array;
  readonly associatedData: Uint8Array;
} {
  const contextBytes = toBytes(context);
  if (contextBytes.length > CONTEXT_MAX_BYTES) {
    const detail = `${contextBytes.length} bytes; a context has at most ${CONTEXT_MAX_BYTES}`;
    throw new HostError('VAULT_CONTEXT_TOO_LONG', detail);
  }
  const dataBytes = toBytes(associatedData);
  if (dataBytes.length > ASSOCIATED_DATA_MAX_BYTES) {
    const detail = `${dataBytes.length} bytes; associated data has at most ${ASSOCIATED_DATA_MAX_BYTES}`;
    throw new HostError('VAULT_INPUT_TOO_LARGE', detail);
  }
  return { context: contextBytes, associatedData: dataBytes };
}

/** Throws VAULT_INPUT_TOO_LARGE. */
export function checkPlaintext(bytes: number): void {
  if (bytes <= RECORD_PLAINTEXT_MAX_BYTES) return;
  const detail = `${bytes} bytes; a record holds at most ${RECORD_PLAINTEXT_MAX_BYTES}: seal a stream`;
  throw new HostError('VAULT_INPUT_TOO_LARGE', detail);
}

/** Throws VAULT_FORMAT_UNKNOWN, VAULT_SUITE_UNKNOWN, VAULT_TRUNCATED, VAULT_INPUT_TOO_LARGE. */
export function readHeader(record: Uint8Array): RecordHeader {
  try {
    const header = parseRecord(record);
    checkPlaintext(header.plaintextBytes);
    return header;
  } catch (error) {
    throw fromFormat(error);
  }
}

function toBytes(value: string | Uint8Array): Uint8Array {
  return typeof value === 'string' ? new TextEncoder().encode(value) : value;
}
