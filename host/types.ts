/**
 * The nouns that rooms share. Call (asked) → Grant (permitted) → Lease (a cell, borrowed) → Outcome → Receipt.
 *
 * Only shapes live here, no behaviour. Units stand last in names. Bytes handed to the host are not kept or changed
 * after the promise settles; bytes handed out belong to the caller.
 */

import type { AdapterImage, Isolation, Manifest, TypedOperation } from './adapter-types.ts';
import type { Caller } from './capability-types.ts';
import type { HostError } from './errors.ts';
import type { CallExchange } from './service-incoming.ts';

export type * from './adapter-types.ts';
export type * from './link-plan.ts';

/** What was asked. */
export interface Call {
  readonly adapter: string;
  readonly operation: string;
  readonly payload: Uint8Array;
  /** Tenant name, already validated; `public` where nobody said otherwise. */
  readonly tenant: string;
  /** Wanted limit in ms; narrowed by the operation's own limit. */
  readonly timeoutMs?: number;
  /** A cell that already holds this key or layout is preferred. A hint only. */
  readonly affinity?: string;
  readonly requestId: string;
  /** The connection of a call to an adapter that answers HTTP; its payload is then empty. */
  readonly exchange?: CallExchange;
  /** Ends the call early, wherever it is: waiting calls leave the line, a guest that was entered is stopped with its cell. */
  readonly signal?: AbortSignal | undefined;
  /** Of an operation of a typed world; without it the payload is its arguments as JSON. It is its only argument, as it is. */
  readonly isRawInput?: boolean;
  /** The result is wanted as it is, where it can be. Default JSON. */
  readonly isRawOutput?: boolean;
}

/** What is permitted: the call's absolute limits. */
export interface Grant {
  readonly tenant: string;
  /** Absolute, in ms of `Clock.now()`. */
  readonly deadlineMs: number;
  readonly inputMaxBytes: number;
  readonly outputMaxBytes: number;
}

/** What the call cost. Always present, also beside an error. */
export interface Usage {
  /** From admission to the first byte given to a guest, in ms. */
  readonly queueMs: number;
  /** Time in the guest of the last attempt, in ms. */
  readonly runMs: number;
  /** Times a guest was entered: 1, more after replays, 0 when refused before. */
  readonly attempts: number;
  readonly inputBytes: number;
  readonly outputBytes: number;
  /** Units of fuel of the last attempt; undefined when no guest was entered, or one that is not metered. */
  readonly fuel?: number | undefined;
}

export type Outcome =
  | { readonly kind: 'ok'; readonly bytes: Uint8Array; readonly usage: Usage }
  | { readonly kind: 'error'; readonly error: HostError; readonly usage: Usage };

/** What was recorded: headers and one log line. */
export interface Receipt {
  readonly requestId: string;
  readonly adapter: string;
  readonly version: string;
  readonly operation: string;
  readonly tenant: string;
  /** `ok` or the error code. */
  readonly outcome: string;
  readonly usage: Usage;
}

// ── executors ───────────────────────────────────────────────────────────────────────────────────────────────────

export interface RunRequest {
  readonly operation: string;
  readonly payload: Uint8Array;
  readonly deadlineMs: number;
  /** A call that could not begin by then is not begun. At most the deadline. */
  readonly beginByMs: number;
  readonly outputMaxBytes: number;
  /** Units of fuel the guest may use; without it the deadline is the only bound. */
  readonly fuelMax?: number;
  /** On whose behalf the guest may ask something of the host; without it nothing is answered. */
  readonly caller?: Omit<Caller, 'deadlineMs'>;
  /** Its head is given to the guest in the place of the payload, and what the guest asks of it is answered by it. */
  readonly exchange?: CallExchange;
  /** Gives the run up: it is answered as `cancelled` at once, and its cell is dropped. */
  readonly signal?: AbortSignal | undefined;
  /** As in `Call`. */
  readonly isRawInput?: boolean | undefined;
  readonly isRawOutput?: boolean | undefined;
}

