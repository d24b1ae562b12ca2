/**
 * A pinned cell for streams of calls: it counts as leased until it is closed, and is closed after 30 s without a call.
 *
 * Calls of one session run one after another in the order they were made. A lost cell ends the session; what was
 * acknowledged before is the owner's to know, who starts again from there.
 */

import type { Clock, Timer } from '../clock.ts';
import { HostError } from '../errors.ts';
import type { Lease } from './lease.ts';

/** A session that is idle for longer gives its cell back: a forgotten one must not hold it for ever. */
export const SESSION_IDLE_MS = 30_000;

export interface PinnedSession {
  /** Runs `use` on the lease after the calls before it. Throws POOL_SESSION_LOST — closed, idle too long, or lost. */
  call<T>(use: (lease: Lease) => Promise<T>): Promise<T>;
  close(): void;
}

export function createSession(lease: Lease, clock: Clock, onClosed: () => void): PinnedSession {
  let last: Promise<unknown> = Promise.resolve();
  let running = 0;
  let closedBecause: string | undefined;
  let idleTimer: Timer | undefined;

  const close = (because: string): void => {
    if (closedBecause !== undefined) return;
    closedBecause = because;
    idleTimer?.cancel();
    // The calls already made still run; the cell goes back after the last of them.
    void last.then(() => {
      lease.end();
      onClosed();
    });
  };
  const armIdleTimer = (): void => {
    idleTimer?.cancel();
    idleTimer = clock.after(SESSION_IDLE_MS, () =>
      close(`the session was idle for ${SESSION_IDLE_MS / 1000} s`),
    );
  };
  armIdleTimer();

  return {
    call<T>(use: (lease: Lease) => Promise<T>): Promise<T> {
      if (closedBecause !== undefined)
        return Promise.reject(new HostError('POOL_SESSION_LOST', closedBecause));
      idleTimer?.cancel();
      running++;
      const result = last.then(async () => {
        if (!lease.isAlive) throw new HostError('POOL_SESSION_LOST', 'the session ended with its cell');
        return use(lease);
      });
      last = result
        .catch(() => {
          // The caller has the error; here only the order matters.
        })
        .then(() => {
          running--;
          if (!lease.isAlive) close('the session ended with its cell');
          else if (running === 0 && closedBecause === undefined) armIdleTimer();
        });
      return result;
    },
    close: () => close('the session is closed'),
  };
}
