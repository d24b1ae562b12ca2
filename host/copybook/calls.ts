/**
 * Calls of the adapter: a bounded number at a time, made again when a cell dies or none is free.
 *
 * Every operation gives the same answer anywhere, so a call that was lost is made again and nothing is lost or doubled.
 * The host replays by itself as its `replayMax` and its budget allow; what they leave open is done here, up to a count of
 * dead cells after which the input is believed to be the cause.
 */

import type { Clock } from '../clock.ts';
import { type ErrorCode, HostError } from '../errors.ts';
import type { Call, Host } from '../types.ts';
import { fromCall } from './failures.ts';

export const COPYBOOK_ADAPTER = 'copybook';

/** Cells that may die of one call before its error is believed. */
const DEATHS_MAX_COUNT = 6;
/** A call that runs to its deadline costs an executor and seconds: it is tried twice. */
const DEATHS_OF_DEADLINE_COUNT = 3;
const DIED_CODES: ReadonlySet<ErrorCode> = new Set([
  'EXECUTOR_TRAP',
  'EXECUTOR_STACK_OVERFLOW',
  'EXECUTOR_BAD_RESULT',
  'EXECUTOR_DIED',
  'EXECUTOR_DEADLINE',
]);

/** There was no cell for the call. Others of the tenant may hold them, so the middle of a stream is no place to give up at once. */
const NO_ROOM_CODES: ReadonlySet<ErrorCode> = new Set([
  'POOL_TENANT_SHARE',
  'POOL_FULL',
  'POOL_TIMEOUT',
  'POOL_BREAKER_OPEN',
  'POOL_BUDGET',
  'POOL_CREATE_FAILED',
]);
const PAUSE_MIN_MS = 25;
const PAUSE_MAX_MS = 1_000;
/** Of one call: as long as callers of a busy host would wait by themselves. */
const NO_ROOM_MAX_MS = 15_000;

export interface Calls {
  readonly running: number;
  readonly waiting: number;
  readonly repeatCount: number;
  /** The payload is read until the promise settles. Throws the signal's reason; COPYBOOK_*; POOL_*, EXECUTOR_*, HOST_CLOSED. */
  call(operation: string, payload: Uint8Array, affinity: string, signal: AbortSignal): Promise<Uint8Array>;
}

export function createCalls(options: {
  readonly host: Pick<Host, 'invoke'>;
  readonly callsMax: number;
  readonly tenant: string;
  readonly requestId: string;
  readonly clock: Clock;
}): Calls {
  const { host, callsMax, tenant, requestId, clock } = options;
  const queue = new Set<() => void>();
  let running = 0;
  let repeatCount = 0;

  const enter = async (signal: AbortSignal): Promise<void> => {
    signal.throwIfAborted();
    if (running < callsMax) {
      running++;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const go = (): void => {
        signal.removeEventListener('abort', leave);
        resolve();
      };
      const leave = (): void => {
        queue.delete(go);
        reject(signal.reason);
      };
      queue.add(go);
      signal.addEventListener('abort', leave, { once: true });
    });
  };
  const exit = (): void => {
    const [next] = queue;
    if (next === undefined) running--;
    else {
      // The place is handed on: nobody who comes meanwhile can take it.
      queue.delete(next);
      next();
    }
  };

  const pause = (ms: number, signal: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      const timer = clock.after(ms, () => {
        signal.removeEventListener('abort', leave);
        resolve();
      });
      const leave = (): void => {
        timer.cancel();
        reject(signal.reason);
      };
      signal.addEventListener('abort', leave, { once: true });
    });

  const callToEnd = async (call: Call, signal: AbortSignal): Promise<Uint8Array> => {
    let deathCount = 0;
    let pauseMs = PAUSE_MIN_MS;
    let refusedMs: number | undefined;
    for (;;) {
      signal.throwIfAborted();
      const { outcome } = await host.invoke(call);
      if (outcome.kind === 'ok') return outcome.bytes;
      const { error } = outcome;
      if (DIED_CODES.has(error.code)) {
        const isLate = error.code === 'EXECUTOR_DEADLINE';
        deathCount += isLate ? DEATHS_OF_DEADLINE_COUNT : Math.max(1, outcome.usage.attempts);
        if (deathCount >= DEATHS_MAX_COUNT) throw error;
      } else if (NO_ROOM_CODES.has(error.code)) {
        const nowMs = clock.now();
        refusedMs ??= nowMs;
        if (nowMs - refusedMs + pauseMs > NO_ROOM_MAX_MS) throw error;
        await pause(pauseMs, signal);
        pauseMs = Math.min(PAUSE_MAX_MS, 2 * pauseMs);
      } else throw fromCall(error);
      repeatCount++;
    }
  };

  return {
    get running() {
      return running;
    },
    get waiting() {
      return queue.size;
    },
    get repeatCount() {
      return repeatCount;
    },
    async call(operation, payload, affinity, signal) {
      await enter(signal);
      try {
        const call = { adapter: COPYBOOK_ADAPTER, operation, payload, tenant, affinity, requestId };
        return await callToEnd(call, signal);
      } finally {
        exit();
      }
    },
  };
}

/** Of an operation whose codec was closed. */
export function closedError(): HostError {
  return new HostError('COPYBOOK_CLOSED', 'the codec was closed');
}
