/**
 * A cell, borrowed: runs on it, judges how each run ended, ends exactly once.
 *
 * The judgement is here, once: a guest's own error is a success of the cell; a crash is the slot's and the adapter's
 * failure; a run that never began, or was given up by its caller, is nobody's.
 */

import assert from 'node:assert';
import type { Clock } from '../clock.ts';
import type { CallExchange } from '../service-incoming.ts';
import type { AdapterImage, RunResult } from '../types.ts';
import type { PooledCell } from './pooled-cell.ts';
import type { Rates } from './rates.ts';

/** Hints remembered a cell. */
const AFFINITY_MAX = 16;

export interface LeaseRun {
  readonly operation: string;
  readonly payload: Uint8Array;
  /** Absolute, ms. */
  readonly deadlineMs: number;
  readonly outputMaxBytes: number;
  readonly fuelMax?: number;
  readonly tenant: string;
  readonly requestId: string;
  readonly traceparent: string | undefined;
  readonly exchange?: CallExchange | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly isRawInput?: boolean | undefined;
  readonly isRawOutput?: boolean | undefined;
}

export interface Lease {
  /** The version whose cell this is. */
  readonly image: AdapterImage;
  /** Never rejects. After a crash the lease can only be ended. */
  run(request: LeaseRun): Promise<RunResult>;
  /** False once the cell has crashed or its executor is gone. */
  readonly isAlive: boolean;
  /** Gives the cell back or destroys it; a second call does nothing. */
  end(): void;
}

export function openLease(options: {
  readonly image: AdapterImage;
  readonly cell: PooledCell;
  readonly affinity: string | undefined;
  readonly rates: Rates;
  readonly clock: Clock;
  readonly onResult: (result: RunResult) => void;
  readonly onEnd: () => void;
}): Lease {
  const { image, cell, affinity, rates, clock } = options;
  let isEnded = false;
  return {
    image,
    get isAlive() {
      return !cell.isLost;
    },
    async run(request) {
      assert(!isEnded, 'a lease is used before its end');
      // Given up while it waited for this cell, which is as well as before.
      if (request.signal?.aborted) return { kind: 'cancelled', isBegun: false, runMs: 0 };
      cell.calls++;
      if (affinity !== undefined) {
        if (cell.affinities.size >= AFFINITY_MAX) cell.affinities.clear();
        cell.affinities.add(affinity);
      }
      const fromMs = clock.now();
      // Started later than this it would most probably be stopped before its end: better not started.
      const beginByMs = request.deadlineMs - rates.medianMs(request.operation);
      const result = await cell.executor.run(cell.id, {
        operation: request.operation,
        payload: request.payload,
        deadlineMs: request.deadlineMs,
        beginByMs,
        outputMaxBytes: request.outputMaxBytes,
        isRawInput: request.isRawInput,
        isRawOutput: request.isRawOutput,
        ...(request.fuelMax === undefined ? {} : { fuelMax: request.fuelMax }),
        ...(request.exchange === undefined ? {} : { exchange: request.exchange }),
        caller: {
          adapter: image.manifest.name,
          tenant: request.tenant,
          requestId: request.requestId,
          traceparent: request.traceparent,
          grants: image.grants,
        },
        signal: request.signal,
      });
      // The time of the call alone: a pinned cell that waits for its owner says nothing about the next wait.
      rates.held(clock.now() - fromMs);
      if (result.kind === 'ok' || result.kind === 'failure') {
        cell.memoryBytes = result.memoryBytes;
        rates.ran(request.operation, result.runMs);
      } else if (result.kind !== 'not-begun' || result.cellLost) {
        cell.isLost = true;
      }
      // Who crashes because its client left, or sent too much, would let clients close an adapter to all others.
      const isClients = result.kind === 'crash' && request.exchange?.error?.code.startsWith('HTTP_');
      if (!isClients) options.onResult(result);
      return result;
    },
    end() {
      if (isEnded) return;
      isEnded = true;
      options.onEnd();
    },
  };
}
