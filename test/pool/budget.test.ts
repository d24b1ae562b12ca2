import { expect, test } from 'vitest';
import { createFakeClock } from '../../host/clock.ts';
import { createMemoryBudget } from '../../host/pool/budget.ts';
import { createFakeExecutor } from './fake-executor.ts';

const make = (limit: number, processCount?: number) => {
  const clock = createFakeClock();
  let collects = 0;
  const budget = createMemoryBudget({ limit, processCount, collect: () => collects++ });
  const [one, two] = [createFakeExecutor({ id: 1, clock }), createFakeExecutor({ id: 2, clock })];
  return { budget, one, two, collects: () => collects };
};

test('a memory counts until it is reported gone, over all executors', () => {
  const { budget, one, two } = make(5);
  expect([budget.reserve(one, 3), budget.reserve(two, 2), budget.reserve(two, 1)]).toEqual([
    true,
    true,
    false,
  ]);
  expect(budget.live).toBe(5);
  budget.release(one, 1);
  expect([budget.reserve(two, 1), budget.live]).toEqual([true, 5]);
});

test('executors in processes have the limit each, and the sum is what all may have', () => {
  const { budget, one, two, collects } = make(5, 2);
  expect([budget.reserve(one, 5), budget.reserve(one, 1), budget.reserve(two, 3)]).toEqual([
    true,
    false,
    true,
  ]);
  expect([budget.live, budget.limit]).toEqual([8, 10]);
  expect(collects()).toBe(1);
  budget.forget(one);
  expect([budget.reserve(one, 5), budget.reserve(two, 3)]).toEqual([true, false]);
});

test('with an executor all its memories are gone, and late reports of it change nothing', () => {
  const { budget, one, two } = make(5);
  budget.reserve(one, 3);
  budget.reserve(two, 2);
  budget.forget(one);
  expect(budget.live).toBe(2);
  budget.release(one, 3);
  budget.forget(one);
  expect(budget.live).toBe(2);
});

test('more reports than memories never make the count negative', () => {
  const { budget, one } = make(5);
  budget.reserve(one, 1);
  budget.release(one, 9);
  expect(budget.live).toBe(0);
});

test('below 60 % nobody is asked to collect; above it, once in a while; when spent, at once', () => {
  const { budget, one, collects } = make(1_000);
  for (let n = 0; n < 600; n++) budget.reserve(one, 1);
  expect(collects()).toBe(0);
  budget.reserve(one, 1);
  expect(collects()).toBe(1);
  for (let n = 0; n < 255; n++) budget.reserve(one, 1);
  expect(collects()).toBe(1);
  budget.reserve(one, 1);
  expect(collects()).toBe(2);
  while (budget.live < 1_000) budget.reserve(one, 1);
  expect([budget.reserve(one, 1), collects()]).toEqual([false, 3]);
});
