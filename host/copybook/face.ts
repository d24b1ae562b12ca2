/**
 * What the codec is to its callers: operations, options, what `layout` and `detect` answer, snapshot.
 *
 * Shapes only. Bytes given are only read, until the promise settles or the stream ends; bytes that come are the caller's.
 */

import type { ReadableStream } from 'node:stream/web';
import type { ByteSource } from '../byte-source.ts';
import type { Clock } from '../clock.ts';
import type { Host } from '../types.ts';
import type { InputOptions } from './input.ts';
import type { OperationMetrics } from './metrics.ts';

export type OutputFormat = 'jsonl' | 'json' | 'csv' | 'arrow';

export interface DecodeOptions {
  /** Default: option `output`, where it is given, else `jsonl`. */
  readonly format?: OutputFormat;
  /** Most rows; default all. The source is left when they are there. */
  readonly rows?: number;
  /** Ends the stream with its reason. */
  readonly signal?: AbortSignal;
}

export interface EncodeOptions {
  readonly signal?: AbortSignal;
}

/** One item of `layout`. Members that say nothing are not there. */
export interface LayoutItem {
  readonly path: string;
  readonly name: string;
  readonly key: string;
  readonly level: number;
  readonly kind: string;
  readonly picture?: string;
  readonly usage?: string;
  readonly offset: number;
  readonly length: number;
  readonly occurs?: { readonly min: number; readonly max: number; readonly dependsOn?: number };
  /** Index of the item whose storage it describes again. */
  readonly redefines?: number;
  readonly [member: string]: unknown;
}

export interface LayoutColumn {
  readonly name: string;
  readonly type: 'int32' | 'int64' | 'decimal' | 'float64' | 'utf8' | 'binary';
  readonly precision?: number;
  readonly scale?: number;
}

export interface CopybookLayout {
  readonly recordBytes: number;
  readonly recordMinBytes: number;
  readonly isVariable: boolean;
  /** Every record has so many bytes in the input; 0 when it has to be cut. */
  readonly fixedRecordBytes: number;
  readonly items: readonly LayoutItem[];
  readonly columns: readonly LayoutColumn[];
  /** JSON Schema of one decoded record. */
  readonly schema: Readonly<Record<string, unknown>>;
  readonly [member: string]: unknown;
}

/** What the beginning of a file looks like. */
export interface Detection {
  readonly recordFormat: string;
  readonly confidence: unknown;
  readonly why: readonly string[];
  readonly alternatives: readonly unknown[];
  /** Options that go with the record format: `rdw`, `bdw`, … */
  readonly [option: string]: unknown;
}

export interface CopybookSnapshot {
  readonly activeStreamCount: number;
  readonly runningCallCount: number;
  readonly waitingCallCount: number;
  /** Calls made again because their cell died, or because there was no room for them. */
  readonly repeatCount: number;
  readonly operations: Readonly<Record<'layout' | 'detect' | 'decode' | 'encode', OperationMetrics>>;
}

/** Errors come while reading, and stay: what was read before them is valid. */
export interface Copybook {
  /**
   * Throws COPYBOOK_SYNTAX, COPYBOOK_OPTIONS, COPYBOOK_LIMIT — as all others; those too POOL_*, EXECUTOR_*, HOST_CLOSED of
   * calls, COPYBOOK_CLOSED.
   */
  layout(): Promise<CopybookLayout>;
  /** Records to rows. Reading throws COPYBOOK_DATA, COPYBOOK_FRAMING, COPYBOOK_LIMIT, COPYBOOK_INPUT, and what the source throws. */
  decode(source: ByteSource, options?: DecodeOptions): ReadableStream<Uint8Array>;
  /** JSON lines to records. Reading throws COPYBOOK_VALUE, COPYBOOK_LIMIT, COPYBOOK_INPUT, and what the source throws. */
  encode(source: ByteSource, options?: EncodeOptions): ReadableStream<Uint8Array>;
  /** Looks at the first 256 KiB and leaves the rest. Throws COPYBOOK_INPUT. */
  detect(source: Uint8Array | ByteSource): Promise<Detection>;
  snapshot(): CopybookSnapshot;
  /** Ends every stream with COPYBOOK_CLOSED. The host is not closed. Idempotent. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** A copybook with what it copies, and the options of `crypto-wasm/copybook/README.md`. */
export interface Specification {
  readonly copybook: string;
  /** Texts for COPY, by name. */
  readonly copies?: Readonly<Record<string, string>>;
  readonly options?: Readonly<Record<string, unknown>>;
}

export interface CopybookOptions extends Specification, InputOptions {
  readonly host: Pick<Host, 'invoke' | 'adapter' | 'snapshot'>;
  /** Whose cells are used; default `public`. */
  readonly tenant?: string;
  /** For the log; default `copybook`. */
  readonly requestId?: string;
  /** Calls at the same time over all streams; default one more than executors: the next is copied while all of them work. */
  readonly callsMax?: number;
  /** Input of one call, in bytes; default 512 KiB. A longer record is given whole. */
  readonly pieceBytes?: number;
  /** Pieces of one stream under way or waiting to be taken; default 8. Bounds its memory. */
  readonly piecesMax?: number;
  /** For tests; default the system's. */
  readonly clock?: Clock;
}
