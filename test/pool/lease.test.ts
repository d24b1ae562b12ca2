import { expect, test } from 'vitest';
import { createFakeClock } from '../../host/clock.ts';
import { openLease } from '../../host/pool/lease.ts';
import { createRates } from '../../host/pool/rates.ts';
import type { RunResult } from '../../host/types.ts';
import { cellOn } from './cells.ts';
import { createFakeExecutor } from './fake-executor.ts';
import { imageOf, runOn } from './stage.ts';

async function make(affinity?: string) {
  const clock = createFakeClock();
  const executor = createFakeExecutor({ id: 0, clock });
  const { id } = await executor.createCell('x');
  const cell = { ...cellOn(executor), id };
  const rates = createRates(clock);
  const results: RunResult[] = [];
  let ends = 0;
  const open = (hint = affinity) =>
    openLease({
      image: imageOf(),
      cell,
      affinity: hint,
      rates,
      clock,
      onResult: (result) => results.push(result),
      onEnd: () => ends++,
    });
  return { clock, executor, cell, rates, results, open, ends: () => ends };
}

test('a lease ends once, however often it is ended', async () => {
  const { open, ends } = await make();
  const lease = open();
  lease.end();
  lease.end();
  expect(ends()).toBe(1);
});

test('a lease that has ended runs nothing', async () => {
  const { clock, executor, open } = await make();
  const lease = open();
  lease.end();
  await expect(runOn(lease, clock)).rejects.toThrow('a lease is used before its end');
  expect(executor.runs).toHaveLength(0);
});

test('each run is judged once, with the result the caller gets', async () => {
  const { clock, executor, cell, results, open } = await make();
  const lease = open();
  const running = runOn(lease, clock);
  executor.runs[0]?.ok({ memoryBytes: 1_234 });
  expect(results).toEqual([await running]);
  expect(cell).toMatchObject({ calls: 1, memoryBytes: 1_234, isLost: false });
});

test('a crash ends the life of the cell, the guest’s own error does not', async () => {
  const { clock, executor, open } = await make();
  const lease = open();
  const failing = runOn(lease, clock);
  executor.runs[0]?.failure();
  await failing;
  expect(lease.isAlive).toBe(true);
  const crashing = runOn(lease, clock);
  executor.runs[0]?.crash();
  await crashing;
  expect(lease.isAlive).toBe(false);
});

test('a call that would not end in time, by the median of its operation, is not to be begun', async () => {
  const { clock, executor, open } = await make();
  const lease = open();
  for (let n = 0; n < 8; n++) {
    const running = runOn(lease, clock);
    executor.runs[0]?.ok({ runMs: 40 });
    await running;
  }
  void runOn(lease, clock, 100);
  const request = executor.runs[0]?.request;
  expect([request?.deadlineMs, request?.beginByMs]).toEqual([clock.now() + 100, clock.now() + 60]);
});

test('the time of calls is measured, the time between them is not', async () => {
  const { clock, executor, rates, open } = await make();
  const lease = open();
  await clock.advance(5_000);
  const running = runOn(lease, clock);
  await clock.advance(30);
  executor.runs[0]?.ok();
  await running;
  await clock.advance(5_000);
  lease.end();
  expect(rates.waitMs(1, 1)).toBe(30);
});

test('a cell remembers the hints of its calls, and never more than sixteen', async () => {
  const { clock, executor, cell, open } = await make();
  for (let n = 0; n < 100; n++) {
    const lease = open(`key-${n}`);
    const running = runOn(lease, clock);
    executor.runs[0]?.ok();
    await running;
    expect(cell.affinities.has(`key-${n}`)).toBe(true);
    expect(cell.affinities.size).toBeLessThanOrEqual(16);
  }
});
