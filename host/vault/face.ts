/**
 * What a vault is to its callers: operations, what binds a record or stream to its place, options, snapshot.
 *
 * Shapes only. Bytes given are only read, until the promise settles; bytes that come are the caller's.
 */

import type { ReadableStream } from 'node:stream/web';
import type { ByteSource } from '../byte-source.ts';
import type { Clock } from '../clock.ts';
import type { HostError } from '../errors.ts';
import type { Host } from '../types.ts';
import type { BackendSnapshot } from './backend.ts';
import type { BufferSnapshot } from './buffers.ts';
import type { KeyCacheSnapshot } from './key-cache.ts';
import type { KeyProvider, KeyVersionSnapshot, Rotation } from './key-ring.ts';
import type { OperationMetrics, VaultOperation } from './metrics.ts';
import type { VaultProfile, VaultTuning } from './profiles.ts';

export interface Binding {
  /** A purpose, at most 64 bytes; text counts in UTF-8. Its keys are its own. Stored in a record in the open. */
  readonly context?: string | Uint8Array;
  /** Which row, which file: not stored, and given again to open. At most 16 KiB. */
  readonly associatedData?: string | Uint8Array;
}

export interface SealItem extends Binding {
  readonly plaintext: Uint8Array;
}

export interface OpenItem extends Binding {
  readonly record: Uint8Array;
}

export type BatchResult =
  | { readonly kind: 'ok'; readonly bytes: Uint8Array }
  | { readonly kind: 'error'; readonly error: HostError };

export interface VaultSnapshot {
  readonly keys: readonly KeyVersionSnapshot[];
  readonly backend: BackendSnapshot;
  readonly keyCache: KeyCacheSnapshot & {
    /** hits / (hits + misses), 0…1; 0 before the first. */
    readonly hitRatio: number;
  };
  readonly buffers: BufferSnapshot;
  readonly queues: Readonly<Record<OperationKind, { readonly running: number; readonly waiting: number }>>;
  readonly operations: Readonly<Record<VaultOperation, OperationMetrics>>;
}

/** Each kind has a semaphore of its own: none can starve another. */
export type OperationKind = 'seal' | 'open' | 'batch' | 'stream';

export interface Vault {
  /** Throws VAULT_INPUT_TOO_LARGE — above 8 MiB; VAULT_BUDGET_SPENT; as all others VAULT_CONTEXT_TOO_LONG, VAULT_OVERLOADED, VAULT_CLOSED. */
  seal(plaintext: Uint8Array, binding?: Binding): Promise<Uint8Array>;
  /**
   * Throws VAULT_AUTHENTICATION; VAULT_FORMAT_UNKNOWN, VAULT_SUITE_UNKNOWN, VAULT_TRUNCATED — not a whole record;
   * VAULT_KEY_UNKNOWN, VAULT_KEY_RETIRED — of a version that does not open.
   */
  open(record: Uint8Array, binding?: Binding): Promise<Uint8Array>;
  /** One result an item, in order; an item that fails does not end the others. */
  sealBatch(items: readonly SealItem[]): Promise<readonly BatchResult[]>;
  openBatch(items: readonly OpenItem[]): Promise<readonly BatchResult[]>;
  /** Errors come while reading, each of them for ever. Begins when it is read. */
  sealStream(source: ByteSource, binding?: Binding): ReadableStream<Uint8Array>;
  /** Plaintext of authentic chunks as it comes; only the end says that the stream was whole. */
  openStream(source: ByteSource, binding?: Binding): ReadableStream<Uint8Array>;
  /** The record sealed anew under the active version; the plaintext does not leave the cell. Throws as `open` and `seal`. */
  rewrap(record: Uint8Array, binding?: Binding): Promise<Uint8Array>;
  /** Takes the versions that the provider has now. Throws VAULT_KEY_INVALID, VAULT_KEYS_UNREADABLE — nothing has changed then. */
  rotate(): Promise<Rotation>;
  snapshot(): VaultSnapshot;
  /** Refuses new operations, waits for those under way, wipes every key. Streams end with VAULT_CLOSED. Idempotent. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface VaultOptions extends Partial<VaultTuning> {
  readonly keys: KeyProvider;
  /** Default `cells`, which needs `host`. */
  readonly backend?: 'cells' | 'native';
  readonly host?: Pick<Host, 'session'>;
  readonly profile?: VaultProfile;
  /** Seals under one version of the key; default the safe limit of the formats. */
  readonly sealsPerKeyMax?: number;
  /** For tests; default the system's. */
  readonly clock?: Clock;
  readonly randomBytes?: (count: number) => Uint8Array;
}
