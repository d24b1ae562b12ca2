import { expect, test } from 'vitest';
import { HotcellError } from '../../host/client/failure.ts';
import { waitBeforeNext } from '../../host/client/retry.ts';

const refused = (retryAfterMs?: number): HotcellError =>
  new HotcellError('POOL_FULL', 'later', { retryable: true, mayHaveRun: false, retryAfterMs });
const wait = (error: HotcellError, more: { leftMs?: number; random?: number; attempts?: number } = {}) =>
  waitBeforeNext(error, {
    attempts: more.attempts ?? 1,
    isRepeatable: false,
    leftMs: more.leftMs ?? 60_000,
    options: {},
    random: () => more.random ?? 0,
  });

test('a wait that would pass the end of the call is not begun', () => {
  expect(wait(refused(2_000), { leftMs: 2_001 })).toBe(2_000);
  expect(wait(refused(2_000), { leftMs: 2_000 })).toBeUndefined();
  expect(wait(refused(), { leftMs: 100, random: 0.99 })).toBe(99);
  expect(wait(refused(), { leftMs: 90, random: 0.99 })).toBeUndefined();
});

test('a host that wants to be left alone for long is not waited for', () => {
  expect(wait(refused(10_000))).toBe(10_000);
  expect(wait(refused(10_001))).toBeUndefined();
});

test('what the host says comes before what the client would do, and is never shortened', () => {
  for (const random of [0, 0.5, 0.999])
    expect(wait(refused(1_000), { random })).toBeGreaterThanOrEqual(1_000);
});
