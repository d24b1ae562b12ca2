/**
 * Between a pool's stock and those who want a cell: an idle cell at once, or a place in the line while one is made.
 *
 * Nobody overtakes: a free cell while others wait is theirs. For each who waits one cell is made, as far as there is
 * room; whoever is first in the line gets the first that comes, from a creation or from a call's end. A creation that
 * fails refuses the one it was begun for, so a failing adapter is not tried again and again. Whoever cannot expect a
 * cell in time is refused at once. An executor's death costs no one the place in the line.
 */

import type { Clock, Timer } from '../clock.ts';
import { HostError, hasCode } from '../errors.ts';
import type { PooledCell } from './pooled-cell.ts';
import type { Rates } from './rates.ts';
import type { Stock } from './stock.ts';
import { createWaiters } from './waiters.ts';

export interface CellRequest {
  readonly tenant: string;
  /** Absolute, ms. */
  readonly deadlineMs: number;
  readonly affinity?: string | undefined;
  /** Size of the payload. */
  readonly inputBytes?: number;
  /** Who waits leaves the line when it is aborted. */
  readonly signal?: AbortSignal | undefined;
}

export interface Line {
  /** Those who wait. */
  readonly waiting: number;
  /** Those who had to wait for a cell in use. */
  readonly waits: number;
  /**
   * Throws POOL_TIMEOUT, EXECUTOR_DEADLINE — waited in vain or could not have made it; EXECUTOR_CANCELLED; POOL_CREATE_FAILED,
   * POOL_BUDGET — the cell that was to be made could not be.
   */
  obtain(request: CellRequest): PooledCell | Promise<PooledCell>;
  /** Serves who waits; to be called whenever a cell became idle or a slot free. */
  serve(): void;
  /** Refuses all who wait. Nobody may ask afterwards. */
  close(error: HostError): void;
}

export function createLine(options: {
  readonly stock: Stock;
  readonly rates: Rates;
  readonly clock: Clock;
  readonly acquireTimeoutMs: number;
  readonly leasedCount: () => number;
  readonly retryAfterS: () => number;
  /** Takes note that the cell is the tenant's now. */
  readonly lend: (cell: PooledCell, tenant: string) => PooledCell;
}): Line {
  const { stock, rates, clock, acquireTimeoutMs, lend } = options;
  const waiters = createWaiters<PooledCell>(clock);
  /** Creations under way for those who wait. */
  let making = 0;
  let waits = 0;
  let restTimer: Timer | undefined;

  const serve = (): void => {
    for (let waiter = waiters.peek(); waiter; waiter = waiters.peek()) {
      const cell = stock.take(waiter.tenant, waiter.affinity);
      if (!cell) break;
      waiters.shift();
      waiter.resolve(lend(cell, waiter.tenant));
    }
    while (making < waiters.size) {
      const waiter = waiters.nextUnmade();
      const coming = waiter && stock.create();
      if (!coming) {
        armRestTimer();
        return;
      }
      making++;
      waiter.isMaking = true;
      const end = (): void => {
        making--;
        waiter.isMaking = false;
      };
      coming.then(
        () => {
          end();
          serve();
        },
        (error) => {
          end();
          // The executor died while it made the cell: nothing of the call was lost, so another one is made.
          if (!hasCode(error, 'EXECUTOR_DIED')) waiters.refuse(waiter, error);
          serve();
        },
      );
    }
  };

  /** When the free slots rest, those who wait are looked at again as soon as the first rest ends. */
  const armRestTimer = (): void => {
    const restMs = stock.slots.nextRestEndMs();
    if (restTimer || restMs === 0) return;
    restTimer = clock.after(restMs, () => {
      restTimer = undefined;
      serve();
    });
  };

  const wait = (request: CellRequest): Promise<PooledCell> => {
    const leftMs = request.deadlineMs - clock.now();
    const timeoutMs = Math.min(acquireTimeoutMs, leftMs);
    const refuse = (text: string): HostError =>
      leftMs <= acquireTimeoutMs
        ? new HostError('EXECUTOR_DEADLINE', text)
        : new HostError('POOL_TIMEOUT', text, { retryAfterS: options.retryAfterS() });
    if (timeoutMs <= 0) return Promise.reject(refuse('the deadline has passed'));
    if (!stock.hasRoom()) {
      const expectedMs = rates.waitMs(waiters.size + 1, options.leasedCount());
      if (expectedMs > timeoutMs) {
        const text = `${waiters.size} calls wait already: a cell is expected in ${Math.round(expectedMs)} ms, too late for this one`;
        return Promise.reject(refuse(text));
      }
      waits++;
    }
    const waiting = waiters.wait(
      request.tenant,
      request.affinity,
      timeoutMs,
      () => refuse(`no cell became free in ${Math.round(timeoutMs)} ms`),
      request.signal,
    );
    serve();
    return waiting;
  };

  return {
    get waiting() {
      return waiters.size;
    },
    get waits() {
      return waits;
    },
    obtain(request) {
      const cell = waiters.size > 0 ? undefined : stock.take(request.tenant, request.affinity);
      if (!cell) return wait(request);
      stock.counters.hits++;
      return lend(cell, request.tenant);
    },
    serve,
    close(error) {
      restTimer?.cancel();
      waiters.rejectAll(error);
    },
  };
}
