/**
 * Time as an object, so that tests own it. Every room takes a `Clock`; nobody calls `Date.now` or `setTimeout` itself.
 *
 * `now()` is milliseconds since the epoch, monotonic within the process and equal in every thread of it (time origin
 * plus performance counter), so that a deadline computed in the host means the same in an executor.
 */

export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** Milliseconds since the epoch, fractional, monotonic. */
  now(): number;
  /** Calls `fn` once after `ms`. The timer does not keep the process alive. */
  after(ms: number, fn: () => void): Timer;
  /** Calls `fn` each `ms` until cancelled. The timer does not keep the process alive. */
  every(ms: number, fn: () => void): Timer;
}

/** Read once: the getter costs more than the counter, and the clock is read several times a call. */
let originMs = performance.timeOrigin;

/** The system's monotonic clock in ms: the same in every process, from an origin that means nothing. */
function monotonicMs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1_000 + nanoseconds / 1e6;
}

/** What `alignClock` in another process needs to show the same time as this one. */
export const clockOriginMs = (): number => systemClock.now() - monotonicMs();

/**
 * Sets this process's clock by that of another: both read the time of day when they began, and it may have been set in between.
 * To be called before anybody reads the clock.
 */
export function alignClock(otherOriginMs: number): void {
  originMs = otherOriginMs + monotonicMs() - performance.now();
}

export const systemClock: Clock = {
  now: () => originMs + performance.now(),
  after(ms, fn) {
    const handle = setTimeout(fn, ms);
    handle.unref();
    return { cancel: () => clearTimeout(handle) };
  },
  every(ms, fn) {
    const handle = setInterval(fn, ms);
    handle.unref();
    return { cancel: () => clearInterval(handle) };
  },
};

export interface FakeClock extends Clock {
  /** Moves time forward, firing due timers in order; between timers pending promises run. */
  advance(ms: number): Promise<void>;
}

/** A clock that stands still until told otherwise. For tests. */
export function createFakeClock(startMs = 1_000_000): FakeClock {
  let nowMs = startMs;
  let order = 0;
  const due = new Set<{ at: number; order: number; fn: () => void; everyMs: number | undefined }>();
  const add = (ms: number, fn: () => void, everyMs?: number): Timer => {
    const entry = { at: nowMs + ms, order: order++, fn, everyMs };
    due.add(entry);
    return { cancel: () => void due.delete(entry) };
  };
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
  };
  return {
    now: () => nowMs,
    after: (ms, fn) => add(ms, fn),
    every: (ms, fn) => add(ms, fn, ms),
    async advance(ms) {
      const target = nowMs + ms;
      await settle();
      for (;;) {
        let next: { at: number; order: number; fn: () => void; everyMs: number | undefined } | undefined;
        for (const entry of due) {
          if (entry.at > target) continue;
          if (!next || entry.at < next.at || (entry.at === next.at && entry.order < next.order)) next = entry;
        }
        if (!next) break;
        nowMs = Math.max(nowMs, next.at);
        if (next.everyMs === undefined) due.delete(next);
        else next.at += next.everyMs;
        next.fn();
        await settle();
      }
      nowMs = target;
      await settle();
    },
  };
}
