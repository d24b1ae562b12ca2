import { expect, test } from 'vitest';
import type { HostError } from '../../host/errors.ts';
import type { Lease } from '../../host/pool/lease.ts';
import { createSession } from '../../host/pool/session.ts';
import { createStage, runOn, settle, stateOf } from './stage.ts';

async function make() {
  const stage = createStage({ pool: { max: 1 } });
  const [executor] = stage.executors;
  if (!executor) throw new Error('there is one');
  const lease = await stage.acquire();
  let closes = 0;
  const session = createSession(lease, stage.clock, () => closes++);
  const call = () => session.call((pinned: Lease) => runOn(pinned, stage.clock));
  const leased = (): number => stage.pool.snapshot().leased;
  return { ...stage, executor, session, call, leased, closes: () => closes };
}

test('a session counts as leased until it is closed', async () => {
  const { session, leased, closes, pool } = await make();
  expect(leased()).toBe(1);
  session.close();
  session.close();
  await settle();
  expect([leased(), closes(), pool.snapshot().idle]).toEqual([0, 1, 1]);
});

test('calls run one after another in the order they were made', async () => {
  const { executor, call } = await make();
  const calls = [call(), call(), call()];
  for (let n = 0; n < 3; n++) {
    await settle();
    expect(executor.runs).toHaveLength(1);
    executor.runs[0]?.ok({ bytes: new Uint8Array([n]) });
  }
  expect((await Promise.all(calls)).map((result) => result.kind === 'ok' && result.bytes[0])).toEqual([
    0, 1, 2,
  ]);
  expect(executor.violations).toEqual([]);
});

test('closing lets the calls that were made end first', async () => {
  const { executor, session, call, leased } = await make();
  const running = call();
  await settle();
  session.close();
  expect((await call().catch((error: HostError) => error)) as unknown).toMatchObject({
    code: 'POOL_SESSION_LOST',
  });
  expect(leased()).toBe(1);
  executor.runs[0]?.ok();
  expect((await running).kind).toBe('ok');
  await settle();
  expect(leased()).toBe(0);
});

test('a session without a call for thirty seconds gives its cell back', async () => {
  const { clock, call, leased, executor } = await make();
  await clock.advance(29_999);
  const running = call();
  await settle();
  executor.runs[0]?.ok();
  await running;
  await clock.advance(29_999);
  expect(leased()).toBe(1);
  await clock.advance(1);
  expect(leased()).toBe(0);
  expect(await stateOf(call())).toBe('POOL_SESSION_LOST');
});

test('a call that takes longer than thirty seconds is no idleness', async () => {
  const { clock, call, leased, executor } = await make();
  const running = call();
  await clock.advance(60_000);
  expect(leased()).toBe(1);
  executor.runs[0]?.ok();
  expect((await running).kind).toBe('ok');
});

test('a crash ends the session: the calls behind it are lost, the cell is gone', async () => {
  const { call, leased, executor, closes, pool } = await make();
  const [first, second] = [call(), call()];
  await settle();
  executor.runs[0]?.crash();
  expect((await first).kind).toBe('crash');
  expect(await stateOf(second)).toBe('POOL_SESSION_LOST');
  expect(await stateOf(call())).toBe('POOL_SESSION_LOST');
  expect([leased(), closes(), executor.liveCells.size]).toEqual([0, 1, 0]);
  pool.assertConsistent();
});

test('a call that throws does not end the session for the next one', async () => {
  const { session, call, executor } = await make();
  const failing = session.call(() => Promise.reject(new Error('the owner made an error')));
  await expect(failing).rejects.toThrow('the owner made an error');
  const running = call();
  await settle();
  executor.runs[0]?.ok();
  expect((await running).kind).toBe('ok');
});

test('when the executor is gone the next call says that the session is lost', async () => {
  const { call, executor, pool, leased } = await make();
  executor.kill();
  pool.leave(executor);
  expect(await stateOf(call())).toBe('POOL_SESSION_LOST');
  await settle();
  expect(leased()).toBe(0);
});
