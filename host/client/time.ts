/**
 * Time for the client, which runs where the host's clock does not: its timers keep a program alive that waits for a call, and it
 * needs no more than these two. Tests bring their own.
 */

export interface ClientTime {
  /** Milliseconds, monotonic, from an origin that means nothing. */
  now(): number;
  /** Calls `then` after `ms`; what it returns takes that back. */
  after(ms: number, then: () => void): () => void;
}

export const systemTime: ClientTime = {
  now: () => performance.now(),
  after(ms, then) {
    const timer = setTimeout(then, ms);
    return () => clearTimeout(timer);
  },
};
