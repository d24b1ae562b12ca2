import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createFakeClock } from '../../host/clock.ts';
import { createShelf } from '../../host/pool/shelf.ts';
import type { Executor } from '../../host/types.ts';
import { cellOn } from './cells.ts';
import { createFakeExecutor } from './fake-executor.ts';

const clock = createFakeClock();
/** An executor that has so many calls under way. */
const withCalls = (count: number): Executor => {
  const executor = createFakeExecutor({ id: count, clock });
  executor.onCreate = 'hold';
  for (let n = 0; n < count; n++) void executor.createCell('x');
  return executor;
};
const quiet = withCalls(0);

test('a tenant gets its own cells only, the most recently used first', () => {
  const shelf = createShelf();
  const [one, two, other] = ['a', 'a', 'b'].map((tenant) => cellOn(quiet, { tenant }));
  for (const cell of [one, two, other]) if (cell) shelf.put(cell);
  expect([shelf.take('a', undefined), shelf.take('a', undefined), shelf.take('a', undefined)]).toEqual([
    two,
    one,
    undefined,
  ]);
  expect([shelf.size, shelf.take('b', undefined)]).toEqual([1, other]);
});

test('a cell behind busy neighbours is taken last', () => {
  const shelf = createShelf();
  const behind = cellOn(withCalls(3), { tenant: 'a' });
  const free = cellOn(quiet, { tenant: 'a' });
  shelf.put(free);
  shelf.put(behind);
  expect(shelf.take('a', undefined)).toBe(free);
  expect(shelf.take('a', undefined)).toBe(behind);
});

test('the wanted affinity is worth more than a quiet executor; without one the hint is forgotten', () => {
  const shelf = createShelf();
  const warm = cellOn(withCalls(3), { tenant: 'a', affinities: new Set(['key']) });
  const free = cellOn(quiet, { tenant: 'a' });
  shelf.put(warm);
  shelf.put(free);
  expect(shelf.take('a', 'key')).toBe(warm);
  expect(shelf.take('a', 'key')).toBe(free);
});

test('an affinity is looked for among the 32 most recent cells of an executor', () => {
  const shelf = createShelf();
  const warm = cellOn(quiet, { tenant: 'a', affinities: new Set(['key']) });
  shelf.put(warm);
  for (let n = 0; n < 31; n++) shelf.put(cellOn(quiet, { tenant: 'a' }));
  expect(shelf.take('a', 'key')).toBe(warm);
  shelf.put(warm);
  for (let n = 0; n < 32; n++) shelf.put(cellOn(quiet, { tenant: 'a' }));
  expect(shelf.take('a', 'key')).not.toBe(warm);
});

test('who needs room takes the least recently used cell of anybody', () => {
  const shelf = createShelf();
  const [one, two, three] = ['a', 'b', 'a'].map((tenant) => cellOn(quiet, { tenant }));
  for (const cell of [one, two, three]) if (cell) shelf.put(cell);
  const used = shelf.take('a', undefined);
  expect(used).toBe(three);
  if (used) shelf.put(used);
  expect([shelf.takeOldest(), shelf.takeOldest(), shelf.takeOldest(), shelf.takeOldest()]).toEqual([
    one,
    two,
    three,
    undefined,
  ]);
});

test('in whatever order cells come and go, each is on the shelf once and leaves it for its tenant', () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('put' as const), tenant: fc.constantFrom('a', 'b'), busy: fc.nat(2) }),
    fc.record({ kind: fc.constant('take' as const), tenant: fc.constantFrom('a', 'b') }),
    fc.record({ kind: fc.constant('oldest' as const) }),
    fc.record({ kind: fc.constant('where' as const), tenant: fc.constantFrom('a', 'b') }),
  );
  const executors = [0, 1, 2].map(withCalls);
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const shelf = createShelf();
      let model: ReturnType<typeof cellOn>[] = [];
      for (const one of steps) {
        if (one.kind === 'put') {
          const cell = cellOn(executors[one.busy] as Executor, { tenant: one.tenant });
          shelf.put(cell);
          model.push(cell);
        } else if (one.kind === 'take') {
          const mine = model.filter((cell) => cell.tenant === one.tenant);
          const least = Math.min(...mine.map((cell) => cell.executor.inFlight));
          const expected = mine.findLast((cell) => cell.executor.inFlight === least);
          expect(shelf.take(one.tenant, undefined)).toBe(expected);
          model = model.filter((cell) => cell !== expected);
        } else if (one.kind === 'oldest') {
          expect(shelf.takeOldest()).toBe(model.shift());
        } else {
          expect(shelf.takeWhere((cell) => cell.tenant === one.tenant)).toEqual(
            model.filter((cell) => cell.tenant === one.tenant),
          );
          model = model.filter((cell) => cell.tenant !== one.tenant);
        }
        expect(shelf.size).toBe(model.length);
      }
    }),
  );
});
