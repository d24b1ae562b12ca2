/**
 * What the host tells its observers, over `node:diagnostics_channel`: free when nobody listens, never awaited, never
 * in the path of a call. Gauges and counters are not published: observers read them from `Host.snapshot()`.
 */

import { channel } from 'node:diagnostics_channel';
import type { ErrorCode, HostError } from './errors.ts';
import type { ServiceFailureCode } from './service-failure.ts';
import type { PoolSnapshot, Receipt } from './types.ts';

export interface InvokeEvent {
  readonly receipt: Receipt;
  /** The error with its cause, for the log; undefined when the call succeeded. */
  readonly error: HostError | undefined;
  /** W3C trace context as received, or undefined. */
  readonly traceparent: string | undefined;
}

export interface AcquireEvent {
  readonly adapter: string;
  /** From asking for a cell to having one, or giving up. */
  readonly waitMs: number;
}

export interface CellCreatedEvent {
  readonly adapter: string;
  readonly createMs: number;
}

/** Published once for each pool, when it is closed: its last counters, which no later snapshot has. */
export interface PoolClosedEvent {
  readonly pool: PoolSnapshot;
}

/** A request, or an item of a batch, that was answered with an error before a call was made of it. */
export interface HttpRefusedEvent {
  readonly requestId: string;
  /** `unknown` when the request could not be read. */
  readonly method: string;
  /** Pattern of the route (`/v1/adapters/:name`), never the path that was sent; `none` where no route has it. */
  readonly route: string;
  /** HTTP status of the answer. */
  readonly status: number;
  readonly code: ErrorCode;
}

/** One operation of a vault that ended. Nothing of what was sealed, and no context. */
export interface VaultEvent {
  readonly operation:
    | 'seal'
    | 'open'
    | 'rewrap'
    | 'seal-batch'
    | 'open-batch'
    | 'seal-stream'
    | 'open-stream';
  readonly outcome: 'ok' | 'cancelled' | ErrorCode;
  readonly itemCount: number;
  readonly inputBytes: number;
  readonly outputBytes: number;
  /** From the call to its end, waiting included, in ms. */
  readonly durationMs: number;
}

/** One operation of the copybook codec that ended. Counts only, nothing of a record. */
export interface CopybookEvent {
  readonly operation: 'layout' | 'detect' | 'decode' | 'encode';
  readonly outcome: 'ok' | 'cancelled' | ErrorCode;
  readonly inputBytes: number;
  readonly outputBytes: number;
  /** Records read, or written by `encode`. */
  readonly recordCount: number;
  /** Fields whose bytes were not of their type. */
  readonly fieldErrorCount: number;
  /** From the call to its end, waiting included, in ms. */
  readonly durationMs: number;
}

/** One thing that a guest asked of the host and was answered. Nothing of keys, hosts, or bytes. */
export interface ServiceEvent {
  readonly adapter: string;
  /** One of `service-methods.ts`; anything else is what a thread made up. */
  readonly method: string;
  /** `error`: of the host itself. */
  readonly outcome: 'ok' | 'error' | ServiceFailureCode;
  readonly durationMs: number;
}

/** From now on calls resolve to another set of adapters: one was installed, replaced or removed. */
export interface AdaptersChangedEvent {
  readonly adapter: string;
}

/** Anything an operator wants to read about: executor killed, cell crashed, adapter installed, breaker opened. */
export interface NoticeEvent {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  /** `<room>.<what>`, e.g. `executor.killed`. */
  readonly event: string;
  readonly message: string;
  readonly fields?: Readonly<Record<string, string | number | boolean>>;
  readonly cause?: unknown;
}

export const invokeChannel = channel('hotcell:invoke');
export const acquireChannel = channel('hotcell:acquire');
export const cellCreatedChannel = channel('hotcell:cell-created');
export const poolClosedChannel = channel('hotcell:pool-closed');
export const httpRefusedChannel = channel('hotcell:http-refused');
export const vaultChannel = channel('hotcell:vault');
export const copybookChannel = channel('hotcell:copybook');
/** A line that a guest wrote. */
export interface GuestLogEvent {
  readonly adapter: string;
  /** Undefined while a cell is made. */
  readonly tenant: string | undefined;
  readonly requestId: string | undefined;
  readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error';
  /** Written by the guest: anything. */
  readonly message: string;
}

export const guestLogChannel = channel('hotcell:guest-log');
export const serviceChannel = channel('hotcell:service');
export const adaptersChangedChannel = channel('hotcell:adapters-changed');
export const noticeChannel = channel('hotcell:notice');

/** Publishes a notice when somebody listens. */
export function notice(event: NoticeEvent): void {
  if (noticeChannel.hasSubscribers) noticeChannel.publish(event);
}
