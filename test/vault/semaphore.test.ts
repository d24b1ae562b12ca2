/** Places for operations: never more than there are, in order, and an answer at once when too many wait. */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createSemaphore, QUEUE_MAX_COUNT } from '../../host/vault/semaphore.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('those who wait get places in the order they came', async () => {
  const semaphore = createSemaphore({ kind: 'seal', permits: 2 });
  const order: number[] = [];
  const held: (() => void)[] = [];
  for (let n = 0; n < 6; n++) {
    void semaphore.enter().then((leave) => {
      order.push(n);
      held.push(leave);
    });
  }
  await turn();
  expect([order, semaphore.running, semaphore.waiting]).toEqual([[0, 1], 2, 4]);
  for (let n = 2; n < 6; n++) {
    held.shift()?.();
    await turn();
    expect(order.at(-1)).toBe(n);
  }
  for (const leave of held) leave();
  expect([semaphore.running, semaphore.waiting]).toEqual([0, 0]);
});

test('a place is given back once, however often it is said', async () => {
  const semaphore = createSemaphore({ kind: 'seal', permits: 1 });
  const leave = await semaphore.enter();
  leave();
  leave();
  await semaphore.enter();
  const second = semaphore.enter();
  expect([semaphore.running, semaphore.waiting]).toEqual([1, 1]);
  semaphore.close();
  await expect(second).rejects.toMatchObject({ code: 'VAULT_CLOSED' });
});

test('beyond the bound of the queue the answer is VAULT_OVERLOADED, at once', async () => {
  const semaphore = createSemaphore({ kind: 'seal', permits: 1 });
  await semaphore.enter();
  const waiting = Array.from({ length: QUEUE_MAX_COUNT }, () => semaphore.enter());
  await expect(semaphore.enter()).rejects.toMatchObject({ code: 'VAULT_OVERLOADED', retryAfterS: 1 });
  semaphore.close();
  const ends = await Promise.allSettled(waiting);
  expect(new Set(ends.map(({ status }) => status))).toEqual(new Set(['rejected']));
});

test('whoever comes and goes, never more run than there are places, and none is lost', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 4 }),
      fc.array(fc.boolean(), { maxLength: 60 }),
      async (permits, steps) => {
        const semaphore = createSemaphore({ kind: 'seal', permits });
        const held: (() => void)[] = [];
        let askedCount = 0;
        let leftCount = 0;
        for (const enters of steps) {
          if (enters) {
            askedCount++;
            void semaphore.enter().then((leave) => held.push(leave));
          } else {
            const leave = held.shift();
            if (leave !== undefined) leftCount++;
            leave?.();
          }
          await Promise.resolve();
          await Promise.resolve();
          await Promise.resolve();
          const inside = askedCount - leftCount;
          expect(semaphore.running).toBe(Math.min(permits, inside));
          expect(semaphore.waiting).toBe(Math.max(0, inside - permits));
        }
      },
    ),
  );
});
