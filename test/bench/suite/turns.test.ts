/** Things for one caller at a time. */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createTurns } from '../../../bench/suite/subjects/turns.ts';

test('no thing has two callers at once, and every caller has its turn', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 4 }),
      fc.array(fc.record({ steps: fc.nat(5), fails: fc.boolean() }), { maxLength: 30 }),
      async (count, callers) => {
        const things = Array.from({ length: count }, () => ({ callers: 0 }));
        const turns = createTurns(things);
        const ends = await Promise.allSettled(
          callers.map(({ steps, fails }) =>
            turns.take(async (thing) => {
              thing.callers++;
              expect(thing.callers).toBe(1);
              for (let step = 0; step < steps; step++) await Promise.resolve();
              thing.callers--;
              if (fails) throw new RangeError('its own');
            }),
          ),
        );
        expect(ends.map((end) => (end.status === 'fulfilled' ? 'ok' : end.reason.name))).toEqual(
          callers.map(({ fails }) => (fails ? 'RangeError' : 'ok')),
        );
      },
    ),
  );
});

test('who waits longest is next', async () => {
  const turns = createTurns([0]);
  const order: number[] = [];
  await Promise.all([1, 2, 3].map((caller) => turns.take(async () => order.push(caller))));
  expect(order).toEqual([1, 2, 3]);
});