export type RunResult =
  | {
      readonly kind: 'ok';
      readonly bytes: Uint8Array;
      readonly runMs: number;
      readonly memoryBytes: number;
      /** Units used; undefined for a guest that is not metered. */
      readonly fuel?: number | undefined;
    }
  /** The guest's own `result::err`, or a result over the limit: the cell is well. */
  | {
      readonly kind: 'failure';
      readonly failure:
        | 'bad-input'
        | 'not-found'
        | 'internal'
        | 'output-too-large'
        | 'declared'
        | 'bad-arguments'
        | 'no-response'
        | 'response-cut';
      readonly message: string;
      /** Of `declared` the error value, of `bad-arguments` a list of `Problem`. */
      readonly value?: unknown;
      readonly runMs: number;
      readonly memoryBytes: number;
      readonly fuel?: number | undefined;
    }
  /** The cell is dead and already dropped by its executor. */
  | {
      readonly kind: 'crash';
      readonly error: HostError;
      readonly runMs: number;
      readonly fuel?: number | undefined;
    }
  /** Given up by its caller; the cell is dropped, unless the guest was never entered. */
  | {
      readonly kind: 'cancelled';
      readonly isBegun: boolean;
      /** From handing it to the executor, in ms. */
      readonly runMs: number;
    }
  /** The guest was never entered; the cell is well unless `cellLost`. */
  | {
      readonly kind: 'not-begun';
      readonly reason: 'late' | 'cell-gone' | 'executor-died';
      readonly cellLost: boolean;
    };

export interface CellInfo {
  readonly id: number;
  readonly createMs: number;
  readonly memoryBytes: number;
}

/** Code that runs cells: one at a time, in a place of its own. Placements: thread, inline. */
export interface Executor {
  readonly id: number;
  /** Calls given and not yet answered. */
  readonly inFlight: number;
  /** Expected ms until a call that is given now begins, as far as calls of its kind have shown. */
  readonly waitMs: number;
  readonly alive: boolean;
  /** Idempotent. Frames are ordered: a cell may be created right after. */
  load(image: AdapterImage): void;
  unload(imageId: string): void;
  /** Throws POOL_CREATE_FAILED — instantiation failed; EXECUTOR_DIED — the executor died meanwhile. */
  createCell(imageId: string): Promise<CellInfo>;
  /** Forgets the cell. Unknown ids are ignored: the executor may have dropped it already. */
  destroyCell(cellId: number): void;
  /** Never rejects: every end of a run is a `RunResult`. The payload is copied before this returns. */
  run(cellId: number, request: RunRequest): Promise<RunResult>;
  /** Calls the guest's `health` export. Never rejects. */
  probe(cellId: number, deadlineMs: number): Promise<RunResult>;
  stop(): Promise<void>;
}

// ── snapshots: what metrics, the API and people read ────────────────────────────────────────────────────────────

export type Health = 'healthy' | 'degraded' | 'crashed';

export interface PoolSnapshot {
  /** Of the image that the pool serves: unique, so that counters of two pools of one version are not mixed up. */
  readonly imageId: string;
  readonly adapter: string;
  readonly version: string;
  readonly health: Health;
  readonly breaker: 'closed' | 'open' | 'half-open';
  readonly isolation: Isolation;
  /** Live cells: idle + leased. */
  readonly size: number;
  readonly idle: number;
  /** Part of `idle` that is bound to a tenant. */
  readonly idleBound: number;
  readonly leased: number;
  readonly waiting: number;
  readonly creating: number;
  readonly restingSlots: number;
  readonly target: number;
  readonly min: number;
  readonly max: number;
  readonly permits: number;
  readonly permitsTaken: number;
  /** leased / (leased + idle), smoothed, 0…1. */
  readonly utilisation: number;
  readonly counters: {
    readonly created: number;
    readonly destroyed: number;
    readonly hits: number;
    readonly misses: number;
    readonly waits: number;
    readonly returns: number;
    readonly replacements: number;
    readonly crashes: number;
    readonly replays: number;
    readonly refusals: number;
  };
}

export interface HostSnapshot {
  readonly state: HostState;
  readonly pools: readonly PoolSnapshot[];
  readonly executors: {
    readonly live: number;
    readonly spare: number;
    readonly busy: number;
    readonly started: number;
    readonly killed: number;
    readonly died: number;
  };
  readonly memories: { readonly live: number; readonly budget: number };
}

