/**
 * Records: one value, sealed under a versioned key, with a context that it cannot leave. For keys, rows, small files.
 *
 * XAES-256-GCM with a random nonce and a commitment to the key. The whole header is authenticated, and so are associated
 * data that the caller knows and that are not stored (which store, which row). Nothing of a record that is not authentic
 * is decrypted for the caller. Byte by byte in `crypto-wasm/README.md`; bytes once written are read for ever.
 */

import { FormatError, notAuthentic } from './errors.ts';
import { concatenate, equalInConstantTime, type FormatPrimitives, TAG_BYTES } from './primitives.ts';
import { createXaesKey, XAES_NONCE_BYTES } from './xaes.ts';

/** 'HCRD': the first bytes of every record. */
const MAGIC = [0x48, 0x43, 0x52, 0x44];
const VERSION = 1;
/** XAES-256-GCM, commitment by HKDF-Expand-SHA-512. */
const SUITE = 1;
/** Magic, version, suite, key version, context length. */
const FIXED_BYTES = 11;
const COMMITMENT_BYTES = 32;
/** A context names a purpose; what is longer than this is data. */
export const RECORD_CONTEXT_MAX_BYTES = 64;
/** A record is sealed and opened at once, in memory. What is longer is a stream. */
export const RECORD_PLAINTEXT_MAX_BYTES = 100 * 1024 * 1024;
const KEY_VERSION_MAX = 0xffff_ffff;
const COMMITMENT_LABEL = new TextEncoder().encode('hotcell/record/v1/commitment\0');
const EMPTY = new Uint8Array();

/** What a record says in the open. Nothing of it is authentic before it is opened. */
export interface RecordHeader {
  readonly version: number;
  readonly suite: number;
  readonly keyVersion: number;
  /** A view into the record, as the next two. */
  readonly context: Uint8Array;
  readonly nonce: Uint8Array;
  readonly commitment: Uint8Array;
  readonly headerBytes: number;
  readonly plaintextBytes: number;
}

export interface RecordBinding {
  /** At most 64 bytes, stored in the open. Empty by default. */
  readonly context?: Uint8Array;
  /** Of any length, not stored: must be given again to open. Empty by default. */
  readonly associatedData?: Uint8Array;
}

/** One version of a root key. Holds it until `close`. */
export interface RecordKey {
  /** A new record. Throws FORMAT_LIMIT — plaintext or context too long. */
  seal(plaintext: Uint8Array, binding?: RecordBinding): Uint8Array;
  /**
   * The plaintext. Throws as `parseRecord`; FORMAT_KEY_VERSION — sealed under another version; FORMAT_AUTHENTICATION —
   * anything else.
   */
  open(record: Uint8Array, binding?: RecordBinding): Uint8Array;
  /** Clears the key. Afterwards everything throws FORMAT_ENDED. */
  close(): void;
}

export interface RecordKeyOptions {
  readonly primitives: FormatPrimitives;
  /** 32 bytes, copied. */
  readonly key: Uint8Array;
  /** 0 … 2^32 - 1. */
  readonly keyVersion: number;
}

/**
 * Reads the header, to find the key.
 * Throws FORMAT_UNKNOWN — no record; FORMAT_VERSION, FORMAT_SUITE — not one this code reads; FORMAT_TRUNCATED — shorter
 * than it says; FORMAT_MALFORMED — the context's length; FORMAT_LIMIT — longer than any record.
 */
export function parseRecord(record: Uint8Array): RecordHeader {
  if (MAGIC.some((byte, i) => i < record.length && record[i] !== byte)) {
    throw new FormatError('FORMAT_UNKNOWN', 'this is not a record');
  }
  const version = record[4];
  if (version !== undefined && version !== VERSION) {
    throw new FormatError('FORMAT_VERSION', `records of version ${version} are not known here`);
  }
  const suite = record[5];
  if (suite !== undefined && suite !== SUITE) {
    throw new FormatError('FORMAT_SUITE', `suite ${suite} of records is not known here`);
  }
  const contextBytes = record[10] ?? 0;
  if (contextBytes > RECORD_CONTEXT_MAX_BYTES) {
    throw new FormatError('FORMAT_MALFORMED', `a context of ${contextBytes} bytes is longer than any`);
  }
  const nonceAt = FIXED_BYTES + contextBytes;
  const commitmentAt = nonceAt + XAES_NONCE_BYTES;
  const headerBytes = commitmentAt + COMMITMENT_BYTES;
  const plaintextBytes = record.length - headerBytes - TAG_BYTES;
  if (plaintextBytes < 0) throw new FormatError('FORMAT_TRUNCATED', 'the record ends before its tag');
  checkPlaintext(plaintextBytes);
  return {
    version: VERSION,
    suite: SUITE,
    keyVersion: new DataView(record.buffer, record.byteOffset).getUint32(6),
    context: record.subarray(FIXED_BYTES, nonceAt),
    nonce: record.subarray(nonceAt, commitmentAt),
    commitment: record.subarray(commitmentAt, headerBytes),
    headerBytes,
    plaintextBytes,
  };
}

