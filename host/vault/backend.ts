/**
 * Where the cryptography happens: cells of the adapter `cipher`, or this process (`native`). Both give the same bytes
 * for the same nonces and salts, and the same errors; one suite runs over both.
 *
 * A backend knows keys by handle. It never picks a nonce and never decides which version of a key is used.
 */

import type { HostError } from '../errors.ts';

/** The derived keys of one context under one version of the root key. */
export interface KeyRef {
  readonly handle: number;
  readonly keyVersion: number;
  /** At most 64 bytes. */
  readonly context: Uint8Array;
}

export interface SealRequest {
  readonly key: KeyRef;
  /** 24 random bytes, used once. */
  readonly nonce: Uint8Array;
  readonly associatedData: Uint8Array;
  readonly plaintext: Uint8Array;
}

export interface OpenRequest {
  readonly key: KeyRef;
  readonly associatedData: Uint8Array;
  readonly record: Uint8Array;
}

export interface StreamRequest {
  readonly key: KeyRef;
  /** 24 random bytes, of this stream alone. */
  readonly salt: Uint8Array;
  readonly associatedData: Uint8Array;
}

export interface RunRequest {
  readonly stream: StreamRequest;
  readonly direction: 'seal' | 'open';
  /** Index of the first chunk. */
  readonly firstIndex: number;
  /** The run ends the stream: its last chunk is a short one, possibly empty. */
  readonly isLast: boolean;
  /** Whole chunks, and behind them the short one of the last run. */
  readonly bytes: Uint8Array;
}

/** All bytes given are only read, until the promise settles; bytes that come belong to the caller. */
export interface VaultBackend {
  readonly kind: 'cells' | 'native';
  /** Derives the keys of a handle ahead of their use. Throws VAULT_KEYS_UNREADABLE, VAULT_KEY_INVALID. */
  derive(key: KeyRef): Promise<void>;
  /** Wipes them. */
  forget(handle: number): void;
  /** Wipes a version of the root key wherever it is held, and all derived from it. */
  dropKey(keyVersion: number): Promise<void>;
  seal(request: SealRequest): Promise<Uint8Array>;
  /** Throws VAULT_AUTHENTICATION. */
  open(request: OpenRequest): Promise<Uint8Array>;
  /** Answers in order; one that fails does not end the others. */
  sealBatch(requests: readonly SealRequest[]): Promise<readonly (Uint8Array | HostError)[]>;
  openBatch(requests: readonly OpenRequest[]): Promise<readonly (Uint8Array | HostError)[]>;
  /** Opens and seals again; `sealing.plaintext` is not looked at. Throws VAULT_AUTHENTICATION. */
  rewrap(opening: OpenRequest, sealing: SealRequest): Promise<Uint8Array>;
  /** The 56 bytes that the stream begins with. */
  beginStream(stream: StreamRequest): Promise<Uint8Array>;
  /** Throws VAULT_AUTHENTICATION — a chunk is not the one at its index; no byte of the run is given then. */
  run(request: RunRequest): Promise<Uint8Array>;
  /** The stream is over: what was kept for it is wiped. */
  endStream(stream: StreamRequest): void;
  snapshot(): BackendSnapshot;
  /** Wipes everything. Operations under way end first. */
  close(): Promise<void>;
}

export interface BackendSnapshot {
  readonly kind: 'cells' | 'native';
  /** Cells that hold keys; none in `native`. */
  readonly contexts: { readonly idle: number; readonly busy: number; readonly waiting: number };
  readonly counters: {
    readonly contextsCreated: number;
    readonly contextsLost: number;
    /** Operations that were run again because their cell was lost. */
    readonly repeats: number;
    /** Times a root key was given to a cell. */
    readonly keyLoads: number;
  };
}
