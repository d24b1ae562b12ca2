/**
 * How many operations of one kind run at the same time: the others wait in the order they came, up to a bound.
 *
 * A holder of a permit never asks for another one: that is how semaphores lock up.
 */

import { HostError } from '../errors.ts';

/** Who is further back waits so long that an answer at once is worth more. */
export const QUEUE_MAX_COUNT = 10_000;

export interface Semaphore {
  readonly running: number;
  readonly waiting: number;
  /** Waits for a permit; the function that comes gives it back, once. Throws VAULT_OVERLOADED, VAULT_CLOSED. */
  enter(): Promise<() => void>;
  /** Ends the wait of everybody. Who runs may finish. */
  close(): void;
}

export function createSemaphore(options: {
  /** For the text of the refusal. */
  readonly kind: string;
  readonly permits: number;
  readonly queueMax?: number;
}): Semaphore {
  const { kind, permits, queueMax = QUEUE_MAX_COUNT } = options;
  const queue = new Set<{ readonly go: () => void; readonly refuse: () => void }>();
  let running = 0;
  let isClosed = false;

  const permit = (): (() => void) => {
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      const [next] = queue;
      if (next === undefined) running--;
      else {
        // The permit is handed on: nobody who comes meanwhile can take it.
        queue.delete(next);
        next.go();
      }
    };
  };
  const closed = (): HostError => new HostError('VAULT_CLOSED', 'the vault takes no more operations');

  return {
    get running() {
      return running;
    },
    get waiting() {
      return queue.size;
    },
    async enter() {
      if (isClosed) throw closed();
      if (running < permits) {
        running++;
        return permit();
      }
      if (queue.size >= queueMax) {
        throw new HostError('VAULT_OVERLOADED', `${queueMax} operations of the kind ${kind} are waiting`, {
          retryAfterS: 1,
        });
      }
      await new Promise<void>((resolve, reject) => {
        queue.add({ go: resolve, refuse: () => reject(closed()) });
      });
      return permit();
    },
    close() {
      isClosed = true;
      for (const waiter of queue) waiter.refuse();
      queue.clear();
    },
  };
}
