/**
 * `wasi:io/poll`: what a guest can wait for, and the waiting.
 *
 * A pollable stands for a moment in time or for something that announces its changes. Always: a wait ends when one of its
 * pollables is ready or with an error at the deadline of the call; it leaves no timer and no listener behind.
 * Source: wasi:io 0.2, poll.wit.
 */

import { HostError } from '../../errors.ts';
import { type CellContext, GuestTrap, type ImportImplementation } from '../imports-contract.ts';
import { hold, release } from './held.ts';

/** Who waits for a change. Each listener is told once. */
export class Signal {
  #listeners = new Set<() => void>();

  /** Returns how to stop listening. */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  announce(): void {
    const listeners = this.#listeners;
    this.#listeners = new Set();
    for (const listener of listeners) listener();
  }
}

/** What can be waited for. Without `signal` and `dueMs` it is always ready. */
export interface Waitable {
  ready(): boolean;
  /** Announces that `ready` may have changed. */
  readonly signal?: Signal | undefined;
  /** When it becomes ready by itself: absolute, in ms of the clock. */
  readonly dueMs?: number;
}

export class Pollable {
  readonly waitable: Waitable;

  constructor(waitable: Waitable) {
    this.waitable = waitable;
  }
}

export function createPollable(cell: CellContext, waitable: Waitable): Pollable {
  hold(cell);
  return new Pollable(waitable);
}

/** Pollables in one call of `poll`; more are a mistake or an attack. */
export const POLL_MAX_COUNT = 4096;

/** Longest wait where no call has a deadline: while a cell starts or is asked for its health. */
export const WAIT_MAX_MS = 60_000;

/** A longer timer of the platform fires at once. */
const TIMER_MAX_MS = 2 ** 31 - 1;

/**
 * Resolves when one of `waitables`, none of which is ready, may be.
 * Rejects with EXECUTOR_DEADLINE — the deadline of the call came first.
 */
export function nextChange(cell: CellContext, waitables: readonly Waitable[]): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const nowMs = cell.clock.now();
  const endMs = Number.isFinite(cell.deadlineMs) ? cell.deadlineMs : nowMs + WAIT_MAX_MS;
  const dueMs = Math.min(endMs, ...waitables.map((waitable) => waitable.dueMs ?? Number.POSITIVE_INFINITY));
  const stops = waitables.map(({ signal }) =>
    signal?.listen(() => {
      settle();
      resolve();
    }),
  );
  // A timer of whole milliseconds may fire a fraction early: the caller finds nothing ready and waits for the rest.
  const timer = cell.clock.after(Math.min(Math.max(0, dueMs - nowMs), TIMER_MAX_MS), () => {
    settle();
    if (cell.clock.now() < endMs) resolve();
    else reject(new HostError('EXECUTOR_DEADLINE', 'the guest waited for longer than its call may take'));
  });
  const settle = (): void => {
    timer.cancel();
    for (const stop of stops) stop?.();
  };
  return promise;
}

/** Waits until `waitable` is ready; a promise only if it has to wait. */
export function untilReady(cell: CellContext, waitable: Waitable): Promise<void> | undefined {
  if (waitable.ready()) return undefined;
  return (async () => {
    do await nextChange(cell, [waitable]);
    while (!waitable.ready());
  })();
}

function readyIndexes(waitables: readonly Waitable[]): number[] {
  return waitables.flatMap((waitable, i) => (waitable.ready() ? [i] : []));
}

async function pollWaiting(cell: CellContext, waitables: readonly Waitable[]): Promise<number[]> {
  for (;;) {
    await nextChange(cell, waitables);
    const ready = readyIndexes(waitables);
    if (ready.length > 0) return ready;
  }
}

export const poll: ImportImplementation = {
  functions: {
    '[method]pollable.ready': (_cell, self: Pollable) => self.waitable.ready(),
    '[method]pollable.block': (cell, self: Pollable) => untilReady(cell, self.waitable),
    poll(cell, pollables: readonly Pollable[]) {
      if (pollables.length === 0) throw new GuestTrap('poll was called without anything to wait for');
      if (pollables.length > POLL_MAX_COUNT) {
        throw new GuestTrap(`poll was called with more than ${POLL_MAX_COUNT} pollables`);
      }
      const waitables = pollables.map(({ waitable }) => waitable);
      const ready = readyIndexes(waitables);
      return ready.length > 0 ? ready : pollWaiting(cell, waitables);
    },
  },
  drops: { pollable: (cell) => release(cell) },
};
