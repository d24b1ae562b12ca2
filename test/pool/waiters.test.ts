import { getEventListeners } from 'node:events';
import { expect, test } from 'vitest';
import { createFakeClock } from '../../host/clock.ts';
import { HostError } from '../../host/errors.ts';
import { createWaiters, type Waiters } from '../../host/pool/waiters.ts';

const late = (): HostError => new HostError('POOL_TIMEOUT', 'too late');
const make = () => {
  const clock = createFakeClock();
  const waiters = createWaiters<string>(clock);
  return {
    clock,
    waiters,
    wait: (tenant: string, timeoutMs = 1_000) => waiters.wait(tenant, undefined, timeoutMs, late),
  };
};
const order = (waiters: Waiters<string>): string => {
  let tenants = '';
  for (let waiter = waiters.shift(); waiter; waiter = waiters.shift()) {
    tenants += waiter.tenant;
    waiter.resolve('cell');
  }
  return tenants;
};

test('tenants take turns, whoever floods the line', () => {
  const { waiters, wait } = make();
  for (const tenant of 'aaaabbc') void wait(tenant);
  expect(order(waiters)).toBe('abcabaa');
});

test('within a tenant the first to come is the first to be served', async () => {
  const { waiters, wait } = make();
  const served: number[] = [];
  for (let n = 0; n < 3; n++) void wait('a').then(() => served.push(n));
  order(waiters);
  await Promise.resolve();
  expect(served).toEqual([0, 1, 2]);
});

test('a tenant that comes later joins the round behind those who are in it', () => {
  const { waiters, wait } = make();
  void wait('a');
  void wait('a');
  void wait('b');
  waiters.shift()?.resolve('cell');
  void wait('c');
  expect(order(waiters)).toBe('bac');
});

test('who waited long enough is refused, once, and is not served any more', async () => {
  const { clock, waiters, wait } = make();
  const short = wait('a', 100).catch((error: HostError) => error.code);
  void wait('a', 500);
  await clock.advance(100);
  expect(await short).toBe('POOL_TIMEOUT');
  expect(waiters.size).toBe(1);
  waiters.shift()?.resolve('cell');
  expect(waiters.shift()).toBeUndefined();
  await clock.advance(1_000);
  expect(waiters.size).toBe(0);
});

test('who was served in time does not time out afterwards', async () => {
  const { clock, waiters, wait } = make();
  const waiting = wait('a', 100);
  waiters.shift()?.resolve('cell');
  await clock.advance(200);
  expect(await waiting).toBe('cell');
  expect(waiters.size).toBe(0);
});

test('refusing one leaves the others in their order; refusing it twice changes nothing', async () => {
  const { waiters, wait } = make();
  const first = wait('a').catch((error: HostError) => error.code);
  void wait('a');
  void wait('b');
  const waiter = waiters.peek();
  if (!waiter) throw new Error('somebody waits');
  const error = new HostError('POOL_CREATE_FAILED', 'no cell');
  waiters.refuse(waiter, error);
  waiters.refuse(waiter, error);
  expect(await first).toBe('POOL_CREATE_FAILED');
  expect(waiters.size).toBe(2);
  expect(order(waiters)).toBe('ab');
});

test('closing refuses everybody and leaves no timer behind', async () => {
  const { clock, waiters, wait } = make();
  const all = ['a', 'a', 'b'].map((tenant) => wait(tenant, 100).catch((error: HostError) => error.code));
  waiters.rejectAll(new HostError('POOL_CLOSED', 'closed'));
  expect(await Promise.all(all)).toEqual(['POOL_CLOSED', 'POOL_CLOSED', 'POOL_CLOSED']);
  await clock.advance(200);
  expect([waiters.size, waiters.peek()]).toEqual([0, undefined]);
});

test('who has no cell in the making is found, also behind those who have', () => {
  const { waiters, wait } = make();
  void wait('a');
  void wait('a');
  void wait('b');
  const seen: string[] = [];
  for (let waiter = waiters.nextUnmade(); waiter; waiter = waiters.nextUnmade()) {
    waiter.isMaking = true;
    seen.push(waiter.tenant);
  }
  expect(seen).toEqual(['a', 'a', 'b']);
});

test('who gives up leaves the line, and the next behind has the place', async () => {
  const { waiters } = make();
  const giving = new AbortController();
  const first = waiters.wait('a', undefined, 1_000, late, giving.signal);
  const second = waiters.wait('a', undefined, 1_000, late);
  giving.abort();
  await expect(first).rejects.toMatchObject({ code: 'EXECUTOR_CANCELLED' });
  expect(waiters.size).toBe(1);
  waiters.shift()?.resolve('cell');
  expect(await second).toBe('cell');
});

test('giving up after one was served changes nothing', async () => {
  const { waiters } = make();
  const giving = new AbortController();
  const served = waiters.wait('a', undefined, 1_000, late, giving.signal);
  waiters.shift()?.resolve('cell');
  giving.abort();
  expect(await served).toBe('cell');
});

test('a signal that outlives its call keeps nothing of it, however the wait ended', async () => {
  const { clock, waiters } = make();
  const { signal } = new AbortController();
  const wait = () =>
    waiters.wait('a', undefined, 1_000, late, signal).catch((error: HostError) => error.code);
  const served = wait();
  waiters.shift()?.resolve('cell');
  const timedOut = wait();
  await clock.advance(1_000);
  const refused = wait();
  waiters.rejectAll(new HostError('POOL_CLOSED', 'the end'));
  expect(await Promise.all([served, timedOut, refused])).toEqual(['cell', 'POOL_TIMEOUT', 'POOL_CLOSED']);
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});
