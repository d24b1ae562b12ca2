/**
 * What an adapter is: its manifest, its operations, and the image that executors are given.
 *
 * Shapes only; `types.ts` hands them on. Always: in an image the manifest names every operation that there is, and a typed
 * world has schemas of each.
 */

import type { Grants, ManifestCapabilities } from './capability-types.ts';
import type { LinkPlan } from './link-plan.ts';

/** What shows who signed a package, as bytes of its files. Where a signature is asked for, none of them may be missing. */
export interface PackageProof {
  /** `adapter.json` as it was signed. */
  readonly manifest: Uint8Array;
  readonly digests: Uint8Array | undefined;
  readonly signature: Uint8Array | undefined;
}

// ── adapters ────────────────────────────────────────────────────────────────────────────────────────────────────

export type Isolation = 'fresh' | 'tenant' | 'shared';

/** Any JSON: of a typed operation its arguments and its result. */
export interface OperationExample {
  readonly input: unknown;
  /** Absent where the example is one of input alone. */
  readonly output?: unknown;
}

export interface OperationSpec {
  /** May be replayed after a crash. Default false. */
  readonly idempotent: boolean;
  readonly description: string | undefined;
  /** For documents. Of a typed operation they meet its schemas. */
  readonly examples: readonly OperationExample[];
  /** It changes nothing: a hint for agents, not a promise that the host keeps. Default false. */
  readonly readOnly: boolean;
  /** Media type of the result when the operation always returns one. Default application/octet-stream, JSON in a typed world. */
  readonly produces: string;
  readonly timeoutMs: number;
  readonly inputMaxBytes: number;
  readonly outputMaxBytes: number;
  readonly fuelMax: number;
}

export interface Limits {
  readonly memoryMaxMiB: number;
  readonly timeoutMs: number;
  readonly inputMaxBytes: number;
  readonly outputMaxBytes: number;
  /** Units of fuel of one call. */
  readonly fuelMax: number;
}

export interface PoolOptions {
  readonly min: number;
  readonly max: number;
  /** Running + waiting calls; 0 means 2 × max. */
  readonly permits: number;
  /** Part of the permits one tenant may hold, 0 < share ≤ 1. */
  readonly tenantShare: number;
  readonly acquireTimeoutMs: number;
  readonly healthIntervalMs: number;
  readonly idleMs: number;
  readonly recycleCalls: number;
  readonly recycleAgeMs: number;
  /** Part of `memoryMaxMiB` above which a cell is replaced after its call. */
  readonly recycleMemoryRatio: number;
  readonly maxCrashes: number;
  /** Times a begun idempotent call is replayed after its cell crashed. */
  readonly replayMax: number;
}

/** The manifest after validation, defaults filled in. */
export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly description: string | undefined;
  readonly component: string;
  /** Lower-case hex SHA-256 of the component. */
  readonly sha256: string;
  /** `bytes` and `wasi:http/proxy`: called by their handlers. Any other: a component whose exported functions are the operations. */
  readonly world: string;
  /** WIT text by the author of a typed world, for its documentation; the image has it as `wit`. */
  readonly text: string | undefined;
  /** Of a typed world those that the author says something about; in an image all that the component has. */
  readonly operations: Readonly<Record<string, OperationSpec>>;
  readonly limits: Limits;
  readonly pool: PoolOptions;
  readonly isolation: Isolation;
  /** What the component asks for; what it gets is in `AdapterImage.grants`. */
  readonly capabilities: ManifestCapabilities;
}

// ── typed worlds ────────────────────────────────────────────────────────────────────────────────────────────────

/** JSON Schema 2020-12, as plain data. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** An operation of a typed world: what OpenAPI, MCP and `GET /v1/adapters/{name}` say of it. */
export interface TypedOperation {
  readonly name: string;
  readonly description: string | undefined;
  /** An object with a property for each parameter. */
  readonly arguments: JsonSchema;
  readonly result: JsonSchema;
  /** What a call that fails gives; undefined where it cannot fail by itself. */
  readonly failure: JsonSchema | undefined;
  /** The only argument is `list<u8>`: it may be given as it is. */
  readonly isRawArgument: boolean;
  /** A call that succeeds gives `list<u8>` or `string`: it may be answered as it is. */
  readonly rawResult: 'bytes' | 'text' | undefined;
  /** Into `LinkPlan.exports`. */
  readonly exportIndex: number;
}

export interface TypedWorld {
  /** In order of export. */
  readonly operations: readonly TypedOperation[];
  /** The same as declarations in TypeScript: an interface `Operations`, and the types that it names. */
  readonly declarations: string;
  /**
   * Holds arguments against the schema of an operation that exists, where they are not too long for this thread.
   * Throws ADAPTER_BAD_INPUT — with all problems.
   */
  check(operation: string, payload: Uint8Array): void;
}

// ── images ──────────────────────────────────────────────────────────────────────────────────────────────────────

/** One adapter version, ready to be given to executors. */
/** A memory that a module is given, in pages of 64 KiB. */
export interface LentMemory {
  readonly initialPages: number;
  readonly maximumPages: number;
}

export interface AdapterImage {
  /** Unique within the process: `name@version+digest8#n`. */
  readonly id: string;
  readonly manifest: Manifest;
  readonly plan: LinkPlan;
  /** Compiled once, shared with every thread. Same order as `plan.modules`. */
  readonly modules: readonly WebAssembly.Module[];
  /** The bytes that they were compiled from, for executors in other processes; undefined where there are none. */
  readonly code?: readonly Uint8Array[];
  /** Of each module that is given its memory: which. Same order. Undefined where each makes its own. */
  readonly lent?: readonly (LentMemory | undefined)[];
  /** WIT text of the component. */
  readonly wit: string;
  /** The narrower of what the manifest asks for and what the operator permits. */
  readonly grants: Grants;
  /** Undefined for the bytes world. */
  readonly typed?: TypedWorld | undefined;
}
