import { expect, test } from 'vitest';
import { createFakeClock } from '../../host/clock.ts';
import { createReplayBudget } from '../../host/pool/replay-budget.ts';

const make = () => {
  const clock = createFakeClock();
  const budget = createReplayBudget(clock);
  const takeAll = (): number => {
    let taken = 0;
    while (budget.take()) taken++;
    return taken;
  };
  const call = (count: number): void => {
    for (let n = 0; n < count; n++) budget.noteCall();
  };
  return { clock, budget, takeAll, call };
};

test('a quiet adapter still has ten replays', () => {
  const { takeAll, call } = make();
  call(1);
  expect(takeAll()).toBe(10);
});

test('a busy adapter replays at most a fifth of its calls', () => {
  const { takeAll, call } = make();
  call(1_000);
  expect(takeAll()).toBe(200);
});

test('ten percent of crashes, each replayed, stay within the budget', () => {
  const { budget, call } = make();
  for (let n = 0; n < 1_000; n++) {
    call(10);
    expect(budget.take()).toBe(true);
  }
});

test('calls and replays count for ten seconds', async () => {
  const { clock, budget, takeAll, call } = make();
  call(100);
  await clock.advance(5_000);
  expect(takeAll()).toBe(20);
  await clock.advance(4_000);
  expect(budget.take()).toBe(false);
  await clock.advance(1_000);
  expect(budget.take(), 'the calls are forgotten, the replays are not').toBe(false);
  await clock.advance(5_000);
  expect(takeAll()).toBe(10);
});

test('after any length of silence the budget is that of a quiet adapter', async () => {
  const { clock, takeAll, call } = make();
  call(1_000);
  takeAll();
  for (const quietMs of [10_000, 11_000, 123_456_789]) {
    await clock.advance(quietMs);
    expect(takeAll()).toBe(10);
  }
});