export function createRecordKey({ primitives, key, keyVersion }: RecordKeyOptions): RecordKey {
  if (!Number.isInteger(keyVersion) || keyVersion < 0 || keyVersion > KEY_VERSION_MAX) {
    throw new RangeError(`a key version is a whole number of 32 bits, not ${keyVersion}`);
  }
  const root = createXaesKey(primitives, key);
  let isOpen = true;
  const checkOpen = (): void => {
    if (!isOpen) throw new FormatError('FORMAT_ENDED', 'the key is closed');
  };
  /** Binds the derived key, and with it the root key, to all of the header before it. */
  const commit = (derived: Uint8Array, bound: Uint8Array): Uint8Array =>
    primitives.hkdfExpandSha512(derived, concatenate(COMMITMENT_LABEL, bound), COMMITMENT_BYTES);

  return {
    seal(plaintext, { context = EMPTY, associatedData = EMPTY } = {}) {
      checkOpen();
      checkPlaintext(plaintext.length);
      const bound = concatenate(
        fixedFields(keyVersion, context),
        context,
        primitives.randomBytes(XAES_NONCE_BYTES),
      );
      const derived = root.derive(bound.subarray(bound.length - XAES_NONCE_BYTES));
      try {
        const header = concatenate(bound, commit(derived.key, bound));
        const aad = concatenate(header, associatedData);
        return concatenate(header, primitives.aesGcmSeal(derived.key, derived.nonce, aad, plaintext));
      } finally {
        derived.key.fill(0);
      }
    },
    open(record, { context = EMPTY, associatedData = EMPTY } = {}) {
      checkOpen();
      const header = parseRecord(record);
      if (header.keyVersion !== keyVersion) {
        throw new FormatError(
          'FORMAT_KEY_VERSION',
          `the record was sealed under key version ${header.keyVersion}, not ${keyVersion}`,
        );
      }
      if (!equalInConstantTime(header.context, context)) throw notAuthentic();
      const { headerBytes, commitment, nonce } = header;
      const derived = root.derive(nonce);
      try {
        const expected = commit(derived.key, record.subarray(0, headerBytes - COMMITMENT_BYTES));
        if (!equalInConstantTime(expected, commitment)) throw notAuthentic();
        const aad = concatenate(record.subarray(0, headerBytes), associatedData);
        const sealed = record.subarray(headerBytes);
        const plaintext = primitives.aesGcmOpen(derived.key, derived.nonce, aad, sealed);
        if (plaintext === undefined) throw notAuthentic();
        return plaintext;
      } finally {
        derived.key.fill(0);
      }
    },
    close() {
      isOpen = false;
      root.close();
    },
  };
}

function fixedFields(keyVersion: number, context: Uint8Array): Uint8Array {
  if (context.length > RECORD_CONTEXT_MAX_BYTES) {
    throw new FormatError(
      'FORMAT_LIMIT',
      `a context has at most ${RECORD_CONTEXT_MAX_BYTES} bytes, not ${context.length}`,
    );
  }
  const fields = new Uint8Array(FIXED_BYTES);
  fields.set([...MAGIC, VERSION, SUITE]);
  new DataView(fields.buffer).setUint32(6, keyVersion);
  fields[10] = context.length;
  return fields;
}

function checkPlaintext(bytes: number): void {
  if (bytes > RECORD_PLAINTEXT_MAX_BYTES) {
    throw new FormatError(
      'FORMAT_LIMIT',
      `a record holds at most ${RECORD_PLAINTEXT_MAX_BYTES} bytes, not ${bytes}`,
    );
  }
}