export type HostState = 'starting' | 'ready' | 'draining' | 'closed';

// ── the host, as its doors see it ───────────────────────────────────────────────────────────────────────────────

export interface Credentials {
  /** The `Authorization` header, or undefined. */
  readonly authorization: string | undefined;
  /** The `X-Tenant-Id` header, or undefined. Ignored when tokens are configured. */
  readonly tenantHeader: string | undefined;
  /** The `Host` header, or undefined for a caller that is a program. Ignored when tokens are configured. */
  readonly host: string | undefined;
  /** The `Origin` header, or undefined where none was sent. Ignored when tokens are configured. */
  readonly origin: string | undefined;
}

export interface Identity {
  readonly tenant: string;
  readonly role: 'caller' | 'admin';
  /** Name of the token, or `loopback`. For the log. */
  readonly name: string;
  /** The `Authorization` header has a token of this host: nobody else may see it. */
  readonly hasToken: boolean;
}

export interface AdapterSummary {
  readonly name: string;
  readonly version: string;
  readonly description: string | undefined;
  readonly sha256: string;
  readonly world: string;
  readonly isolation: Isolation;
  readonly operations: readonly string[];
  readonly health: Health;
  readonly origin: 'bundled' | 'directory' | 'installed';
}

export interface AdapterDetail extends AdapterSummary {
  readonly manifest: Manifest;
  readonly wit: string;
  /** Undefined for the bytes world. */
  readonly typed: readonly TypedOperation[] | undefined;
  /** Its operations as declarations in TypeScript, for `createClient`; undefined where `typed` is. */
  readonly declarations: string | undefined;
  readonly pool: PoolSnapshot;
}

export interface Reply {
  readonly outcome: Outcome;
  readonly receipt: Receipt;
}

/** A pinned cell for streams of calls. Idle for more than 30 s it is closed. */
export interface Session {
  /** Like `Host.invoke` on the pinned cell; a lost cell gives POOL_SESSION_LOST and the owner starts again. */
  invoke(operation: string, payload: Uint8Array): Promise<Reply>;
  close(): void;
}

export interface Host {
  readonly state: HostState;
  /** Never rejects: errors are outcomes. */
  invoke(call: Call, traceparent?: string): Promise<Reply>;
  /** Pins a cell. Throws what `invoke` would report. */
  session(request: {
    readonly adapter: string;
    readonly tenant: string;
    readonly requestId: string;
    readonly affinity?: string;
  }): Promise<Session>;
  /** Throws POLICY_UNAUTHENTICATED, POLICY_ORIGIN_FORBIDDEN, POLICY_TENANT_INVALID. */
  identify(credentials: Credentials): Identity;
  /** Throws POLICY_ADMIN_OFF, POLICY_FORBIDDEN. */
  requireAdmin(identity: Identity): void;
  adapters(): readonly AdapterSummary[];
  /** Throws REGISTRY_NOT_FOUND. */
  adapter(name: string): AdapterDetail;
  /**
   * Verifies, prepares, stores and activates. `manifest` is parsed JSON, unvalidated.
   * Throws REGISTRY_*; PACKAGE_UNSIGNED — this host has trusted keys, and takes packages only.
   */
  install(manifest: unknown, component: Uint8Array): Promise<AdapterSummary>;
  /**
   * The same for a package file (`.hotcell.tgz`), whose every digest and signature is verified first; under this name only, where
   * one is given. One package is unpacked at a time. Throws what `install` throws, and PACKAGE_*, naming the file at fault.
   */
  installPackage(bytes: Uint8Array, name?: string): Promise<AdapterSummary>;
  /** Drains and removes. Throws REGISTRY_NOT_FOUND. */
  remove(name: string): Promise<void>;
  snapshot(): HostSnapshot;
  /**
   * Stops taking calls, waits for those in flight, ends every cell and thread. Idempotent. It waits `drainTimeoutMs`,
   * which is the option of that name unless somebody has waited for the calls before.
   */
  close(drainTimeoutMs?: number): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}
