import { expect, test } from 'vitest';
import { createFakeClock } from '../../host/clock.ts';
import { createRates } from '../../host/pool/rates.ts';

test('before anything ran nothing is expected, and a retry is worth trying after a second', () => {
  const rates = createRates(createFakeClock());
  expect([rates.waitMs(10, 2), rates.medianMs('x'), rates.retryAfterS(10, 2)]).toEqual([0, 0, 1]);
});

test('the expected wait grows with those ahead and falls with the cells that work', () => {
  const rates = createRates(createFakeClock());
  rates.held(100);
  expect([rates.waitMs(1, 1), rates.waitMs(4, 1), rates.waitMs(4, 2), rates.waitMs(4, 0)]).toEqual([
    100, 400, 200, 400,
  ]);
});

test('one long call moves the expectation by a tenth', () => {
  const rates = createRates(createFakeClock());
  for (let n = 0; n < 50; n++) rates.held(10);
  rates.held(1_010);
  expect(rates.waitMs(1, 1)).toBeCloseTo(110);
});

test('the time to retry after is whole seconds between one and sixty', () => {
  const rates = createRates(createFakeClock());
  rates.held(1_500);
  expect([
    rates.retryAfterS(1, 100),
    rates.retryAfterS(1, 1),
    rates.retryAfterS(3, 1),
    rates.retryAfterS(999, 1),
  ]).toEqual([1, 2, 5, 60]);
});

test('the median is that of the last 31 runs of the operation, outliers or not', () => {
  const rates = createRates(createFakeClock());
  for (let n = 0; n < 7; n++) rates.ran('x', 5);
  expect(rates.medianMs('x'), 'too few to say').toBe(0);
  rates.ran('x', 5_000);
  expect(rates.medianMs('x')).toBe(5);
  for (let n = 0; n < 32; n++) rates.ran('x', 9);
  expect([rates.medianMs('x'), rates.medianMs('y')]).toEqual([9, 0]);
});

test('a slow minute of one caller does not refuse the calls of others for ever: a median is forgotten', async () => {
  const clock = createFakeClock();
  const rates = createRates(clock);
  for (let n = 0; n < 31; n++) rates.ran('x', 900);
  await clock.advance(9_999);
  expect(rates.medianMs('x')).toBe(900);
  await clock.advance(1);
  expect(rates.medianMs('x')).toBe(0);
  for (let n = 0; n < 8; n++) rates.ran('x', 5);
  expect(rates.medianMs('x'), 'and so are the runs it came from').toBe(5);
});
